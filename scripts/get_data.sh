#!/bin/sh
# Fetches a data set by the `mirrors` and `files` of data/NAME.yaml and checks every file.
set -eu

usage() {
  cat <<EOF
usage: scripts/get_data.sh NAME [FOLDER]

Fetches the data set NAME into FOLDER: by default \$CNN_DATA, else the project's data/.
Files that are there and whole are left alone. CNN_MIRROR=URL is tried before the mirrors
of data/NAME.yaml; the files stand directly under it.

data sets:
EOF
  for yaml in "$data"/*.yaml; do
    case $(fetchable "$yaml") in
      '') printf '  %-10s %s (nothing to fetch)\n' "$(basename "$yaml" .yaml)" "$(about "$yaml")" ;;
      *) printf '  %-10s %s\n' "$(basename "$yaml" .yaml)" "$(about "$yaml")" ;;
    esac
  done
}

fail() {
  printf 'get_data.sh: %s\n' "$1" >&2
  exit "${2:-1}"
}

about() { sed -n 's/^about: *//p' "$1"; }

# "SHA256 PATH" a line.
fetchable() {
  sed -n 's/^ *- *{path: *\([^,} ]*\), *sha256: *\([0-9a-f]\{64\}\) *}.*$/\2 \1/p' "$1"
}

mirrors() {
  if [ -n "${CNN_MIRROR:-}" ]; then printf '%s\n' "$CNN_MIRROR"; fi
  sed -n '/^mirrors:/,/^[^ -]/ s|^ *- *\([a-z]*://[^ ]*\) *$|\1|p' "$1"
}

# The sum of the content: mirrors pack the same bytes in different ways.
content_sum() {
  case $1 in
    *.gz)
      if gzip -tq "$1" 2>/dev/null; then
        gzip -dc "$1" | sha256sum | cut -d ' ' -f 1
      else
        echo 'a broken gzip file'
      fi
      ;;
    *) sha256sum <"$1" | cut -d ' ' -f 1 ;;
  esac
}

download() {  # URL FILE
  if command -v curl >/dev/null 2>&1; then
    curl --fail --silent --show-error --location --connect-timeout 20 --retry 2 -o "$2" "$1"
  else
    wget --quiet --tries=3 --timeout=60 -O "$2" "$1"
  fi
}

fetch() {  # SUM PATH
  target=$folder/$2
  if [ -f "$target" ] && [ "$(content_sum "$target")" = "$1" ]; then
    printf '%s: there already\n' "$target"
    return
  fi
  mkdir -p "$(dirname "$target")" 2>/dev/null || fail "cannot create the folder of $target" 6
  temporary=$(dirname "$target")/.$(basename "$target").$$.tmp.gz
  case $target in *.gz) ;; *) temporary=${temporary%.gz} ;; esac
  for mirror in $(mirrors "$yaml"); do
    url=$mirror/$(basename "$2")
    printf '%s\n' "$url"
    download "$url" "$temporary" || continue
    found=$(content_sum "$temporary")
    if [ "$found" = "$1" ]; then
      mv -f "$temporary" "$target" || fail "cannot write $target" 6
      return
    fi
    printf 'get_data.sh: %s: found %s, expected content with sha256 %s\n' "$url" "$found" "$1" >&2
  done
  fail "no mirror gave a good $(basename "$2"); try CNN_MIRROR=URL, or --data digits, which needs no files" 4
}

data=$(cd "$(dirname "$0")/../data" && pwd)
case ${1:-} in
  '' | -h | --help) usage; exit 0 ;;
esac
[ $# -le 2 ] || fail "expected NAME [FOLDER]; without arguments it lists the data sets" 2
yaml=$data/$1.yaml
[ -f "$yaml" ] || fail "no data set '$1'; run scripts/get_data.sh to list them" 2
[ -n "$(fetchable "$yaml")" ] || { printf '%s needs no files\n' "$1"; exit 0; }
command -v curl >/dev/null 2>&1 || command -v wget >/dev/null 2>&1 || fail "needs curl or wget" 2
folder=${2:-${CNN_DATA:-$data}}
temporary=
trap '[ -z "$temporary" ] || rm -f "$temporary"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

while read -r sum path; do
  fetch "$sum" "$path"
done <<EOF
$(fetchable "$yaml")
EOF
printf 'data set %s: in %s\n' "$1" "$folder"
[ "$folder" = "$data" ] || [ "$folder" = "${CNN_DATA:-}" ] ||
  printf 'tell cnn with: export CNN_DATA=%s\n' "$(cd "$folder" && pwd)"
