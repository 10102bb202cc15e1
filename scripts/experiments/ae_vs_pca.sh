#!/usr/bin/env bash
# A linear autoencoder against principal components: the same error, the same subspace (Baldi &
# Hornik 1989). The table has the test error of a pixel for both, and the angles between the
# subspaces in degrees; ae is the deeper network with a code of the same length.
#
#   scripts/experiments/ae_vs_pca.sh              10,000 images, 10 epochs: seconds
#   scripts/experiments/ae_vs_pca.sh --full       all of MNIST, 30 epochs
#   scripts/experiments/ae_vs_pca.sh --data digits

set -euo pipefail
. "$(dirname "$0")/common.sh"
read_arguments "$@"
data=${data:-mnist-pixels}

code=32
settings=("--data" "$data" data.mean=0 data.std=1 "vars.code=$code")
if [ "$scale" = small ]; then
  settings+=(data.limit=10000 data.val=1000 --epochs 10)
else
  settings+=(--epochs 30)
fi
printf '%-12s %5s %12s %12s %8s %10s %10s\n' model seed error 'PCA error' ratio 'max angle' 'mean angle'
for seed in $seeds; do
  for model in ae-linear ae; do
    train_one "$model" "$seed" "models/$model.yaml" "${settings[@]}" >&2
    result=$("$CNN" test "$OUT/$model-seed$seed" --pca $code --json)
    printf '%-12s %5s %12.6f %12.6f %8.4f %10.3f %10.3f\n' "$model" "$seed" \
      "$(score reconstruction_error "$result")" "$(score pca/error "$result")" \
      "$(score pca/ratio "$result")" "$(score pca/angle_max "$result")" \
      "$(score pca/angle_mean "$result")"
  done
done
