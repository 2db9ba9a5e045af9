#!/usr/bin/env bash
# What recipes/table.yaml needs, in data/packages: a table of Debian's packages, its columns numbers and texts, one in five held out, and a teacher of gradient-boosted
# trees that guesses their section (recipes/table-teacher.py). What is there is kept. Debian alone has its lists of packages; the teacher takes its packages
# python3-sklearn and python3-onnx.
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
folder=$root/data/packages
mkdir -p "$folder"

source "$root/recipes/debian-packages.sh"

if [[ ! -e $folder/test.csv ]]; then
  # The twelve largest sections are the classes. Packages of one source stand side by side: whole stretches are held out.
  available "$folder" | awk -v folder="$folder" '
    function count(list) { return split(list, parts, ",") }
    function row() {
      if (package == "" || !(section in class)) return
      rows += 1
      part = int(rows / 50) % 5 == 0 ? "test" : "train"
      print log(size + 1), log(installed + 1), depends, recommends, suggests, provides, length(package), description, homepage, architecture, multi_arch, class[section] > (folder "/" part ".csv")
    }
    function reset() { size = installed = depends = recommends = suggests = provides = description = homepage = 0; multi_arch = "no"; section = "" }
    BEGIN {
      OFS = ","
      split("libs libdevel devel doc python perl golang javascript rust net utils science", names, " ")
      for (i in names) class[names[i]] = i - 1
      header = "log_size,log_installed_size,depends,recommends,suggests,provides,name_length,description_words,homepage,architecture,multi_arch,section"
      print header > (folder "/train.csv")
      print header > (folder "/test.csv")
      reset()
    }
    /^Package: / { row(); reset(); package = $2 }
    /^Section: / { section = $2; sub(".*/", "", section) }
    /^Size: / { size = $2 }
    /^Installed-Size: / { installed = $2 }
    /^Depends: / { depends = count($0) }
    /^Recommends: / { recommends = count($0) }
    /^Suggests: / { suggests = count($0) }
    /^Provides: / { provides = count($0) }
    /^Homepage: / { homepage = 1 }
    /^Architecture: / { architecture = $2 }
    /^Multi-Arch: / { multi_arch = $2 }
    /^Description(-en)?: / { description = NF - 1 }
    END { row() }'
  rm -rf "$folder"/{lists,cache}
fi
if [[ ! -e $folder/teacher.onnx ]]; then
  /usr/bin/python3 -c 'import onnx, sklearn' 2>/dev/null || {
    echo "the teacher is made with Debian's scikit-learn and onnx: apt-get install python3-sklearn python3-onnx" >&2
    exit 1
  }
  /usr/bin/python3 "$root/recipes/table-teacher.py" "$folder"
fi
