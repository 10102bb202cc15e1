// DataFormat: one way in which data sets are stored. A format is one file here, NAME_format.cpp,
// that defines its entry NAME_format, and a line in formats.def.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/data_options.h"
#include "data/dataset.h"

namespace cnn {

class DataFormat {
 public:
  virtual ~DataFormat() = default;
  // The format's own keys; the common ones are declared already, and their defaults may be set.
  virtual void declare(Options& o) = 0;
  virtual bool has_test() const = 0;
  // `val` is a folder or a map: false if the format does not know such; reports what is wrong
  // inside.
  virtual bool read_validation([[maybe_unused]] Diagnostics& diagnostics) { return false; }
  // For formats that make their samples up: the keys of the map that make them such as a network
  // reads, inputs first. Nothing if they cannot be.
  virtual std::optional<std::vector<Entry>> keys_for(
      [[maybe_unused]] std::span<const Field> wanted) const {
    return std::nullopt;
  }
  // Keys that the map may leave to the network: those that it has not, as these fields want them,
  // inputs first.
  virtual std::vector<Entry> follows([[maybe_unused]] std::span<const Field> wanted) const {
    return {};
  }
  // True if a share of the training files for validation is the format's own choice: open() parts
  // them. Else samples are drawn.
  virtual bool holds_out_itself() const { return false; }
  // True if validation is opened as a split of its own; else it is drawn from the training samples.
  bool has_validation() const {
    return !common.val.is_number() || (holds_out_itself() && common.val.value > 0);
  }
  // All samples of the files of a split.
  virtual std::shared_ptr<const Dataset> open(Split split) const = 0;

  DataOptions common;
};

struct DataFormatType {
  const char* name;
  const char* help;  // one line
  std::unique_ptr<DataFormat> (*make)();
};

// In the order of formats.def.
std::span<const DataFormatType> data_formats();

}  // namespace cnn
