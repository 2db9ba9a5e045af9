# Sourced by every script here: a quiet dotnet, and a home folder that can be written where the caller has none.
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_UI_LANGUAGE=en
if [[ -z ${HOME:-} || ! -w $HOME ]]; then
  export HOME="$root/build/home"
  mkdir -p "$HOME"
fi

say() { printf 'onnxkd: %s\n' "$*" >&2; }

# fail CODE WHAT [HINT...]: says what went wrong and what to do, and ends the script.
fail() {
  local code=$1
  shift
  say "$1"
  shift
  (($# == 0)) || printf '  %s\n' "$@" >&2
  exit "$code"
}
