#!/usr/bin/env bash
# Variational autoencoders (Kingma & Welling 2013) by length of the code: the negative bound on test
# digits in nats, with sampled codes, and its parts; digits drawn from the prior as samples.png.
#
#   scripts/experiments/vae_latent.sh             10,000 images, 10 epochs: a minute
#   scripts/experiments/vae_latent.sh --full      all of MNIST, the file's own schedule
#   scripts/experiments/vae_latent.sh --data digits

set -euo pipefail
. "$(dirname "$0")/common.sh"
read_arguments "$@"
data=${data:-mnist-pixels}

settings=("--data" "$data" data.mean=0 data.std=1)
if [ "$scale" = small ]; then settings+=(data.limit=10000 data.val=1000 --epochs 10); fi
printf '%5s %5s %10s %16s %10s\n' code seed '-ELBO' reconstruction KL
for seed in $seeds; do
  for z in 2 5 10 20; do
    run=$OUT/vae-z$z-seed$seed
    train_one "vae-z$z" "$seed" models/vae.yaml "${settings[@]}" "vars.z=$z" >&2
    result=$("$CNN" test "$run" data.limit=~ --passes 5 --json)
    printf '%5s %5s %10.2f %16.2f %10.2f\n' "$z" "$seed" "$(score elbo "$result" | tr -d -)" \
      "$(score elbo_reconstruction "$result" | tr -d -)" "$(score elbo_kl "$result")"
    "$CNN" predict "$run" --samples 100 --out "$OUT/samples-z$z-seed$seed" >/dev/null
  done
done
echo "samples: $OUT/samples-*/samples.png"
