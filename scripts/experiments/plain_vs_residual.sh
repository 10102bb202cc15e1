#!/usr/bin/env bash
# Plain networks against residual ones on CIFAR-10: He et al. 2015, figures 1 and 6. Deeper plain
# networks train worse than shallow ones; with shortcuts they train better.
#
#   scripts/experiments/plain_vs_residual.sh                       5,000 images, 4 epochs: some minutes
#   scripts/experiments/plain_vs_residual.sh --full --seeds "1 2"  all images, the paper's schedule: days
#   scripts/experiments/plain_vs_residual.sh --data cifar10-jpeg   the images as JPEG files

set -euo pipefail
. "$(dirname "$0")/common.sh"
read_arguments "$@"
data=${data:-cifar10}

settings=("--data" "$data")
if [ "$scale" = small ]; then
  # A smaller rate that rises first: 56 layers do not begin to learn at 0.1 in so few steps.
  settings+=(data.limit=5000 data.val=1000 --epochs 4 --batch-size 64 --lr 0.02
             'train.schedule={cosine: 0, warmup: 1}')
fi
for seed in $seeds; do
  for model in cifar-plain20 cifar-plain56 cifar-resnet20 cifar-resnet56; do
    train_one "$model" "$seed" "models/$model.yaml" "${settings[@]}"
  done
done
print_table
