#!/usr/bin/env bash
# Activation functions in a perceptron of three hidden layers on MNIST: sigmoid, tanh, relu,
# leaky_relu, elu and maxout, each with the initialiser that suits it; the same seeds for all.
#
#   scripts/experiments/activation_functions.sh                     10,000 images, 3 epochs: seconds
#   scripts/experiments/activation_functions.sh --full --seeds "1 2 3"
#   scripts/experiments/activation_functions.sh --data digits       the built-in digits: nothing to fetch

set -euo pipefail
. "$(dirname "$0")/common.sh"
read_arguments "$@"
data=${data:-mnist}

settings=("--data" "$data" vars.depth=3 vars.hidden=100 --lr 0.02)
if [ "$scale" = small ]; then
  settings+=(data.limit=10000 data.val=1000 --epochs 3)
else
  settings+=(--epochs 20)
fi
xavier='defaults={linear: {init: xavier_uniform}}'
for seed in $seeds; do
  train_one sigmoid "$seed" models/mlp.yaml "${settings[@]}" vars.act=sigmoid "$xavier"
  train_one tanh "$seed" models/mlp.yaml "${settings[@]}" vars.act=tanh "$xavier"
  for act in relu leaky_relu elu; do
    train_one "$act" "$seed" models/mlp.yaml "${settings[@]}" "vars.act=$act"
  done
  # Pairs of units: twice as many weights for the same width.
  train_one maxout "$seed" models/mlp.yaml "${settings[@]/vars.hidden=100/vars.hidden=200}" \
    'vars.act={maxout: 2}'
done
print_table
