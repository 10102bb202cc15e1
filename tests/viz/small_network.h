// Small networks with data of their own, for kinds of pictures that look into a network.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "graph/parameter_store.h"
#include "support/files.h"
#include "support/models.h"
#include "viz/kind.h"

namespace cnn {

// A model file's text without its data, which are `samples` random pictures with labels, and
// weights: those that the file asks for, changed by `prepare`.
class SmallNetwork {
 public:
  using Prepare = std::function<void(ParameterStore& store)>;
  explicit SmallNetwork(const std::string& yaml, const std::vector<int64_t>& image,
                        int64_t samples = 12, const Prepare& prepare = nullptr);

  const VizRequest& request() const { return request_; }
  VizRequest& request() { return request_; }
  const ModelSpec& spec() const { return request_.subjects[0].spec; }
  // Of the test split, [C,H,W] each.
  const std::vector<float>& pictures() const { return pictures_; }
  const float* picture(int64_t i) const { return pictures_.data() + i * size_; }
  int64_t size() const { return size_; }
  std::vector<float> weights(const std::string& name) const;
  const TemporaryFolder& folder() const { return folder_; }

 private:
  TemporaryFolder folder_;
  std::vector<float> pictures_;
  int64_t size_ = 1;
  VizRequest request_;
};

// The message of the cnn::Error that the kind throws, and its code; "" if it throws none.
std::string kind_error(std::string_view kind, const VizRequest& request,
                       const std::vector<VizFlag>& flags = {}, Exit code = Exit::kUsage);

// Values of {"shape", "values"} in the numbers.
std::vector<float> values_of(const Json& map);

}  // namespace cnn
