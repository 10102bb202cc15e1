// Generator: the decoder of an autoencoder with the weights of a run, asked for pictures.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "predict/decoder.h"
#include "viz/kind.h"

namespace cnn {

class Generator {
 public:
  // From the value `code` on. Exit::kUsage if no picture follows from it; `kind` for messages.
  Generator(const VizRequest& request, std::string_view kind, int code, int64_t batch);

  int64_t code_size() const { return decoder_.code_shape().count(); }
  // One picture for each of the codes, which lie one behind the other.
  std::vector<Image> pictures(std::span<const float> codes);

 private:
  const VizRequest& request_;
  const std::string kind_;
  Decoder decoder_;
};

// The code of a model: see code_value(). Exit::kUsage if it has none.
int code_of(const Graph& graph, std::string_view kind, const std::string& layer);

}  // namespace cnn
