// Weights files: safetensors under the names and shapes that `cnn summary --json` lists. The
// metadata carry what prediction needs beside them: model, class names, input size, mean and
// standard deviation, the words of a vocabulary, the figures of `standardise`, the categories of
// columns of words. Files of torch.save are read, too.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/standardise.h"
#include "data/tone.h"
#include "data/transforms.h"
#include "data/vocabulary.h"
#include "graph/parameter_store.h"
#include "io/safetensors.h"
#include "model/vocabularies.h"
#include "model/weight_names.h"
#include "spec/model_spec.h"

namespace cnn {

struct WeightsInfo {
  std::string model;
  std::vector<std::string> class_names;
  std::vector<int64_t> input;   // C,H,W of the first input
  Normalization normalization;  // of that input
  // Of that input, if it is text; else null.
  std::shared_ptr<const TextVocabulary> vocabulary = nullptr;
  // Parameters that the file did not have, by number in the store; of load_weights() alone.
  std::vector<int> missing = {};
  std::vector<std::string> value_names = {};    // of a regression's numbers: columns of its table
  std::vector<std::string> input_names = {};    // of the first input's numbers, likewise
  std::vector<CategoryColumn> categories = {};  // those of its numbers that stand for words
  Standards standards = {};                     // of the first input and of targets, by field
  bool knows_normalization = false;             // the file, or the model's data map, says it
  PictureLook look = {};                        // of pictures that it is shown
  Vocabularies vocabularies = {};               // of all fields that are text, targets too
};

// Writes through AtomicFile, with a checksum per tensor.
void save_weights(const std::string& path, const ParameterStore& store, const WeightsInfo& info);

struct LoadWeightsOptions {
  bool allow_non_finite = false;
  // Loads what fits and lists the rest as a warning; the parameters that the file does not have
  // keep their values. A file whose weights fit a part of the network alone (a pretrained body) is
  // loaded into that part. Exit::kInput if nothing fits.
  bool partial = false;
  // Of commands that run a network and do not train it. Weights of layers that exist in training
  // only (auxiliary heads) are then no surprise; and what a file of another tool does not say, how
  // pixels are normalised and what classes are called, the model's data map does. What the command
  // line says of that (data.mean=0.5) goes before both.
  const ModelSpec* model = nullptr;
};

// Exit::kInput, listing up to ten each, if tensors are missing, left over or of another shape; then
// nothing is loaded. `num_batches_tracked` is ignored, and so is what PyTorch's wrappers put before
// all names ("module."), with a note. Returns what the metadata say; a file of another tool has
// none.
WeightsInfo load_weights(const std::string& path, ParameterStore& store,
                         const LoadWeightsOptions& options = {});
WeightsInfo read_weights_info(const std::string& path);

// A parameter's axes in files.
std::vector<int64_t> file_sizes(const Parameter& parameter);

// The steps of the above for files that hold weights among other things, under `prefix`.
void add_weights(SafetensorsWriter& writer, const ParameterStore& store, const std::string& prefix);
void check_weights(const TensorReader& file, const ParameterStore& store,
                   const std::string& prefix);
// Those that the file has in the right shape.
void read_weights(const TensorReader& file, ParameterStore& store, const WeightNames& names);

}  // namespace cnn
