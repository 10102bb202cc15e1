// What all commands share: flags, reading the model file, exit codes, printing.
#pragma once

#include <CLI/CLI.hpp>
#include <charconv>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/error.h"
#include "spec/model_spec.h"

namespace cnn {

// One executable. Flags are added to app(); run() parses, runs the body, and turns every error into
// a message on stderr and an exit code.
class Command {
 public:
  // `examples` begins the help; `summary` follows it.
  Command(std::string name, std::string_view examples, std::string_view summary);

  CLI::App& app() { return app_; }
  const std::string& line() const { return line_; }  // as typed, for run.json

  // MODEL (what: "MODEL.yaml" or "MODEL.yaml|RUN") and `key.path=value ...`.
  CLI::Option* add_model(const std::string& what);
  // A flag that is a number from `low` to `high`, whole where T is; all else is a usage error. The
  // default is what `target` holds.
  template <class T>
  CLI::Option* add_number(const std::string& flag, T& target, const std::string& help,
                          std::type_identity_t<T> low, std::type_identity_t<T> high,
                          const std::string& type = "N");
  // --threads --memory -q -v, and --json with its help.
  void add_common(const std::string& json_help);
  // A flag that is the short form of a key: add_key("--epochs", "train.epochs", ...).
  void add_key(const std::string& flag, const std::string& key, const std::string& type,
               const std::string& help);

  const std::string& model() const { return model_; }
  bool json() const { return json_; }
  uint64_t memory_limit() const { return memory_; }
  // The command line's `key.path=value`, short forms included.
  std::vector<std::string> overrides() const;
  // Moves what looks like `key.path=value` from `words` (and is no file) to the overrides.
  void take_overrides(std::vector<std::string>& words);
  // The model file `path` (a run directory stands for its spec.yaml) with the overrides.
  ModelSpec load(const std::string& path) const;
  // What --weights gave, else the best weights of the run `path`; Exit::kUsage without either.
  static std::string weights_for(const std::string& path, const std::string& given);

  int run(int argc, char** argv, const std::function<Exit()>& body);

 private:
  struct KeyFlag {
    std::string key;
    std::string value;
    CLI::Option* option = nullptr;
  };
  std::string usage_problem(const CLI::ParseError& error) const;

  CLI::App app_;
  std::string line_;
  std::string model_;
  std::vector<std::string> overrides_;
  std::vector<std::unique_ptr<KeyFlag>> key_flags_;
  int threads_ = 0;
  uint64_t memory_ = 0;
  bool json_ = false;
  bool quiet_ = false;
  bool verbose_ = false;
};

// What is wrong with the text of a number's flag; "" if nothing. Bounds as text, for the message.
template <class T>
std::string number_problem(const std::string& text, T low, T high) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  // NaN is in no range.
  if (error == std::errc() && rest == end && value >= low && value <= high) return "";
  return fmt::format("expected {} from {} to {}, found '{}'",
                     std::is_integral_v<T> ? "a whole number" : "a number", low, high, text);
}

template <class T>
CLI::Option* Command::add_number(const std::string& flag, T& target, const std::string& help,
                                 std::type_identity_t<T> low, std::type_identity_t<T> high,
                                 const std::string& type) {
  const CLI::Validator in_range(
      [low, high](std::string& text) { return number_problem<T>(text, low, high); }, "");
  return app_.add_option(flag, target, help)->check(in_range)->type_name(type);
}

// Writes a result to stdout. A reader that has gone (`| head`) is no error; a full disk is
// Exit::kResource.
void print_result(std::string_view text);

// What a table on stdout may use: box characters, bold.
bool locale_is_utf8();
bool wants_color();

// Width of the terminal that stdout goes to; `otherwise` when it is none. COLUMNS wins.
int terminal_columns(int otherwise);

}  // namespace cnn
