#!/usr/bin/env bash
# Installs what is missing (Debian, Ubuntu), configures and builds into build/.
#
#   scripts/build.sh                 release build, tuned to this machine
#   scripts/build.sh --no-tests      without the test programs
#   scripts/build.sh --preset asan   another preset of CMakePresets.json (into build-asan)
#   scripts/build.sh --targets "cnn test_base"   these alone
set -euo pipefail
cd "$(dirname "$0")/.."

preset=release
tests=ON
targets=all
while [ $# -gt 0 ]; do
  case "$1" in
    --no-tests) tests=OFF ;;
    --preset) preset=${2:?--preset needs a name}; shift ;;
    --targets) targets=${2:?--targets needs names}; shift ;;
    -h|--help) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "build.sh: unknown argument '$1' (see --help)" >&2; exit 2 ;;
  esac
  shift
done

packages="g++ cmake ninja-build libyaml-cpp-dev libopenblas-openmp-dev libcli11-dev nlohmann-json3-dev libfmt-dev zlib1g-dev \
libpng-dev libjpeg-dev libcairo2-dev fonts-dejavu-core"
[ "$tests" = OFF ] || packages="$packages catch2"

missing=
if command -v dpkg-query >/dev/null; then
  for package in $packages; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
  done
else
  echo "This is no Debian or Ubuntu: please install the equivalents of: $packages" >&2
fi
if [ -n "$missing" ]; then
  echo "Installing:$missing"
  as_root=
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "Not root and no sudo: please install$missing" >&2; exit 1; }
    as_root=sudo
  fi
  $as_root apt-get update -qq
  # shellcheck disable=SC2086
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

cmake --preset "$preset" -DCNN_TESTS="$tests" -Wno-dev >/dev/null
# shellcheck disable=SC2086
cmake --build --preset "$preset" --target $targets
