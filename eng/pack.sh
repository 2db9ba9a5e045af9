#!/usr/bin/env bash
# pack.sh FOLDER: builds the libraries and writes their packages, with symbols, into FOLDER.
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
source "$root/eng/env.sh"
[[ $# == 1 ]] || fail 2 "pack.sh needs the folder that packages go to" "for example: eng/pack.sh feed"
for library in Core TeacherRunner StudentTrainer; do
  dotnet pack "$root/src/$library" -c Release -o "$1" -v quiet -p:Accelerator=cpu
done
