#include "io/byte_source.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/error.h"

namespace cnn {
namespace {

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

}  // namespace

std::unique_ptr<ByteSource> open_byte_source(const InputFile& file) {
  constexpr std::array<uint8_t, 2> kGzipMagic = {0x1f, 0x8b};
  std::array<uint8_t, 2> start{};
  if (file.size() >= start.size()) file.read_at(0, start.data(), start.size());
  if (start == kGzipMagic) return std::make_unique<GzipSource>(file);
  return std::make_unique<PlainSource>(file);
}

std::string read_unpacked(const std::string& path, uint64_t limit) {
  const InputFile file(path);
  const std::unique_ptr<ByteSource> source = open_byte_source(file);
  constexpr size_t kBlock = size_t{1} << 20;
  std::string content;
  for (;;) {
    const size_t before = content.size();
    content.resize(before + kBlock);
    content.resize(before + source->read(reinterpret_cast<uint8_t*>(&content[before]), kBlock));
    if (content.size() > limit) {
      fail(Exit::kInput, path, "has more than {} bytes unpacked, the most that are read", limit);
    }
    if (content.size() < before + kBlock) return content;
  }
}

}  // namespace cnn
