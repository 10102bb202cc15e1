// CropAverage: what a network says of the ten crops of each picture, as one sample a picture.
#pragma once

#include <map>
#include <vector>

#include "graph/graph.h"
#include "tensor/tensor.h"
#include "tensor/view.h"

namespace cnn {

class CropAverage {
 public:
  // Exit::kUsage unless the graph's first loss compares one class a sample.
  explicit CropAverage(const Graph& graph);

  // Of a batch of crops, ten a picture. Class scores give the logarithm of the mean of their
  // softmax (if the loss takes it; else their mean), other layers' values their mean, fields those
  // of the first crop. Good until the next call with that id.
  ConstView value(int id, const ConstView& crops);

 private:
  bool is_field(int id) const;

  const Graph& graph_;
  Shape scores_;
  bool is_softmax_ = false;
  std::map<int, std::vector<float>> values_;
};

}  // namespace cnn
