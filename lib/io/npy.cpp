#include "io/npy.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace cnn {
namespace {

static_assert(std::endian::native == std::endian::little, "files are little-endian");

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr uint64_t kMaxHeader = 1 << 20;
constexpr size_t kMaxRank = 32;
constexpr size_t kChunk = 1 << 15;  // numbers converted at a time

struct TypeName {
  std::string_view descr;
  NpyType type;
};
constexpr std::array<TypeName, 7> kTypes = {{
    {"<f4", NpyType::kFloat32},
    {"<f8", NpyType::kFloat64},
    {"<i8", NpyType::kInt64},
    {"<i4", NpyType::kInt32},
    {"|u1", NpyType::kUint8},
    {"<u1", NpyType::kUint8},
    {"|b1", NpyType::kBool},
}};

uint64_t bytes_of(NpyType type) {
  switch (type) {
    case NpyType::kFloat64:
    case NpyType::kInt64:
      return 8;
    case NpyType::kFloat32:
    case NpyType::kInt32:
      return 4;
    default:
      return 1;
  }
}

// The header's Python dict: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }.
class DictReader {
 public:
  DictReader(std::string_view text, uint64_t begin, const std::string& path)
      : text_(text), begin_(begin), path_(path) {}

  std::string descr;
  bool fortran_order = false;
  std::vector<int64_t> shape;

  void read() {
    expect('{');
    int seen = 0;
    while (!accept('}')) {
      const size_t place = at_;
      const std::string key = quoted();
      expect(':');
      if (key == "descr") {
        descr = quoted();
      } else if (key == "fortran_order") {
        fortran_order = truth();
      } else if (key == "shape") {
        read_shape();
      } else {
        fail_at(place, fmt::format("unknown key '{}' in the header", key));
      }
      ++seen;
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    if (at_ != text_.size()) fail_at(at_, "text after the header's '}'");
    constexpr int kKeys = 3;
    if (seen != kKeys || descr.empty()) {
      fail_at(0, "the header needs 'descr', 'fortran_order' and 'shape', once each");
    }
  }

  [[noreturn]] void fail_at(size_t place, const std::string& problem) const {
    fail(Exit::kInput, path_, "at byte {}: {}", begin_ + place, problem);
  }

 private:
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  bool accept(char c) {
    skip_space();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail_at(at_, fmt::format("expected '{}' in the header", c));
  }
  std::string quoted() {
    skip_space();
    const char quote = at_ < text_.size() ? text_[at_] : '\0';
    if (quote != '\'' && quote != '"') fail_at(at_, "expected a quoted word in the header");
    const size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) fail_at(at_, "a quote is not closed");
    const std::string word(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return word;
  }
  bool truth() {
    skip_space();
    for (const auto& [word, value] : {std::pair("True", true), std::pair("False", false)}) {
      if (text_.substr(at_).starts_with(word)) {
        at_ += std::string_view(word).size();
        return value;
      }
    }
    fail_at(at_, "expected True or False in the header");
  }
  void read_shape() {
    expect('(');
    while (!accept(')')) {
      skip_space();
      int64_t size = 0;
      const char* first = text_.data() + at_;
      const auto parsed = std::from_chars(first, text_.data() + text_.size(), size);
      if (parsed.ec != std::errc() || size < 0) fail_at(at_, "bad dimension in the shape");
      if (shape.size() == kMaxRank) fail_at(at_, "more than 32 dimensions");
      at_ += static_cast<size_t>(parsed.ptr - first);
      shape.push_back(size);
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
  }

  std::string_view text_;
  uint64_t begin_;
  const std::string& path_;
  size_t at_ = 0;
};

NpyType type_of(const DictReader& dict) {
  for (const TypeName& t : kTypes) {
    if (t.descr == dict.descr) return t.type;
  }
  dict.fail_at(0, fmt::format("numbers of type '{}'; little-endian float32, float64, int64, int32, "
                              "uint8 and bool are read (numpy: x.astype('float32'))",
                              dict.descr));
}

std::string npy_header(const std::vector<int64_t>& shape) {
  std::string sizes;
  for (const int64_t n : shape) sizes += std::to_string(n) + (shape.size() == 1 ? "," : ", ");
  if (shape.size() > 1) sizes.resize(sizes.size() - 2);
  std::string dict =
      fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}), }}", sizes);
  constexpr size_t kAlign = 64, kFixed = 10;
  const size_t padded = (kFixed + dict.size() + 1 + kAlign - 1) / kAlign * kAlign;
  dict.append(padded - kFixed - dict.size() - 1, ' ');
  dict += '\n';
  std::string header(kMagic);
  header += {1, 0, static_cast<char>(dict.size() & 255), static_cast<char>(dict.size() >> 8)};
  return header + dict;
}

}  // namespace

NpyReader::NpyReader(const std::string& path) : file_(path) { parse_header(); }

