#include "predict/maps.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"
#include "graph/main_output.h"
#include "graph/receptive_field.h"

namespace cnn {
namespace {

constexpr size_t kMostClasses = 256;

// The coarsest step on the way to `value`: pooling, before it is enlarged again.
double largest_jump(const std::vector<ReceptiveField>& fields) {
  double largest = 1;
  for (const ReceptiveField& f : fields) {
    if (!f.is_whole) largest = std::max({largest, f.rows.jump, f.columns.jump});
  }
  return largest;
}

}  // namespace

std::optional<MapOutput> map_output(const Graph& graph) {
  const std::optional<MainOutput> main = main_output(graph);
  if (!main) return std::nullopt;
  const Value& value = graph.value(main->value);
  const Value& target = graph.value(main->target);
  const bool is_map = value.length < 0 && value.shape.rank() == 3 && target.shape.rank() == 3 &&
                      value.shape.height() == target.shape.height() &&
                      value.shape.width() == target.shape.width() && value.shape.positions() > 1;
  if (!is_map) return std::nullopt;
  MapOutput out;
  out.value = main->value;
  out.name = value.name;
  const int64_t channels = value.shape.channels();
  const bool is_picture = channels == 1 || channels == 3 || channels == 4;
  if (main->is_classes()) {
    out.kind = channels == 1 ? MapOutput::Kind::kBinary : MapOutput::Kind::kClasses;
  } else if (is_picture) {
    out.kind = MapOutput::Kind::kPicture;
    out.has_sigmoid = main->is_before_sigmoid();
    for (const GraphField& field : graph.fields) {
      out.is_input = out.is_input || (field.is_input && field.value == main->target);
    }
  } else {
    return std::nullopt;
  }
  const std::vector<ReceptiveField> fields = receptive_fields(graph);
  const ReceptiveField& field = fields[static_cast<size_t>(main->value)];
  out.any_size = !field.is_whole && field.rows.jump == 1 && field.columns.jump == 1;
  out.stride = static_cast<int64_t>(std::ceil(largest_jump(fields)));
  out.radius =
      static_cast<int64_t>(std::ceil((std::max(field.rows.size, field.columns.size) - 1) / 2));
  return out;
}

FloatImage float_image(const ConstView& values, int64_t n, int64_t channel) {
  const Shape& shape = values.shape;
  const bool is_map = shape.rank() >= 3;
  const int64_t channels = is_map ? shape.channels() : 1;
  FloatImage image{is_map ? shape.height() * shape.depth() : 1,
                   is_map ? shape.width() : shape.count(),
                   channel < 0 ? channels : 1,
                   {}};
  const float* in = values.sample(n);
  image.values.reserve(static_cast<size_t>(image.height * image.width * image.channels));
  for (int64_t i = 0; i < shape.count(); ++i) {
    if (channel < 0 || i % channels == channel) image.values.push_back(in[i]);
  }
  return image;
}

std::span<const Colour> class_colours() {
  static const std::array<Colour, kMostClasses> kColours = [] {
    constexpr std::array<Colour, 8> kFirst = {{{0, 0, 0},
                                               {230, 159, 0},
                                               {86, 180, 233},
                                               {0, 158, 115},
                                               {240, 228, 66},
                                               {0, 114, 178},
                                               {213, 94, 0},
                                               {204, 121, 167}}};
    std::array<Colour, kMostClasses> colours{};
    for (size_t i = 0; i < colours.size(); ++i) {
      // Seven hues in rounds: full, then darker and darker.
      const Colour& hue = i == 0 ? kFirst[0] : kFirst[1 + (i - 1) % 7];
      const double light = std::pow(0.8, i == 0 ? 0.0 : static_cast<double>((i - 1) / 7));
      const auto darker = [&](uint8_t c) {
        return static_cast<uint8_t>(std::floor(light * c + 0.5));
      };
      colours[i] = {darker(hue.red), darker(hue.green), darker(hue.blue)};
    }
    return colours;
  }();
  return kColours;
}

Image class_map(const FloatImage& map, const MapOutput& output) {
  if (map.channels > static_cast<int64_t>(kMostClasses)) {
    fail(Exit::kUsage, "", "masks are written for up to {} classes; '{}' has {}", kMostClasses,
         output.name, map.channels);
  }
  Image classes{map.height, map.width, 1, {}};
  const auto channels = static_cast<size_t>(map.channels);
  for (size_t p = 0; p < map.values.size(); p += channels) {
    const float* scores = map.values.data() + p;
    const auto best = static_cast<uint8_t>(std::max_element(scores, scores + channels) - scores);
    const bool is_binary = output.kind == MapOutput::Kind::kBinary;
    classes.values.push_back(is_binary ? static_cast<uint8_t>(scores[0] > 0) : best);
  }
  return classes;
}

Image overlay(const Image& picture, const Image& classes) {
  CNN_ASSERT(picture.channels == 3 && picture.height == classes.height &&
             picture.width == classes.width);
  Image out = picture;
  for (size_t p = 0; p < classes.values.size(); ++p) {
    if (classes.values[p] == 0) continue;
    const Colour& colour = class_colours()[classes.values[p]];
    uint8_t* pixel = out.values.data() + 3 * p;
    const auto half = [](uint8_t a, uint8_t b) { return static_cast<uint8_t>((a + b + 1) / 2); };
    pixel[0] = half(pixel[0], colour.red);
    pixel[1] = half(pixel[1], colour.green);
    pixel[2] = half(pixel[2], colour.blue);
  }
  return out;
}

Image picture_of(const FloatImage& map, const MapOutput& output,
                 const Normalization& normalization) {
  Image picture{map.height, map.width, map.channels, {}};
  constexpr double kWhite = 255;
  const auto channels = static_cast<size_t>(map.channels);
  for (size_t i = 0; i < map.values.size(); ++i) {
    double value = static_cast<double>(map.values[i]);
    if (output.has_sigmoid) value = 1 / (1 + std::exp(-value));
    if (output.is_input) {
      const auto of = [&](const std::vector<double>& numbers) {
        return numbers.size() == 1 ? numbers[0] : numbers.at(i % channels);
      };
      value = (value * of(normalization.std) + of(normalization.mean)) / normalization.scale;
    } else {
      value *= kWhite;
    }
    picture.values.push_back(
        static_cast<uint8_t>(std::clamp(std::floor(value + 0.5), 0.0, kWhite)));
  }
  return picture;
}

}  // namespace cnn
