#!/usr/bin/env bash
# A denoising autoencoder against a plain one on noisy test digits: the PSNR of what they make of
# them, in dB, beside that of the noisy digits themselves (Vincent et al. 2010).
#
#   scripts/experiments/denoising.sh              10,000 images, 5 epochs: seconds
#   scripts/experiments/denoising.sh --full       all of MNIST, 20 epochs
#   scripts/experiments/denoising.sh --data digits

set -euo pipefail
. "$(dirname "$0")/common.sh"
read_arguments "$@"
data=${data:-mnist-pixels}

settings=("--data" "$data" data.mean=0 data.std=1)
if [ "$scale" = small ]; then
  settings+=(data.limit=10000 data.val=1000 --epochs 5)
else
  settings+=(--epochs 20)
fi
metrics='metrics=[psnr, {psnr: ~, of: corrupted, name: noisy_psnr}]'
printf '%-16s %5s %14s %14s\n' model seed 'noisy digits' reconstruction
for seed in $seeds; do
  for model in ae ae-denoising; do
    train_one "$model" "$seed" "models/$model.yaml" "${settings[@]}" >&2
    result=$("$CNN" test models/ae-denoising.yaml --weights "$OUT/$model-seed$seed/weights/best.safetensors" \
      "${settings[@]:0:4}" vars.noisy_tests=true "$metrics" --json)
    printf '%-16s %5s %14.2f %14.2f\n' "$model" "$seed" "$(score noisy_psnr "$result")" "$(score psnr "$result")"
  done
done
