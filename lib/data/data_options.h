// What every data map may say, whatever its format, and the types of such options.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/transforms.h"
#include "spec/options.h"

namespace cnn {

// A file or folder as it was written, and what relative ones are relative to.
struct DataPath {
  std::string text;
  std::string directory;  // of the file that it stands in
  bool from_command_line = false;

  bool empty() const { return text.empty(); }
};

// One number for all channels, or one a channel.
struct ChannelNumbers {
  std::vector<double> values;
};

// A number of samples, a fraction of them, or a folder of their own.
struct Share {
  double value = 0;
  DataPath folder;
  int64_t of(int64_t count) const;
};

// How many classes, or their names.
struct ClassList {
  int64_t count = 0;  // 0: not said
  std::vector<std::string> names;
};

// Of a picture, in pixels; 0: not said.
struct PictureSize {
  int64_t height = 0;
  int64_t width = 0;
  bool is_set() const { return height > 0; }
};

// What is drawn anew for every sample of training: see augmentation.h.
struct AugmentOptions {
  PictureSize crop;
  int64_t pad = 0;
  bool flip = false;
  bool is_set() const { return crop.is_set() || pad > 0 || flip; }
  void declare(Options& o);
};

CNN_OPTION_TYPE(DataPath);
CNN_OPTION_TYPE(ChannelNumbers);
CNN_OPTION_TYPE(Share);
CNN_OPTION_TYPE(ClassList);
CNN_OPTION_TYPE(PictureSize);
CNN_OPTION_TYPE(AugmentOptions);

struct DataOptions {
  std::string name;
  std::string about;
  DataPath root;
  ClassList classes;
  std::string input_name = "image";
  std::string target_name;  // empty: by the targets' type
  ChannelNumbers mean{{0}};
  ChannelNumbers std{{1}};
  double scale = 1;
  std::optional<int64_t> ignore;
  bool shuffle = true;
  Share val;
  std::optional<int64_t> limit;
  AugmentOptions augment;
  Node files;    // for scripts/get_data.sh
  Node mirrors;  // likewise

  void declare(Options& o);
  // Exit::kSpec if mean or std has neither 1 nor `channels` numbers.
  Normalization normalization(int64_t channels) const;
};

}  // namespace cnn
