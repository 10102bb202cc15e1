#!/usr/bin/env bash
# U-Net on the cell membranes of ISBI 2012: trained on 25 slices, tested on the 5 held out, whole:
# pixel accuracy, intersection over union, rand error. The weights are the last ones, so that nothing
# was chosen by the held-out slices. Then their masks and overlays are drawn.
#
#   scripts/experiments/unet_isbi.sh            16 channels in place of 64, windows of 128, 30 epochs
#   scripts/experiments/unet_isbi.sh --full     the paper's 64 channels, 100 epochs: many hours
#   CNN_DATA=... scripts/experiments/unet_isbi.sh --seeds "1 2"

set -euo pipefail
. "$(dirname "$0")/common.sh"
read_arguments "$@"

settings=()
[ -z "$data" ] || settings+=("--data" "$data")
if [ "$scale" = small ]; then settings+=(vars.w=16 vars.image=128 --epochs 30); else settings+=(vars.w=64 --epochs 100); fi
home=${CNN_DATA:-data}/isbi2012
for seed in $seeds; do
  run=$OUT/w-seed$seed
  echo "training $run"
  "$CNN" train models/unet-isbi.yaml --seed "$seed" --out "$OUT" --name "w-seed$seed" --progress none \
    "${settings[@]}"
  # A network of 3x3 windows takes the whole slice as well.
  "$CNN" test "$run" --weights "$run/weights/last.safetensors" --batch-size 1 vars.image=512 data.patches=512
  for slice in 25 26 27 28 29; do
    [ ! -e "$home/images/$slice.png" ] || "$CNN" predict "$run" "$home/images/$slice.png" \
      --weights "$run/weights/last.safetensors" --whole --out "$run/masks"
  done
done
