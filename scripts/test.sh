#!/usr/bin/env bash
# Builds everything and runs all tests. Arguments go to ctest: scripts/test.sh -R layers
#
# CNN_DATA names a folder with real data sets (mnist/ ...); tests that need one skip without it.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/build.sh
exec ctest --test-dir build --output-on-failure --no-tests=error -j "$(nproc)" "$@"
