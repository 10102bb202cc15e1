#!/usr/bin/env bash
# Builds with a sanitizer and runs the test programs of some folders of tests/:
#
#   scripts/sanitize.sh thread                    races, where threads meet (into build-tsan)
#   scripts/sanitize.sh address kernels layers    memory and undefined behaviour (into build-asan)
#
# Without folders: base data graph train. Exit 1 if a test fails or the sanitizer finds something.
set -euo pipefail
cd "$(dirname "$0")/.."

case "${1:-}" in
  thread) preset=tsan ;;
  address) preset=asan ;;
  *) sed -n '2,7s/^# \{0,1\}//p' "$0"; [ "${1:-}" = --help ] && exit 0; exit 2 ;;
esac
shift
[ $# -gt 0 ] || set -- base data graph train

scripts/build.sh --preset "$preset" --targets "$(printf 'test_%s ' "$@")"

# Fonts are found by a library that keeps what it has read until the end.
printf 'leak:libfontconfig\n' >"build-$preset/known-leaks.txt"
export LSAN_OPTIONS="suppressions=$PWD/build-$preset/known-leaks.txt:print_suppressions=0"

failed=
for folder in "$@"; do
  echo "== $folder"
  "build-$preset/bin/test_$folder" || failed="$failed $folder"
done
[ -z "$failed" ] || { echo "sanitize.sh: failed:$failed" >&2; exit 1; }
