// What a ZIP archive holds, by the directory at its end: names, and where the bytes of members that
// are stored as they are begin. With ZIP64, for archives over 4 GiB. Layout: PKWARE's APPNOTE.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/files.h"

namespace cnn {

struct ZipMember {
  std::string name;
  uint64_t size = 0;
  uint64_t packed = 0;  // bytes in the archive
  uint32_t crc = 0;     // CRC-32 of its bytes; 0 is what tools write that do not compute it
  uint64_t header = 0;  // the byte where its own header begins
  bool is_stored = true;
};

class ZipIndex {
 public:
  // Exit::kInput, "FILE: at byte N: ...", for what is no whole archive, and for more than 300,000
  // members. The file is borrowed.
  explicit ZipIndex(const InputFile& file);
  ZipIndex(const ZipIndex&) = delete;
  ZipIndex& operator=(const ZipIndex&) = delete;

  const std::vector<ZipMember>& members() const { return members_; }
  const ZipMember* find(std::string_view name) const;  // null if there is none
  // The byte where its content begins; all `size` bytes of it are within the file. Exit::kInput if
  // it is compressed, or its own header says otherwise than the directory.
  uint64_t begin(const ZipMember& member) const;

 private:
  struct Directory;
  Directory find_directory() const;
  void read_wide(uint64_t end_record, Directory& directory) const;
  void read_members(const Directory& directory);

  const InputFile& file_;
  std::vector<ZipMember> members_;
  std::unordered_map<std::string_view, size_t> by_name_;
};

}  // namespace cnn
