#include "io/safetensors.h"

#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "io/safetensors_header.h"

namespace cnn {
namespace {

constexpr uint64_t kLengthBytes = 8;
constexpr uint64_t kMaxHeader = 100'000'000;
constexpr size_t kChunk = size_t{1} << 18;  // numbers per write

uint32_t crc(uint32_t start, const void* data, size_t size) {
  if (size == 0) return start;  // zlib would begin anew for a null pointer
  return static_cast<uint32_t>(crc32_z(start, static_cast<const Bytef*>(data), size));
}

std::string hex(uint32_t value) { return fmt::format("{:08x}", value); }

}  // namespace

SafetensorsReader::SafetensorsReader(const std::string& path) : TensorReader(path) {
  std::vector<SafeTensor> tensors = read_header();
  take_checksums(tensors);
  take_tensors(std::move(tensors));
}

std::vector<SafeTensor> SafetensorsReader::read_header() {
  if (file_.size() < kLengthBytes) {
    fail(Exit::kInput, path(), "at byte 0: has {} bytes, a safetensors file begins with 8",
         file_.size());
  }
  uint64_t length = 0;
  file_.read_at(0, &length, sizeof(length));
  if (length > kMaxHeader || length > file_.size() - kLengthBytes) {
    fail(Exit::kInput, path(),
         "at byte 0: the header's length is {}, the file has {} bytes (headers up to 100 MB are "
         "read); is it a whole safetensors file, or one of torch.save?",
         length, file_.size());
  }
  std::string text(length, '\0');
  file_.read_at(kLengthBytes, text.data(), text.size());
  detail::SafetensorsHeader header = detail::parse_safetensors_header(text, path());
  std::vector<SafeTensor> tensors = std::move(header.tensors);
  metadata_ = std::move(header.metadata);
  std::stable_sort(tensors.begin(), tensors.end(), [](const SafeTensor& a, const SafeTensor& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  check_layout(tensors, kLengthBytes + length);
  for (SafeTensor& t : tensors) {
    t.begin += kLengthBytes + length;
    t.end += kLengthBytes + length;
  }
  return tensors;
}

// Offsets count from data_begin here.
void SafetensorsReader::check_layout(const std::vector<SafeTensor>& tensors,
                                     uint64_t data_begin) const {
  const uint64_t data_bytes = file_.size() - data_begin;
  uint64_t expected = 0;
  for (const SafeTensor& t : tensors) {
    if (t.begin > t.end || t.end > data_bytes) {
      fail(Exit::kInput, path(),
           "at byte {}: tensor '{}' covers bytes {} to {} of the data, the file has {}; the file "
           "is not whole",
           data_begin, t.name, t.begin, t.end, data_bytes);
    }
    const uint64_t bytes = static_cast<uint64_t>(t.count) * dtype_bytes(t.dtype);
    if (t.end - t.begin != bytes) {
      fail(Exit::kInput, path(), "at byte {}: tensor '{}' has {} bytes, its shape in {} takes {}",
           data_begin + t.begin, t.name, t.end - t.begin, t.dtype, bytes);
    }
    if (t.begin != expected) {
      fail(Exit::kInput, path(), "at byte {}: tensor '{}' {}", data_begin + t.begin, t.name,
           t.begin < expected ? "overlaps the one before it" : "comes after a hole");
    }
    expected = t.end;
  }
  if (expected != data_bytes) {
    fail(Exit::kInput, path(), "at byte {}: {} bytes after the last tensor", data_begin + expected,
         data_bytes - expected);
  }
}

void SafetensorsReader::take_checksums(const std::vector<SafeTensor>& tensors) {
  std::unordered_map<std::string, uint32_t> sums;
  for (auto it = metadata_.begin(); it != metadata_.end();) {
    if (!it->first.starts_with(detail::kChecksumPrefix)) {
      ++it;
      continue;
    }
    uint32_t value = 0;
    const std::string& text = it->second;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || hex(value) != text) {
      fail(Exit::kInput, path(), "at byte {}: checksum '{}' is '{}', expected 8 hexadecimal digits",
           kLengthBytes, it->first, text);
    }
    sums.emplace(it->first, value);
    it = metadata_.erase(it);
  }
  if (sums.empty()) return;  // written by another tool
  const auto take = [&](const std::string& key) -> uint32_t {
    const auto found = sums.find(key);
    if (found == sums.end()) {
      fail(Exit::kInput, path(), "at byte {}: the checksum '{}' is missing; the header is damaged",
           kLengthBytes, key);
    }
    const uint32_t value = found->second;
    sums.erase(found);
    return value;
  };
  if (take(std::string(detail::kMetadataChecksum)) != detail::metadata_checksum(metadata_)) {
    fail(Exit::kInput, path(),
         "at byte {}: checksum of the metadata differs; the header is damaged", kLengthBytes);
  }
  for (const SafeTensor& t : tensors) {
    const std::string prefix = detail::checksum_prefix(t);
    checksums_[t.name] = {crc(0, prefix.data(), prefix.size()),
                          take(std::string(detail::kChecksumPrefix) + t.name)};
  }
  if (!sums.empty()) {
    fail(Exit::kInput, path(), "at byte {}: checksum '{}' belongs to no tensor of the file",
         kLengthBytes, sums.begin()->first);
  }
}

void SafetensorsWriter::set_metadata(const std::string& key, std::string value) {
  CNN_ASSERT(!key.empty() && !key.starts_with(detail::kChecksumPrefix));
  metadata_[key] = std::move(value);
}

void SafetensorsWriter::add(std::string name, std::vector<int64_t> shape,
                            std::span<const float> values) {
  add(std::move(name), std::move(shape), Fill());
  items_.back().values = values;
  CNN_ASSERT(items_.back().count == values.size());
}

void SafetensorsWriter::add(std::string name, std::vector<int64_t> shape, Fill fill) {
  uint64_t count = 1;
  for (const int64_t n : shape) {
    CNN_ASSERT(n >= 0);
    count *= static_cast<uint64_t>(n);
  }
  items_.push_back({std::move(name), std::move(shape), count, {}, std::move(fill)});
}

std::string SafetensorsWriter::header(const std::vector<uint32_t>& checksums) const {
  detail::SafetensorsHeader header;
  header.metadata = metadata_;
  header.metadata[std::string(detail::kMetadataChecksum)] =
      hex(detail::metadata_checksum(metadata_));
  uint64_t offset = 0;
  for (size_t i = 0; i < items_.size(); ++i) {
    const Item& item = items_[i];
    const uint64_t bytes = item.count * sizeof(float);
    const bool first =
        header.metadata.emplace(std::string(detail::kChecksumPrefix) + item.name, hex(checksums[i]))
            .second;
    CNN_ASSERT(first);
    header.tensors.push_back(
        {item.name, "F32", item.shape, static_cast<int64_t>(item.count), offset, offset + bytes});
    offset += bytes;
  }
  return detail::write_safetensors_header(header);
}

void SafetensorsWriter::write(const std::string& path) const {
  // The sums are known last: the header is written twice, with the same length.
  std::vector<uint32_t> checksums(items_.size(), 0);
  AtomicFile file(path);
  const uint64_t length = header(checksums).size();
  file.write(&length, sizeof(length));
  file.write(header(checksums));
  std::vector<float> filled;
  for (size_t i = 0; i < items_.size(); ++i) {
    const Item& item = items_[i];
    const std::string prefix = detail::checksum_prefix({item.name, "F32", item.shape, 0, 0, 0});
    uint32_t sum = crc(0, prefix.data(), prefix.size());
    const auto write_numbers = [&](std::span<const float> numbers) {
      sum = crc(sum, numbers.data(), numbers.size_bytes());
      file.write(numbers.data(), numbers.size_bytes());
    };
    if (!item.fill) write_numbers(item.values);
    for (uint64_t first = 0; item.fill && first < item.count; first += kChunk) {
      filled.resize(std::min<uint64_t>(kChunk, item.count - first));
      item.fill(static_cast<int64_t>(first), filled);
      write_numbers(filled);
    }
    checksums[i] = sum;
  }
  const std::string text = header(checksums);
  CNN_ASSERT(text.size() == length);
  file.write_at(kLengthBytes, text.data(), text.size());
  file.commit();
}

}  // namespace cnn
