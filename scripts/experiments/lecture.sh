#!/usr/bin/env bash
# The ten pictures of a lecture on convolutional networks, in one folder with an index page: trains
# LeNet-5 on the built-in digits and looks at it from all sides. Under two minutes.
#
#   scripts/experiments/lecture.sh                into runs/lecture-small
#   scripts/experiments/lecture.sh --data mnist   on the real digits (scripts/get_data.sh mnist)
#   scripts/experiments/lecture.sh --full         thirty epochs in place of ten
set -euo pipefail
# shellcheck source=scripts/experiments/common.sh
. "$(dirname "$0")/common.sh"
read_arguments "$@"

epochs=10
[ "$scale" = small ] || epochs=30
data=${data:-digits}
seed=${seeds%% *}
lecture=$OUT/lecture
index=$lecture/index.html
mkdir -p "$lecture"

begin_index() {
  cat > "$index" <<'END'
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"/><meta name="viewport" content="width=device-width,initial-scale=1"/>
<meta name="color-scheme" content="light dark"/><title>A convolutional network, in pictures</title>
<style>
body{font:17px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}
img{max-width:100%;height:auto;display:block;background:#fff;border-radius:6px}
.pictures{display:flex;flex-wrap:wrap;align-items:flex-start;gap:.8rem}
h2{margin:2.5rem 0 .2rem;font-size:1.2rem}p{margin:.2rem 0 .6rem}code{font-size:.85em;overflow-wrap:anywhere}
</style></head><body>
<h1>A convolutional network, in pictures</h1>
END
  echo "<p>LeNet-5 on the data set '$data', $epochs epochs. Under each title: the command that made the picture.</p>" >> "$index"
}

# picture KIND TITLE TEXT ARGUMENTS...: draws it and adds it to the page.
number=0
picture() {
  local kind=$1 title=$2 text=$3 file written
  shift 3
  number=$((number + 1))
  echo "$number. $title"
  written=$("$CNN" viz "$kind" "$@" --quiet --out "$lecture/$number-$kind" | sed -n 's/^wrote //p')
  echo "<h2>$number. $title</h2><p>$text</p><p><code>cnn viz $kind $*</code></p><div class=\"pictures\">" >> "$index"
  while read -r file; do
    file=${file#"$lecture/"}
    # PNGs have two pixels for one; without 'src', which would be taken for a picture of one.
    local source="src=\"$file\""
    [[ $file != *.png ]] || source="srcset=\"$file 2x\""
    echo "<img $source alt=\"$title\"/>" >> "$index"
  done <<< "$written"
  echo "</div>" >> "$index"
}

begin_index
run=$OUT/lenet5
echo "training LeNet-5 on '$data', $epochs epochs"
"$CNN" train models/lenet5.yaml --data "$data" --epochs "$epochs" --seed "$seed" --out "$OUT" --name lenet5 \
  --quiet --progress none > /dev/null

picture data "The data" "Some samples of each class, as the network gets them." "$run"
picture graph "The network" "Volumes get smaller and deeper, until a few numbers are left." "$run"
picture curves "Training" "Loss and accuracy, epoch by epoch: dashed training, solid validation." "$run" --separate
picture filters "Filters" "What the layers look for: blue weights are negative, red ones positive." "$run"
picture activations "Activations" "What they find in one digit: its maps, the strongest first." "$run"
picture deconv "What excites a unit" "The strongest activations of each map, projected back to pixels, beside the patches that caused them." "$run" --layer c3
picture occlusion "Where it looks" "How certain the network stays while a grey square slides over a digit." "$run" --square 12
picture confusion "What is taken for what" "Rows are the true classes." "$run"
picture errors "The most certain mistakes" "Would you have known?" "$run" --most 24
picture embedding "Codes in the plane" "What the last layer reads, by principal components and by t-SNE." "$run" --samples 1000
echo "</body></html>" >> "$index"
echo "open $index"
