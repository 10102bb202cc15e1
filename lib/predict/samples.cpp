#include "predict/samples.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "graph/builder.h"
#include "model/settings.h"
#include "predict/decoder.h"
#include "predict/outputs.h"

namespace cnn {
namespace {

// The value that codes are drawn in place of.
int prior_value(const ModelSpec& spec) {
  ParameterStore store;
  const Graph graph = build_graph(spec, Phase::kTest, store);
  const int code = drawn_code(graph);
  if (code >= 0) return code;
  fail(Exit::kUsage, "", "'{}' has no 'gaussian' layer that samples could start from", graph.name);
}

int64_t batch_for(const ModelSpec& spec, const PredictRequest& request) {
  const int64_t batch =
      request.batch_size > 0 ? request.batch_size : read_train_settings(spec).batch_size;
  return std::min(batch, request.prior_samples);
}

// Pictures of one size side by side, as square as may be, a white line between them.
Image side_by_side(const std::vector<Image>& pictures) {
  const auto count = static_cast<int64_t>(pictures.size());
  const Image& first = pictures[0];
  const auto columns = static_cast<int64_t>(std::ceil(std::sqrt(static_cast<double>(count))));
  const int64_t rows = (count + columns - 1) / columns;
  Image sheet{rows * (first.height + 1) - 1, columns * (first.width + 1) - 1, first.channels, {}};
  constexpr uint8_t kWhite = 255;
  sheet.values.assign(static_cast<size_t>(sheet.height * sheet.width * sheet.channels), kWhite);
  for (int64_t i = 0; i < count; ++i) {
    const int64_t top = i / columns * (first.height + 1), left = i % columns * (first.width + 1);
    for (int64_t y = 0; y < first.height; ++y) {
      std::copy_n(pictures[static_cast<size_t>(i)].row(y), first.width * first.channels,
                  sheet.values.data() + ((top + y) * sheet.width + left) * sheet.channels);
    }
  }
  return sheet;
}

class PriorSampler {
 public:
  PriorSampler(const ModelSpec& spec, const PredictRequest& request)
      : request_(request),
        decoder_(spec, prior_value(spec), batch_for(spec, request), request.memory_limit) {
    decoder_.load(request.weights,
                  {request.allow_non_finite_weights, request.partial_weights, &spec});
  }

  PredictReport run() {
    PredictReport report;
    report.model = decoder_.graph().name;
    report.samples = request_.prior_samples;
    OutputFiles outputs(decoder_.graph(), request_.out, request_.prior_samples);
    const std::vector<Image> pictures = run_batches(outputs);
    report.files = outputs.commit();
    if (!pictures.empty()) {
      report.files.push_back(request_.out + "/samples.png");
      write_png(report.files.back(), side_by_side(pictures));
    }
    return report;
  }

 private:
  std::vector<Image> run_batches(OutputFiles& outputs) {
    const int64_t size = decoder_.code_shape().count(), batch = decoder_.batch();
    Buffer codes(static_cast<size_t>(batch * size));
    std::vector<Image> pictures;
    for (int64_t first = 0; first < request_.prior_samples; first += batch) {
      const int64_t n = std::min(batch, request_.prior_samples - first);
      for (int64_t i = 0; i < n; ++i) {
        draw_code(request_.seed, first + i, size, codes.data() + i * size);
      }
      const Executor& executor = decoder_.run(n, codes.data());
      outputs.append(n, [&](int id) { return executor.value(id); });
      if (!decoder_.picture()) continue;
      for (Image& picture : decoder_.pictures()) pictures.push_back(std::move(picture));
    }
    return pictures;
  }

  const PredictRequest& request_;
  Decoder decoder_;
};

}  // namespace

PredictReport draw_samples(const ModelSpec& spec, const PredictRequest& request) {
  CNN_ASSERT(request.prior_samples > 0 && !request.out.empty());
  return PriorSampler(spec, request).run();
}

}  // namespace cnn
