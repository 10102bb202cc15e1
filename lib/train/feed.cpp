#include "train/feed.h"

namespace cnn {
namespace {

std::vector<int> fields_of(const Graph& graph, const DataView& view) {
  std::vector<Field> wanted;
  for (const GraphField& field : graph.fields) wanted.push_back(field.field);
  return bind_fields(view, wanted);
}

}  // namespace

Feed::Feed(const Graph& graph, DataView view, const LoaderSettings& settings)
    : loader_(view, fields_of(graph, view), settings) {}

int64_t Feed::next(Executor& executor) {
  const Batch* batch = loader_.next();
  if (!batch) return 0;
  for (size_t i = 0; i < batch->fields.size(); ++i) {
    executor.bind(static_cast<int>(i), batch->fields[i]);
  }
  return batch->n;
}

}  // namespace cnn
