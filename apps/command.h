// What all commands share: flags, reading the model file, exit codes, printing.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/error.h"
#include "spec/model_spec.h"

namespace CLI {  // whose headers command.cpp alone compiles
class App;
class Option;
}  // namespace CLI

namespace cnn {

// A flag, or a word of the command line, that a command has: what else there is to say of it.
class Flag {
 public:
  explicit Flag(CLI::Option* option) : option_(option) {}

  Flag required();
  Flag type(const std::string& name);  // of its value, for help: "FILE"
  Flag one_of(std::vector<std::string> words);
  Flag excludes(Flag other);
  Flag needs(Flag other);
  Flag takes(int values);
  Flag takes_once();  // of a list: one value, given once
  Flag takes_many();  // of a list: at least one value, and the flag may be repeated
  bool is_given() const;

 private:
  CLI::Option* option_;
};

// One executable. run() parses, runs the body, and turns every error into a message on stderr and
// an exit code.
class Command {
 public:
  // `examples` begins the help; `summary` follows it.
  Command(std::string name, std::string_view examples, std::string_view summary);
  ~Command();

  const std::string& line() const { return line_; }  // as typed, for run.json

  // MODEL (what: "MODEL.yaml" or "MODEL.yaml|RUN") and `key.path=value ...`.
  Flag add_model(const std::string& what);
  // "--out" or "-q,--quiet" is a flag; "INPUT" is the next word, or all that are left for a list. A
  // flag of a bool has no value.
  Flag add(const std::string& flag, bool& target, const std::string& help);
  Flag add(const std::string& flag, std::string& target, const std::string& help);
  Flag add(const std::string& flag, std::vector<std::string>& target, const std::string& help);
  Flag add_switch(const std::string& flag, std::function<void()> when_given,
                  const std::string& help);
  // One of these words, in any case; `take` is told its number.
  Flag add_choice(const std::string& flag, const std::map<std::string, int>& words,
                  std::function<void(int)> take, const std::string& help);
  // A flag that takes a word behind '=' alone: "true" without one.
  Flag add_with_word(const std::string& flag, std::string& target, std::vector<std::string> words,
                     const std::string& help);
  // A flag that is a number from `low` to `high`, whole where T is; all else is a usage error. The
  // default is what `target` holds.
  template <class T>  // int, int64_t, uint64_t, double
  Flag add_number(const std::string& flag, T& target, const std::string& help,
                  std::type_identity_t<T> low, std::type_identity_t<T> high,
                  const std::string& type = "N");
  // --threads --memory -q -v, and --json with its help, which is what it gives.
  Flag add_common(const std::string& json_help);
  // A flag that is the short form of a key: add_key("--epochs", "train.epochs", ...).
  Flag add_key(const std::string& flag, const std::string& key, const std::string& type,
               const std::string& help);
  void allow_extras();  // words that nothing takes

  const std::string& model() const { return model_; }
  bool json() const { return json_; }
  bool quiet() const { return quiet_; }
  uint64_t memory_limit() const { return memory_; }
  // The command line's `key.path=value`, short forms included.
  std::vector<std::string> overrides() const;
  // The keys that this command reads of a model file, "vars", "train.batch_size": overrides of
  // others are Exit::kUsage, for they would change nothing. All, unless it says so. Those that make
  // the network itself are read by every command. `but`: parts of them that are not, unless they
  // stand among the keys themselves.
  void reads(std::vector<std::string> keys, std::vector<std::string> but = {});
  // Moves what looks like `key.path=value` from `words` (and is no file) to the overrides.
  void take_overrides(std::vector<std::string>& words);
  // The model file `path` (a run directory stands for its spec.yaml) with the overrides.
  ModelSpec load(const std::string& path) const;
  // What --weights gave, else the best weights of the run `path`; Exit::kUsage without either.
  static std::string weights_for(const std::string& path, const std::string& given);

  int run(int argc, char** argv, const std::function<Exit()>& body);

 private:
  void require_read(const std::string& override_text) const;

  struct KeyFlag {
    std::string key;
    std::string value;
    Flag flag;
  };

  std::string name_;
  std::unique_ptr<CLI::App> app_;
  std::string line_;
  std::string model_;
  std::vector<std::string> overrides_;
  std::vector<std::string> keys_;  // that are read; empty: all
  std::vector<std::string> but_;   // and parts of them that are not
  std::vector<std::unique_ptr<KeyFlag>> key_flags_;
  int threads_ = 0;
  uint64_t memory_ = 0;
  bool json_ = false;
  bool quiet_ = false;
  bool verbose_ = false;
};

// Writes a result to stdout. A reader that has gone (`| head`) is no error; a full disk is
// Exit::kResource.
void print_result(std::string_view text);

// What a table on stdout may use: box characters, bold.
bool locale_is_utf8();
bool wants_color();

// Width of the terminal that stdout goes to; `otherwise` when it is none. COLUMNS wins.
int terminal_columns(int otherwise);

}  // namespace cnn
