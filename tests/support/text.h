// Looking at texts that tests get.
#pragma once

#include <cassert>
#include <string>
#include <string_view>

namespace cnn {

inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// `text` with its first `part` replaced; the part must be there.
inline std::string replaced(std::string text, std::string_view part, std::string_view with) {
  const size_t at = text.find(part);
  assert(at != std::string::npos);
  return text.replace(at, part.size(), with);
}

}  // namespace cnn
