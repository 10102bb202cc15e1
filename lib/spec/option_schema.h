// OptionSchema: what an option takes, told to tools: the JSON schema of model files and the flags
// of `cnn viz` are made of it. OptionType<T>::name() says the same to people.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace cnn {

struct OptionSchema {
  enum class Kind {
    kAny,  // nothing is said of it
    kInteger,
    kNumber,
    kBoolean,
    kText,
    kWords,        // one of `words`
    kList,         // of `parts[0]`
    kMap,          // of any keys; the values are `parts[0]`
    kOneOf,        // one of `parts`
    kInitializer,  // a word or map as under `init`
  };
  Kind kind = Kind::kAny;
  std::vector<std::string> words = {};
  std::vector<OptionSchema> parts = {};
  int64_t length = 0;  // of a list; 0: any

  static OptionSchema any() { return {}; }
  static OptionSchema integer() { return {Kind::kInteger}; }
  static OptionSchema number() { return {Kind::kNumber}; }
  static OptionSchema boolean() { return {Kind::kBoolean}; }
  static OptionSchema text() { return {Kind::kText}; }
  static OptionSchema initializer() { return {Kind::kInitializer}; }
  static OptionSchema one_word_of(std::vector<std::string> words) {
    return {Kind::kWords, std::move(words)};
  }
  static OptionSchema list_of(OptionSchema item, int64_t length = 0) {
    return {Kind::kList, {}, {std::move(item)}, length};
  }
  static OptionSchema map_of(OptionSchema value) { return {Kind::kMap, {}, {std::move(value)}}; }
  static OptionSchema one_of(std::vector<OptionSchema> alternatives) {
    return {Kind::kOneOf, {}, std::move(alternatives)};
  }
};

}  // namespace cnn
