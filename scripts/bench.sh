#!/usr/bin/env bash
# How fast cnn is here: networks of the zoo on generated data, alone or beside PyTorch and ONNX Runtime.
#
#   scripts/bench.sh                                the usual cases, as a table in Markdown
#   scripts/bench.sh resnet18:infer:16 unet:train:2 these: MODEL:train|infer:BATCH
#   scripts/bench.sh --peers FOLDER                 beside the peers: ratios of medians in turn
#   scripts/bench.sh --scaling                      one thread against all
#   scripts/bench.sh --batches resnet18             time per sample and memory by batch size
#   scripts/bench.sh --all [MODEL...]               every model (or these) at batch 8, or what memory and time allow
#   scripts/bench.sh --write ...                    the table also into tests/bench/README.md
#
# --threads N, --rounds N (3; of --all 1), --seconds S (3, of a measurement; of --all 0.5), --python PYTHON
# (with torch). All is measured once a round; tables have medians over the rounds, and the largest memory.
# A peers folder has torch_bench.py and ort_bench.py, which take --threads N --seconds S CASE
# and print a JSON line with "samples_per_s", "peak_mib" and "engine".

set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() { sed -n '2,/^$/s/^# \{0,1\}//p' "$0"; }
fail() { echo "bench.sh: $1" >&2; exit 2; }  # the command line
die() { echo "bench.sh: $1" >&2; exit 1; }   # a measurement

usual="lenet5:train:64 vgg16:train:8 resnet18:train:16 resnet50:train:8 alexnet:train:32 cifar-resnet20:train:128
lenet5:infer:64 vgg16:infer:8 resnet18:infer:16 resnet50:infer:8 alexnet:infer:32 cifar-resnet20:infer:128"
job=table
threads=$(nproc)
rounds=
seconds=
peers=${CNN_PEERS:-}
python=python3
write=
cases=()
models=()

set_job() { [ "$job" = table ] || fail "--$1 after --$job: one of them, once"; job=$1; }
need() { [ -n "${2:-}" ] || fail "$1 needs $3"; }
need_number() { [[ ${2:-} =~ ^[0-9]+(\.[0-9]+)?$ ]] || fail "$1 needs a number"; }
need_count() { [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || fail "$1 needs a whole number from 1"; }

while [ $# -gt 0 ]; do
  case "$1" in
    --threads) need_count "$@"; threads=$2; shift ;;
    --rounds) need_count "$@"; rounds=$2; shift ;;
    --seconds) need_number "$@"; seconds=$2; shift ;;
    --peers) need "$1" "${2:-}" "a folder"; peers=$2; shift ;;
    --python) need "$1" "${2:-}" "a program"; python=$2; shift ;;
    --scaling) set_job scaling ;;
    --batches) need "$1" "${2:-}" "a model"; set_job batches; models+=("$2"); shift ;;
    --all) set_job all ;;
    --write) write=yes ;;
    -h|--help) usage; exit 0 ;;
    -*) fail "unknown argument '$1' (see --help)" ;;
    *:train:*|*:infer:*) cases+=("$1") ;;
    *) [ "$job" = all ] || fail "'$1' is no MODEL:train|infer:BATCH"; models+=("$1") ;;
  esac
  shift
