// The texts of `cnn help`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cnn {

std::vector<std::string> command_names();
bool is_command(std::string_view word);
// `data` is both: `cnn help data` is the topic, `cnn data --help` the command.
bool is_topic(std::string_view word);

// What `cnn help` prints.
std::string overview();

// `cnn help layer conv`, `cnn help layers`, `cnn help training` ...: Exit::kUsage with a
// suggestion for an unknown topic.
std::string topic_help(const std::vector<std::string>& words);

}  // namespace cnn
