// What the texts of `cnn help` and the reference pages are made of.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "spec/options.h"

namespace cnn {

// Text broken into lines between words; '\n' ends a paragraph.
std::string wrapped(std::string_view text, std::string_view indent);
std::string indented(std::string_view text, std::string_view indent);
std::string without_ticks(std::string text);

// One option, in words.
struct OptionRow {
  std::string name, type, fallback, meaning;
};
// `op`: the key that the primary option is the value of; empty: there is none.
std::vector<OptionRow> option_rows(const Options& options, std::string_view op);
// Aligned columns.
std::string option_table(const std::vector<OptionRow>& rows, std::string_view indent = "  ");

}  // namespace cnn
