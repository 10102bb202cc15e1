// Pictures for the tests of this folder, in folders of classes.
#pragma once

#include <filesystem>

#include "io/image.h"
#include "support.h"

namespace cnn {

// Every byte is `value`.
inline Image flat_image(int64_t height, int64_t width, int64_t channels, uint8_t value) {
  return {height, width, channels,
          std::vector<uint8_t>(static_cast<size_t>(height * width * channels), value)};
}

// Writes FOLDER/NAME as PNG; the name may have folders.
inline void add_image(const TemporaryFolder& folder, const std::string& name, const Image& image) {
  std::filesystem::create_directories(std::filesystem::path(folder.str(name)).parent_path());
  write_png(folder.str(name), image);
}

}  // namespace cnn
