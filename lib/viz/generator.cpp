#include "viz/generator.h"

#include <algorithm>

#include "base/error.h"

namespace cnn {

int code_of(const Graph& graph, std::string_view kind, const std::string& layer) {
  const int code = code_value(graph, layer);
  if (code >= 0) return code;
  fail(Exit::kUsage, "",
       "'{}' finds no code in '{}': no 'gaussian' layer and no named output besides the picture; "
       "say which layer it is by --layer NAME",
       kind, graph.name);
}

Generator::Generator(const VizRequest& request, std::string_view kind, int code, int64_t batch)
    : request_(request),
      kind_(kind),
      decoder_(request.subject().spec, code, batch, request.memory_limit) {
  if (!decoder_.picture()) {
    fail(Exit::kUsage, "", "'{}': no picture follows from the code of '{}'", kind_,
         request.subject().spec.name);
  }
  decoder_.load(request.subject().weights, {request.allow_non_finite_weights,
                                            request.partial_weights, &request.subject().spec});
}

std::vector<Image> Generator::pictures(std::span<const float> codes) {
  const int64_t all = static_cast<int64_t>(codes.size()) / code_size();
  std::vector<Image> pictures;
  for (int64_t first = 0; first < all; first += decoder_.batch()) {
    const int64_t n = std::min(decoder_.batch(), all - first);
    decoder_.run(n, codes.data() + first * code_size());
    for (Image& picture : decoder_.pictures()) pictures.push_back(std::move(picture));
    request_.report(kind_, first + n, all);
  }
  return pictures;
}

}  // namespace cnn
