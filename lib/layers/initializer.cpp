#include "layers/initializer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>

#include "base/error.h"
#include "base/parallel.h"
#include "base/rng.h"

namespace cnn {
namespace {

using Kind = Initializer::Kind;
using Fan = Initializer::Fan;

struct KindName {
  const char* name;
  Kind kind;
  const char* formula;  // "{}" stands for `over_fan`
  const char* example;
  double over_fan = 0;  // its spread is sqrt(over_fan / fan); 0: no fan is counted
  Fan fan = Fan::kIn;   // where the model file names none
};

constexpr const char* kNormalOverFan = "normal, standard deviation sqrt({} / fan), mean 0";
constexpr const char* kUniformOverFan = "uniform from -sqrt({0} / fan) to sqrt({0} / fan)";
constexpr KindName kKinds[] = {
    {"constant", Kind::kConstant, "every number is this one", "{constant: 0.5}"},
    {"normal", Kind::kNormal, "normal, with this standard deviation around `mean` (0)",
     "{normal: 0.01}"},
    {"uniform", Kind::kUniform, "uniform, up to this much below and above `mean` (0)",
     "{uniform: 0.1}"},
    {"he_normal", Kind::kHeNormal, kNormalOverFan, "{he_normal: fan_out}", 2},
    {"he_uniform", Kind::kHeUniform, kUniformOverFan, "he_uniform", 6},
    {"xavier_normal", Kind::kXavierNormal, kNormalOverFan, "xavier_normal", 1, Fan::kAverage},
    {"xavier_uniform", Kind::kXavierUniform, kUniformOverFan, "xavier_uniform", 3, Fan::kAverage},
    {"values", Kind::kValues,
     "these numbers times `scale` (1): all of the weights, or one filter that all repeat",
     "{values: [[1, 2, 1], [2, 4, 2], [1, 2, 1]], scale: 0.0625}"},
};

const KindName& entry_of(Kind kind) {
  for (const KindName& k : kKinds) {
    if (k.kind == kind) return k;
  }
  bug("a kind of kKinds", __FILE__, __LINE__);
}

bool is_scaled_by_fan(Kind kind) { return entry_of(kind).over_fan > 0; }

std::vector<std::pair<std::string, Fan>> fan_words() {
  return {{"fan_in", Fan::kIn}, {"fan_out", Fan::kOut}, {"average", Fan::kAverage}};
}

// The options of one kind; the primary one is the value of the op: {normal: 0.01, mean: 1}.
void declare(Initializer& i, Options& o) {
  switch (i.kind) {
    case Kind::kConstant:
      o("value", i.value, "every element").primary().required();
      break;
    case Kind::kNormal:
      o("std", i.value, "standard deviation").primary().required().at_least(0).aliases({"sigma"});
      o("mean", i.mean, "mean");
      break;
    case Kind::kUniform:
      o("width", i.value, "half width: mean - width .. mean + width")
          .primary()
          .required()
          .at_least(0);
      o("mean", i.mean, "mean");
      break;
    case Kind::kValues:
      o("values", i.grid, "the numbers, nested as the weights' axes are").primary().required();
      o("scale", i.value, "multiplies them");
      break;
    default:
      o.choice("fan", i.fan, fan_words(), "which connections are counted").primary();
  }
}

// Some numbers of a parameter, from number `first` (a multiple of 4) on.
struct Target {
  std::span<float> out;
  int64_t first = 0;
};

// Writes body(words) for each four elements; numbers depend on their index alone.
template <class Body>
void fill_by_fours(const Target& target, const Rng& rng, Body&& body) {
  const auto count = static_cast<int64_t>(target.out.size());
  const int64_t blocks = (count + 3) / 4, first = target.first / 4;
  parallel_for(blocks, grain_for(blocks, 200), [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      const std::array<float, 4> values = body(rng.block(static_cast<uint64_t>(first + b)));
      std::copy_n(values.begin(), std::min<int64_t>(4, count - 4 * b), target.out.begin() + 4 * b);
    }
  });
}

void fill_uniform(const Target& target, const Rng& rng, double mean, double width) {
  fill_by_fours(target, rng, [=](const std::array<uint32_t, 4>& words) {
    std::array<float, 4> values;
    for (size_t i = 0; i < 4; ++i) {
      const double u = (static_cast<double>(words[i]) + 0.5) * 0x1p-32;  // (0, 1)
      values[i] = static_cast<float>(mean + width * (2 * u - 1));
    }
    return values;
  });
}

void fill_signs(const Target& target, const Rng& rng) {
  fill_by_fours(target, rng, [](const std::array<uint32_t, 4>& words) {
    std::array<float, 4> values;
    for (size_t i = 0; i < 4; ++i) values[i] = words[i] >> 31 ? 1.0f : -1.0f;
    return values;
  });
}

// Box-Muller: two words make two numbers.
void fill_normal(const Target& target, const Rng& rng, double mean, double deviation) {
  fill_by_fours(target, rng, [=](const std::array<uint32_t, 4>& words) {
    std::array<float, 4> values;
    for (size_t i = 0; i < 4; i += 2) {
      const double u = (static_cast<double>(words[i]) + 1.0) * 0x1p-32;  // (0, 1]
      const double angle = 2.0 * std::numbers::pi * static_cast<double>(words[i + 1]) * 0x1p-32;
      const double radius = deviation * std::sqrt(-2.0 * std::log(u));
      values[i] = static_cast<float>(mean + radius * std::cos(angle));
      values[i + 1] = static_cast<float>(mean + radius * std::sin(angle));
    }
    return values;
  });
}

void fill_values(const Target& target, const std::vector<float>& values, double scale) {
  for (size_t i = 0; i < target.out.size(); ++i) {
    const float number = values[(static_cast<size_t>(target.first) + i) % values.size()];
    target.out[i] = static_cast<float>(scale * static_cast<double>(number));
  }
}

// The sizes of nested lists, read along the first of each; what is not of that form is found later.
std::vector<int64_t> sizes_of(const Node& node) {
  std::vector<int64_t> sizes;
  for (const Node* inner = &node; inner->is_list(); inner = &inner->items().front()) {
    sizes.push_back(static_cast<int64_t>(inner->items().size()));
    if (inner->items().empty()) break;
  }
  return sizes;
}

// Appends the numbers of lists nested as `sizes` say from `axis` on; false after a report.
bool read_grid(const Node& node, const std::vector<int64_t>& sizes, size_t axis,
               std::vector<float>& numbers, Diagnostics& d) {
  if (axis == sizes.size()) {
    const std::optional<double> number = node.read_double(d);
    if (number) numbers.push_back(static_cast<float>(*number));
    return number.has_value();
  }
  if (!node.is_list() || std::ssize(node.items()) != sizes[axis]) {
    d.report(node.mark(), fmt::format("expected a list of {} as beside it, found {}", sizes[axis],
                                      node.is_list() ? fmt::format("one of {}", node.items().size())
                                                     : node.describe()));
    return false;
  }
  return std::all_of(node.items().begin(), node.items().end(), [&](const Node& item) {
    return read_grid(item, sizes, axis + 1, numbers, d);
  });
}

Node write_grid(const NumberGrid& grid, int axis, size_t& next) {
  if (axis == grid.form.rank()) return OptionType<float>::write(grid.numbers[next++]);
  std::vector<Node> items;
  for (int64_t i = 0; i < grid.form[axis]; ++i) items.push_back(write_grid(grid, axis + 1, next));
  return Node::list(std::move(items));
}

}  // namespace

