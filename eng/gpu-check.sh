#!/usr/bin/env bash
# Checks OnnxKd on a machine with an NVIDIA GPU that has PyTorch 2.10 for CUDA, and CUDA 13, but neither .NET nor a network (docs/gpu.md).
#
#   eng/gpu-check.sh pack [DIR]            here: what that machine needs, in pieces that are small enough to carry one by one
#   eng/gpu-check.sh receive FROM [STORE]  there: takes over the pieces that lie in FROM; with the last of them, unpacks
#   eng/gpu-check.sh run [--step NAME]... [--out DIR] [STORE]
#                                          there: every step, or some; a step that fails or hangs does not stop the others
#
#   PIECE_MIB=50   the size of a piece     STEP_SECONDS=540   the time that a step may take
#   DEVICE=cuda    cpu for a rehearsal     PYTHON=python3     the one that has PyTorch
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
source "$root/eng/env.sh"
device=${DEVICE:-cuda}
steps=(machine libtorch synthetic capture-mnist capture-resnet agreement recipe vit training training-bfloat16)

usage() {
  fail 2 "usage: eng/gpu-check.sh pack [DIR] | receive FROM [STORE] | run [--step NAME]... [--out DIR] [STORE]" "steps: ${steps[*]}"
}

pack() {
  local to=$1 bundle=$root/build/gpu-bundle project
  require_dotnet
  "$root/onnxkd" data fetch mnist >/dev/null
  say "publishing"
  rm -rf "$bundle" "$to"
  mkdir -p "$bundle"/{app,data,eng} "$to"
  # ONNX Runtime with its CUDA provider, and TorchSharp without a libtorch: that machine has one. In a copy of the sources, for build outputs here are
  # made of other packages.
  local sources=$root/build/gpu-sources
  rm -rf "$sources"
  mkdir -p "$sources"
  (cd "$root" && tar -c --exclude=bin --exclude=obj src benchmarks tests eng Directory.* global.json .editorconfig) | tar -C "$sources" -x
  for project in src/Pipeline benchmarks; do
    dotnet publish "$sources/$project" -c Release -r linux-x64 --self-contained -o "$bundle/app" -v quiet -p:Accelerator=cuda -p:Libtorch=none \
      >"$root/build/gpu-publish.log" 2>&1 </dev/null || explain_build "$root/build/gpu-publish.log"
  done
  cp -rL "$root/data/mnist" "$bundle/data/"
  cp "$root"/eng/{env.sh,gpu-check.sh,gpu-report.py} "$bundle/eng/"
  cp -r "$root/models" "$root/recipes" "$bundle/"

  say "packing"
  tar -C "$bundle" -ch . | gzip -6 | (cd "$to" && split -b "${PIECE_MIB:-50}M" -d -a 2 - onnxkd-gpu.tar.gz.)
  (cd "$to" && sha256sum onnxkd-gpu.tar.gz.* >pieces.sha256)
  # A folder for each, so that one can be carried at a time.
  local piece number=0
  for piece in "$to"/onnxkd-gpu.tar.gz.*; do
    mkdir -p "$to/$number"
    mv "$piece" "$to/$number/"
    cp "$to/pieces.sha256" "$to/$number/"
    number=$((number + 1))
  done
  rm "$to/pieces.sha256"
  say "$number pieces in $to, $(du -sm "$to" | cut -f1) MiB; carry them one at a time, and there: eng/gpu-check.sh receive"
}

