// What a list of `layers` understands beside layer types: structures, and the keys of every item.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace cnn {

// An op that is no layer, and what `cnn help` says of it.
struct Structure {
  const char* name;
  const char* summary;
  const char* example;  // a model-file item or two
  const char* details;
};
std::span<const Structure> structures();

// A key that every item may have, whatever its op is.
struct CommonKey {
  const char* name;
  const char* help;
};
std::span<const CommonKey> common_keys();

// What is to be written for another tool's name of such a key: "activation" is "it is called 'act'
// here"; empty for words that nobody knows.
std::string meant_common_key(std::string_view word);

}  // namespace cnn
