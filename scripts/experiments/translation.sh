#!/usr/bin/env bash
# German to English: GRUs with additive attention against attention alone, by BLEU on the test of 2016,
# the likeliest word each time and with five beginnings side by side (Bahdanau et al. 2015, Vaswani et
# al. 2017).
#
#   scripts/experiments/translation.sh              two epochs: some minutes
#   scripts/experiments/translation.sh --full       the recipes of the model files
#   scripts/experiments/translation.sh --data multi30k-de-en

set -euo pipefail
. "$(dirname "$0")/common.sh"
read_arguments "$@"

settings=("--data" "${data:-multi30k-de-en}")
[ "$scale" = full ] || settings+=(--epochs 2)
printf '%-22s %5s %10s %10s %10s\n' model seed perplexity greedy 'beam 5'
for seed in $seeds; do
  for model in translate translate-transformer; do
    train_one "$model" "$seed" "models/$model.yaml" "${settings[@]}" >&2
    result=$("$CNN" test "$OUT/$model-seed$seed" --json \
      'metrics=[perplexity, {bleu: out, name: greedy}, {bleu: out, beam: 5, name: beam}]')
    printf '%-22s %5s %10.2f %10.2f %10.2f\n' "$model" "$seed" "$(score perplexity "$result")" \
      "$(score greedy "$result")" "$(score beam "$result")"
  done
done
run=$OUT/translate-seed${seeds%% *}
for sentence in 'Ein Mann schläft.' 'Zwei Hunde spielen im Schnee.' \
  'Eine Frau mit einem roten Hut kauft Obst auf dem Markt.'; do
  printf '%s\n  %s\n' "$sentence" "$("$CNN" predict "$run" "$sentence" --beam 5)"
done
