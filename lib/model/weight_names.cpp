#include "model/weight_names.h"

#include <algorithm>
#include <set>

#include "model/weights.h"

namespace cnn {
namespace {

std::string wrapper_of(const TensorReader& file, const ParameterStore& store) {
  const auto is_own = [&](std::string_view wrapper) {
    return std::any_of(store.all().begin(), store.all().end(),
                       [&](const Parameter& p) { return p.name.starts_with(wrapper); });
  };
  const auto wraps_all = [&](const std::string& prefix) {
    return std::all_of(file.tensors().begin(), file.tensors().end(),
                       [&](const SafeTensor& t) { return t.name.starts_with(prefix); });
  };
  std::string prefix;
  if (file.tensors().empty()) return prefix;
  for (bool is_longer = true; is_longer;) {
    is_longer = false;
    for (const char* wrapper : {"module.", "_orig_mod."}) {
      if (is_own(wrapper) || !wraps_all(prefix + wrapper)) continue;
      prefix += wrapper;
      is_longer = true;
    }
  }
  return prefix;
}

int64_t count_fitting(const TensorReader& file, const ParameterStore& store,
                      const WeightNames& names) {
  return std::count_if(store.all().begin(), store.all().end(), [&](const Parameter& p) {
    const std::string name = names.in_file(p.name);
    return !name.empty() && fits(file.find(name), p);
  });
}

}  // namespace

bool fits(const SafeTensor* tensor, const Parameter& parameter) {
  return tensor != nullptr && tensor->shape == file_sizes(parameter);
}

WeightNames find_weight_names(const TensorReader& file, const ParameterStore& store,
                              bool finds_part) {
  const WeightNames whole{wrapper_of(file, store), ""};
  if (!finds_part || count_fitting(file, store, whole) > 0) return whole;
  std::set<std::string> parts;
  for (const Parameter& p : store.all()) {
    for (size_t dot = p.name.find('.'); dot != std::string::npos; dot = p.name.find('.', dot + 1)) {
      parts.insert(p.name.substr(0, dot + 1));
    }
  }
  WeightNames best = whole;
  int64_t most = 0;
  for (const std::string& part : parts) {
    const WeightNames names{whole.wrapper, part};
    const int64_t count = count_fitting(file, store, names);
    if (count <= most) continue;
    most = count;
    best = names;
  }
  return best;
}

}  // namespace cnn
