// The strict YAML reader: what yaml-cpp accepts silently and people do not mean is an error here,
// with its place: duplicate keys, merge keys, tags, second documents, unterminated quotes, alias
// cycles and bombs, octal-looking and non-finite numbers, depth beyond 64, files beyond 4 MB.
// The only user of yaml-cpp.
#pragma once

#include <string>

#include "spec/node.h"

namespace cnn {

// Exit::kInput if the file cannot be read (missing, directory, device), Exit::kSpec for its
// content.
Node load_yaml(const std::string& path);

// Parses `source.text`. Problems throw at once: a text that is not YAML has no second error.
Node parse_yaml(std::shared_ptr<const Source> source);

}  // namespace cnn
