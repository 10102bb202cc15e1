#include "layers/axis_numbers.h"

#include <fmt/core.h>

#include <algorithm>

#include "layers/layer.h"

namespace cnn {
namespace {

constexpr size_t kPicture = 2, kVolume = 3;  // axes
constexpr const char* kSame = "same";

bool read_numbers(const Node& node, size_t most, const std::string& expected, AxisNumbers& out,
                  Diagnostics& d) {
  std::vector<int64_t> numbers;
  if (node.is_scalar() && node.text() == kSame) {
    d.report(
        node.mark(), fmt::format("expected {}, found 'same'", expected),
        "only conv has it; elsewhere an odd kernel k keeps the size with a pad of (k - 1) / 2");
    return false;
  }
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

void Padding::resolve(const Setup& setup, Window& window) const {
  const Shape& in = setup.input();
  const size_t axes = in.is_volume() ? kVolume : kPicture;
  if (same) {
    for (const auto axis : {&Extents::d, &Extents::h, &Extents::w}) {
      const int64_t size = in.extents().*axis, stride = window.stride.*axis;
      const int64_t span = (window.kernel.*axis - 1) * window.dilation.*axis + 1;
      const int64_t last = (size - 1) / stride * stride;  // where the last window stands
      const int64_t all = std::max<int64_t>(0, last + span - size);
      window.pad.*axis = all / 2;
      window.pad_end.*axis = all - all / 2;
    }
    return;
  }
  if (numbers.size() <= kVolume) {
    window.pad = window.pad_end = AxisNumbers::resolve(setup, "pad", 0);
    return;
  }
  setup.require(
      numbers.size() == 2 * axes, "pad: [{}] has {} sides, {}, found {} numbers", in.axes(),
      2 * axes,
      in.is_volume() ? "[front, back, top, bottom, left, right]" : "[top, bottom, left, right]",
      numbers.size());
  const auto side = [&](size_t from_last) { return numbers[numbers.size() - from_last]; };
  const bool deep = in.is_volume();
  window.pad = {deep ? side(6) : 0, side(4), side(2)};
  window.pad_end = {deep ? side(5) : 0, side(3), side(1)};
}

std::string OptionType<Padding>::name() {
  return "integer, [h, w], [d, h, w], 4 or 6 sides, or same";
}
OptionSchema OptionType<Padding>::schema() {
  std::vector<OptionSchema> forms = schema_of(kVolume).parts;
  forms.push_back(OptionSchema::list_of(OptionSchema::integer(), 2 * kPicture));
  forms.push_back(OptionSchema::list_of(OptionSchema::integer(), 2 * kVolume));
  forms.push_back(OptionSchema::one_word_of({kSame}));
  return OptionSchema::one_of(std::move(forms));
}

bool OptionType<Padding>::read(const Node& node, Padding& out, Diagnostics& d) {
  out.same = node.is_scalar() && node.text() == kSame;
  if (out.same) return true;
  const size_t count = node.is_list() ? node.items().size() : 1;
  if (count != 2 * kPicture && count != 2 * kVolume) {
    return read_numbers(node, kVolume, name(), out, d);
  }
  return OptionType<std::vector<int64_t>>::read(node, out.numbers, d);
}

Node OptionType<Padding>::write(const Padding& value) {
  return value.same ? Node::scalar(kSame) : OptionType<AxisNumbers>::write(value);
}

}  // namespace cnn
