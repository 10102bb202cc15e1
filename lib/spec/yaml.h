// The strict YAML reader: what yaml-cpp accepts silently and people do not mean is an error here,
// with its place: duplicate keys, merge keys, tags, second documents, unterminated quotes, alias
// cycles and bombs, octal-looking and non-finite numbers, depth beyond 64, files beyond 4 MB.
// The only user of yaml-cpp.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "spec/node.h"

namespace cnn {

// Exit::kInput if the file cannot be read (missing, directory, device), Exit::kSpec for its
// content.
Node load_yaml(const std::string& path);

// Parses `source.text` behind its first `skip` bytes (the "key=" of the command line). A syntax
// error throws at once, as a text that is not YAML has no second error; the others are collected,
// and thrown at the end.
Node parse_yaml(std::shared_ptr<const Source> source, size_t skip = 0);

}  // namespace cnn
