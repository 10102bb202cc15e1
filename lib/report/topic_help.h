// The pages of `cnn help TOPIC` about the model file, made from the tables that its reader uses.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cnn {

// "layers", "data", "optimizers" ..., in the order in which they are listed.
std::vector<std::string> help_topics();
// Nothing for a word that is no topic; other spellings ("initializers", "metric") are.
std::optional<std::string> topic_text(std::string_view topic);

// The page of a layer or of a structure, `conv` or `seq`; nothing for another word.
std::optional<std::string> op_help(std::string_view name);
// What op_help() knows.
std::vector<std::string> op_names();

}  // namespace cnn
