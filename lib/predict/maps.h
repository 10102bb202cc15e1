// Maps: outputs that have a value for every pixel, as pictures: masks of classes, the picture with
// its mask over it, reconstructions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "data/transforms.h"
#include "graph/graph.h"
#include "io/image.h"
#include "tensor/view.h"

namespace cnn {

// What the first loss compares pixel by pixel.
struct MapOutput {
  enum class Kind {
    kClasses,  // one channel a class: the largest wins
    kBinary,   // one channel: class 1 above 0
    kPicture,  // the input again, or another picture
  };
  Kind kind = Kind::kClasses;
  int value = -1;
  std::string name;          // of the layer
  bool has_sigmoid = false;  // kPicture: still to be applied
  bool is_input = false;     // kPicture: the target is the input, so it has its normalisation
  bool any_size = false;     // no pixel depends on all of the input: other sizes can be planned
  int64_t stride = 1;        // the coarsest step between outputs inside, in input pixels
  int64_t radius = 0;        // of the receptive field
};

// Nothing if the first loss has no output of [C,H,W] with a target of the same height and width.
std::optional<MapOutput> map_output(const Graph& graph);

// Sample `n` of [C,H,W] values, or of [C] as a row; `channel` -1 takes all channels.
FloatImage float_image(const ConstView& values, int64_t n, int64_t channel = -1);

// Colours that people with any colour vision tell apart (Okabe & Ito 2008); 0 is black. From the
// ninth class on they come again, darker.
std::span<const Colour> class_colours();

// Class numbers of a map, at most 256 classes.
Image class_map(const FloatImage& map, const MapOutput& output);

// The picture (RGB) with the colours of all classes but 0 half over it.
Image overlay(const Image& picture, const Image& classes);

// The map as a picture of bytes; `normalization` is the input's.
Image picture_of(const FloatImage& map, const MapOutput& output,
                 const Normalization& normalization);

}  // namespace cnn
