#!/usr/bin/env bash
# From nothing to a trained network: builds cnn, trains LeNet-5 on the built-in digits, tests it.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/build.sh --no-tests

echo
echo "\$ build/bin/cnn train models/lenet5.yaml --data digits --epochs 3"
build/bin/cnn train models/lenet5.yaml --data digits --epochs 3 --name quickstart --overwrite
echo
echo "\$ build/bin/cnn test runs/quickstart"
build/bin/cnn test runs/quickstart

cat <<'END'

LeNet-5 is trained: runs/quickstart has its weights, its results.csv and its spec.yaml.
What to do next:

  build/bin/cnn summary models/lenet5.yaml         the network: volumes, parameters, memory
  build/bin/cnn data get mnist                     fetch the real handwritten digits, then
  build/bin/cnn train models/lenet5.yaml           train on them (less than a minute)
  build/bin/cnn help                               all commands; README.md has the rest
END
