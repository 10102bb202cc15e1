#!/usr/bin/env bash
# Self-taught learning (Raina et al. 2007): a dictionary learned without labels, then a linear support
# vector machine on its sparse codes against one on raw pixels, both from 100 labels. A seed draws
# its own 100 images. The table has the test accuracies.
#
#   scripts/experiments/self_taught.sh                  10,000 unlabelled images: minutes
#   scripts/experiments/self_taught.sh --full --seeds "1 2 3 4 5"
#   scripts/experiments/self_taught.sh --data digits

set -euo pipefail
. "$(dirname "$0")/common.sh"
seeds="1 2 3 4 5"
read_arguments "$@"
data=${data:-mnist-pixels}

settings=("--data" "$data" data.mean=0 data.std=1)
codes=(vars.positive=true vars.steps=25)  # after more steps fewer numbers are left, and less is known
if [ "$scale" = small ]; then
  train_one dictionary 1 models/sparse-coding.yaml "${settings[@]}" "${codes[@]}" \
    data.limit=10000 data.val=1000 --epochs 3 >&2
else
  train_one dictionary 1 models/sparse-coding.yaml "${settings[@]}" "${codes[@]}" >&2
fi
dictionary=$OUT/dictionary-seed1/weights/best.safetensors
rm "$OUT/curves.csv"  # that of the classifiers begins here

# 100 labelled images, none held out; both machines learn by the same rule.
few=(data.val=0 data.limit=100 --epochs 60 --batch-size 20
  'train.optimizer={adam: 1e-2, weight_decay: 0.1}' train.schedule=cosine)
accuracy_of() {  # LABEL SEED MODEL ARGUMENTS...
  train_one "$1" "$2" "$3" "${settings[@]}" "${few[@]}" "${@:4}" >&2
  score accuracy "$("$CNN" test "$OUT/$1-seed$2" data.limit=~ --json)"
}
printf '%5s %12s %12s\n' seed pixels codes
for seed in $seeds; do
  pixels=$(accuracy_of pixels "$seed" models/svm.yaml)
  coded=$(accuracy_of codes "$seed" models/self-taught.yaml "${codes[@]}" --weights "$dictionary" \
    --partial edit.code.freeze=true)
  printf '%5s %12.4f %12.4f\n' "$seed" "$pixels" "$coded"
done | tee "$OUT/accuracies.txt"
awk '{ pixels += $2; codes += $3; n++ } END { printf "%5s %12.4f %12.4f\n", "mean", pixels / n, codes / n }' \
  "$OUT/accuracies.txt"
