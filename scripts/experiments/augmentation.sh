#!/usr/bin/env bash
# What random changes of the training images are worth when there are few of them: LeNet-5 on 1,000
# digits of MNIST, without changes, shifted, turned and scaled, bent (Simard, Steinkraus & Platt
# 2003), and all of it. Tested on the whole test set.
#
#   scripts/experiments/augmentation.sh                     30 epochs each, one seed: a minute
#   scripts/experiments/augmentation.sh --full --seeds "1 2 3"      100 epochs
#   scripts/experiments/augmentation.sh --data digits       the built-in digits: nothing to fetch

set -euo pipefail
. "$(dirname "$0")/common.sh"
read_arguments "$@"

settings=("--data" "${data:-mnist}" data.limit=1000 data.val=1000)
if [ "$scale" = small ]; then settings+=(--epochs 30); else settings+=(--epochs 100); fi
kinds=(nothing shift turn_and_scale bend all)
changes=('{}' '{shift: 2}' '{rotate: 15, scale: 0.15}' '{elastic: {sigma: 2, grid: 5}}'
  '{shift: 2, rotate: 15, scale: 0.15, elastic: {sigma: 2, grid: 5}}')
for seed in $seeds; do
  for i in "${!kinds[@]}"; do
    train_one "${kinds[i]}" "$seed" models/lenet5.yaml "${settings[@]}" "data.augment=${changes[i]}"
  done
done
print_table
printf '%-16s %s\n' '' 'test accuracy, mean over the seeds'
for kind in "${kinds[@]}"; do
  for seed in $seeds; do
    "$CNN" test "$OUT/$kind-seed$seed" data.limit=10000 --json
  done | sed 's/.*"accuracy":\([0-9.]*\).*/\1/' |
    awk -v kind="$kind" '{ sum += $1 } END { printf "%-16s %.4f\n", kind, sum / NR }'
done
