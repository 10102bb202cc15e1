#!/usr/bin/env bash
# What plain cells, LSTM and GRU cells and a transformer make of Shakespeare: the loss in nats and in bits
# a character of what they have not read, and 400 characters that each of them writes.
#
#   scripts/experiments/shakespeare.sh              two passes over the text: some minutes
#   scripts/experiments/shakespeare.sh --full       the recipes of the model files: hours
#   scripts/experiments/shakespeare.sh --data sentences    without the text

set -euo pipefail
. "$(dirname "$0")/common.sh"
read_arguments "$@"

settings=("--data" "${data:-shakespeare}" 'metrics=[perplexity, bits_per_character]')
printf '%-10s %5s %10s %10s %12s\n' model seed nats bits perplexity
for seed in $seeds; do
  for model in char-rnn char-lstm char-gru char-gpt; do
    own=("${settings[@]}")
    if [ "$scale" = small ]; then
      own+=(--epochs 2)
      [ "$model" != char-gpt ] || own+=(--max-steps 800)
    fi
    train_one "$model" "$seed" "models/$model.yaml" "${own[@]}" >&2
    run=$OUT/$model-seed$seed
    result=$("$CNN" test "$run" --split val --json)
    printf '%-10s %5s %10.3f %10.3f %12.2f\n' "$model" "$seed" "$(score loss "$result")" \
      "$(score bits_per_character "$result")" "$(score perplexity "$result")"
    prompt=$([ -z "$data" ] && echo 'ROMEO:' || echo the)
    "$CNN" predict "$run" --prompt "$prompt" --length 400 --temperature 0.8 --seed "$seed" > "$run/written.txt"
  done
done
for seed in $seeds; do
  for model in char-rnn char-lstm char-gru char-gpt; do
    printf '\n--- %s, seed %s\n' "$model" "$seed"
    cat "$OUT/$model-seed$seed/written.txt"
  done
done
