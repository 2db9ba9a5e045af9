#!/usr/bin/env bash
# Makes torchsharp-api.txt anew: the lines of a full listing of the TorchSharp package that the binding covers.
#
#   tests/TorchSharp.Tests/Golden/update.sh LISTING
#
# LISTING is the package's public surface as ApiListing.cs prints it. Fails, and changes nothing, when the binding has
# a line that the package does not have.
set -euo pipefail
export LC_ALL=C DOTNET_CLI_TELEMETRY_OPTOUT=1

(($# == 1)) || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
listing=$(realpath "$1")
cd "$(dirname "$0")/.."

dotnet test -v q --filter ApiSubsetTests >/dev/null || true # it fails whenever there is something to update
actual=$(find bin -name torchsharp-api.actual.txt -printf '%T@ %p\n' | sort -n | tail -1 | cut -d' ' -f2-)

surplus=$(comm -23 <(sort "$actual") <(sort "$listing"))
if [[ -n $surplus ]]; then
  printf 'These lines are not in TorchSharp:\n%s\n' "$surplus" >&2
  exit 1
fi
sort "$actual" >Golden/torchsharp-api.txt
echo "Golden/torchsharp-api.txt: $(wc -l <Golden/torchsharp-api.txt) lines"
