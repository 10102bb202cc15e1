// Options that formats of texts share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "data/text_units.h"
#include "spec/options.h"

namespace cnn {

// `unit: word`; help shows `usual`, the value that the target has.
void declare_unit(Options& o, TextUnit& unit, TextUnit usual);

// A number for all texts of a sample, or one a field: 8000, {source: 8000, target: 6000}.
struct NumbersByField {
  std::optional<int64_t> all;
  std::vector<std::pair<std::string, int64_t>> by_field;

  std::optional<int64_t> of(std::string_view field) const;
  bool is_set() const { return all || !by_field.empty(); }
};
CNN_OPTION_TYPE(NumbersByField);

}  // namespace cnn
