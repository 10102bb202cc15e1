#!/usr/bin/env bash
# Captions of pictures by a network that sees the whole of them and by one that looks at a part for every
# word, by BLEU-1 to 4; and how often the right picture is found for a sentence (Vinyals et al. 2015, Xu et
# al. 2015, Karpathy & Fei-Fei 2015).
#
#   scripts/experiments/captions.sh              two epochs: some minutes
#   scripts/experiments/captions.sh --full       the recipes of the model files
#
# WEIGHTS=FILE: EfficientNet-Lite0's (cnn data get weights/efficientnet-lite0).

set -euo pipefail
. "$(dirname "$0")/common.sh"
read_arguments "$@"
WEIGHTS=${WEIGHTS:-data/weights/efficientnet-lite0-57934424.pth}
[ -e "$WEIGHTS" ] || {
  echo "$WEIGHTS is not there: cnn data get weights/efficientnet-lite0, or WEIGHTS=FILE" >&2
  exit 4
}

settings=(--weights "$WEIGHTS" --partial)
[ -z "$data" ] || settings+=(--data "$data")
[ "$scale" = full ] || settings+=(--epochs 2)
printf '%-16s %5s %8s %8s %8s %8s\n' model seed bleu1 bleu2 bleu3 bleu4
for seed in $seeds; do
  for model in caption caption-attend; do
    train_one "$model" "$seed" "models/$model.yaml" "${settings[@]}" >&2
    result=$("$CNN" test "$OUT/$model-seed$seed" --json)
    printf '%-16s %5s %8.2f %8.2f %8.2f %8.2f\n' "$model" "$seed" "$(score bleu1 "$result")" \
      "$(score bleu2 "$result")" "$(score bleu3 "$result")" "$(score bleu4 "$result")"
  done
  train_one align "$seed" models/align.yaml "${settings[@]}" >&2
  "$CNN" test "$OUT/align-seed$seed" | sed -n '/recall\|median/p'
done
