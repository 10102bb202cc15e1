// Predicting pixel by pixel: masks and reconstructions of images of any size.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "model/network.h"
#include "model/weights.h"
#include "predict/maps.h"
#include "predict/predict.h"

namespace cnn {

class MapPredictor {
 public:
  // Borrows all of them. `network` is planned for `batch` samples as its only use, which keeps the
  // map, and has its weights.
  MapPredictor(const ModelSpec& spec, const PredictRequest& request, Network& network,
               int64_t batch, const MapOutput& map, const WeightsInfo& weights);

  // In the order of the pictures; written to request.out, if that is given, as
  // NAME_mask.png and NAME_overlay.png, or NAME_LAYER.png.
  std::vector<MapPrediction> run(const std::vector<std::string>& pictures);

 private:
  FloatImage map_of(const FloatImage& picture);
  FloatImage run_whole(const FloatImage& picture);
  void plan_for(const Shape& input);
  void write(const Image& shown, const FloatImage& map, const std::string& name,
             MapPrediction& prediction) const;

  const ModelSpec& spec_;
  const PredictRequest& request_;
  Network& network_;
  int64_t batch_;
  MapOutput map_;
  const WeightsInfo& weights_;
  Shape input_, output_;            // of the network as it was planned
  std::unique_ptr<Network> sized_;  // for sized_input_
  Shape sized_input_;
};

// What is cut off at each side of a tile if nobody says: the receptive field's radius, but no more
// than a quarter of the tile.
int64_t default_overlap(const MapOutput& map, const Shape& output);

}  // namespace cnn
