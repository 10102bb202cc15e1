#include "io/idx.h"

#include <algorithm>
#include <array>
#include <memory>

#include "base/error.h"
#include "base/files.h"
#include "io/byte_source.h"

namespace cnn {
namespace {

constexpr size_t kMaxRank = 4;

std::string type_name(unsigned type) {
  switch (type) {
    case 0x08:
      return "uint8";
    case 0x09:
      return "int8";
    case 0x0B:
      return "int16";
    case 0x0C:
      return "int32";
    case 0x0D:
      return "float32";
    case 0x0E:
      return "float64";
    default:
      return "unknown";
  }
}

std::string text_of(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (const int64_t n : shape) text += (text.size() > 1 ? "," : "") + std::to_string(n);
  return text + "]";
}

class IdxReader {
 public:
  explicit IdxReader(const std::string& path) : file_(path), source_(open_byte_source(file_)) {}

  IdxArray read() {
    const std::array<uint8_t, 4> magic = take();
    if (magic[0] != 0 || magic[1] != 0) {
      fail_at(0, "begins with bytes {:02x} {:02x}, an IDX file with 00 00", magic[0], magic[1]);
    }
    constexpr unsigned kUint8 = 0x08;
    if (magic[2] != kUint8) {
      fail_at(2, "type 0x{:02x} ({}), only 0x08 (uint8) is read", magic[2], type_name(magic[2]));
    }
    if (magic[3] < 1 || magic[3] > kMaxRank) {
      fail_at(3, "{} dimensions, 1 to {} are read", magic[3], kMaxRank);
    }
    IdxArray array;
    const uint64_t count = read_sizes(array, magic[3]);
    const size_t got = read_bytes(array.bytes, count);
    if (got < count) {
      fail_at(at_ + got, "ends too early: expected {} bytes in all, found {}", at_ + count,
              at_ + got);
    }
    uint8_t extra = 0;
    if (source_->read(&extra, 1) != 0) {
      fail_at(at_ + count, "goes on after the last number: expected {} bytes in all", at_ + count);
    }
    return array;
  }

 private:
  std::array<uint8_t, 4> take() {
    std::array<uint8_t, 4> word{};
    const size_t got = source_->read(word.data(), word.size());
    if (got < word.size()) {
      fail_at(at_ + got, "ends within the header, expected an IDX file of 4 to 20 bytes and data");
    }
    at_ += word.size();
    return word;
  }

  uint64_t read_sizes(IdxArray& array, int rank) {
    uint64_t count = 1;
    for (int i = 0; i < rank; ++i) {
      const std::array<uint8_t, 4> word = take();
      const uint64_t size =
          uint64_t{word[0]} << 24 | uint64_t{word[1]} << 16 | uint64_t{word[2]} << 8 | word[3];
      array.shape.push_back(static_cast<int64_t>(size));
      const uint64_t most = source_->most_bytes();
      if (size > 0 && count > most / size) {
        fail_at(at_ - word.size(),
                "sizes {} ask for more numbers than a file of {} bytes can hold; it is cut off or "
                "damaged",
                text_of(array.shape), file_.size());
      }
      count *= size;
    }
    return count;
  }

  // Memory grows with what comes, so that a packed file cannot ask for more than it holds.
  size_t read_bytes(std::vector<uint8_t>& bytes, uint64_t count) {
    constexpr uint64_t kFirst = 1 << 20;
    size_t got = 0;
    while (got < count) {
      const size_t step = std::min(count - got, std::max<uint64_t>(got, kFirst));
      bytes.resize(got + step);
      const size_t n = source_->read(bytes.data() + got, step);
      got += n;
      if (n < step) break;
    }
    return got;
  }

  // Byte numbers count in the unpacked content.
  template <class... Args>
  [[noreturn]] void fail_at(uint64_t byte, fmt::format_string<Args...> format, Args&&... args) {
    fail(Exit::kInput, file_.path(), "at byte {}: {}", byte,
         fmt::format(format, std::forward<Args>(args)...));
  }

  InputFile file_;
  std::unique_ptr<ByteSource> source_;
  uint64_t at_ = 0;
};

}  // namespace

IdxArray read_idx(const std::string& path) { return IdxReader(path).read(); }

}  // namespace cnn
