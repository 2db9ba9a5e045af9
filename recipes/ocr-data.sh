#!/usr/bin/env bash
# What recipes/ocr-*.yaml need: PP-OCR's models and dictionary (data/pp-ocr), and lines of known text (data/ocr-lines, data/ocr-turned, data/ocr-places),
# drawn with Debian's fonts and words (fetched, not installed): 0.9 GB. What is there is kept. The held-out lines are drawn with fonts of another
# family.
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
export ONNXKD_DATA=$root/data # where the recipes look
"$root/onnxkd" data fetch pp-ocr fonts-dejavu fonts-latin words

fonts=(DejaVu{Sans,SansMono,Serif}{,-Bold} Liberation{Sans,Serif,Mono}-{Regular,Bold,Italic} LiberationSansNarrow-Regular
  C{arlito,aladea}-{Regular,Bold,Italic} OpenSans-{Regular,Bold,Italic,CondLight} Roboto-{Regular,Bold,Italic,Light}
  RobotoCondensed-Regular LinLibertine_{R,RB,RI} LinBiolinum_R OldStandard-{Regular,Bold,Italic} "Courier Prime"{," Bold"," Italic"}
  Inconsolata PTM55F PTF55F)
held_out=(FreeSans{,Bold} FreeSerif{,Bold,Italic} FreeMonoBold)

# draw NAME OPTION...: a set in data/NAME. Its held-out part is written last.
draw() {
  local folder=$root/data/$1
  [[ -e $folder/held-out/prepare.json ]] || "$root/onnxkd" prepare rendered-text -o "$folder" --words "$root/data/words/american-english" \
    "${fonts[@]/#/--font=}" "${held_out[@]/#/--held-out-font=}" "${@:2}"
}

draw ocr-lines --count 10000 --random-share 0.3
draw ocr-turned --count 8000 --turned --width 192 --length 3,14 --random-share 0.2
draw ocr-places --count 3000 --held-out-count 500 --height 64 --width 256 --size 13,26 --length 3,14 --random-share 0.2
