// Files of text, plain or gzipped: whole, or line by line. What stands before a text to say that it
// is one (a byte order mark) is left out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cnn {

// All of a file. Exit::kInput if it is empty or, `as_bytes` apart, "FILE: at byte N: no UTF-8 ...".
std::string read_text_file(const std::string& path, bool as_bytes = false);

// Its lines, without their ends ("\n" or "\r\n"); errors likewise.
std::vector<std::string> read_text_lines(const std::string& path);

// Exit::kInput for what is no UTF-8: `place`, a file or what stands for one, and the byte.
void check_utf8(std::string_view text, const std::string& place);

}  // namespace cnn
