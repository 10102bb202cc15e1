#!/usr/bin/env bash
# Does Winograd's rounding cost accuracy? ResNet-20 on MNIST and on CIFAR-10, over several seeds, with
# the transforms and without them (`kernels: exact`): test accuracies, seed by seed, and their spread.
#
#   scripts/experiments/winograd_accuracy.sh                     5,000 images, 2 and 3 epochs, 3 seeds
#   scripts/experiments/winograd_accuracy.sh --full              all images, 5 and 20 epochs
#   scripts/experiments/winograd_accuracy.sh --seeds "1 2 3 4 5"
#   scripts/experiments/winograd_accuracy.sh --data "mnist cifar10-jpeg"       other sets
#   scripts/experiments/winograd_accuracy.sh --data digits       the built-in digits: nothing to fetch

set -euo pipefail
. "$(dirname "$0")/common.sh"
seeds="1 2 3"
read_arguments "$@"

model=models/cifar-resnet20.yaml
schedule=("train.schedule={cosine: 0}")
if [ "$scale" = small ]; then
  grey=(data.limit=5000 data.val=1000 --epochs 2) colour=(data.limit=5000 data.val=1000 --epochs 3)
else
  grey=(--epochs 5) colour=(--epochs 20)
fi
grey+=('input.image=[1,28,28]')

# compare SET ARGUMENTS...: trains and tests with both kinds of kernels; a line for each seed.
compare() {
  local set=$1
  shift
  for seed in $seeds; do
    for kernels in fast exact; do
      train_one "$set-$kernels" "$seed" "$model" --data "$set" --lr 0.1 "${schedule[@]}" "$@" "kernels=$kernels"
      accuracy[$kernels]=$(score accuracy "$("$CNN" test "$OUT/$set-$kernels-seed$seed" --json)")
    done
    echo "$set,$seed,${accuracy[fast]},${accuracy[exact]}" >> "$OUT/accuracy.csv"
  done
}

declare -A accuracy
for set in ${data:-mnist cifar10}; do
  case "$set" in
    mnist*|digits) compare "$set" "${grey[@]}" ;;
    *) compare "$set" "${colour[@]}" ;;
  esac
done
print_table
awk -F, '
  { n[$1]++; w[$1] += $3; e[$1] += $4; ww[$1] += $3 * $3; ee[$1] += $4 * $4
    rows = rows sprintf("%-16s %5s %12.4f %12.4f\n", $1, $2, $3, $4) }
  function deviation(squares, sum, n) { return n > 1 ? sqrt(max0(squares - sum * sum / n) / (n - 1)) : 0 }
  function max0(x) { return x > 0 ? x : 0 }
  END {
    printf "\n%-16s %5s %12s %12s\n%s", "test accuracy", "seed", "winograd", "exact", rows
    for (set in n) {
      printf "%-16s %5s %12.4f %12.4f\n", set, "mean", w[set] / n[set], e[set] / n[set]
      printf "%-16s %5s %12.4f %12.4f\n", set, "+-", deviation(ww[set], w[set], n[set]), deviation(ee[set], e[set], n[set])
    }
  }' "$OUT/accuracy.csv"
