#!/usr/bin/env bash
# Runs one benchmark: benchmarks/run.sh NAME [--json] [options]. Without a name it lists them.
# With --json stdout holds one JSON object and nothing else; a key that ends in _ratio is ours over theirs.
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
source "$root/eng/env.sh"
require_dotnet
mkdir -p "$root/build"

if [[ ${1:-} =~ ^(train-step|end-to-end|peak-memory)$ ]]; then
  # The peer is Debian's PyTorch; without OpenBLAS it would multiply with the reference BLAS, a tenth as fast.
  if ! dpkg-query -W -f='${Status}\n' python3-torch python3-numpy libopenblas0-openmp 2>/dev/null | grep -c ' installed$' | grep -qx 3; then
    say "installing Debian packages: python3-torch python3-numpy libopenblas0-openmp"
    { apt-get -qq -o DPkg::Lock::Timeout=600 update &&
      apt-get -qq -o DPkg::Lock::Timeout=600 install -y --no-install-recommends python3-torch python3-numpy libopenblas0-openmp; } \
      >"$root/build/apt.log" 2>&1 </dev/null ||
      fail 2 "apt-get could not install python3-torch, python3-numpy and libopenblas0-openmp." "Its whole output is in build/apt.log."
  fi
  # Threads of both sides wait for work as ours do. PyTorch's would spin for milliseconds, which would compare how busy the machine is.
  export OMP_WAIT_POLICY=${OMP_WAIT_POLICY-passive} GOMP_SPINCOUNT=${GOMP_SPINCOUNT-3000}
fi
"$root/onnxkd" data fetch mnist >/dev/null
[[ ${1:-} != first-try ]] || "$root/onnxkd" data fetch fashion-mnist fonts-dejavu sklearn-tables >/dev/null
[[ ! ${1:-} =~ ^(capture|start-up|ocr-students)$ ]] || "$root/onnxkd" data fetch pp-ocr >/dev/null
if [[ ${1:-} == capture ]]; then
  if ! cmp -s "$root/benchmarks/package-lock.json" "$root/benchmarks/node_modules/.installed-lock"; then
    say "fetching npm parts: onnxruntime-node"
    (cd "$root/benchmarks" && npm ci --ignore-scripts --loglevel=error) >"$root/build/npm.log" 2>&1 </dev/null ||
      fail 2 "npm could not fetch the packages of benchmarks/package.json." "Its whole output is in build/npm.log."
    cp "$root/benchmarks/package-lock.json" "$root/benchmarks/node_modules/.installed-lock"
  fi
fi
[[ ${1:-} != ocr-cache ]] || "$root/recipes/ocr-data.sh" >&2
dotnet build "$root/benchmarks/Benchmarks.csproj" -c Release -v quiet </dev/null >"$root/build/benchmarks.log" 2>&1 || {
  cat "$root/build/benchmarks.log" >&2
  fail 1 "the benchmarks do not build."
}
exec dotnet "$root/benchmarks/bin/Release/net10.0/OnnxKd.Benchmarks.dll" "$@"