void NpyReader::parse_header() {
  constexpr size_t kShort = 10, kLong = 12;
  std::array<unsigned char, kLong> start{};
  if (file_.size() < kShort) {
    fail(Exit::kInput, path(), "at byte {}: ends within the header; expected a .npy file",
         file_.size());
  }
  file_.read_at(0, start.data(), std::min<uint64_t>(file_.size(), start.size()));
  if (std::memcmp(start.data(), kMagic.data(), kMagic.size()) != 0) {
    fail(Exit::kInput, path(), "at byte 0: not a .npy file (numpy.save writes one)");
  }
  const int version = start[6];
  if (version < 1 || version > 3) {
    fail(Exit::kInput, path(), "at byte 6: version {} of the npy format; 1 to 3 are read", version);
  }
  const uint64_t begin = version == 1 ? kShort : kLong;
  uint64_t length = start[8] | uint64_t{start[9]} << 8;
  if (version > 1) length |= uint64_t{start[10]} << 16 | uint64_t{start[11]} << 24;
  if (length > kMaxHeader || begin + length > file_.size()) {
    fail(Exit::kInput, path(), "at byte 8: the header's length is {}, the file has {} bytes",
         length, file_.size());
  }
  std::string text(length, '\0');
  file_.read_at(begin, text.data(), text.size());
  DictReader dict(text, begin, path());
  dict.read();
  type_ = type_of(dict);
  is_fortran_ = dict.fortran_order && dict.shape.size() > 1;
  constexpr int64_t kMaxCount = int64_t{1} << 58;
  for (const int64_t n : dict.shape) {
    if (n > 0 && count_ > kMaxCount / n) dict.fail_at(0, "shape: element count overflows");
    count_ *= n;
  }
  shape_ = std::move(dict.shape);
  data_begin_ = begin + length;
  const uint64_t expected = static_cast<uint64_t>(count_) * bytes_of(type_);
  if (file_.size() - data_begin_ != expected) {
    fail(Exit::kInput, path(), "at byte {}: expected {} bytes of data, the file has {}",
         std::min(file_.size(), data_begin_ + expected), expected, file_.size() - data_begin_);
  }
}

// `offset` counts in the numbers' bytes, in C order.
void NpyReader::read_bytes(uint64_t offset, void* out, size_t size) const {
  if (!is_fortran_) return file_.read_at(data_begin_ + offset, out, size);
  std::call_once(once_, [this] { bring_to_c_order(); });
  std::memcpy(out, ordered_.data() + offset, size);
}

void NpyReader::bring_to_c_order() const {
  const size_t bytes = bytes_of(type_), count = static_cast<size_t>(count_);
  std::vector<char> stored(count * bytes);
  file_.read_at(data_begin_, stored.data(), stored.size());
  std::vector<char> ordered(stored.size());
  // Walks the file, whose first axis runs fastest; `to` is the place in C order.
  const size_t rank = shape_.size();
  std::vector<size_t> strides(rank, 1), at(rank, 0);
  for (size_t axis = rank - 1; axis > 0; --axis) {
    strides[axis - 1] = strides[axis] * static_cast<size_t>(shape_[axis]);
  }
  size_t to = 0;
  for (size_t from = 0; from < count; ++from) {
    std::memcpy(ordered.data() + to * bytes, stored.data() + from * bytes, bytes);
    for (size_t axis = 0; axis < rank; ++axis) {
      to += strides[axis];
      if (++at[axis] < static_cast<size_t>(shape_[axis])) break;
      to -= strides[axis] * at[axis];
      at[axis] = 0;
    }
  }
  ordered_ = std::move(ordered);
}

template <class T>
void NpyReader::read_as(int64_t first, std::span<T> out) const {
  CNN_ASSERT(first >= 0 && first + static_cast<int64_t>(out.size()) <= count_);
  const auto convert = [&]<class Stored>(Stored) {
    const uint64_t begin = static_cast<uint64_t>(first) * sizeof(Stored);
    if constexpr (std::is_same_v<Stored, T>) {
      read_bytes(begin, out.data(), out.size_bytes());
    } else {
      std::vector<Stored> buffer(std::min(kChunk, out.size()));
      for (size_t done = 0; done < out.size(); done += buffer.size()) {
        const size_t n = std::min(buffer.size(), out.size() - done);
        read_bytes(begin + done * sizeof(Stored), buffer.data(), n * sizeof(Stored));
        std::transform(buffer.data(), buffer.data() + n, out.data() + done,
                       [](Stored v) { return static_cast<T>(v); });
      }
    }
  };
  switch (type_) {
    case NpyType::kFloat32:
      return convert(float{});
    case NpyType::kFloat64:
      return convert(double{});
    case NpyType::kInt64:
      return convert(int64_t{});
    case NpyType::kInt32:
      return convert(int32_t{});
    case NpyType::kUint8:
    case NpyType::kBool:
      return convert(uint8_t{});
  }
}

void NpyReader::read(int64_t first, std::span<float> out) const { read_as(first, out); }

void NpyReader::read(int64_t first, std::span<double> out) const { read_as(first, out); }

void NpyReader::read(int64_t first, std::span<int64_t> out) const {
  CNN_ASSERT(is_integer());
  read_as(first, out);
}

std::vector<float> NpyReader::read_all() const {
  std::vector<float> values(static_cast<size_t>(count_));
  read(0, values);
  return values;
}

NpyWriter::NpyWriter(const std::string& path, std::vector<int64_t> shape) : file_(path) {
  for (const int64_t n : shape) missing_ *= n;
  file_.write(npy_header(shape));
}

void NpyWriter::append(std::span<const float> values) {
  missing_ -= static_cast<int64_t>(values.size());
  CNN_ASSERT(missing_ >= 0);
  file_.write(values.data(), values.size_bytes());
}

void NpyWriter::commit() {
  CNN_ASSERT(missing_ == 0);
  file_.commit();
}

void write_npy(const std::string& path, std::vector<int64_t> shape, std::span<const float> values) {
  NpyWriter writer(path, std::move(shape));
  writer.append(values);
  writer.commit();
}

}  // namespace cnn
