#!/usr/bin/env bash
# Builds, fetches the data sets that tests need, and runs every test project. The last line is 'N passed, N failed'; the exit code is 0 only
# when none failed.
# Arguments go to 'dotnet test' (for example: ./test.sh --filter SafeTensors).
set -uo pipefail
root=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
source "$root/eng/env.sh"
cd "$root"
passed=0 failed=0 skipped=0 failures=()

finish() {
  ((${#failures[@]})) && printf 'FAILED: %s\n' "${failures[@]}"
  ((skipped)) && printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped" ||
    printf '%d passed, %d failed\n' "$passed" "$failed"
  exit $((failed > 0))
}

step() {
  local name=$1
  shift
  "$@" </dev/null && return
  failures+=("$name")
  failed=1
  finish
}

# count FIELD: that number in the summary line of the test run in $log.
count() { sed -n "s/.*[ -]$1: *\([0-9]*\),.*/\1/p" "$log" | tail -n 1; }

build() {
  mkdir -p build
  (require_dotnet) && { dotnet build OnnxKd.sln -c Release -v quiet >build/tests.log 2>&1 || (explain_build build/tests.log); }
}

step "build" build
step "data sets" dotnet src/Pipeline/bin/Release/net10.0/onnxkd.dll data fetch mnist fashion-mnist pp-ocr onnx-tests fonts-dejavu axe-core

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

# tests PROJECT ARGUMENT...: runs its tests; what they say, and how they ended, stays in $logs too.
tests() {
  local name
  name=$(basename "$1")
  dotnet test "$1" -c Release --no-build "${@:2}" </dev/null 2>&1 | tee "$logs/$name"
  echo "${PIPESTATUS[0]}" >"$logs/$name.status"
}

# Most of Pipeline's tests do one thing after another: the others run beside them.
others=()
for project in tests/*.Tests; do
  [[ $project == tests/Pipeline.Tests ]] || others+=("$project")
done
(for project in "${others[@]}"; do tests "$project" "$@"; done) &
tests tests/Pipeline.Tests "$@"
wait

for project in "${others[@]}" tests/Pipeline.Tests; do
  name=$(basename "$project") log=$logs/$(basename "$project")
  project_failed=$(count Failed)
  mapfile -t -O "${#failures[@]}" failures < <(sed -n 's/^  Failed \(.*\) \[.*/\1/p' "$log")
  # A run that broke off counts as a failure of its own, so that it cannot pass for a green one.
  if (($(cat "$log.status") != 0 && ${project_failed:-0} == 0)); then
    failures+=("$name ended with exit code $(cat "$log.status") and named no failing test")
    project_failed=1
  fi
  passed=$((passed + $(count Passed) + 0))
  failed=$((failed + ${project_failed:-0}))
  skipped=$((skipped + $(count Skipped) + 0))
done
finish
