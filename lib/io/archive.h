// Archives, as far as telling people what to do with them: they are not unpacked here.
#pragma once

#include <string>

namespace cnn {

// True of names that end as tar archives, gzipped or not, and ZIP files do.
bool is_archive_name(const std::string& path);

// The name of the first member of a tar (gzipped or not) or ZIP file; empty if it cannot be read.
std::string first_member(const std::string& path);

// The command that unpacks it into a folder.
std::string unpack_command(const std::string& path, const std::string& folder);

}  // namespace cnn
