// The images under one folder, one folder a class, as a data set.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/data_options.h"
#include "data/dataset.h"

namespace cnn {

struct ImageFolderSettings {
  PictureSize size;  // not set: of the first image
  int64_t channels = 3;
  int64_t cache_mib = 1024;
  bool skip_bad = false;
};

// The names of the folders in `root`, sorted. Exit::kInput if there are none.
std::vector<std::string> class_folders(const std::string& root);

// The files under `folder`, at any depth, sorted by path; hidden ones are left out.
std::vector<std::string> files_under(const std::string& folder);

// `options.classes` has the names: a folder of another name is Exit::kInput. Images are decoded
// when they are read, by whichever thread reads; with a cache once only.
std::shared_ptr<const Dataset> open_image_folder(const std::string& root,
                                                 const ImageFolderSettings& settings,
                                                 const DataOptions& options);

}  // namespace cnn
