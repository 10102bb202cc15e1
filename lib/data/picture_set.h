// PictureSet: pictures in files, each with a mask in another file, classes, numbers, points and
// boxes, or nothing.
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
  // Points and boxes are places in the pictures as they are in the files.
  std::vector<FieldNumbers> targets;
  std::string origin;  // of the targets, for messages; empty: the pictures' folder
};

// The fields are the picture, the mask, the targets; points and boxes are brought to the size of
// the pictures that are read. The classes of the options are those of labels if there are such,
// else those of the masks. Exit::kInput if there are no pictures. With `skip_bad` every file is
// decoded once, and those with an error are left out.
std::shared_ptr<const Dataset> open_picture_set(PictureSetParts parts,
                                                const PictureSettings& settings,
                                                const DataOptions& options);

}  // namespace cnn