std::string OptionType<NumberGrid>::name() { return "numbers in nested lists"; }
OptionSchema OptionType<NumberGrid>::schema() { return OptionSchema::any(); }

bool OptionType<NumberGrid>::read(const Node& node, NumberGrid& out, Diagnostics& d) {
  const std::vector<int64_t> sizes = sizes_of(node);
  if (sizes.empty() || sizes.back() == 0 || sizes.size() > static_cast<size_t>(Shape::kMaxRank)) {
    d.report(node.mark(),
             fmt::format("expected {} ([[0, 1, 0], [1, -4, 1], [0, 1, 0]]), found {}", name(),
                         sizes.size() > static_cast<size_t>(Shape::kMaxRank)
                             ? fmt::format("{} levels of them", sizes.size())
                             : node.describe()));
    return false;
  }
  NumberGrid grid;
  if (!read_grid(node, sizes, 0, grid.numbers, d)) return false;
  grid.form = Shape(std::span<const int64_t>(sizes));
  out = std::move(grid);
  return true;
}

Node OptionType<NumberGrid>::write(const NumberGrid& value) {
  if (value.numbers.empty()) return Node();
  size_t next = 0;
  return write_grid(value, 0, next);
}

std::string Initializer::misfit(const Shape& shape) const {
  if (kind != Kind::kValues) return "";
  const Shape& form = grid.form;
  const int skipped = shape.rank() - form.rank();
  bool fits = skipped >= 0;
  for (int axis = 0; fits && axis < form.rank(); ++axis) {
    fits = form[axis] == shape[skipped + axis];
  }
  const bool is_flat = form.rank() == 1 && form.count() == shape.count();
  return fits || is_flat
             ? ""
             : fmt::format("'values' of {} do not fit into {}", form.str(), shape.str());
}

