// Standard input, `-` on a command line: one file, whatever it holds.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace cnn {

// Reads all of it. A path under which the bytes can be read until the end. Exit::kInput if there
// are none.
std::string standard_input_file();

// Messages about that path say `-`.
std::string shown_place(const std::string& place);
Error with_shown_places(const Error& error);

// Lines without their ends, "\n" or "\r\n".
std::vector<std::string> text_lines(std::string_view text);

}  // namespace cnn
