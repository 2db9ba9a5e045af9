#!/usr/bin/env bash
# What recipes/papers/specialists-kanji.yaml needs: pictures of 600 kanji (kanji.txt: the first of JIS X 0208's first level, which are in the order of their
# readings, so that many share a part) in data/kanji, drawn in Debian's Japanese fonts (fetched, not installed). What is there is kept. The held-out
# pictures are drawn in three families that no other picture is drawn in.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export ONNXKD_DATA=$root/data # where the recipe looks
"$root/onnxkd" data fetch fonts-japanese

fonts=(ipaexg ipaexm VL-Gothic-Regular ume-tgo4 ume-tmo3 MTLc3m MTLmr3m Konatu komatuna dejima-mincho-r227)
held_out=(sawarabi-gothic-medium kiloji setofont)
[[ -e $root/data/kanji/held-out/prepare.json ]] || "$root/onnxkd" prepare rendered-text -o "$root/data/kanji" --characters --alphabet "$root/recipes/papers/kanji.txt" \
  --height 32 --width 32 --size 22,27 --shear 0.15 --blur 0.7 --count 42000 --held-out-count 12000 "${fonts[@]/#/--font=}" "${held_out[@]/#/--held-out-font=}"
