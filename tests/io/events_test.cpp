#include "io/events.h"

#include <unistd.h>

#include <bit>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "support/catch.h"

using namespace cnn;

namespace {

class EventPath {
 public:
  EventPath()
      : path_(std::filesystem::temp_directory_path() /
              ("cnn-events-" + std::to_string(getpid()) + ".tfevents")) {
    std::filesystem::remove(path_);
  }
  ~EventPath() { std::filesystem::remove(path_); }
  std::string str() const { return path_; }
  std::string content() const {
    std::ifstream file(path_, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

 private:
  std::filesystem::path path_;
};

template <class T>
T fixed(const std::string& bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

// The payloads of a file of TFRecords, checksums verified.
std::vector<std::string> records(const std::string& bytes) {
  std::vector<std::string> found;
  for (size_t at = 0; at < bytes.size();) {
    const auto length = fixed<uint64_t>(bytes, at);
    CHECK(fixed<uint32_t>(bytes, at + 8) == masked_crc32c(bytes.substr(at, 8)));
    const std::string payload = bytes.substr(at + 12, length);
    CHECK(fixed<uint32_t>(bytes, at + 12 + length) == masked_crc32c(payload));
    found.push_back(payload);
    at += 16 + length;
  }
  return found;
}

}  // namespace

TEST_CASE("CRC-32C has the published check value") {
  CHECK(crc32c("123456789") == 0xe3069283);
  CHECK(crc32c("") == 0);
  CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aa);  // RFC 3720, B.4
}

TEST_CASE("events are records that TensorBoard reads") {
  const EventPath path;
  EventFile file(path.str(), 1.5);
  const std::vector<std::pair<std::string, double>> scalars = {{"train/loss", 0.25}, {"lr", 0.1}};
  file.add(300, 2.5, scalars);
  const std::vector<std::string> found = records(path.content());
  REQUIRE(found.size() == 2);
  std::string version("\x09", 1);  // field 1, eight bytes
  version += std::string(reinterpret_cast<const char*>(&(const double&)1.5), 8);
  version += std::string("\x1a\x0d") + "brain.Event:2";  // field 3, 13 bytes
  CHECK(found[0] == version);
  const auto value = [](const std::string& tag, float number) {
    std::string entry = std::string("\x0a") + static_cast<char>(tag.size()) + tag + "\x15";
    entry += std::string(reinterpret_cast<const char*>(&number), 4);
    return std::string("\x0a") + static_cast<char>(entry.size()) + entry;
  };
  const std::string summary = value("train/loss", 0.25f) + value("lr", 0.1f);
  std::string event("\x09", 1);
  event += std::string(reinterpret_cast<const char*>(&(const double&)2.5), 8);
  event += std::string("\x10\xac\x02\x2a", 4) + static_cast<char>(summary.size()) + summary;
  CHECK(found[1] == event);
}

TEST_CASE("events go on after what was there, and are cut back") {
  const EventPath path;
  uint64_t size = 0;
  {
    EventFile file(path.str(), 1);
    const std::vector<std::pair<std::string, double>> one = {{"a", 1}};
    file.add(1, 1, one);
    size = file.size();
    file.add(2, 1, one);
  }
  EventFile again(path.str(), 5);
  again.cut_to(size);
  const std::vector<std::pair<std::string, double>> two = {{"b", 2}};
  again.add(2, 6, two);
  CHECK(records(path.content()).size() == 3);
}
