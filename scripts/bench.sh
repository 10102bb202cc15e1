#!/usr/bin/env bash
# How fast cnn is here: networks of the zoo on generated data, alone or beside PyTorch and ONNX Runtime.
#
#   scripts/bench.sh                                the usual cases, as a table in Markdown
#   scripts/bench.sh resnet18:infer:16 unet:train:2 these: MODEL:train|infer:BATCH
#   scripts/bench.sh --peers FOLDER                 beside the peers: ratios of medians in turn
#   scripts/bench.sh --scaling                      one thread against all
#   scripts/bench.sh --batches resnet18             time per sample and memory by batch size
#   scripts/bench.sh --write ...                    the table also into tests/bench/README.md
#
# --threads N, --rounds N (3), --seconds S (3, of a measurement), --python PYTHON (with torch).
# A peers folder has torch_bench.py and ort_bench.py, which take --threads N --seconds S CASE
# and print a JSON line with "samples_per_s", "peak_mib" and "engine".

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
CNN=${CNN:-build/bin/cnn}
[ -x "$CNN" ] || CNN=$(command -v cnn) || { echo "cnn is not built yet: run scripts/build.sh first" >&2; exit 1; }

usual="lenet5:train:64 vgg16:train:8 resnet18:train:16 resnet50:train:8 alexnet:train:32 cifar-resnet20:train:128
lenet5:infer:64 vgg16:infer:8 resnet18:infer:16 resnet50:infer:8 alexnet:infer:32 cifar-resnet20:infer:128"
job=table
threads=$(nproc)
rounds=3
seconds=3
peers=${CNN_PEERS:-}
python=python3
write=
cases=()

usage() { sed -n '2,/^$/s/^# \{0,1\}//p' "$0"; }
fail() { echo "bench.sh: $1" >&2; exit 2; }

while [ $# -gt 0 ]; do
  case "$1" in
    --threads) threads=${2:?--threads needs a number}; shift ;;
    --rounds) rounds=${2:?--rounds needs a number}; shift ;;
    --seconds) seconds=${2:?--seconds needs a number}; shift ;;
    --peers) peers=${2:?--peers needs a folder}; shift ;;
    --python) python=${2:?--python needs a program}; shift ;;
    --scaling) job=scaling ;;
    --batches) job=batches; cases+=("${2:?--batches needs a model}"); shift ;;
    --write) write=yes ;;
    -h|--help) usage; exit 0 ;;
    -*) fail "unknown argument '$1' (see --help)" ;;
    *:train:*|*:infer:*) cases+=("$1") ;;
    *) fail "'$1' is no MODEL:train|infer:BATCH" ;;
  esac
  shift
