// Where the files of a data set are.
#pragma once

#include <string>

#include "data/data_options.h"

namespace cnn {

// The file that `path` means. A relative one is looked up under $CNN_DATA, then under `root`, by
// default the folder of the file that it stands in; one given on the command line first as the
// shell means it. Exit::kInput if it is nowhere: says where it was looked for, how to fetch it, and
// that `--data digits` needs no files.
std::string find_data_path(const DataPath& path, const DataOptions& options);

// The same for a folder.
std::string find_data_folder(const DataPath& path, const DataOptions& options);

// Changes when the file does: its size and its first and last 64 KiB.
std::string file_stamp(const std::string& path);

}  // namespace cnn
