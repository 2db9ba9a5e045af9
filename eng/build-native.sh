#!/usr/bin/env bash
# Builds the shim over libtorch: bindings/TorchSharp/native → build/native/libonnxkd_torch.so.
#
#   eng/build-native.sh            against the system's libtorch (Debian: libtorch-dev)
#   LIBTORCH=DIR eng/build-native.sh   against DIR/include and DIR/lib (a libtorch archive, or a pip-installed torch folder)
#
# Does nothing when neither the sources nor LIBTORCH have changed since the last build.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source_dir=$root/bindings/TorchSharp/native
output=$root/build/native/libonnxkd_torch.so
stamp=$output.stamp

if [[ -n ${LIBTORCH:-} ]]; then
  include=$LIBTORCH/include
  libraries=$LIBTORCH/lib
  headers=(-isystem "$include" -isystem "$include/torch/csrc/api/include")
else
  include=/usr/include
  headers=() # g++ looks there anyway, and must not be told twice
  libraries=/usr/lib/$(uname -m)-linux-gnu
fi

fail() {
  echo "build-native: $1" >&2
  exit 1
}
command -v g++ >/dev/null || fail "g++ was not found. Install it: apt-get install g++"
[[ -f $include/ATen/ATen.h ]] || fail "no libtorch headers in $include. Install libtorch-dev, or set LIBTORCH to a folder with include/ and lib/."
[[ -f $libraries/libtorch_cpu.so ]] || fail "no libtorch_cpu.so in $libraries. Install libtorch-dev, or set LIBTORCH to a folder with include/ and lib/."

# A CUDA build registers its kernels when its libraries load, though no symbol of theirs is used here.
link=(-ltorch -ltorch_cpu -lc10)
for name in torch_cuda c10_cuda; do
  if [[ -f $libraries/lib$name.so ]]; then
    link+=("-l$name")
  fi
done

# 2.x compiles as C++20, and later versions of it ask for that; 1.x does not.
standard=c++17
if grep -rqs 'define TORCH_VERSION_MAJOR [2-9]' "$include/torch"; then
  standard=c++20
fi

# 2.x wheels may use the old std::string layout; their own library says which.
abi=()
if ! grep -q 'torchCheckFail.*__cxx11' <<<"$(nm -D "$libraries/libc10.so")"; then
  abi=(-D_GLIBCXX_USE_CXX11_ABI=0)
fi

command=(g++ -std=$standard -O2 -fPIC -shared -fvisibility=hidden -Wall -Wno-unused-parameter
  "${abi[@]}" "${headers[@]}" "$source_dir/onnxkd_torch.cpp" -o "$output.new"
  -L"$libraries" -Wl,-rpath,"$libraries" -Wl,--no-as-needed "${link[@]}" -Wl,--as-needed -Wl,-z,defs)

key=$( (printf '%s\n' "${command[@]}"; sha256sum "$source_dir"/*; stat -c '%n %s %Y' -L "$libraries/libtorch_cpu.so") | sha256sum)
if [[ -f $output && -f $stamp && $(<"$stamp") == "$key" ]]; then
  exit 0
fi

mkdir -p "$(dirname "$output")"
"${command[@]}"
mv "$output.new" "$output"
printf '%s' "$key" >"$stamp"
echo "build-native: built ${output#"$root/"}"
