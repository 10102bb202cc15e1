#include "layers/core/split.h"

#include <algorithm>

#include "base/parallel.h"
#include "layers/layer_type.h"

namespace cnn {
namespace {

// The axis in the order of files; -1 if the shape has none of that name.
int axis_of(const Shape& shape, const std::string& name) {
  const int rank = shape.rank();
  if (name == "channels") return rank == 2 ? 1 : 0;
  if (name == "rows") return rank == 2 ? 0 : rank >= 3 ? rank - 2 : -1;
  return rank >= 3 ? rank - 1 : -1;
}

}  // namespace

std::string OptionType<SplitSizes>::name() {
  return "number of equal parts, list of sizes, or map of names and sizes";
}
OptionSchema OptionType<SplitSizes>::schema() {
  return OptionSchema::one_of({OptionSchema::integer(),
                               OptionSchema::list_of(OptionSchema::integer()),
                               OptionSchema::map_of(OptionSchema::integer())});
}

bool OptionType<SplitSizes>::read(const Node& node, SplitSizes& out, Diagnostics& d) {
  out = {};
  if (node.is_list()) {
    if (!OptionType<std::vector<int64_t>>::read(node, out.sizes, d)) return false;
  } else if (node.is_map()) {
    for (const Entry& e : node.entries()) {
      const std::optional<int64_t> size = e.value.read_int(d);
      if (!size) return false;
      out.names.push_back(e.key);
      out.sizes.push_back(*size);
    }
  } else {
    const std::optional<int64_t> equal = node.read_int(d);
    if (!equal) return false;
    out.equal = *equal;
    return true;
  }
  if (!out.sizes.empty()) return true;
  d.report(node.mark(), "expected the sizes of at least one part");
  return false;
}

Node OptionType<SplitSizes>::write(const SplitSizes& value) {
  if (value.equal > 0) return Node::scalar(std::to_string(value.equal));
  if (value.sizes.empty()) return Node();
  if (value.names.empty()) return OptionType<std::vector<int64_t>>::write(value.sizes);
  std::vector<Entry> entries;
  for (size_t i = 0; i < value.names.size(); ++i) {
    entries.push_back({value.names[i], {}, Node::scalar(std::to_string(value.sizes[i]))});
  }
  return Node::map(std::move(entries));
}

void Split::options(Options& o) {
  o("parts", sizes_, "how many equal parts, or their sizes, with names or without")
      .primary()
      .required()
      .at_least(1)
      .aliases({"sections", "sizes", "chunks", "num_splits"});
  o.choice<std::string>(
       "axis", axis_, {{"channels", "channels"}, {"rows", "rows"}, {"columns", "columns"}},
       "what is cut: channels (of a vector or a sequence: its features), rows (of a sequence: its "
       "positions) or columns")
      .aliases({"dim", "dimension"});
}

std::vector<Split::Part> Split::parts(const Shape& in, const std::string& label) const {
  const int axis = axis_of(in, axis_);
  if (axis < 0) fail(Exit::kSpec, "", "split: {} has no {}", label, axis_);
  const int64_t size = in[axis];
  std::vector<int64_t> sizes = sizes_.sizes;
  if (sizes_.equal > 0) {
    if (size % sizes_.equal != 0) {
      fail(Exit::kSpec, "", "split: the {} {} of {} do not make {} equal parts", size, axis_, label,
           sizes_.equal);
    }
    sizes.assign(static_cast<size_t>(sizes_.equal), size / sizes_.equal);
  }
  std::vector<Part> parts;
  int64_t begin = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    const int64_t end = sizes[i] <= size - begin ? begin + sizes[i] : size + 1;
    parts.push_back({sizes_.names.empty() ? "" : sizes_.names[i], begin, end});
    if (end > size) break;
    begin = end;
  }
  if (parts.back().end != size) {
    fail(Exit::kSpec, "", "split: the parts are {} than the {} {} of {}",
         parts.back().end > size ? "more" : "fewer", size, axis_, label);
  }
  return parts;
}

void Split::setup(Setup& s) {
  const Shape& in = s.input();
  const int axis = axis_of(in, axis_);
  parts_ = parts(in, s.describe(0));
  const bool are_named = !sizes_.names.empty();
  for (size_t k = 0; k < parts_.size(); ++k) {
    std::vector<int64_t> sizes;
    for (int i = 0; i < in.rank(); ++i) {
      sizes.push_back(i == axis ? parts_[k].end - parts_[k].begin : in[i]);
    }
    OutputPlan& out = s.output(Shape(sizes), are_named ? parts_[k].name : std::to_string(k));
    out.stands_alone = are_named;
  }
  // In memory (channels last) an index of the axis is, for every index of those outside, one run.
  inner_ = axis_ == "channels"                ? 1
           : axis_ == "rows" && in.rank() > 2 ? in.width() * in.channels()
                                              : in.channels();
  size_ = in[axis] * inner_;
  runs_ = in.count() / size_;
  s.plan().goes_on = static_cast<int>(parts_.size()) - 1;
  s.plan().backward_reads_input = false;
  s.plan().backward_reads_output = false;
}

void Split::forward(const ForwardCall& call) const {
  const int64_t runs = call.batch * runs_;
  parallel_for(runs, grain_for(runs, size_), [&](int64_t begin, int64_t end) {
    for (size_t k = 0; k < parts_.size(); ++k) {
      const int64_t first = parts_[k].begin * inner_, count = parts_[k].end * inner_ - first;
      float* out = call.output(static_cast<int>(k)).data;
      for (int64_t r = begin; r < end; ++r) {
        std::copy_n(call.input().data + r * size_ + first, count, out + r * count);
      }
    }
  });
}

void Split::backward(const BackwardCall& call) const {
  float* to = call.grad_input().data;
  if (to == nullptr) return;
  const int64_t runs = call.batch * runs_;
  parallel_for(runs, grain_for(runs, size_), [&](int64_t begin, int64_t end) {
    for (size_t k = 0; k < parts_.size(); ++k) {
      const int64_t first = parts_[k].begin * inner_, count = parts_[k].end * inner_ - first;
      const float* from = call.grad_output(static_cast<int>(k)).data;
      for (int64_t r = begin; r < end; ++r) {
        float* run = to + r * size_ + first;
        if (!call.adds()) std::fill_n(run, count, 0.0f);
        for (int64_t i = 0; from != nullptr && i < count; ++i) run[i] += from[r * count + i];
      }
    }
  });
}

extern const LayerType split_layer = {
    .name = "split",
    .family = LayerType::Family::kCut,
    .summary = "parts of a value, each with a name",
    .example =
        "- {split: 2, name: halves}             # halves.0 and halves.1\n"
        "- {split: {mu: 20, logvar: 20}}        # mu and logvar\n"
        "- {split: [16, 48], name: s}           # s.0 and s.1\n"
        "- {split: 4, axis: rows, name: bands}",
    .details =
        "Cuts channels, rows or columns into parts whose sizes add up to the whole. A map names "
        "them; numbered parts stand below the item's own name. Behind a split, the last part is "
        "the previous item; the others are read by `from` or by an item that names its inputs: "
        "{gaussian: [mu, logvar]}.",
    .other_names = {"Split", "chunk", "unstack"},
    .make = make_layer<Split>,
};

}  // namespace cnn
