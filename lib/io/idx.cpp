#include "io/idx.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/error.h"
#include "base/files.h"

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

// The bytes of the array, wherever they come from.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Up to `size` bytes; fewer only at the end.
  virtual size_t read(uint8_t* out, size_t size) = 0;
  // The most bytes that can come in all; known before any is read.
  virtual uint64_t most_bytes() const = 0;
};

class PlainSource : public ByteSource {
 public:
  explicit PlainSource(const InputFile& file) : file_(file) {}
  size_t read(uint8_t* out, size_t size) override {
    const size_t n = std::min<uint64_t>(size, file_.size() - at_);
    file_.read_at(at_, out, n);
    at_ += n;
    return n;
  }
  uint64_t most_bytes() const override { return file_.size(); }

 private:
  const InputFile& file_;
  uint64_t at_ = 0;
};

class GzipSource : public ByteSource {
 public:
  explicit GzipSource(const InputFile& file) : file_(file), input_(kInput) {
    constexpr int kGzip = 16;
    CNN_ASSERT(inflateInit2(&stream_, MAX_WBITS + kGzip) == Z_OK);
  }
  ~GzipSource() override { inflateEnd(&stream_); }

  size_t read(uint8_t* out, size_t size) override {
    size_t done = 0;
    while (done < size && !ended_) {
      if (stream_.avail_in == 0) refill();
      const size_t part = std::min<size_t>(size - done, kOutput);
      stream_.next_out = out + done;
      stream_.avail_out = static_cast<uInt>(part);
      const int result = inflate(&stream_, Z_NO_FLUSH);
      done += part - stream_.avail_out;
      if (result == Z_STREAM_END) {
        next_member();
      } else if (result != Z_OK) {
        fail_here(stream_.msg != nullptr ? stream_.msg : "damaged");
      }
    }
    return done;
  }

  // Deflate cannot do better than 1032 to 1.
  uint64_t most_bytes() const override { return file_.size() * 1032; }

 private:
  static constexpr size_t kInput = 1 << 16;
  static constexpr size_t kOutput = 1 << 30;

  void refill() {
    const size_t n = std::min<uint64_t>(kInput, file_.size() - at_);
    if (n == 0) fail_here("the file ends too early");
    file_.read_at(at_, input_.data(), n);
    at_ += n;
    stream_.next_in = input_.data();
    stream_.avail_in = static_cast<uInt>(n);
  }

  // A gzip file may be several, one after the other.
  void next_member() {
    if (stream_.avail_in == 0 && at_ == file_.size()) {
      ended_ = true;
    } else {
      CNN_ASSERT(inflateReset(&stream_) == Z_OK);
    }
  }

  [[noreturn]] void fail_here(const char* problem) const {
    fail(Exit::kInput, file_.path(), "at byte {}: broken gzip: {}", at_ - stream_.avail_in,
         problem);
  }

  const InputFile& file_;
  std::vector<uint8_t> input_;
  z_stream stream_{};
  uint64_t at_ = 0;
  bool ended_ = false;
};

std::unique_ptr<ByteSource> open_source(const InputFile& file) {
  constexpr std::array<uint8_t, 2> kGzipMagic = {0x1f, 0x8b};
  std::array<uint8_t, 2> start{};
  if (file.size() >= start.size()) file.read_at(0, start.data(), start.size());
  if (start == kGzipMagic) return std::make_unique<GzipSource>(file);
  return std::make_unique<PlainSource>(file);
}

class IdxReader {
 public:
  explicit IdxReader(const std::string& path) : file_(path), source_(open_source(file_)) {}

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
