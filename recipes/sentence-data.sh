#!/usr/bin/env bash
# What recipes/sentence-*.yaml need, in data/descriptions: the one-line descriptions of Debian's packages as token ids, each with its section as label, one in
# ten of them held out; and all-MiniLM-L6-v2 as teacher and for its vocabulary. Fetched, not installed. What is there is kept. Debian alone has its lists of
# packages.
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
export ONNXKD_DATA=$root/data # where the recipe looks
"$root/onnxkd" data fetch minilm
folder=$root/data/descriptions
mkdir -p "$folder"

source "$root/recipes/debian-packages.sh"

if [[ ! -e $folder/train/prepare.json || ! -e $folder/test/prepare.json ]]; then
  available "$folder" | awk '
    /^Package: / { package = $2 }
    /^Section: / { section = $2; sub(".*/", "", section) }
    /^Description(-en)?: / { sub("^[^ ]* ", ""); if (section != "debian-installer") print package "\t" section "\t" $0 }' |
    LC_ALL=C sort -u -t $'\t' -k 1,1 >"$folder/all.tsv"
  # Sections by name, those of few packages as one; 0 is the first. Packages of one source stand side by side: whole stretches are held out, so that no test
  # text has a near copy among the others.
  cut -f 2 "$folder/all.tsv" | LC_ALL=C sort | uniq -c | awk '$1 >= 100 { print $2 }' >"$folder/sections.txt"
  awk -F '\t' -v folder="$folder" '
    NR == FNR { place[$1] = FNR - 1; others = FNR; next }
    { part = int(FNR / 50) % 10 ? "train" : "test"; print $3 >(folder "/" part ".txt"); print ($2 in place ? place[$2] : others) >(folder "/" part ".labels") }
  ' "$folder/sections.txt" "$folder/all.tsv"
  for part in train test; do
    "$root/onnxkd" prepare text "$folder/$part.txt" -o "$folder/$part" --tokenizer "$root/data/minilm" --lower-case --length 32 --labels "$folder/$part.labels"
  done
  rm -rf "$folder"/{lists,cache,all.tsv,train.*,test.*}
fi
