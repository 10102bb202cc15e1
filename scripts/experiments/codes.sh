#!/usr/bin/env bash
# What the codes of the autoencoders are like, on test digits:
#   sparse-coding    numbers of a code that are not 0; the error of a pixel
#   psd              the same, the encoder's error beside FISTA's code, and the error of a pixel when
#                    the encoder's guess is decoded; milliseconds for a code of each
#   ae-sparse        the mean activation, which shall be rho
#   ae-contractive   the mean squared norm of the code's Jacobian, with the penalty and without
#
#   scripts/experiments/codes.sh                  10,000 images, few epochs: minutes
#   scripts/experiments/codes.sh --full           all of MNIST, the files' own schedules
#   scripts/experiments/codes.sh --data digits

set -euo pipefail
. "$(dirname "$0")/common.sh"
read_arguments "$@"
data=${data:-mnist-pixels}

settings=("--data" "$data" data.mean=0 data.std=1)
if [ "$scale" = small ]; then settings+=(data.limit=10000 data.val=1000 --epochs 5); fi

report() {  # MODEL SEED WHAT VALUE
  printf '%-22s %5s  %-44s %12.6g\n' "$@"
}
# Milliseconds that a sample takes in the layers whose names match the extended pattern.
milliseconds() {  # PATTERN JSON
  printf '%s' "$2" | tr '{' '\n' |
    sed -En "s/.*\"name\":\"($1)\".*\"forward_s\":([0-9.e+-]+).*/\2/p" |
    awk -v batch="$batch" '{ sum += $1 } END { print 1000 * sum / batch }'
}

for seed in $seeds; do
  train_one sparse-coding "$seed" models/sparse-coding.yaml "${settings[@]}" >&2
  result=$("$CNN" test "$OUT/sparse-coding-seed$seed" data.limit=~ --json)
  report sparse-coding "$seed" 'numbers that are not 0, of 256' "$(score nonzeros "$result")"
  report sparse-coding "$seed" 'error of a pixel' "$(score reconstruction_error "$result")"

  train_one psd "$seed" models/psd.yaml "${settings[@]}" >&2
  result=$("$CNN" test "$OUT/psd-seed$seed" data.limit=~ --json)
  report psd "$seed" 'numbers that are not 0, of 256' "$(score nonzeros "$result")"
  report psd "$seed" 'error of a pixel, from FISTA'\''s code' "$(score reconstruction_error "$result")"
  report psd "$seed" 'error of a pixel, from the guess' "$(score guessed_reconstruction_error "$result")"
  report psd "$seed" 'mean squared number of a code' "$(score code_power "$result")"
  report psd "$seed" 'mean squared error of a guessed number' "$(score guess_error "$result")"
  batch=128
  result=$("$CNN" time models/psd.yaml --mode infer --batch-size $batch --seconds 3 --json)
  report psd "$seed" 'milliseconds for a code, by FISTA' "$(milliseconds code "$result")"
  report psd "$seed" 'milliseconds for a code, by the encoder' "$(milliseconds 'filters|filters.act|gain' "$result")"

  train_one ae-sparse "$seed" models/ae-sparse.yaml "${settings[@]}" >&2
  result=$("$CNN" test "$OUT/ae-sparse-seed$seed" data.limit=~ --json)
  report ae-sparse "$seed" 'mean activation (rho is 0.05)' "$(score activation "$result")"

  for contraction in 0.1 0; do
    label=ae-contractive-$contraction
    train_one "$label" "$seed" models/ae-contractive.yaml "${settings[@]}" "vars.contraction=$contraction" >&2
    result=$("$CNN" test "$OUT/$label-seed$seed" data.limit=~ --json)
    report "$label" "$seed" 'squared norm of the Jacobian' "$(score loss/contractive "$result")"
    report "$label" "$seed" 'error of a pixel' "$(score reconstruction_error "$result")"
  done
done
