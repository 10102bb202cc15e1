// Standardise: numbers brought to mean 0 and deviation 1, those of the training samples.
//
//   standardise: true       # the inputs and the targets; or inputs, or targets
//   standardise: {image: {mean: [3.1, 80], std: [1, 20]}, target: {mean: [3e5], std: [8e4]}}
//
// The second form has the figures of each field, by channel: what a run keeps, so that whoever
// reads its map measures nothing.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "data/dataset.h"
#include "spec/options.h"
#include "tensor/field.h"

namespace cnn {

using Standards = std::map<std::string, Standard>;  // by field

struct Standardise {
  bool inputs = false;   // are to be measured
  bool targets = false;  // likewise
  Standards known = {};  // else
  Mark mark = {};

  bool is_set() const { return inputs || targets || !known.empty(); }
  bool has_inputs(const std::string& input_name) const {
    return inputs || known.count(input_name) > 0;
  }
};
CNN_OPTION_TYPE(Standardise);

// Whether a data map has the figures, so that nothing is measured.
bool has_figures(const Node& data);

// Mean and deviation (of all samples, not of a draw: squares over N) of the fields that are wanted,
// by channel: sums in double, in the order of the samples, one pass. A channel that is constant has
// deviation 1, with a warning; numbers that stand for words stay as they are. Exit::kSpec if a
// field has no plain numbers, Exit::kInput for one that is not finite.
Standards measure_standards(const DataView& train, const Standardise& wanted);

// The data set with these fields standardised. Exit::kSpec if it has no such field, or not as many
// channels.
std::shared_ptr<const Dataset> standardised(std::shared_ptr<const Dataset> dataset,
                                            const Standardise& figures);

// What has become of a table's columns: "3 standardised numbers and 5 categories of 'district';
// standardised to tell: 'price' (mean 3.45e+05, deviation 1.42e+05)"; empty if they are as they
// stand there.
std::string columns_text(const Dataset& dataset);

}  // namespace cnn
