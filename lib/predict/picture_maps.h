// Predicting pixel by pixel: masks and reconstructions of images of any size.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "model/loaded_network.h"
#include "predict/head.h"
#include "predict/maps.h"
#include "predict/predict.h"
#include "predict/tone_watch.h"

namespace cnn {

class PictureMaps {
 public:
  // Borrows all of them. `network` is planned for `batch` samples as its only use, which keeps the
  // head's value, and has its weights; that value is a map (map_output).
  PictureMaps(const ModelSpec& spec, const PredictRequest& request, LoadedNetwork& network,
              int64_t batch, const Head& head, const InputReading& reading, ToneWatch& tones);

  // In the order of the pictures; drawn to request.out, if that is given, as NAME_mask.png and the
  // like.
  std::vector<Answer> run(const std::vector<NamedFile>& pictures);

 private:
  FloatImage map_of(const FloatImage& picture);
  FloatImage run_whole(const FloatImage& picture);
  void plan_for(const Shape& input);

  const ModelSpec& spec_;
  const PredictRequest& request_;
  LoadedNetwork& network_;
  int64_t batch_;
  const Head& head_;
  const InputReading& reading_;
  ToneWatch& tones_;
  MapOutput map_;
  Shape input_, output_;                  // of the network as it was planned
  std::unique_ptr<LoadedNetwork> sized_;  // for sized_input_
  Shape sized_input_;
};

// What is cut off at each side of a tile if nobody says: the receptive field's radius, but no more
// than a quarter of the tile.
int64_t default_overlap(const MapOutput& map, const Shape& output);

}  // namespace cnn
