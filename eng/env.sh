# Sourced by every script here: a quiet dotnet, a home folder that can be written where the caller has none, and the choice of what computes.
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_UI_LANGUAGE=en
# .NET keeps the pages of compiled code in a file of its own, which a limit on the size of files (ulimit -f) would stop.
[[ $(ulimit -f) == unlimited ]] || export DOTNET_EnableWriteXorExecute=0
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

# The packages to build with: for CUDA where an NVIDIA GPU is, else for the CPU. MSBuild reads the variable.
export Accelerator=${Accelerator:-$([[ -e /dev/nvidiactl ]] && echo cuda || echo cpu)}
[[ $Accelerator =~ ^(cpu|cuda)$ ]] || fail 2 "Accelerator is '$Accelerator'; it must be cpu or cuda."

require_dotnet() {
  command -v dotnet >/dev/null ||
    fail 2 "dotnet was not found on the PATH." "Install the .NET SDK 10 (https://dotnet.microsoft.com/download; no root needed) and try again."
  (cd "$root" && dotnet --version) >/dev/null 2>&1 ||
    fail 2 "no .NET SDK 10 was found; installed: $(cd / && dotnet --list-sdks | cut -d' ' -f1 | paste -sd' ')." \
      "Install the .NET SDK 10 (global.json asks for 10.0.100 or newer) and try again."
}

# explain_build LOG: what a failed build says, and what to do about it.
explain_build() {
  local log=$1
  if grep -qE 'error NU(1301|1101|1102|1103|1801)' "$log"; then
    grep -oE 'error NU[0-9]+: .*' "$log" | sort -u | sed 's/ \[.*//' | head -n 3 >&2
    local hints=("Is there a network, and do the feeds of NuGet's settings (dotnet nuget list source) have these packages?"
      "Without a network: copy the package folder (~/.nuget/packages) of a machine that has built this; nothing else is fetched.")
    [[ $Accelerator == cpu ]] || hints+=("To build for the CPU instead: Accelerator=cpu $0")
    fail 2 "NuGet's packages could not be restored." "${hints[@]}"
  fi
  cat "$log" >&2
  fail 1 "the build failed."
}