done
[ ${#cases[@]} -gt 0 ] || read -r -d '' -a cases <<<"$usual" || true
[ -z "$peers" ] || [ -f "$peers/torch_bench.py" ] || fail "$peers: no torch_bench.py there"

# field NAME JSON: the first number or word of that name.
field() { sed -n "s/.*\"$1\": *\"\{0,1\}\([^,\"}]*\).*/\1/p" <<<"$2" | head -n 1; }
median() { sort -g | awk '{ v[NR] = $1 } END { print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
quotient() { awk -v a="$1" -v b="$2" 'BEGIN { print (b > 0) ? a / b : 0 }'; }

# time_ours CASE THREADS [FLAGS...]: one JSON line.
time_ours() {
  local model mode batch
  IFS=: read -r model mode batch <<<"$1"
  "$CNN" time "models/$model.yaml" --mode "$mode" --batch-size "$batch" --threads "$2" --seconds "$seconds" --json \
    "${@:3}" | tail -n 1
}

# JSON lines of every peer that can run CASE.
time_peers() {
  local arguments=(--threads "$threads" --seconds "$seconds" "$1")
  OMP_NUM_THREADS=$threads "$python" "$peers/torch_bench.py" "${arguments[@]}"
  OMP_NUM_THREADS=$threads "$python" "$peers/torch_bench.py" --channels-last "${arguments[@]}"
  if [[ $1 == *:infer:* && -f $peers/ort_bench.py ]] && "$python" -c 'import onnx, onnxruntime' 2>/dev/null; then
    OMP_NUM_THREADS=$threads "$python" "$peers/ort_bench.py" "${arguments[@]}"
  fi
}

# Ours alone: speed, and how it stands to the machine's sgemm.
alone_row() {
  local case=$1 json
  json=$(time_ours "$case" "$threads")
  # Layers have "gflops" too: those of the step and of the machine stand outside of the list.
  local outer=${json%%\"layers\"*}
  local step peak
  step=$(sed -n 's/.*"planned_mib":[^,]*,"gflops":\([^,]*\).*/\1/p' <<<"$outer")
  peak=$(sed -n 's/.*"machine":{"gflops":\([^,]*\).*/\1/p' <<<"$outer")
  printf '| %s | %.1f | %.0f | %.2f | %.0f | %.0f |\n' "$case" "$(field samples_per_s "$outer")" "$step" \
    "$(quotient "$step" "$peak")" "$(field peak_mib "$outer")" "$(field planned_mib "$outer")"
}

# Rounds of ours and theirs in turn; the fastest peer of each round counts, and the leanest of all.
peer_row() {
  local case=$1 ratios='' ours='' theirs='' memory=0 leanest='' engine='' json best line speed
  for _ in $(seq "$rounds"); do
    json=$(time_ours "$case" "$threads" --total)
    best=0
    while IFS= read -r line; do
      speed=$(field samples_per_s "$line")
      if awk "BEGIN { exit !($speed > $best) }"; then best=$speed; engine=$(field engine "$line"); fi
      leanest=$(printf '%s\n%s\n' "$leanest" "$(field peak_mib "$line")" | sed '/^$/d' | sort -g | head -n 1)
    done < <(time_peers "$case")
    speed=$(field samples_per_s "$json")
    ours+=$speed$'\n'; theirs+=$best$'\n'; ratios+=$(quotient "$speed" "$best")$'\n'
    memory=$(printf '%s\n%s\n' "$memory" "$(field peak_mib "$json")" | sort -g | tail -n 1)
  done
  printf '| %s | %.1f | %.1f (%s) | %.2fx | %.0f | %.0f | %.2f |\n' "$case" "$(printf %s "$ours" | median)" \
    "$(printf %s "$theirs" | median)" "$engine" "$(printf %s "$ratios" | median)" "$memory" "$leanest" \
    "$(quotient "$memory" "$leanest")"
}

table() {
  if [ -n "$peers" ]; then
    echo '| case | ours, samples/s | fastest peer | speed | our MiB | leanest peer | share |'
    echo '|---|---|---|---|---|---|---|'
    for case in "${cases[@]}"; do peer_row "$case"; done
  else
    echo '| case | samples/s | GFLOP/s | of sgemm | MiB | planned |'
    echo '|---|---|---|---|---|---|'
    for case in "${cases[@]}"; do alone_row "$case"; done
  fi
}

scaling() {
  echo "| case | 1 thread, samples/s | $threads threads | ratio |"
  echo '|---|---|---|---|'
  for case in "${cases[@]}"; do
    local one all
    one=$(field samples_per_s "$(time_ours "$case" 1 --total)")
    all=$(field samples_per_s "$(time_ours "$case" "$threads" --total)")
    printf '| %s | %.1f | %.1f | %.2f |\n' "$case" "$one" "$all" "$(quotient "$all" "$one")"
  done
}

batches() {
  echo '| batch | training, ms a sample | MiB | inference, ms a sample | MiB |'
  echo '|---|---|---|---|---|'
  for batch in 1 2 4 8 16 32 64; do
    local train infer
    train=$(time_ours "${cases[0]}:train:$batch" "$threads" --total)
    infer=$(time_ours "${cases[0]}:infer:$batch" "$threads" --total)
    printf '| %d | %.2f | %.0f | %.2f | %.0f |\n' "$batch" \
      "$(quotient 1000 "$(field samples_per_s "$train")")" "$(field peak_mib "$train")" \
      "$(quotient 1000 "$(field samples_per_s "$infer")")" "$(field peak_mib "$infer")"
  done
}

# Replaces what stands between the marks of this job.
write_down() {
  local file=tests/bench/README.md begin="<!-- $1 -->" end="<!-- end of $1 -->"
  grep -qF "$begin" "$file" || fail "$file has no place '$begin'"
  awk -v begin="$begin" -v end="$end" -v text="$2" '
    $0 == begin { print; print ""; print text; print ""; skip = 1 }
    $0 == end { skip = 0 }
    !skip { print }' "$file" >"$file.new"
  mv "$file.new" "$file"
}

place=$job
if [ "$job" = table ] && [ -n "$peers" ]; then place=peers; fi
result=$(mktemp)
trap 'rm -f "$result"' EXIT
"$job" | tee "$result"
[ -z "$write" ] || write_down "$place" "$(cat "$result")"
