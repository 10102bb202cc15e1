# What the experiments share; sourced by them. Sets CNN (the program) and OUT (where the runs go).

shopt -s inherit_errexit  # a failure inside $(...) ends the script, too
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
CNN=${CNN:-build/bin/cnn}
[ -x "$CNN" ] || CNN=$(command -v cnn) || { echo "cnn is not built yet: run scripts/build.sh first" >&2; exit 1; }

scale=small
data=
seeds="1"

# Prints the comment at the head of the script that was called.
usage() { sed -n '2,/^$/s/^# \{0,1\}//p' "$0"; }

# The arguments that every experiment takes: --full, --data NAME, --seeds "1 2 3".
read_arguments() {
  while [ $# -gt 0 ]; do
    case "$1" in
      --full) scale=full ;;
      --data) data=${2:?--data needs a name}; shift ;;
      --seeds) seeds=${2:?--seeds needs numbers}; shift ;;
      -h|--help) usage; exit 0 ;;
      *) echo "$(basename "$0"): unknown argument '$1'" >&2; usage >&2; exit 2 ;;
    esac
    shift
  done
  OUT=runs/$(basename "$0" .sh)-$scale
  rm -rf "$OUT"
  mkdir -p "$OUT"
}

# train_one LABEL SEED MODEL ARGUMENTS...: one run; its epochs are added to $OUT/curves.csv.
train_one() {
  local label=$1 seed=$2 model=$3 name="$1-seed$2"
  shift 3
  echo "training $name"
  "$CNN" train "$model" --seed "$seed" --out "$OUT" --name "$name" --quiet --progress none "$@" >/dev/null
  if [ ! -e "$OUT/curves.csv" ]; then
    echo "label,seed,$(head -n 1 "$OUT/$name/results.csv")" > "$OUT/curves.csv"
  fi
  tail -n +2 "$OUT/$name/results.csv" | sed "s/^/$label,$seed,/" >> "$OUT/curves.csv"
}

# score KEY JSON: one number of a result of `cnn test --json`.
score() {
  printf '%s' "$2" | awk -v key="\"$1\":" '{ i = index($0, key); print substr($0, i + length(key)) + 0 }'
}

# A table of the last epoch of every label: means over the seeds.
print_table() {
  awk -F, '
    NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
    !($1 in runs) { order[++n] = $1; runs[$1] = 0 }
    { key = $1 SUBSEP $2; last[key] = $0; label[key] = $1 }
    END {
      for (key in last) {
        split(last[key], f, ",")
        k = label[key]
        runs[k]++
        train[k] += f[column["train/loss"]]; loss[k] += f[column["val/loss"]]
        accuracy[k] += f[column["val/accuracy"]]; speed[k] += f[column["samples_per_s"]]
      }
      printf "%-16s %5s %12s %10s %14s %12s\n", "", "runs", "train/loss", "val/loss", "val/accuracy", "samples/s"
      for (i = 1; i <= n; i++) {
        k = order[i]; r = runs[k]
        printf "%-16s %5d %12.4f %10.4f %14.4f %12.0f\n", k, r, train[k]/r, loss[k]/r, accuracy[k]/r, speed[k]/r
      }
    }' "$OUT/curves.csv"
  echo "curves: $OUT/curves.csv"
}
