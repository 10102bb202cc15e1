// Standard input, `-` on a command line: paths or texts, one a line, or one file's bytes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cnn {

struct StandardInput {
  std::string file;                // a path under which the bytes can be read until the end; or
  std::vector<std::string> lines;  // its lines
};

// Lines without their ends, "\n" or "\r\n".
std::vector<std::string> text_lines(std::string_view text);

// Reads all of it. A picture, an npy array or an idx file is known by its first bytes. Exit::kInput
// if there is nothing.
StandardInput read_standard_input();

}  // namespace cnn
