#!/usr/bin/env bash
# What recipes/emoji-embedding.yaml needs, in data/emoji: emoji of four vendors and drawings of all sorts to learn from, the same emoji of a fifth vendor to be found
# by, and the teacher, ResNet-18 of ImageNet behind its own preprocessing. Sources are fetched, not installed. What is there is kept.
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
export ONNXKD_DATA=$root/data # where the recipe looks
"$root/onnxkd" data fetch emoji-google emoji-twitter emoji-apple emoji-emojione emoji-facebook openclipart imagenet-resnet18
folder=$root/data/emoji
mkdir -p "$folder"

# The teacher takes pictures of 224 pixels, blue first, less the mean of ImageNet; these are of 64.
[[ -e $folder/teacher.onnx ]] ||
  "$root/onnxkd" join --resize 224,224 "$root/data/imagenet-resnet18/ResNetPreprocess.onnx" "$root/data/imagenet-resnet18/ResNet18.onnx" -o "$folder/teacher.onnx"

# Skin tones and sequences look like the emoji that they vary.
emoji_of() {
  ls "$root/data/emoji-$1/64" | grep -v -e '-1f3f[b-f]' -e '-200d-'
}

draw() {
  [[ -e $folder/$1/prepare.json ]] || "$root/onnxkd" prepare images "$folder/files/$1" -o "$folder/$1" --type uint8 --resize 64,64 "${@:2}"
}

if [[ ! -e $folder/train/prepare.json || ! -e $folder/test/prepare.json ]]; then
  rm -rf "$folder/files"
  mkdir -p "$folder/files/train" "$folder/files/test"
  for vendor in google twitter apple emojione; do
    emoji_of "$vendor" | while read -r name; do
      cp "$root/data/emoji-$vendor/64/$name" "$folder/files/train/$vendor-$name"
    done
  done
  find "$root/data/openclipart/png" -name '*.png' | LC_ALL=C sort | nl -n rz | while IFS=$'\t' read -r number drawing; do
    cp "$drawing" "$folder/files/train/drawing-$number.png"
  done
  # To be found: each emoji once as it was learned from, and once as nobody has seen it.
  comm -12 <(comm -12 <(emoji_of google) <(emoji_of twitter)) <(emoji_of facebook) | while read -r name; do
    mkdir "$folder/files/test/${name%.png}"
    for vendor in google facebook; do
      cp "$root/data/emoji-$vendor/64/$name" "$folder/files/test/${name%.png}/$vendor.png"
    done
  done
  draw train --unlabelled --skip-corrupt # some drawings have more than 100 megapixels
  draw test
  rm -rf "$folder/files"
fi
sed -e 's/.*facebook.*/0/; s/.*google.*/1/' "$folder/test/sources.jsonl" >"$folder/test/vendors.csv"
