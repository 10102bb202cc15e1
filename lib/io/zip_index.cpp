#include "io/zip_index.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace cnn {
namespace {

using namespace std::string_view_literals;

// Sizes of records without their texts, and what they begin with.
constexpr uint64_t kLocalBytes = 30, kEntryBytes = 46, kEndBytes = 22;
constexpr uint64_t kWideEndBytes = 56, kLocatorBytes = 20;
constexpr std::string_view kLocal = "PK\3\4"sv, kEntry = "PK\1\2"sv, kEnd = "PK\5\6"sv;
constexpr std::string_view kWideEnd = "PK\6\6"sv, kLocator = "PK\6\7"sv;

constexpr uint64_t kMaxComment = 65'535;
constexpr uint64_t kMaxDirectory = 100'000'000;
constexpr uint64_t kMaxMembers = 300'000;
constexpr uint32_t kInWide32 = 0xffff'ffff;  // the number is in the ZIP64 part
constexpr uint16_t kInWide16 = 0xffff, kWideId = 1;
constexpr uint16_t kEncrypted = 1, kStored = 0;

// Numbers in a record, by their place.
template <class T>
T number(std::string_view bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.substr(at, sizeof(T)).data(), sizeof(T));
  return value;
}

std::string read_bytes(const InputFile& file, uint64_t at, uint64_t size) {
  std::string bytes(size, '\0');
  file.read_at(at, bytes.data(), bytes.size());
  return bytes;
}

// Replaces those of the numbers that say so by the ZIP64 part of `extra`, where they stand in this
// order. False if that is too short.
bool widen(std::string_view extra, std::initializer_list<uint64_t*> numbers) {
  const auto is_wide = [](const uint64_t* n) { return *n == kInWide32; };
  if (std::none_of(numbers.begin(), numbers.end(), is_wide)) return true;
  constexpr size_t kHead = 4;
  while (extra.size() >= kHead) {
    const auto id = number<uint16_t>(extra, 0), size = number<uint16_t>(extra, 2);
    if (size > extra.size() - kHead) return false;
    std::string_view part = extra.substr(kHead, size);
    extra.remove_prefix(kHead + size);
    if (id != kWideId) continue;
    for (uint64_t* n : numbers) {
      if (!is_wide(n)) continue;
      if (part.size() < sizeof(uint64_t)) return false;
      *n = number<uint64_t>(part, 0);
      part.remove_prefix(sizeof(uint64_t));
    }
    return true;
  }
  return false;
}

}  // namespace

struct ZipIndex::Directory {
  uint64_t begin = 0, size = 0, members = 0;
  uint64_t at = 0;  // of the record that says so
};

ZipIndex::ZipIndex(const InputFile& file) : file_(file) { read_members(find_directory()); }

// The last record of the archive, behind which a comment may stand.
ZipIndex::Directory ZipIndex::find_directory() const {
  const uint64_t size = file_.size();
  const uint64_t tail_size = std::min(size, kEndBytes + kMaxComment);
  const std::string tail = read_bytes(file_, size - tail_size, tail_size);
  for (size_t at = tail.rfind(kEnd); at != std::string::npos;
       at = at == 0 ? std::string::npos : tail.rfind(kEnd, at - 1)) {
    const std::string_view record = std::string_view(tail).substr(at);
    if (record.size() < kEndBytes || number<uint16_t>(record, 20) != record.size() - kEndBytes) {
      continue;
    }
    Directory directory;
    directory.at = size - record.size();
    directory.members = number<uint16_t>(record, 10);
    directory.size = number<uint32_t>(record, 12);
    directory.begin = number<uint32_t>(record, 16);
    read_wide(directory.at, directory);
    if (directory.begin > directory.at || directory.size > directory.at - directory.begin) {
      fail(Exit::kInput, file_.path(),
           "at byte {}: the archive's directory is to begin at byte {} with {} bytes, the file has "
           "{}; it is damaged",
           directory.at, directory.begin, directory.size, size);
    }
    return directory;
  }
  fail(
      Exit::kInput, file_.path(),
      "at byte {}: a ZIP archive's directory is to stand before its end, and does not; the file is "
      "not whole",
      size);
}