receive() {
  local from=$1 store=$2 piece
  [[ -d $from ]] || fail 2 "there is no folder $from." "Give the folder that holds a piece and pieces.sha256."
  mkdir -p "$store/pieces"
  find "$from" -name pieces.sha256 -exec cp {} "$store/pieces/" \; -quit
  [[ -f $store/pieces/pieces.sha256 ]] || fail 2 "$from holds no pieces.sha256." "Carry a whole folder that 'pack' made."
  while IFS= read -r piece; do
    cp "$piece" "$store/pieces/"
  done < <(find "$from" -name 'onnxkd-gpu.tar.gz.*' -type f)
  local missing=() name
  while read -r _ name; do
    (cd "$store/pieces" && grep -F " $name" pieces.sha256 | sha256sum --check --quiet --status 2>/dev/null) || missing+=("$name")
  done <"$store/pieces/pieces.sha256"
  if ((${#missing[@]})); then
    say "still missing, or damaged: ${missing[*]}"
    return 0
  fi
  rm -rf "$store/bundle.new" "$store/bundle"
  mkdir -p "$store/bundle.new"
  (cd "$store/pieces" && awk '{ print $2 }' pieces.sha256 | xargs cat) | tar -C "$store/bundle.new" -xz
  mv "$store/bundle.new" "$store/bundle"
  say "unpacked into $store/bundle; next: eng/gpu-check.sh run"
}

# PyTorch's libtorch, and the CUDA libraries that come with its wheels: the loader finds them by name alone. The program looks for data in the bundle.
use_what_is_there() {
  python=${PYTHON:-python3}
  local torch
  torch=$("$python" -c 'import os, torch; print(os.path.dirname(torch.__file__))' 2>/dev/null) ||
    fail 2 "$python has no PyTorch." "Set PYTHON to the one that has."
  ONNXKD_PYTHON=$(command -v "$python")
  ONNXKD_DATA=$bundle/data
  local wheels libraries=
  wheels=$(dirname "$torch")/nvidia
  [[ ! -d $wheels ]] || libraries=$(find -L "$wheels" -type d -name lib | paste -sd:)
  LD_LIBRARY_PATH=$torch/lib:${libraries:+$libraries:}$bundle/app:/usr/local/cuda/lib64${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
  export LD_LIBRARY_PATH ONNXKD_PYTHON ONNXKD_DATA
}

onnxkd() { "$bundle/app/onnxkd" "$@"; }
benchmark() { "$bundle/app/OnnxKd.Benchmarks" "$@"; }

step_machine() {
  "$python" - <<'PY'
import json, os, platform, subprocess, torch
def ask(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout.strip().splitlines()
    except OSError as error:
        return [str(error)]
print(json.dumps({
    "gpu": ask("nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"),
    "torch": torch.__version__, "torch_cuda": torch.version.cuda, "cudnn": torch.backends.cudnn.version(),
    "cuda_available": torch.cuda.is_available(), "python": platform.python_version(), "processors": os.cpu_count(),
}))
PY
  ldd "$bundle/app/libonnxruntime_providers_cuda.so" | grep 'not found' >&2 || true
}

# Whether TorchSharp loads with that PyTorch's libtorch, and computes as ONNX says.
step_libtorch() {
  onnxkd inspect "$bundle/models/mnist-cnn-1.onnx" --plan --json
}

step_synthetic() { benchmark synthetic --folder "$store/synthetic" --rows 2048 --json; }

capture_rate() { benchmark capture --json --device "$device" --peer none --pairs 3 "$@"; }

step_capture-mnist() { capture_rate --teacher "$bundle/models/mnist-cnn-1.onnx" --rows 240000 --batch-size 1024; }

step_capture-resnet() { capture_rate --teacher resnet50 --rows 4096 --batch-size 64; }

step_agreement() {
  local cache
  onnxkd cache "$bundle/recipes/mnist.yaml" --device "$device" --runs "$store/runs" --name agreement >&2
  cache=$(find "$store/runs/agreement" -maxdepth 1 -name 'cache-*' -type d -print -quit)
  onnxkd cache verify "$cache" --rows 2000 --device cpu --json
}

step_recipe() { onnxkd run "$bundle/recipes/mnist.yaml" --device "$device" --runs "$store/runs" --json; }

step_vit() {
  onnxkd run --name vit --teacher "$store/synthetic/resnet50.onnx" --samples "$store/synthetic/images-idx4-ubyte" --scale 1/255 \
    --architecture vit-tiny --set student.patch=16 --set capture.storage=float16 --set capture.batch-size=64 --batch-size 64 --epochs 2 \
    --optimizer adamw --lr 0.001 --temperature 4 --device "$device" --runs "$store/runs" --json
}

step_training() { benchmark train-step --json --device "$device" --networks resnet20,vit,mlp,cnn --blocks 7; }

step_training-bfloat16() { benchmark train-step --json --device "$device" --precision bfloat16 --networks resnet20,vit,mlp,cnn --blocks 7; }

# run_step NAME: its stdout is one JSON document; what the GPU did meanwhile is sampled five times a second.
run_step() {
  local name=$1 results=$store/results sampler= code=0 start=$SECONDS
  mkdir -p "$results"
  rm -f "$results/$name".*
  if command -v nvidia-smi >/dev/null; then
    nvidia-smi --query-gpu=utilization.gpu,memory.used --format=csv,noheader,nounits -lms 200 >"$results/$name.gpu" 2>/dev/null &
    sampler=$!
  fi
  say "step $name"
  timeout --kill-after=10 "${STEP_SECONDS:-540}" "$bundle/eng/gpu-check.sh" step "$name" "$store" \
    >"$results/$name.json" 2>"$results/$name.log" || code=$?
  [[ -z $sampler ]] || kill "$sampler" 2>/dev/null || true
  echo "$code $((SECONDS - start))" >"$results/$name.end"
  ((code == 0)) || { say "step $name failed with exit code $code:"; tail -n 15 "$results/$name.log" >&2; }
}

run() {
  local wanted=() out=
  store=/tmp/onnxkd-gpu-check
  while (($#)); do
    case $1 in
      --step) [[ " ${steps[*]} " == *" ${2:-} "* ]] || usage; wanted+=("$2"); shift 2 ;;
      --out) out=${2:?}; shift 2 ;;
      -*) usage ;;
      *) store=$1; shift ;;
    esac
  done
  bundle=$store/bundle
  [[ -x $bundle/app/onnxkd ]] || fail 2 "$bundle is not there." "First: eng/gpu-check.sh receive FOLDER, for every piece."
  use_what_is_there
  local name
  for name in "${wanted[@]:-${steps[@]}}"; do
    run_step "$name"
  done
  "$python" "$bundle/eng/gpu-report.py" "$store/results" "${steps[@]}" # writes gpu-check.json there
  [[ -z $out ]] || { mkdir -p "$out"; cp "$store/results/gpu-check.json" "$out/"; tail -n 40 "$store"/results/*.log >"$out/gpu-check.log"; }
}

case ${1:-} in
  pack) pack "$(readlink -m "${2:-$root/build/gpu-check}")" ;;
  receive) receive "${2:?a folder}" "$(readlink -m "${3:-/tmp/onnxkd-gpu-check}")" ;;
  run) shift; run "$@" ;;
  step) store=$3 bundle=$3/bundle; use_what_is_there; "step_$2" ;; # run_step calls this, for 'timeout' can end it
  *) usage ;;
esac