std::vector<InitializerHelp> initializer_help() {
  std::vector<InitializerHelp> help;
  for (const KindName& k : kKinds) {
    std::string fan;
    for (const auto& [word, which] : fan_words()) {
      if (k.over_fan > 0 && which == k.fan) fan = word;
    }
    help.push_back({k.name, fmt::format(fmt::runtime(k.formula), k.over_fan), fan, k.example});
  }
  return help;
}

void Initializer::fill(std::span<float> out, int64_t first, const Fans& fans, uint64_t seed,
                       const std::string& name) const {
  CNN_ASSERT(fans.in > 0 && fans.out > 0 && first % 4 == 0);
  const auto in = static_cast<double>(fans.in), out_fan = static_cast<double>(fans.out);
  const double connections =
      fan == Fan::kIn ? in : (fan == Fan::kOut ? out_fan : 0.5 * (in + out_fan));
  const Target target{out, first};
  const Rng rng(seed, "init:" + name);
  switch (kind) {
    case Kind::kConstant:
      std::fill(out.begin(), out.end(), static_cast<float>(value));
      return;
    case Kind::kNormal:
      return fill_normal(target, rng, mean, value);
    case Kind::kUniform:
      return fill_uniform(target, rng, mean, value);
    case Kind::kHeNormal:
    case Kind::kXavierNormal:
      return fill_normal(target, rng, 0, std::sqrt(entry_of(kind).over_fan / connections));
    case Kind::kHeUniform:
    case Kind::kXavierUniform:
      return fill_uniform(target, rng, 0, std::sqrt(entry_of(kind).over_fan / connections));
    case Kind::kValues:
      return fill_values(target, grid.numbers, value);
    case Kind::kGiven:
      CNN_ASSERT(static_cast<size_t>(first) + out.size() <= given.size());
      std::copy_n(given.begin() + first, out.size(), out.begin());
      return;
    case Kind::kSigns:
      return fill_signs(target, rng);
  }
}

std::vector<std::string> Initializer::names() {
  std::vector<std::string> names;
  for (const KindName& k : kKinds) names.emplace_back(k.name);
  return names;
}

std::string OptionType<Initializer>::name() { return "initialiser"; }
OptionSchema OptionType<Initializer>::schema() { return OptionSchema::initializer(); }

bool OptionType<Initializer>::read(const Node& node, Initializer& out, Diagnostics& d) {
  const std::optional<OpChoice> op = op_of(node, Initializer::names(), "initialiser", d);
  if (!op) return false;
  Initializer read;
  for (const KindName& k : kKinds) {
    if (op->name == k.name) {
      read.kind = k.kind;
      read.fan = k.fan;
      if (k.kind == Kind::kValues) read.value = 1;  // the scale
    }
  }
  Options options;
  declare(read, options);
  if (!options.read_op(node, op->name, "initialiser '" + op->name + "'", d)) return false;
  out = read;
  return true;
}

Node OptionType<Initializer>::write(const Initializer& value) {
  if (value.kind == Kind::kGiven || value.kind == Kind::kSigns) return Node();  // has no name
  const KindName& entry = entry_of(value.kind);
  if (is_scaled_by_fan(value.kind) && value.fan == entry.fan) return Node::scalar(entry.name);
  Initializer copy = value;
  Options options;
  declare(copy, options);
  Node map = Node::map({});
  map.set(entry.name, options.primary()->write());
  if (value.mean != 0) map.set("mean", OptionType<double>::write(value.mean));
  if (value.kind == Kind::kValues && value.value != 1) {
    map.set("scale", OptionType<double>::write(value.value));
  }
  return map;
}

}  // namespace cnn
