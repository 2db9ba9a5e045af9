# For scripts of bash to source.

# available FOLDER: what Debian says of all its packages, from the system's lists; else from lists of our own in FOLDER, which any user may fetch.
available() {
  local own=(-o "Dir::State::lists=$1/lists" -o "Dir::Cache=$1/cache")
  if [[ -n $(apt-cache dumpavail | head -c 1) ]]; then
    apt-cache dumpavail
  else
    mkdir -p "$1"/{lists,cache/archives}/partial
    apt-get "${own[@]}" update --quiet=2 >&2
    apt-cache "${own[@]}" dumpavail
  fi
}
