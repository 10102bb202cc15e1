#include "io/torch_state.h"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace cnn::detail {
namespace {

constexpr size_t kMaxTensors = 200'000;
constexpr size_t kMaxRank = 16;
constexpr size_t kMostListed = 10;

struct NumberType {
  std::string_view storage;  // torch.NAME
  std::string_view dtype;    // torch.NAME
  std::string_view safe;     // as safetensors calls it; empty: it has none
  uint64_t bytes;
};

constexpr NumberType kTypes[] = {
    {"FloatStorage", "float32", "F32", 4},
    {"HalfStorage", "float16", "F16", 2},
    {"BFloat16Storage", "bfloat16", "BF16", 2},
    {"DoubleStorage", "float64", "F64", 8},
    {"LongStorage", "int64", "I64", 8},
    {"IntStorage", "int32", "I32", 4},
    {"ShortStorage", "int16", "I16", 2},
    {"CharStorage", "int8", "I8", 1},
    {"ByteStorage", "uint8", "U8", 1},
    {"BoolStorage", "bool", "BOOL", 1},
    {"UntypedStorage", "", "U8", 1},
    {"", "uint16", "U16", 2},
    {"", "uint32", "U32", 4},
    {"", "uint64", "U64", 8},
    {"", "float8_e4m3fn", "F8_E4M3", 1},
    {"", "float8_e5m2", "F8_E5M2", 1},
    {"ComplexFloatStorage", "complex64", "", 8},
    {"ComplexDoubleStorage", "complex128", "", 16},
};

// How PyTorch makes tensors again. Their first arguments are storage, first number, sizes and
// strides, or the tensor that a parameter is.
constexpr std::string_view kViews[] = {"torch._utils._rebuild_tensor",
                                       "torch._utils._rebuild_tensor_v2",
                                       "torch._utils._rebuild_tensor_v3"};
constexpr std::string_view kParameters[] = {"torch._utils._rebuild_parameter",
                                            "torch._utils._rebuild_parameter_with_state"};
constexpr size_t kViewArguments = 4, kDtypeArgument = 6;
constexpr std::string_view kSize = "torch.Size";
constexpr std::string_view kOthers[] = {"collections.OrderedDict", "torch.device", kSize};

template <class Names>
bool is_one_of(const Names& names, std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

// "torch.FloatStorage", "torch.cuda.FloatStorage", "torch.storage.UntypedStorage"; null for others.
const NumberType* type_of_storage(std::string_view name) {
  for (const std::string_view module : {"torch.cuda.", "torch.storage.", "torch."}) {
    if (!name.starts_with(module)) continue;
    name.remove_prefix(module.size());
    break;
  }
  const auto* found = std::find_if(std::begin(kTypes), std::end(kTypes), [&](const NumberType& t) {
    return !t.storage.empty() && t.storage == name;
  });
  return found == std::end(kTypes) ? nullptr : found;
}

const NumberType* type_of_dtype(std::string_view name) {
  const auto* found = std::find_if(std::begin(kTypes), std::end(kTypes), [&](const NumberType& t) {
    return !t.dtype.empty() && name == "torch." + std::string(t.dtype);
  });
  return found == std::end(kTypes) ? nullptr : found;
}

class StateReader {
 public:
  StateReader(const Pickle& pickle, const std::string& path) : pickle_(pickle), path_(path) {}

  TorchStorage storage(const PickleValue& value) const {
    constexpr size_t kNumbersAt = 4, kViewAt = 5;
    const PickleValue& id = pickle_.at(value.items.front());
    const auto part = [&](size_t i) -> const PickleValue& { return pickle_.at(id.items[i]); };
    if (!id.is(PickleKind::kTuple) || id.items.size() <= kNumbersAt || part(0).text != "storage" ||
        !part(1).is(PickleKind::kGlobal) || !part(2).is(PickleKind::kText) ||
        !is_count(part(kNumbersAt))) {
      fail_at(value, "a storage is to be described here and is not; the file is damaged");
    }
    const NumberType* type = type_of_storage(part(1).text);
    if (type == nullptr) {
      fail_at(value, "numbers of {} are not read: store them as float32 with .float()",
              part(1).text);
    }
    TorchStorage storage;
    storage.key = part(2).text;
    storage.type = part(1).text;
    storage.number_bytes = type->bytes;
    storage.count = static_cast<uint64_t>(part(kNumbersAt).integer);
    storage.at = value.at;
    // Of old versions: a part of the row, as (key, first, count).
    if (id.items.size() > kViewAt && part(kViewAt).is(PickleKind::kTuple)) {
      const std::vector<PickleId>& view = part(kViewAt).items;
      if (view.size() < 2 || !is_count(pickle_.at(view[1]))) {
        fail_at(value,
                "a part of a storage is to be described here and is not; the file is damaged");
      }
      storage.first = static_cast<uint64_t>(pickle_.at(view[1]).integer);
    }
    return storage;
  }

  // The tensors' dict: one that the pickle holds under a usual key, beside an optimizer's state or
  // a loss, else its own.
  const PickleValue& state() const {
    const PickleValue& root = pickle_.root();
    if (!root.is(PickleKind::kDict)) {
      fail_at(root,
              "the file holds {}, not a state dict; save one with "
              "torch.save(model.state_dict(), FILE)",
              tensor_of(root) != nullptr ? "a single tensor" : "a value");
    }
    std::vector<std::string> keys;
    for (size_t i = 0; i + 1 < root.items.size(); i += 2) {
      const PickleValue &key = pickle_.at(root.items[i]), &value = pickle_.at(root.items[i + 1]);
      if (!key.is(PickleKind::kText)) continue;
      if (is_one_of(kStates, key.text) && value.is(PickleKind::kDict) && has_tensors(value)) {
        return value;
      }
      if (keys.size() < kMostListed) keys.push_back("'" + key.text + "'");
    }
    if (has_tensors(root)) return root;
    fail_at(root,
            "the file's dict has no tensors, nor has one under 'state_dict', 'model_state_dict' or "
            "'model'; it has {}",
            keys.empty() ? "nothing" : join(keys, ", "));
  }

  std::vector<SafeTensor> tensors(const StorageBegin& begin) const {
    std::vector<SafeTensor> tensors;
    std::unordered_set<std::string_view> names;
    const PickleValue& dict = state();
    for (size_t i = 0; i + 1 < dict.items.size(); i += 2) {
      const PickleValue& key = pickle_.at(dict.items[i]);
      const PickleValue* call = tensor_of(pickle_.at(dict.items[i + 1]));
      if (call == nullptr || !key.is(PickleKind::kText)) continue;
      if (!is_utf8(key.text)) fail_at(key, "a tensor's name is not UTF-8; the file is damaged");
      if (!names.insert(key.text).second) fail_at(key, "tensor '{}' is there twice", key.text);
      if (tensors.size() == kMaxTensors) fail_at(key, "more than {} tensors", kMaxTensors);
      tensors.push_back(tensor(key.text, *call, begin));
    }
    return tensors;
  }

 private:
  static constexpr std::string_view kStates[] = {"state_dict", "model_state_dict", "model"};

  template <class... Args>
  [[noreturn]] void fail_at(const PickleValue& value, fmt::format_string<Args...> format,
                            Args&&... args) const {
    fail(Exit::kInput, path_, "at byte {}: {}", value.at,
         fmt::format(format, std::forward<Args>(args)...));
  }

  static bool is_count(const PickleValue& value) {
    return value.is(PickleKind::kInteger) && value.integer >= 0;
  }

  const PickleValue& callee(const PickleValue& call) const { return pickle_.at(call.items[0]); }
  const std::vector<PickleId>& arguments(const PickleValue& call) const {
    return pickle_.at(call.items[1]).items;
  }

  // The call that makes the tensor, a parameter's too; null for what is none. A parameter of a
  // parameter is none, so that there is an end.
  const PickleValue* tensor_of(const PickleValue& value) const {
    const PickleValue* call = &value;
    if (call->is(PickleKind::kCall) && is_one_of(kParameters, callee(*call).text) &&
        !arguments(*call).empty()) {
      call = &pickle_.at(arguments(*call).front());
    }
    const bool makes_one = call->is(PickleKind::kCall) && is_one_of(kViews, callee(*call).text);
    return makes_one ? call : nullptr;
  }

  bool has_tensors(const PickleValue& dict) const {
    for (size_t i = 1; i < dict.items.size(); i += 2) {
      if (tensor_of(pickle_.at(dict.items[i])) != nullptr) return true;
    }
    return false;
  }

  // Sizes or strides; nothing if they are none.
  std::optional<std::vector<int64_t>> counts(const PickleValue& value) const {
    const PickleValue* tuple = &value;
    if (tuple->is(PickleKind::kCall) && callee(*tuple).text == kSize &&
        !arguments(*tuple).empty()) {
      tuple = &pickle_.at(arguments(*tuple).front());
    }
    if (!tuple->is(PickleKind::kTuple) || tuple->items.size() > kMaxRank) return std::nullopt;
    std::vector<int64_t> counts;
    for (const PickleId id : tuple->items) {
      if (!is_count(pickle_.at(id))) return std::nullopt;
      counts.push_back(pickle_.at(id).integer);
    }
    return counts;
  }

  SafeTensor tensor(const std::string& name, const PickleValue& call,
                    const StorageBegin& begin) const {
    const std::vector<PickleId>& given = arguments(call);
    const auto part = [&](size_t i) -> const PickleValue& { return pickle_.at(given[i]); };
    std::optional<std::vector<int64_t>> sizes, strides;
    if (given.size() >= kViewArguments && part(0).is(PickleKind::kPersistent) &&
        is_count(part(1))) {
      sizes = counts(part(2));
      strides = counts(part(3));
    }
    if (!sizes || !strides || sizes->size() != strides->size()) {
      fail_at(call,
              "tensor '{}': its storage, sizes and strides are to be here and are not; the "
              "file is damaged",
              name);
    }
    const TorchStorage storage = this->storage(part(0));
    const NumberType* type = type_of_storage(storage.type);
    if (given.size() > kDtypeArgument && part(kDtypeArgument).is(PickleKind::kGlobal)) {
      type = type_of_dtype(part(kDtypeArgument).text);
    }
    if (type == nullptr || type->safe.empty()) {
      fail_at(call, "tensor '{}' has numbers of {}, which are not read: store it with .float()",
              name, type == nullptr ? "an unknown type" : "torch." + std::string(type->dtype));
    }
    SafeTensor tensor;
    tensor.name = name;
    tensor.dtype = type->safe;
    tensor.shape = *sizes;
    tensor.count = count_of(name, call, *sizes);
    // All in bytes; storage.count numbers are within the file, so that products cannot overflow.
    const uint64_t row = begin(storage), room = storage.count * storage.number_bytes;
    const auto skipped = static_cast<uint64_t>(part(1).integer);
    const uint64_t most = room / type->bytes;
    const uint64_t first = storage.first * storage.number_bytes / type->bytes;
    auto reach = static_cast<uint64_t>(tensor.count);
    if (!is_contiguous(*sizes, *strides)) {
      reach = reach_of(*sizes, *strides, most);
      tensor.strides = *strides;
    }
    if (storage.first > storage.count || first > most || skipped > most - first ||
        reach > most - first - skipped) {
      fail_at(call,
              "tensor '{}' has {} numbers from number {} on, its storage '{}' has {}; the file is "
              "damaged",
              name, reach, skipped, storage.key, most);
    }
    if (static_cast<uint64_t>(tensor.count) > reach) {
      fail_at(call,
              "tensor '{}' is expanded: its {} numbers are {} in the file; save it with "
              ".contiguous(): torch.save({{k: v.contiguous() for k, v in "
              "model.state_dict().items()}}, FILE)",
              name, tensor.count, reach);
    }
    tensor.begin = row + (first + skipped) * type->bytes;
    tensor.end = tensor.begin + reach * type->bytes;
    return tensor;
  }

  int64_t count_of(const std::string& name, const PickleValue& call,
                   const std::vector<int64_t>& sizes) const {
    constexpr int64_t kMaxCount = int64_t{1} << 58;
    int64_t count = 1;
    for (const int64_t n : sizes) {
      if (n > 0 && count > kMaxCount / n) fail_at(call, "tensor '{}': its sizes overflow", name);
      count *= n;
    }
    return count;
  }

  static bool is_contiguous(const std::vector<int64_t>& sizes,
                            const std::vector<int64_t>& strides) {
    if (std::count(sizes.begin(), sizes.end(), 0) != 0) return true;
    int64_t expected = 1;
    for (size_t axis = sizes.size(); axis-- > 0;) {
      if (sizes[axis] != 1 && strides[axis] != expected) return false;
      expected *= sizes[axis];
    }
    return true;
  }

  // Numbers from the first to the last, or more than `most` if they are more.
  static uint64_t reach_of(const std::vector<int64_t>& sizes, const std::vector<int64_t>& strides,
                           uint64_t most) {
    uint64_t reach = 1;
    for (size_t axis = 0; axis < sizes.size(); ++axis) {
      const auto steps = static_cast<uint64_t>(sizes[axis] - 1);
      const auto stride = static_cast<uint64_t>(strides[axis]);
      if (steps == 0 || stride == 0) continue;
      if (stride > most / steps) return most + 1;
      reach += steps * stride;  // at most 16 axes of less than 2^59 each
    }
    return reach;
  }

  const Pickle& pickle_;
  const std::string& path_;
};

}  // namespace

std::vector<TorchStorage> torch_storages(const Pickle& pickle, const std::string& path) {
  const StateReader reader(pickle, path);
  std::vector<TorchStorage> storages;
  for (const PickleValue& value : pickle.values()) {
    if (value.is(PickleKind::kPersistent)) storages.push_back(reader.storage(value));
  }
  return storages;
}

std::vector<SafeTensor> torch_tensors(const Pickle& pickle, const std::string& path,
                                      const StorageBegin& begin) {
  return StateReader(pickle, path).tensors(begin);
}

CheckGlobal torch_globals(const std::string& path) {
  return [path](const std::string& name, uint64_t at) {
    if (is_one_of(kViews, name) || is_one_of(kParameters, name) || is_one_of(kOthers, name) ||
        type_of_dtype(name) != nullptr || type_of_storage(name) != nullptr) {
      return;
    }
    fail(Exit::kInput, path,
         "at byte {}: the file holds a whole object ('{}'), not a state dict; save it with "
         "torch.save(model.state_dict(), FILE)",
         at, name);
  };
}

}  // namespace cnn::detail
