// PictureSet: pictures in files, each with a class, a mask in another file, numbers, or nothing.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/data_options.h"
#include "data/dataset.h"
#include "data/picture_files.h"

namespace cnn {

struct PictureSetParts {
  FileList pictures;
  std::optional<FileList> masks;  // one a picture
  MaskValues mask_values;
  // One sample after another: class numbers if `is_class`, else any numbers; may be empty.
  std::vector<float> targets;
  bool is_class = true;
  std::string origin;  // of the targets, for messages; empty: the pictures' folder
};

// Exit::kInput if there are no pictures. With `skip_bad` every file is decoded once, and those
// with an error are left out.
std::shared_ptr<const Dataset> open_picture_set(PictureSetParts parts,
                                                const PictureSettings& settings,
                                                const DataOptions& options);

}  // namespace cnn
