#include "layers/axis_numbers.h"

#include <fmt/core.h>

#include <algorithm>

#include "layers/layer.h"

namespace cnn {
namespace {

constexpr size_t kPicture = 2, kVolume = 3;  // axes

bool read_numbers(const Node& node, size_t most, const std::string& expected, AxisNumbers& out,
                  Diagnostics& d) {
  std::vector<int64_t> numbers;
  if (!node.is_list()) {
    const std::optional<int64_t> all = node.read_int(d);
    if (!all) return false;
    numbers = {*all};
  } else {
    const size_t count = node.items().size();
    if (count < kPicture || count > most) {
      d.report(node.mark(), fmt::format("expected {}, found a list of {}", expected, count));
      return false;
    }
    if (!OptionType<std::vector<int64_t>>::read(node, numbers, d)) return false;
  }
  out.numbers = std::move(numbers);
  return true;
}

OptionSchema schema_of(size_t most) {
  std::vector<OptionSchema> forms = {OptionSchema::integer()};
  for (size_t count = kPicture; count <= most; ++count) {
    forms.push_back(OptionSchema::list_of(OptionSchema::integer(), count));
  }
  return OptionSchema::one_of(std::move(forms));
}

}  // namespace

Extents AxisNumbers::resolve(const Setup& setup, std::string_view option, int64_t flat) const {
  const Shape& in = setup.input();
  CNN_ASSERT(in.is_picture() || in.is_volume());
  const size_t axes = in.is_volume() ? kVolume : kPicture;
  setup.require(numbers.size() == 1 || numbers.size() == axes,
                "{}: [{}] takes one number or {}, found {} numbers", option, in.axes(),
                in.is_volume() ? "[d, h, w]" : "[h, w]", numbers.size());
  const auto from_last = [&](size_t i) {
    return numbers.size() == 1 ? numbers[0] : numbers[numbers.size() - i];
  };
  return {in.is_volume() ? from_last(3) : flat, from_last(2), from_last(1)};
}

std::string OptionType<AxisNumbers>::name() { return "integer, [h, w] or [d, h, w]"; }
OptionSchema OptionType<AxisNumbers>::schema() { return schema_of(kVolume); }
bool OptionType<AxisNumbers>::read(const Node& node, AxisNumbers& out, Diagnostics& d) {
  return read_numbers(node, kVolume, name(), out, d);
}

// Numbers that are all one are written as one.
Node OptionType<AxisNumbers>::write(const AxisNumbers& value) {
  const std::vector<int64_t>& n = value.numbers;
  if (std::count(n.begin(), n.end(), n[0]) == std::ssize(n)) {
    return Node::scalar(std::to_string(n[0]));
  }
  return OptionType<std::vector<int64_t>>::write(n);
}

std::string OptionType<PictureNumbers>::name() { return "integer or [h, w]"; }
OptionSchema OptionType<PictureNumbers>::schema() { return schema_of(kPicture); }
bool OptionType<PictureNumbers>::read(const Node& node, PictureNumbers& out, Diagnostics& d) {
  return read_numbers(node, kPicture, name(), out, d);
}
Node OptionType<PictureNumbers>::write(const PictureNumbers& value) {
  return OptionType<AxisNumbers>::write(value);
}

}  // namespace cnn
