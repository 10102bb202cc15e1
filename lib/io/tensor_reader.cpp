#include "io/tensor_reader.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <optional>
#include <utility>

#include "base/error.h"

namespace cnn {
namespace {

static_assert(std::endian::native == std::endian::little, "files are little-endian");

constexpr size_t kChunk = size_t{1} << 18;  // bytes per read; a multiple of every dtype's size
constexpr size_t kPiece = size_t{1} << 16;  // numbers, of tensors with strides

constexpr std::array<std::pair<std::string_view, uint64_t>, 15> kDtypes = {{
    {"F32", 4},
    {"F16", 2},
    {"BF16", 2},
    {"F64", 8},
    {"I64", 8},
    {"I32", 4},
    {"I16", 2},
    {"I8", 1},
    {"U64", 8},
    {"U32", 4},
    {"U16", 2},
    {"U8", 1},
    {"BOOL", 1},
    {"F8_E4M3", 1},
    {"F8_E5M2", 1},
}};

uint32_t crc(uint32_t start, const void* data, size_t size) {
  if (size == 0) return start;  // zlib would begin anew for a null pointer
  return static_cast<uint32_t>(crc32_z(start, static_cast<const Bytef*>(data), size));
}

std::string hex(uint32_t value) { return fmt::format("{:08x}", value); }

float from_half(uint16_t bits) {
  const int exponent = bits >> 10 & 31;
  const int mantissa = bits & 1023;
  float magnitude;
  if (exponent == 31) {
    magnitude = mantissa == 0 ? INFINITY : NAN;
  } else if (exponent == 0) {
    magnitude = std::ldexp(static_cast<float>(mantissa), -24);
  } else {
    magnitude = std::ldexp(static_cast<float>(mantissa + 1024), exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

float from_bfloat(uint16_t bits) { return std::bit_cast<float>(uint32_t{bits} << 16); }

template <class T, class Convert>
void convert_as(const char* bytes, size_t count, float* out, Convert convert) {
  for (size_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, bytes + i * sizeof(T), sizeof(T));
    out[i] = convert(value);
  }
}

// False if the dtype cannot become floats.
bool convert(std::string_view dtype, const char* bytes, size_t count, float* out) {
  const auto plain = [](auto value) { return static_cast<float>(value); };
  if (dtype == "F32") {
    std::memcpy(out, bytes, count * sizeof(float));
  } else if (dtype == "F16") {
    convert_as<uint16_t>(bytes, count, out, from_half);
  } else if (dtype == "BF16") {
    convert_as<uint16_t>(bytes, count, out, from_bfloat);
  } else if (dtype == "F64") {
    convert_as<double>(bytes, count, out, plain);
  } else if (dtype == "I64") {
    convert_as<int64_t>(bytes, count, out, plain);
  } else if (dtype == "I32") {
    convert_as<int32_t>(bytes, count, out, plain);
  } else if (dtype == "U8" || dtype == "BOOL") {
    convert_as<uint8_t>(bytes, count, out, plain);
  } else {
    return false;
  }
  return true;
}

bool can_convert(std::string_view dtype) {
  const char bytes[sizeof(double)] = {};
  float number;
  return convert(dtype, bytes, 1, &number);
}

size_t first_non_finite(std::span<const float> values) {
  return static_cast<size_t>(
      std::find_if(values.begin(), values.end(), [](float v) { return !std::isfinite(v); }) -
      values.begin());
}

// Numbers that stand apart, in the order of the shape: give(first, numbers) piece by piece.
template <class Give>
void gather(const SafeTensor& tensor, std::span<const float> numbers, Give&& give) {
  const size_t inner = tensor.shape.size() - 1;
  std::vector<int64_t> index(tensor.shape.size(), 0);
  std::vector<float> piece;
  for (size_t first = 0; first < static_cast<size_t>(tensor.count); first += piece.size()) {
    piece.clear();
    do {  // a row: the last axis
      int64_t at = 0;
      for (size_t axis = 0; axis < inner; ++axis) at += index[axis] * tensor.strides[axis];
      for (int64_t i = 0; i < tensor.shape[inner]; ++i, at += tensor.strides[inner]) {
        piece.push_back(numbers[static_cast<size_t>(at)]);
      }
      for (size_t axis = inner; axis-- > 0;) {
        if (++index[axis] < tensor.shape[axis]) break;
        index[axis] = 0;
      }
    } while (piece.size() < kPiece && first + piece.size() < static_cast<size_t>(tensor.count));
    give(first, piece);
  }
}

}  // namespace

uint64_t dtype_bytes(std::string_view dtype) {
  for (const auto& [name, bytes] : kDtypes) {
    if (name == dtype) return bytes;
  }
  return 0;
}

void TensorReader::take_tensors(std::vector<SafeTensor> tensors) {
  tensors_ = std::move(tensors);
  for (size_t i = 0; i < tensors_.size(); ++i) by_name_.emplace(tensors_[i].name, i);
}

void TensorReader::check(const Block& block) const {
  std::vector<char> buffer(std::min<uint64_t>(kChunk, block.end - block.begin));
  uint32_t sum = 0;
  for (uint64_t at = block.begin; at < block.end; at += buffer.size()) {
    const size_t size = std::min<uint64_t>(buffer.size(), block.end - at);
    file_.read_at(at, buffer.data(), size);
    sum = crc(sum, buffer.data(), size);
  }
  if (sum != block.crc) {
    fail(Exit::kInput, path(), "at byte {}: '{}': its checksum is {}, the file says {}",
         block.begin, block.name, hex(sum), hex(block.crc));
  }
}

const SafeTensor* TensorReader::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &tensors_[found->second];
}

// Gives the tensor's bytes in pieces to consume(bytes, size, first number), then checks the sum.
template <class Consume>
void TensorReader::stream(const SafeTensor& tensor, Consume&& consume) const {
  const auto checksum = checksums_.find(tensor.name);
  const bool is_summed = checksum != checksums_.end();
  uint32_t sum = is_summed ? checksum->second.start : 0;
  const size_t number_bytes = dtype_bytes(tensor.dtype);
  std::vector<char> buffer(std::min<uint64_t>(kChunk, tensor.end - tensor.begin));
  for (uint64_t at = tensor.begin; at < tensor.end; at += buffer.size()) {
    const size_t size = std::min<uint64_t>(buffer.size(), tensor.end - at);
    file_.read_at(at, buffer.data(), size);
    if (is_summed) sum = crc(sum, buffer.data(), size);
    consume(buffer.data(), size / number_bytes, (at - tensor.begin) / number_bytes);
  }
  if (is_summed && checksum->second.sum != sum) {
    fail(Exit::kInput, path(), "at byte {}: tensor '{}': its checksum is {}, the file says {}",
         tensor.begin, tensor.name, hex(sum), hex(checksum->second.sum));
  }
}

void TensorReader::read(const SafeTensor& tensor, const Take& take) const {
  const auto to_floats = [&](const char* bytes, size_t count, float* out) {
    if (convert(tensor.dtype, bytes, count, out)) return;
    fail(Exit::kInput, path(),
         "at byte {}: tensor '{}' has dtype {}; F32, F16, BF16 and F64 are read", tensor.begin,
         tensor.name, tensor.dtype);
  };
  std::optional<std::pair<size_t, float>> bad;
  const auto give = [&](size_t first, std::span<const float> numbers) {
    if (!accept_non_finite_ && !bad) {
      const size_t found = first_non_finite(numbers);
      if (found < numbers.size()) bad = {first + found, numbers[found]};
    }
    take(static_cast<int64_t>(first), numbers);
  };
  const size_t number_bytes = dtype_bytes(tensor.dtype);
  const bool is_dense = tensor.strides.empty();
  std::vector<float> numbers;
  if (!is_dense) numbers.resize((tensor.end - tensor.begin) / number_bytes);
  stream(tensor, [&](const char* bytes, size_t count, size_t first) {
    if (is_dense) numbers.resize(count);
    to_floats(bytes, count, numbers.data() + (is_dense ? 0 : first));
    if (is_dense) give(first, numbers);
  });
  if (!is_dense) gather(tensor, numbers, give);
  if (bad) {
    fail(Exit::kInput, path(), "at byte {}: tensor '{}': number {} is {}, not finite",
         tensor.begin + (is_dense ? bad->first * number_bytes : 0), tensor.name, bad->first,
         bad->second);
  }
}

void TensorReader::read(const SafeTensor& tensor, std::span<float> out) const {
  CNN_ASSERT(out.size() == static_cast<size_t>(tensor.count));
  read(tensor, [&](int64_t first, std::span<const float> numbers) {
    std::copy(numbers.begin(), numbers.end(), out.begin() + first);
  });
}

void TensorReader::verify() const {
  for (const Block& block : blocks_) check(block);
  for (const SafeTensor& t : tensors_) {
    if (can_convert(t.dtype)) {
      read(t, [](int64_t, std::span<const float>) {});
    } else {  // of another tool, for the checksum alone
      stream(t, [](const char*, size_t, size_t) {});
    }
  }
}

}  // namespace cnn
