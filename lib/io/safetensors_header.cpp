#include "io/safetensors_header.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>

#include "base/error.h"

namespace cnn::detail {
namespace {

using json = nlohmann::json;

constexpr uint64_t kTextBegin = 8;
constexpr size_t kMaxTensors = 200'000;
constexpr size_t kMaxRank = 16;

// Takes the parser's events one by one: nothing is built but the result, depth is bounded by the
// grammar, and a name given twice is seen (a tree would keep one of them).
class HeaderReader : public nlohmann::json_sax<json> {
 public:
  explicit HeaderReader(const std::string& path) : path_(path) {}

  SafetensorsHeader take() { return std::move(header_); }

  bool null() override { return unexpected("null"); }
  bool boolean(bool) override { return unexpected("a truth value"); }
  bool number_integer(number_integer_t) override { return unexpected("a negative number"); }
  bool number_float(number_float_t, const string_t& text) override {
    return unexpected("'" + text + "'");
  }
  bool binary(binary_t&) override { return unexpected("binary data"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (place_ == Place::kShape) {
      if (value > uint64_t{1} << 62) fail_here("a dimension overflows");
      if (tensor_.shape.size() == kMaxRank) fail_here("has more than 16 dimensions");
      tensor_.shape.push_back(static_cast<int64_t>(value));
      return true;
    }
    if (place_ == Place::kOffsets && offsets_ < 2) {
      (offsets_++ == 0 ? tensor_.begin : tensor_.end) = value;
      return true;
    }
    return unexpected("a number");
  }

  bool string(string_t& value) override {
    if (place_ == Place::kDtype) {
      if (dtype_bytes(value) == 0) {
        fail_here(fmt::format("unknown dtype '{}' (F32, F16, BF16 and F64 are read)", value));
      }
      tensor_.dtype = std::move(value);
      place_ = Place::kTensor;
      return true;
    }
    if (place_ == Place::kMetadata && !key_.empty()) {
      header_.metadata.emplace(std::exchange(key_, {}), std::move(value));
      return true;
    }
    return unexpected("a text");
  }

  bool start_object(std::size_t) override {
    if (place_ == Place::kOutside) {
      place_ = Place::kTop;
    } else if (place_ == Place::kTensorValue) {
      place_ = Place::kTensor;
    } else if (place_ == Place::kMetadataValue) {
      place_ = Place::kMetadata;
    } else {
      return unexpected("a map");
    }
    return true;
  }

  bool end_object() override {
    if (place_ == Place::kTensor) finish_tensor();
    place_ = place_ == Place::kTop ? Place::kOutside : Place::kTop;
    return true;
  }

  bool start_array(std::size_t) override {
    if (place_ == Place::kShapeValue) {
      place_ = Place::kShape;
    } else if (place_ == Place::kOffsetsValue) {
      place_ = Place::kOffsets;
    } else {
      return unexpected("a list");
    }
    return true;
  }

  bool end_array() override {
    if (place_ == Place::kOffsets && offsets_ != 2) fail_here("'data_offsets' needs two numbers");
    place_ = Place::kTensor;
    return true;
  }

  bool key(string_t& name) override {
    switch (place_) {
      case Place::kTop:
        if (!names_.insert(name).second) fail_here(fmt::format("'{}' is there twice", name));
        if (name == "__metadata__") {
          place_ = Place::kMetadataValue;
          return true;
        }
        if (names_.size() > kMaxTensors) {
          fail_here(fmt::format("more than {} tensors", kMaxTensors));
        }
        tensor_ = {};
        tensor_.name = std::move(name);
        seen_ = 0;
        offsets_ = 0;
        place_ = Place::kTensorValue;
        return true;
      case Place::kTensor:
        return begin_part(name);
      default:  // kMetadata: nothing else has keys
        if (header_.metadata.count(name) != 0) {
          fail_here(fmt::format("metadata '{}' is there twice", name));
        }
        if (name.empty()) fail_here("an empty metadata key");
        key_ = std::move(name);
        return true;
    }
  }

  bool parse_error(std::size_t position, const std::string&,
                   const json::exception& error) override {
    // The library counts from 1 and puts its own name in front.
    std::string text = error.what();
    const size_t colon = text.find("column");
    const size_t detail = colon == std::string::npos ? colon : text.find(": ", colon);
    if (detail != std::string::npos) text = text.substr(detail + 2);
    fail(Exit::kInput, path_, "at byte {}: the header is not valid JSON: {}",
         kTextBegin + (position > 0 ? position - 1 : 0), text);
  }

 private:
  enum class Place {
    kOutside,
    kTop,
    kTensorValue,
    kTensor,
    kDtype,
    kShapeValue,
    kShape,
    kOffsetsValue,
    kOffsets,
    kMetadataValue,
    kMetadata,
  };

  bool begin_part(const std::string& name) {
    constexpr std::array<std::pair<std::string_view, Place>, 3> kParts = {{
        {"dtype", Place::kDtype},
        {"shape", Place::kShapeValue},
        {"data_offsets", Place::kOffsetsValue},
    }};
    for (size_t i = 0; i < kParts.size(); ++i) {
      if (kParts[i].first != name) continue;
      if ((seen_ >> i & 1) != 0) fail_here(fmt::format("'{}' is there twice", name));
      seen_ |= 1u << i;
      place_ = kParts[i].second;
      return true;
    }
    fail_here(fmt::format("unknown key '{}' (dtype, shape and data_offsets are allowed)", name));
  }

  void finish_tensor() {
    constexpr unsigned kAll = 7;
    if (seen_ != kAll) fail_here("needs 'dtype', 'shape' and 'data_offsets'");
    constexpr int64_t kMaxCount = int64_t{1} << 58;
    for (const int64_t n : tensor_.shape) {
      if (n > 0 && tensor_.count > kMaxCount / n) fail_here("element count overflows");
      tensor_.count *= n;
    }
    header_.tensors.push_back(std::move(tensor_));
  }

  // Names the tensor that is being read; the parser tells byte numbers of bad JSON only.
  [[noreturn]] void fail_here(const std::string& problem) const {
    if (place_ == Place::kTop || place_ == Place::kOutside || place_ == Place::kMetadataValue ||
        place_ == Place::kMetadata) {
      fail(Exit::kInput, path_, "at byte {}: header: {}", kTextBegin, problem);
    }
    fail(Exit::kInput, path_, "at byte {}: header: tensor '{}': {}", kTextBegin, tensor_.name,
         problem);
  }
  bool unexpected(const std::string& what) const { fail_here("unexpected " + what); }

  const std::string& path_;
  SafetensorsHeader header_;
  SafeTensor tensor_;
  std::unordered_set<std::string> names_;
  std::string key_;
  Place place_ = Place::kOutside;
  unsigned seen_ = 0;  // bits: dtype, shape, data_offsets
  int offsets_ = 0;
};

uint32_t crc(uint32_t start, std::string_view text) {
  return static_cast<uint32_t>(
      crc32_z(start, reinterpret_cast<const Bytef*>(text.data()), text.size()));
}

}  // namespace

std::string checksum_prefix(const SafeTensor& tensor) {
  std::string text = tensor.name + "|" + tensor.dtype;
  for (const int64_t n : tensor.shape) text += "|" + std::to_string(n);
  return text;
}

uint32_t metadata_checksum(const std::map<std::string, std::string>& metadata) {
  uint32_t sum = 0;
  for (const auto& [key, value] : metadata) {
    if (key.starts_with(kChecksumPrefix)) continue;
    sum = crc(sum, fmt::format("{}:{}{}:{}", key.size(), key, value.size(), value));
  }
  return sum;
}

SafetensorsHeader parse_safetensors_header(std::string_view text, const std::string& path) {
  HeaderReader reader(path);
  json::sax_parse(text.begin(), text.end(), &reader);
  return reader.take();
}

std::string write_safetensors_header(const SafetensorsHeader& header) {
  // By hand, because the order of keys is the order of the data.
  const auto quoted = [](const std::string& text) {
    return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
  };
  std::string text = "{\"__metadata__\":{";
  for (const auto& [key, value] : header.metadata) {
    text += (text.back() == '{' ? "" : ",") + quoted(key) + ":" + quoted(value);
  }
  text += "}";
  for (const SafeTensor& t : header.tensors) {
    text += fmt::format(",{}:{{\"dtype\":\"{}\",\"shape\":{},\"data_offsets\":[{},{}]}}",
                        quoted(t.name), t.dtype, json(t.shape).dump(), t.begin, t.end);
  }
  text += "}";
  constexpr size_t kAlign = 8;
  text.append((kAlign - text.size() % kAlign) % kAlign, ' ');
  return text;
}

}  // namespace cnn::detail
