// What every data map may say, whatever its format, and the types of such options.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "data/augment_options.h"
#include "data/border_weights.h"
#include "data/standardise.h"
#include "data/tone.h"
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

// A number of samples, a fraction of them, a folder of their own, or files as `train` has them.
struct HeldOut {
  double value = 0;
  DataPath folder;
  Node files;
  bool is_number() const { return folder.empty() && files.is_null(); }
  int64_t of(int64_t count) const;
};

// How many classes, or their names.
struct ClassList {
  int64_t count = 0;  // 0: not said
  std::vector<std::string> names;
};

// What classes are called for people, where their folders or codes are called otherwise.
struct ClassTitles {
  std::map<std::string, std::string> by_name;  // of a class without a name, by its number
  // Of these classes in their order; where neither names nor count are known, all in the order of
  // folders. Classes without a title keep their names.
  std::vector<std::string> of(const ClassList& classes) const;
};

CNN_OPTION_TYPE(Colour);  // a grey value, or one by channel
CNN_OPTION_TYPE(DataPath);
CNN_OPTION_TYPE(ChannelNumbers);
CNN_OPTION_TYPE(HeldOut);
CNN_OPTION_TYPE(ClassList);
CNN_OPTION_TYPE(ClassTitles);

struct DataOptions {
  std::string name;
  std::string about;
  DataPath root;
  ClassList classes;
  ClassTitles titles;
  std::string input_name = "image";
  std::string target_name;  // empty: by the targets' type
  ChannelNumbers mean{{0}};
  ChannelNumbers std{{1}};
  double scale = 1;
  Standardise standardise;
  Invert invert = Invert::kNo;
  Colour background = Colour::white();
  std::optional<int64_t> ignore;
  bool shuffle = true;
  HeldOut val;
  bool stratify = true;
  std::optional<int64_t> limit;
  AugmentOptions augment;
  PictureSize patches;
  PictureSize target_crop;
  std::optional<BorderWeights> border_weights;
  std::string stand_in = "digits";  // no key: generated data that would do as well, for messages
  Node files;                       // for scripts/get_data.sh
  Node mirrors;                     // likewise

  void declare(Options& o);
  // With `invert: true` that of negatives. Exit::kSpec if mean or std has neither 1 nor `channels`
  // numbers.
  Normalization normalization(int64_t channels) const;
};

}  // namespace cnn
