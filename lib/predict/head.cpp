#include "predict/head.h"

#include "base/error.h"

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

}  // namespace cnn
