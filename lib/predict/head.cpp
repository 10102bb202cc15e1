#include "predict/head.h"

#include "base/error.h"
#include "base/text.h"

namespace cnn {

#define CNN_HEAD(name) extern const HeadType name##_head;
#include "predict/heads.def"
#undef CNN_HEAD

std::span<const HeadType* const> head_types() {
  static const HeadType* const kTypes[] = {
#define CNN_HEAD(name) &name##_head,
#include "predict/heads.def"
#undef CNN_HEAD
  };
  return kTypes;
}

FoundHead find_head(const HeadContext& context) {
  const std::optional<MainOutput> output = main_output(context.graph);
  for (const HeadType* type : head_types()) {
    if (auto head = type->make(context, output ? &*output : nullptr))
      return {type, std::move(head)};
  }
  CNN_ASSERT(false);
  return {};
}

FoundHead head_of_layer(const HeadContext& context, const std::string& layer) {
  const Graph& graph = context.graph;
  int value = -1;
  std::vector<std::string> names;
  for (const NamedOutput& output : graph.outputs) {
    names.push_back(output.name);
    if (output.name == layer) value = output.value;
  }
  if (value < 0) value = graph.find_value(layer);
  if (value < 0) {
    for (const GraphNode& node : graph.nodes) names.push_back(node.name);
    const auto meant = nearest(layer, names);
    fail(Exit::kUsage, "", "--layer: '{}' has no layer or output '{}'{}", graph.name, layer,
         meant ? "; did you mean '" + *meant + "'?" : "");
  }
  const HeadType* type = head_types().back();  // takes whatever it is given
  MainOutput output;
  output.value = value;
  return {type, type->make(context, &output)};
}

}  // namespace cnn