done
case $job in
  all|batches) [ ${#cases[@]} = 0 ] || fail "--$job takes models, not '${cases[0]}'" ;;
  *) [ ${#cases[@]} -gt 0 ] || read -r -d '' -a cases <<<"$usual" || true ;;
esac
if [ "$job" = all ]; then
  rounds=${rounds:-1} seconds=${seconds:-0.5}
  if [ ${#models[@]} = 0 ]; then
    for file in models/*.yaml; do models+=("$(basename "$file" .yaml)"); done
  fi
fi
rounds=${rounds:-3} seconds=${seconds:-3}
if [ "$job" = table ] && [ -n "$peers" ]; then
  job=peers
  [ -f "$peers/torch_bench.py" ] || fail "$peers: no torch_bench.py there"
fi
CNN=${CNN:-build/bin/cnn}
[ -x "$CNN" ] || CNN=$(command -v cnn) || die "cnn is not built yet: run scripts/build.sh first"

# field NAME JSON: the value of that name; of one in a map "machine.gflops". Lists are passed over.
field() {
  grep -oE '"([^"\\]|\\.)*"|[][{}:,]|[^][{}:,"[:space:]]+' <<<"$2" | awk -v want="$1" '
    function path(  i, text) { for (i = 2; i <= depth; ++i) text = text within[i] "."; return text key }
    /^[{[]$/ { within[++depth] = key; key = ""; is_value = 0; next }
    /^[]}]$/ { --depth; next }
    /^[:,]$/ { is_value = $0 == ":"; next }
    { gsub(/^"|"$/, "") }
    is_value { if (path() == want) print; next }
    { key = $0 }'
}

# note KEY JSON FIELD...: one round's values of these fields, which must be numbers above 0.
declare -A got  # by "KEY FIELD", a line a round
note() {
  local key=$1 json=$2 name value
  shift 2
  for name; do
    value=$(field "$name" "$json")
    if ! [[ $value =~ ^[0-9.]+([eE][-+]?[0-9]+)?$ ]] || awk "BEGIN { exit $value > 0 }"; then
      die "$key: '$name' is '$value' in: ${json:0:200}"
    fi
    got[$key $name]+=$value$'\n'
  done
}
last() { printf %s "${got[$1]}" | tail -n 1; }
most() { printf %s "${got[$1]}" | sort -g | tail -n 1; }
least() { printf %s "${got[$1]}" | sort -g | head -n 1; }
median() {
  printf %s "${got[$1]}" | sort -g |
    awk '{ v[NR] = $1 } END { print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}
quotient() { awk -v a="$1" -v b="$2" 'BEGIN { print a / b }'; }
# ratio NAME A B: one round's quotient of two fields.
ratio() { got[$1]+=$(quotient "$(last "$2")" "$(last "$3")")$'\n'; }
# Rounds are seen by who waits at a terminal.
say_round() { [ ! -t 2 ] || echo "round $1 of $rounds" >&2; }

# time_ours CASE THREADS [FLAGS...]: one JSON line. limit: seconds after which it is given up, with 124.
limit=
time_ours() {
  local model mode batch
  IFS=: read -r model mode batch <<<"$1"
  ${limit:+timeout "$limit"} "$CNN" time "models/$model.yaml" --mode "$mode" --batch-size "$batch" \
    --threads "$2" --seconds "$seconds" --json "${@:3}" | tail -n 1
}

# time_peer SCRIPT CASE [FLAGS...]: its JSON lines.
time_peer() {
  local lines
  lines=$(OMP_NUM_THREADS=$threads "$python" "$peers/$1" --threads "$threads" --seconds "$seconds" \
    "${@:3}" "$2") || die "$peers/$1 failed on $2 (exit code $?)"
  grep '^{' <<<"$lines" || die "$peers/$1 printed no JSON line on $2"
}

# JSON lines of every peer that can run CASE.
time_peers() {
  time_peer torch_bench.py "$1"
  time_peer torch_bench.py "$1" --channels-last
  if [[ $1 == *:infer:* && -f $peers/ort_bench.py ]] && "$python" -c 'import onnx, onnxruntime' 2>/dev/null; then
    time_peer ort_bench.py "$1"
  fi
}

# Rounds of ours and theirs in turn; the fastest peer of each round counts, and the leanest of all.
peers() {
  local case json lines line engine best speed
  echo '| case | ours, samples/s | fastest peer | speed | our MiB | leanest peer | share |'
  echo '|---|---|---|---|---|---|---|'
  for case in "${cases[@]}"; do
    for _ in $(seq "$rounds"); do
      json=$(time_ours "$case" "$threads" --total)
      note "$case" "$json" samples_per_s peak_mib
      lines=$(time_peers "$case")
      best=0
      while IFS= read -r line; do
        note "$case peer" "$line" samples_per_s peak_mib
        speed=$(last "$case peer samples_per_s")
        if awk "BEGIN { exit !($speed > $best) }"; then best=$speed; engine=$(field engine "$line"); fi
      done <<<"$lines"
      got[$case best]+=$best$'\n'
      ratio "$case ratio" "$case samples_per_s" "$case best"
    done
    printf '| %s | %.1f | %.1f (%s) | %.2fx | %.0f | %.0f | %.2f |\n' "$case" "$(median "$case samples_per_s")" \
      "$(median "$case best")" "$engine" "$(median "$case ratio")" "$(most "$case peak_mib")" \
      "$(least "$case peer peak_mib")" "$(quotient "$(most "$case peak_mib")" "$(least "$case peer peak_mib")")"
  done
}

# Ours alone: speed, and how it stands to the machine's sgemm.
table() {
  local round case json
  for round in $(seq "$rounds"); do
    say_round "$round"
    for case in "${cases[@]}"; do
      json=$(time_ours "$case" "$threads")
      note "$case" "$json" samples_per_s gflops machine.gflops peak_mib planned_mib
      ratio "$case ratio" "$case gflops" "$case machine.gflops"
    done
  done
  echo '| case | samples/s | GFLOP/s | of sgemm | MiB | planned |'
  echo '|---|---|---|---|---|---|'
  for case in "${cases[@]}"; do
    printf '| %s | %.1f | %.0f | %.2f | %.0f | %.0f |\n' "$case" "$(median "$case samples_per_s")" \
      "$(median "$case gflops")" "$(median "$case ratio")" "$(most "$case peak_mib")" "$(most "$case planned_mib")"
  done
}

scaling() {
  local round case json
  for round in $(seq "$rounds"); do
    say_round "$round"
    for case in "${cases[@]}"; do
      json=$(time_ours "$case" 1 --total)
      note "$case one" "$json" samples_per_s
      json=$(time_ours "$case" "$threads" --total)
      note "$case all" "$json" samples_per_s
      ratio "$case ratio" "$case all samples_per_s" "$case one samples_per_s"
    done
  done
  echo "| case | 1 thread, samples/s | $threads threads | ratio |"
  echo '|---|---|---|---|'
  for case in "${cases[@]}"; do
    printf '| %s | %.1f | %.1f | %.2f |\n' "$case" "$(median "$case one samples_per_s")" \
      "$(median "$case all samples_per_s")" "$(median "$case ratio")"
  done
}

batches() {
  local round batch mode case json
  for round in $(seq "$rounds"); do
    say_round "$round"
    for batch in 1 2 4 8 16 32 64; do
      for mode in train infer; do
        case=${models[0]}:$mode:$batch
        json=$(time_ours "$case" "$threads" --total)
        note "$case" "$json" samples_per_s peak_mib
      done
    done
  done
  echo '| batch | training, ms a sample | MiB | inference, ms a sample | MiB |'
  echo '|---|---|---|---|---|'
  for batch in 1 2 4 8 16 32 64; do
    printf '| %d' "$batch"
    for mode in train infer; do
      case=${models[0]}:$mode:$batch
      printf ' | %.2f | %.0f' "$(quotient 1000 "$(median "$case samples_per_s")")" "$(most "$case peak_mib")"
    done
    echo ' |'
  done
}

# A model and mode at the largest batch up to 8 that memory allows within two minutes a measurement.
all() {
  local model mode batch case json status
  limit=120
  echo '| model | training, samples/s | batch | MiB | inference, samples/s | batch | MiB |'
  echo '|---|---|---|---|---|---|---|'
  for model in "${models[@]}"; do
    printf '| %s' "$model"
    for mode in train infer; do
      for batch in 8 4 2 1; do
        case=$model:$mode:$batch
        for _ in $(seq "$rounds"); do
          status=0
          json=$(time_ours "$case" "$threads" --total) || status=$?
          [ "$status" = 0 ] || break
          note "$case" "$json" samples_per_s peak_mib
        done
        case $status in
          0) break ;;
          6|124) ;;  # memory, time
          *) die "cnn time failed on $case (exit code $status)" ;;
        esac
      done
      if [ "$status" = 0 ]; then
        printf ' | %.1f | %d | %.0f' "$(median "$case samples_per_s")" "$batch" "$(most "$case peak_mib")"
      else
        printf ' | - | - | -'
      fi
    done
    echo ' |'
  done
}

# Replaces what stands between the marks of this job.
write_down() {
  local file=tests/bench/README.md begin="<!-- $1 -->" end="<!-- end of $1 -->"
  grep -qF "$begin" "$file" || die "$file has no place '$begin'"
  awk -v begin="$begin" -v end="$end" -v text="$2" '
    $0 == begin { print; print ""; print text; print ""; skip = 1 }
    $0 == end { skip = 0 }
    !skip { print }' "$file" >"$file.new"
  mv "$file.new" "$file"
}

result=$(mktemp)
trap 'rm -f "$result"' EXIT
"$job" | tee "$result"
[ -z "$write" ] || write_down "$job" "$(cat "$result")"
