#include "layers/image/connections.h"

#include <algorithm>

namespace cnn {
namespace {

// LeCun et al. 1998, table I: which maps of S2 each map of C3 sees. Six see three that follow each
// other, six four that do, three four that do not, and the last one all.
const std::vector<std::vector<int64_t>>& lenet5_inputs() {
  static const std::vector<std::vector<int64_t>> inputs = {
      {0, 1, 2},    {1, 2, 3},    {2, 3, 4},    {3, 4, 5},         {0, 4, 5},    {0, 1, 5},
      {0, 1, 2, 3}, {1, 2, 3, 4}, {2, 3, 4, 5}, {0, 3, 4, 5},      {0, 1, 4, 5}, {0, 1, 2, 5},
      {0, 1, 3, 4}, {1, 2, 4, 5}, {0, 2, 3, 5}, {0, 1, 2, 3, 4, 5}};
  return inputs;
}

}  // namespace

std::string OptionType<ConnectionTable>::name() { return "lenet5 or a list of lists of integers"; }
OptionSchema OptionType<ConnectionTable>::schema() { return OptionSchema::any(); }

bool OptionType<ConnectionTable>::read(const Node& node, ConnectionTable& out, Diagnostics& d) {
  if (node.is_list()) {
    out.is_lenet5 = false;
    return OptionType<std::vector<std::vector<int64_t>>>::read(node, out.inputs, d);
  }
  const std::optional<std::string> text = node.read_string(d);
  if (!text) return false;
  if (*text != "lenet5") {
    d.report_unknown(node.mark(), "connection table", *text, {"lenet5"});
    return false;
  }
  out = {true, lenet5_inputs()};
  return true;
}

Node OptionType<ConnectionTable>::write(const ConnectionTable& value) {
  if (value.is_lenet5) return Node::scalar("lenet5");
  return OptionType<std::vector<std::vector<int64_t>>>::write(value.inputs);
}

Connections::Connections(const Setup& setup, const ConnectionTable& table, int64_t in, int64_t out,
                         int64_t taps)
    : in_(in), out_(out), taps_(taps) {
  setup.require(static_cast<int64_t>(table.inputs.size()) == out,
                "connect: a table of {} output channels for {}", table.inputs.size(), out);
  for (int64_t o = 0; o < out; ++o) {
    const std::vector<int64_t>& inputs = table.inputs[static_cast<size_t>(o)];
    setup.require(!inputs.empty(), "connect: output channel {} sees no input channel", o);
    for (size_t k = 0; k < inputs.size(); ++k) {
      setup.require(inputs[k] >= 0 && inputs[k] < in,
                    "connect: output channel {} sees input channel {}, but there are {}: 0 to {}",
                    o, inputs[k], in, in - 1);
      setup.require(k == 0 || inputs[k] > inputs[k - 1],
                    "connect: the input channels of output channel {} must ascend: {} after {}", o,
                    inputs[k], k == 0 ? 0 : inputs[k - 1]);
      places_.push_back(inputs[k] * out + o);
    }
  }
}

void Connections::spread(const float* sparse, float* dense) const {
  std::fill_n(dense, dense_count(), 0.0f);
  for (int64_t tap = 0; tap < taps_; ++tap, dense += in_ * out_) {
    for (const int64_t place : places_) dense[place] = *sparse++;
  }
}

void Connections::gather(const float* dense, bool add, float* sparse) const {
  for (int64_t tap = 0; tap < taps_; ++tap, dense += in_ * out_) {
    for (const int64_t place : places_) {
      *sparse = (add ? *sparse : 0.0f) + dense[place];
      ++sparse;
    }
  }
}

}  // namespace cnn
