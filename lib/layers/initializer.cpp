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
  Fan fan;  // where the model file names none
};

constexpr KindName kKinds[] = {
    {"constant", Kind::kConstant, Fan::kIn},
    {"normal", Kind::kNormal, Fan::kIn},
    {"uniform", Kind::kUniform, Fan::kIn},
    {"he_normal", Kind::kHeNormal, Fan::kIn},
    {"he_uniform", Kind::kHeUniform, Fan::kIn},
    {"xavier_normal", Kind::kXavierNormal, Fan::kAverage},
    {"xavier_uniform", Kind::kXavierUniform, Fan::kAverage},
};

const KindName& entry_of(Kind kind) {
  for (const KindName& k : kKinds) {
    if (k.kind == kind) return k;
  }
  bug("a kind of kKinds", __FILE__, __LINE__);
}

bool is_scaled_by_fan(Kind kind) {
  return kind != Kind::kConstant && kind != Kind::kNormal && kind != Kind::kUniform;
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
    default:
      o.choice("fan", i.fan,
               {{"fan_in", Fan::kIn}, {"fan_out", Fan::kOut}, {"average", Fan::kAverage}},
               "which connections are counted")
          .primary();
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

}  // namespace

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
      return fill_normal(target, rng, 0, std::sqrt(2 / connections));
    case Kind::kHeUniform:
      return fill_uniform(target, rng, 0, std::sqrt(6 / connections));
    case Kind::kXavierNormal:
      return fill_normal(target, rng, 0, std::sqrt(1 / connections));
    case Kind::kXavierUniform:
      return fill_uniform(target, rng, 0, std::sqrt(3 / connections));
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
  return map;
}

}  // namespace cnn
