// cnn: runs the executable `cnn-COMMAND` that stands beside it, and prints help.

#include <limits.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "command.h"
#include "help.h"
#include "version.h"

namespace cnn {
namespace {

std::string folder_of_this_executable() {
  char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof(path));
  if (length <= 0) return ".";
  const std::string whole(path, static_cast<size_t>(length));
  return whole.substr(0, whole.rfind('/'));
}

int run_sibling(const std::string& command, std::vector<char*> arguments) {
  const std::string path = folder_of_this_executable() + "/cnn-" + command;
  std::string name = path;
  arguments.insert(arguments.begin(), name.data());
  arguments.push_back(nullptr);
  execv(path.c_str(), arguments.data());
  std::fprintf(stderr, "error: %s: %s\n", escaped(path).c_str(), std::strerror(errno));
  return static_cast<int>(Exit::kInput);
}

int help(const std::vector<std::string>& topic) {
  if (topic.empty()) {
    print_result(overview());
    return 0;
  }
  if (is_command(topic[0]) && !(topic.size() == 1 && is_topic(topic[0]))) {
    std::vector<std::string> words(topic.begin() + 1, topic.end());  // cnn help viz curves
    words.emplace_back("--help");
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    return run_sibling(topic[0], arguments);
  }
  print_result(topic_help(topic));
  return 0;
}

// What other tools call our commands.
std::string meant_command(const std::string& word) {
  static const std::map<std::string, std::string> kOthers = {
      {"val", "test"},          {"validate", "test"},    {"eval", "test"},
      {"evaluate", "test"},     {"fit", "train"},        {"detect", "predict"},
      {"infer", "predict"},     {"classify", "predict"}, {"segment", "predict"},
      {"models", "summary"},    {"info", "summary"},     {"plot", "viz"},
      {"visualize", "viz"},     {"benchmark", "time"},   {"profile", "time"},
      {"schema", "spec schema"}};
  const auto found = kOthers.find(word);
  return found == kOthers.end() ? "" : found->second;
}

[[noreturn]] void unknown_command(const std::string& word) {
  std::string remedy = "; see cnn help";
  if (const std::string meant = meant_command(word); !meant.empty()) {
    remedy = "; did you mean '" + meant + "'?";
  } else if (word == "export") {
    remedy = "; weights are safetensors as they are: RUN/weights/best.safetensors";
  } else if (word.size() > 5 && word.ends_with(".yaml")) {
    remedy = "; did you mean 'cnn train " + word + "'?";
  } else if (const auto near = nearest(word, command_names())) {
    remedy = "; did you mean '" + *near + "'?";
  }
  fail(Exit::kUsage, "", "unknown command '{}'{}", word, remedy);
}

int run(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.empty()) {
    std::fputs(overview().c_str(), stderr);
    return static_cast<int>(Exit::kUsage);
  }
  if (words[0] == "help" || words[0] == "--help" || words[0] == "-h") {
    return help({words.begin() + 1, words.end()});
  }
  if (words[0] == "--version" || words[0] == "version") {
    print_result(std::string("cnn ") + kVersion + "\n");
    return 0;
  }
  if (is_command(words[0])) return run_sibling(words[0], {argv + 2, argv + argc});
  unknown_command(words[0]);
}

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const Error& error) {
    std::fputs(error.what(), stderr);
    return static_cast<int>(error.code());
  }
}

}  // namespace
}  // namespace cnn

int main(int argc, char** argv) { return cnn::main(argc, argv); }
