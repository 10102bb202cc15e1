// The steps of load_model: files with their `include` and `extends`, then the command line.
#pragma once

#include <string>
#include <vector>

#include "spec/model_spec.h"

namespace cnn {

// A model file as one map: includes spliced in, what it extends merged under it.
Node load_merged_file(const std::string& path, const Vocabulary& vocabulary);

// Puts "key.path=value" overrides over the map. A path is applied after the shorter ones, so their
// order does not matter. Problems of form throw at once (Exit::kUsage), others are reported.
void apply_overrides(Node& root, const std::vector<std::string>& overrides,
                     const std::string& model_path, const Vocabulary& vocabulary,
                     Diagnostics& diagnostics);

// The map of a data set's file, with `root`, the folder of relative paths in it. Looked for from
// the file that the name stands in, then from the model's; a model is never its own data set.
Node load_data_file(const Node& name, const std::string& model_path);
bool has_data_file(const Node& name, const std::string& model_path);
// The folder, table or text that a word stands for where it names no data set; else empty.
std::string undescribed_data(const Node& name, const std::string& model_path);

std::vector<std::string> top_level_keys();
// The key that is meant by a word of another tool ("lr": "train.lr"); "" if it is none of those.
std::string meant_key(std::string_view word);

}  // namespace cnn
