#include "viz/small_network.h"

#include "base/rng.h"
#include "io/npy.h"
#include "model/network.h"
#include "model/weights.h"
#include "support/catch.h"
#include "viz/support.h"

namespace cnn {
namespace {

// An array [N] of whole numbers.
std::string npy_of_bytes(const std::string& numbers) {
  std::string header =
      fmt::format("{{'descr': '|u1', 'fortran_order': False, 'shape': ({},), }}", numbers.size());
  header.resize(117, ' ');
  header += '\n';
  return std::string("\x93NUMPY\x01\x00\x76\x00", 10) + header + numbers;
}

}  // namespace

SmallNetwork::SmallNetwork(const std::string& yaml, const std::vector<int64_t>& image,
                           int64_t samples, const Prepare& prepare) {
  std::vector<int64_t> shape = {samples};
  for (const int64_t n : image) {
    size_ *= n;
    shape.push_back(n);
  }
  pictures_.resize(static_cast<size_t>(samples * size_));
  const Rng rng(5, "pictures");
  for (size_t i = 0; i < pictures_.size(); ++i) pictures_[i] = rng.uniform(i);
  write_npy(folder_.str("x.npy"), shape, pictures_);
  std::string labels;
  for (int64_t i = 0; i < samples; ++i) labels += static_cast<char>(i % 3);
  folder_.file("y.npy", npy_of_bytes(labels));
  const std::string data = fmt::format(
      "data: {{format: npy, root: '{}', inputs: x.npy, targets: y.npy, test_inputs: x.npy, "
      "test_targets: y.npy, classes: [ant, bee, cat]}}\n",
      folder_.str());
  VizSubject subject;
  subject.path = "small.yaml";
  subject.spec = spec_of(yaml + data);
  subject.weights = folder_.str("w.safetensors");
  Network network(subject.spec, false);
  network.plan({{Pass::predicting(), 1, {}}});
  network.allocate();
  network.store().initialize(3);
  if (prepare) prepare(network.store());
  WeightsInfo info;
  info.model = subject.spec.name;
  save_weights(subject.weights, network.store(), info);
  request_.subjects.push_back(std::move(subject));
}

std::vector<float> SmallNetwork::weights(const std::string& name) const {
  Network network(spec(), false);
  network.plan({{Pass::predicting(), 1, {}}});
  network.allocate();
  load_weights(request_.subjects[0].weights, network.store());
  const int id = network.store().find(name);
  REQUIRE(id >= 0);
  return network.store().export_values(id);
}

std::string kind_error(std::string_view kind, const VizRequest& request,
                       const std::vector<VizFlag>& flags, Exit code) {
  try {
    run_kind(kind, request, flags);
  } catch (const Error& error) {
    CHECK(error.code() == code);
    return error.what();
  }
  return "";
}

std::vector<float> values_of(const Json& map) { return map.at("values").get<std::vector<float>>(); }

}  // namespace cnn
