// A light scan of YAML text ahead of the real parser, for what that parser hides or cannot bound:
// bytes that are no text, tabs in indentation, bracket bombs (the parser buffers whole lines), and
// the place of a bracket or quote that is never closed.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace cnn {

struct ScanProblem {
  size_t offset = 0;  // into the text
  std::string problem;
  std::string remedy = "";
};

struct ScanResult {
  std::optional<ScanProblem> fatal;     // certain
  std::optional<ScanProblem> unclosed;  // explains a failure of the parser, if it fails
};

ScanResult scan_yaml(std::string_view text);

}  // namespace cnn
