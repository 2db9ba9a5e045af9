#!/usr/bin/env bash
# Runs one benchmark: benchmarks/run.sh NAME [--json] [options]. Without a name it lists them.
# With --json stdout holds one JSON object and nothing else; a key that ends in _ratio is ours over theirs.
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
source "$root/eng/env.sh"
"$root/eng/setup.sh"
dotnet build "$root/benchmarks/Benchmarks.csproj" -c Release -v quiet </dev/null >"$root/build/benchmarks.log" 2>&1 || {
  cat "$root/build/benchmarks.log" >&2
  fail 1 "the benchmarks do not build."
}
exec dotnet "$root/benchmarks/bin/Release/net10.0/OnnxKd.Benchmarks.dll" "$@"
