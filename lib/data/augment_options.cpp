#include "data/augment_options.h"

#include <algorithm>

namespace cnn {

std::string OptionType<PictureSize>::name() { return "integer or [h, w]"; }
OptionSchema OptionType<PictureSize>::schema() {
  return OptionSchema::one_of(
      {OptionSchema::integer(), OptionSchema::list_of(OptionSchema::integer(), 2)});
}
bool OptionType<PictureSize>::read(const Node& node, PictureSize& out, Diagnostics& d) {
  constexpr int64_t kMost = 1 << 15;
  std::vector<int64_t> sides;
  if (node.is_list()) {
    if (!OptionType<std::vector<int64_t>>::read(node, sides, d)) return false;
  } else if (const std::optional<int64_t> side = node.read_int(d)) {
    sides = {*side, *side};
  } else {
    return false;
  }
  const bool in_range = std::all_of(sides.begin(), sides.end(),
                                    [](int64_t side) { return side >= 1 && side <= kMost; });
  if (sides.size() != 2 || !in_range) {
    d.report(node.mark(),
             fmt::format("expected a side (224) or [height, width] in pixels, 1 to {}", kMost));
    return false;
  }
  out = {sides[0], sides[1]};
  return true;
}
Node OptionType<PictureSize>::write(const PictureSize& value) {
  if (!value.is_set()) return Node();
  if (value.height == value.width) return OptionType<int64_t>::write(value.height);
  return OptionType<std::vector<int64_t>>::write({value.height, value.width});
}

std::string OptionType<Flip>::name() { return "true, false, horizontal, vertical or both"; }
OptionSchema OptionType<Flip>::schema() {
  return OptionSchema::one_of(
      {OptionSchema::boolean(), OptionSchema::one_word_of({"horizontal", "vertical", "both"})});
}
bool OptionType<Flip>::read(const Node& node, Flip& out, Diagnostics& d) {
  if (const std::optional<bool> flips = node.as_bool()) {
    out = *flips ? Flip::kHorizontal : Flip::kNone;
    return true;
  }
  const std::string word = node.is_scalar() ? node.text() : "";
  for (const auto& [name, flip] : {std::pair("horizontal", Flip::kHorizontal),
                                   {"vertical", Flip::kVertical},
                                   {"both", Flip::kBoth}}) {
    if (word != name) continue;
    out = flip;
    return true;
  }
  d.report(node.mark(), "expected " + name() + ", found " + node.describe());
  return false;
}
Node OptionType<Flip>::write(const Flip& value) {
  switch (value) {
    case Flip::kNone:
      return OptionType<bool>::write(false);
    case Flip::kHorizontal:
      return OptionType<bool>::write(true);
    case Flip::kVertical:
      return Node::scalar("vertical");
    default:
      return Node::scalar("both");
  }
}

std::string OptionType<FactorRange>::name() { return "number below 1, or [low, high]"; }
OptionSchema OptionType<FactorRange>::schema() { return OptionSchema::any(); }
bool OptionType<FactorRange>::read(const Node& node, FactorRange& out, Diagnostics& d) {
  std::vector<double> bounds;
  if (node.is_list()) {
    if (!OptionType<std::vector<double>>::read(node, bounds, d)) return false;
  } else if (const std::optional<double> spread = node.read_double(d)) {
    bounds = {1 - *spread, 1 + *spread};
  } else {
    return false;
  }
  if (bounds.size() != 2 || bounds[0] <= 0 || bounds[0] > bounds[1]) {
    d.report(node.mark(),
             "expected a number below 1 (0.2 stands for 0.8 to 1.2), or [low, high] "
             "above 0, found " +
                 node.describe());
    return false;
  }
  out = {bounds[0], bounds[1]};
  return true;
}
Node OptionType<FactorRange>::write(const FactorRange& value) {
  if (!value.is_set()) return OptionType<double>::write(0);
  return OptionType<std::vector<double>>::write({value.low, value.high});
}

std::string OptionType<Elastic>::name() { return "number of pixels, or map of sigma, grid"; }
OptionSchema OptionType<Elastic>::schema() { return OptionSchema::any(); }
bool OptionType<Elastic>::read(const Node& node, Elastic& out, Diagnostics& d) {
  constexpr double kMostPixels = 1 << 15, kMostPoints = 64;
  out = {};
  out.mark = node.mark();
  Options o;
  o("sigma", out.sigma, "standard deviation of the displacements, in pixels")
      .required()
      .between(0, kMostPixels);
  o("grid", out.grid, "points along each side of the window").between(2, kMostPoints);
  if (node.is_map()) return o.read_map(node, "'elastic'", d);
  return Options::read_value(*o.find("sigma"), node, d);
}
Node OptionType<Elastic>::write(const Elastic& value) {
  if (value.grid == Elastic().grid) return OptionType<double>::write(value.sigma);
  Node map = Node::map({});
  map.set("sigma", OptionType<double>::write(value.sigma));
  map.set("grid", OptionType<int64_t>::write(value.grid));
  return map;
}

std::string OptionType<RandAugment>::name() {
  return "number to 30, or map of magnitude, operations";
}
OptionSchema OptionType<RandAugment>::schema() { return OptionSchema::any(); }
bool OptionType<RandAugment>::read(const Node& node, RandAugment& out, Diagnostics& d) {
  constexpr double kMostMagnitude = 30, kMostOperations = 14;
  out = {};
  if (node.is_null()) return true;
  Options o;
  o("magnitude", out.magnitude, "strength of the operations").required().between(0, kMostMagnitude);
  o("operations", out.operations, "of a picture")
      .between(1, kMostOperations)
      .aliases({"n", "num_ops", "ops"});
  if (node.is_map()) return o.read_map(node, "'rand_augment'", d);
  return Options::read_value(*o.find("magnitude"), node, d);
}
Node OptionType<RandAugment>::write(const RandAugment& value) {
  if (!value.is_set()) return Node();
  if (value.operations == RandAugment().operations) {
    return OptionType<double>::write(value.magnitude);
  }
  Node map = Node::map({});
  map.set("magnitude", OptionType<double>::write(value.magnitude));
  map.set("operations", OptionType<int64_t>::write(value.operations));
  return map;
}

bool GeometryOptions::is_set() const {
  return crop.is_set() || pad > 0 || flip != Flip::kNone || quarter_turns || warps();
}

void GeometryOptions::declare(Options& o) {
  constexpr double kMostPixels = 1 << 15, kHalfTurn = 180;
  o("crop", crop, "size of the random window; by default that of the picture");
  o("pad", pad, "rows and columns around the picture before, as 'border' says")
      .between(0, kMostPixels);
  o("flip", flip, "mirror half of the windows: left to right (true), upside down, or both");
  o("quarter_turns", quarter_turns, "turn by 0, 90, 180 or 270 degrees");
  o("rotate", rotate, "turn by up to so many degrees, either way").between(0, kHalfTurn);
  o("scale", scale, "enlarge by a factor: 0.2 for 0.8 to 1.2, or [low, high]");
  o("shift", shift, "move by up to so many pixels, either way").between(0, kMostPixels);
  o("elastic", elastic, "bend: standard deviation in pixels at 3 x 3 points, or {sigma, grid}");
  o.choice("border", border, {{"zero", Border::kZero}, {"reflect", Border::kReflect}},
           "what lies around the picture");
}

bool ColourOptions::is_set() const {
  return brightness > 0 || contrast.is_set() || components > 0 || noise > 0 || cutout.is_set();
}

void ColourOptions::declare(Options& o) {
  o("brightness", brightness, "add up to so much, either way; white is 1").at_least(0);
  o("contrast", contrast, "stretch around the picture's mean: 0.2 for 0.8 to 1.2, or [low, high]");
  o("colour", components,
    "add the principal components of the data's colours, with normal factors of this deviation")
      .at_least(0);
  o("noise", noise, "add normal noise of this deviation to every number; white is 1").at_least(0);
  o("cutout", cutout, "size of a rectangle that is blanked at a random place");
}

void AugmentOptions::declare(Options& o) {
  geometry.declare(o);
  colour.declare(o);
  o("rand_augment", random,
    "RandAugment: two of fourteen changes at random, of this strength (9), or {magnitude, "
    "operations}")
      .aliases({"randaugment", "auto_augment"});
}

std::string OptionType<AugmentOptions>::name() { return "map of random changes"; }
OptionSchema OptionType<AugmentOptions>::schema() { return OptionSchema::any(); }
bool OptionType<AugmentOptions>::read(const Node& node, AugmentOptions& out, Diagnostics& d) {
  out = {};
  if (node.is_null()) return true;
  if (!node.is_map()) {
    d.report(node.mark(), "expected a map ({pad: 4, flip: true}), found " + node.describe());
    return false;
  }
  Options o;
  out.declare(o);
  return o.read_map(node, "'augment'", d);
}
Node OptionType<AugmentOptions>::write(const AugmentOptions& value) {
  if (!value.is_set()) return Node();
  AugmentOptions defaults;
  Options o;
  defaults.declare(o);  // what differs from these
  defaults = value;
  return o.write();
}

}  // namespace cnn