void ZipIndex::read_wide(uint64_t end_record, Directory& directory) const {
  if (end_record < kLocatorBytes) return;
  const std::string locator = read_bytes(file_, end_record - kLocatorBytes, kLocatorBytes);
  if (!locator.starts_with(kLocator)) return;
  const auto at = number<uint64_t>(locator, 8);
  std::string record;
  if (at < end_record && end_record - at >= kWideEndBytes + kLocatorBytes) {
    record = read_bytes(file_, at, kWideEndBytes);
  }
  if (!record.starts_with(kWideEnd)) {
    fail(Exit::kInput, file_.path(),
         "at byte {}: the archive's ZIP64 record is to be at byte {} and is not; it is damaged",
         end_record - kLocatorBytes, at);
  }
  directory.at = at;
  if (directory.members == kInWide16) directory.members = number<uint64_t>(record, 32);
  if (directory.size == kInWide32) directory.size = number<uint64_t>(record, 40);
  if (directory.begin == kInWide32) directory.begin = number<uint64_t>(record, 48);
}

void ZipIndex::read_members(const Directory& directory) {
  if (directory.size > kMaxDirectory || directory.members > kMaxMembers) {
    fail(Exit::kInput, file_.path(),
         "at byte {}: the archive's directory has {} members in {} bytes; up to {} in {} are read",
         directory.at, directory.members, directory.size, kMaxMembers, kMaxDirectory);
  }
  const std::string bytes = read_bytes(file_, directory.begin, directory.size);
  std::string_view rest = bytes;
  for (uint64_t i = 0; i < directory.members; ++i) {
    const uint64_t at = directory.begin + (bytes.size() - rest.size());
    uint64_t name = 0, extra = 0, length = kEntryBytes;
    if (rest.size() >= kEntryBytes && rest.starts_with(kEntry)) {
      name = number<uint16_t>(rest, 28);
      extra = number<uint16_t>(rest, 30);
      length += name + extra + number<uint16_t>(rest, 32);
    }
    ZipMember member;
    bool good = length > kEntryBytes && length <= rest.size();
    if (good) {
      member.name = rest.substr(kEntryBytes, name);
      member.is_stored =
          (number<uint16_t>(rest, 8) & kEncrypted) == 0 && number<uint16_t>(rest, 10) == kStored;
      member.crc = number<uint32_t>(rest, 16);
      member.packed = number<uint32_t>(rest, 20);
      member.size = number<uint32_t>(rest, 24);
      member.header = number<uint32_t>(rest, 42);
      good = widen(rest.substr(kEntryBytes + name, extra),
                   {&member.size, &member.packed, &member.header});
    }
    if (!good) {
      fail(Exit::kInput, file_.path(),
           "at byte {}: the archive's directory is damaged: member {} of {} cannot be read", at, i,
           directory.members);
    }
    members_.push_back(std::move(member));
    rest.remove_prefix(length);
  }
  for (size_t i = 0; i < members_.size(); ++i) {
    if (by_name_.emplace(members_[i].name, i).second) continue;
    fail(Exit::kInput, file_.path(), "at byte {}: '{}' is in the archive twice", directory.begin,
         members_[i].name);
  }
}

const ZipMember* ZipIndex::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &members_[found->second];
}

uint64_t ZipIndex::begin(const ZipMember& member) const {
  if (!member.is_stored) {
    fail(Exit::kInput, file_.path(),
         "at byte {}: '{}' is compressed; members that are stored as they are are read: unpack the "
         "archive, and pack it with 'zip -0 -r'",
         member.header, member.name);
  }
  // Its own header has another extra part than the directory.
  const uint64_t size = file_.size();
  std::string header;
  if (member.header <= size && size - member.header >= kLocalBytes) {
    header = read_bytes(file_, member.header, kLocalBytes);
  }
  if (!header.starts_with(kLocal) || number<uint16_t>(header, 26) != member.name.size()) {
    fail(Exit::kInput, file_.path(),
         "at byte {}: '{}' is to begin here and does not; the archive is damaged", member.header,
         member.name);
  }
  const uint64_t begin =
      member.header + kLocalBytes + member.name.size() + number<uint16_t>(header, 28);
  if (member.packed != member.size || begin > size || member.size > size - begin) {
    fail(Exit::kInput, file_.path(),
         "at byte {}: '{}' has {} bytes, of which {} are packed here; the archive is damaged",
         member.header, member.name, member.size, member.packed);
  }
  return begin;
}

}  // namespace cnn
