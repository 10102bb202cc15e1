#include "command.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <new>
#include <optional>
#include <system_error>
#include <utility>

#include "base/files.h"
#include "base/log.h"
#include "base/parallel.h"
#include "base/text.h"
#include "model/vocabulary.h"
#include "spec/yaml.h"
#include "train/run_dir.h"
#include "version.h"

namespace cnn {
namespace {

constexpr int kMostThreads = 1024;

// The flags of `app` as the user types them.
std::vector<std::string> flag_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

// What stands in the place of a flag of other tools; "" for those that nobody knows.
std::string meant_by_flag(const std::string& flag, const CLI::App& app) {
  static const std::map<std::string, std::string> kOthers = {
      {"--model", "the model file is a word: {} MODEL.yaml"},
      {"--config", "the model file is a word: {} MODEL.yaml"},
      {"--cfg", "the model file is a word: {} MODEL.yaml"},
      {"--device", "all of it runs on the CPU; --threads N says on how many of its cores"},
      {"--gpu", "all of it runs on the CPU; --threads N says on how many of its cores"},
      {"--optimizer", "write 'train.optimizer={{adam: 1e-3}}'; cnn help train has them all"},
      {"--source", "inputs are words: {} RUN FILE..."},
      {"--input", "inputs are words: {} RUN FILE..."},
      {"--imgsz", "the sizes are the model's: 'input={{image: [3, 224, 224]}}'"},
      {"--project", "--out DIR is the folder of the runs"}};
  const auto found = kOthers.find(flag);
  return found == kOthers.end() ? "" : fmt::format(fmt::runtime(found->second), app.get_name());
}

// What is wrong with the command line.
std::string usage_problem(const CLI::App& app, const CLI::ParseError& error) {
  const auto* extras = dynamic_cast<const CLI::ExtrasError*>(&error);
  if (extras == nullptr) return error.what();
  for (const std::string& word : app.remaining()) {
    const std::string flag = word.substr(0, word.find('='));
    if (flag.rfind('-', 0) != 0) continue;
    std::string text = "unknown option '" + flag + "'";
    if (const std::string meant = meant_by_flag(flag, app); !meant.empty())
      return text + "; " + meant;
    if (const auto near = nearest(flag, flag_names(app))) text += "; did you mean '" + *near + "'?";
    return text;
  }
  return error.what();
}

// What a shell would need to run the same command again.
std::string typed_line(int argc, char** argv, const std::string& name) {
  std::string line = "cnn " + name;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool plain = !word.empty() && word.find_first_not_of(
                                            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                            "0123456789_-+=./:,@%") == std::string::npos;
    std::string quoted = "'";
    for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    line += " " + (plain ? word : quoted + "'");
  }
  return line;
}

// "4GB" becomes "4294967296"; else says what is wrong.
std::string as_bytes(std::string& text) {
  const std::string given = text;
  try {
    if (CLI::AsSizeValue(false)(text).empty()) return "";
  } catch (const CLI::Error&) {
    // Said below.
  }
  return fmt::format("expected a size such as 500MB or 4GB, found '{}'", given);
}

template <class T>
std::optional<T> number_in(const std::string& text) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end) return std::nullopt;
  return value;
}

// What is wrong with the text of a number's flag; "" if nothing. Bounds as text, for the message.
template <class T>
std::string number_problem(const std::string& text, T low, T high) {
  const std::optional<T> value = number_in<T>(text);
  if (value && *value >= low && *value <= high) return "";  // NaN is in no range
  return fmt::format("expected {} from {} to {}, found '{}'",
                     std::is_integral_v<T> ? "a whole number" : "a number", low, high, text);
}

// KEY=VALUE, KEY as in a model file; a text of people has blanks before its '='.
bool is_override(const std::string& word) {
  const size_t end = word.find('=');
  if (end == std::string::npos || end == 0 || file_exists(word)) return false;
  const auto is_of_key = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
  };
  return std::all_of(word.begin(), word.begin() + static_cast<std::ptrdiff_t>(end), is_of_key);
}

// A write to a closed pipe or beyond a size limit shall be an error code, not a death.
void ignore_write_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

void warn_of_runtimes() {
  const std::vector<std::string> runtimes = openmp_runtimes();
  if (runtimes.size() < 2) return;
  std::string list = runtimes[0];
  for (size_t i = 1; i < runtimes.size(); ++i) list += " and " + runtimes[i];
  warn(
      "two OpenMP runtimes are loaded, {}: their threads hinder each other; look at LD_PRELOAD and "
      "LD_LIBRARY_PATH",
      list);
}

// A second training goes to another folder, whatever the hand is used to type.
void note_newer_runs(const std::string& run) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::path(run + "/").lexically_normal().parent_path();
  if (fs::is_symlink(folder)) return;  // runs/latest
  std::vector<std::string> newer = newer_runs(folder.string());
  if (newer.empty()) return;
  constexpr size_t kMostListed = 3;
  const size_t count = newer.size();
  if (count > kMostListed) newer.erase(newer.begin(), newer.end() - kMostListed);
  const std::string latest = (folder.parent_path() / "latest").string();
  std::error_code error;
  const fs::path target = fs::read_symlink(latest, error);
  const bool is_listed =
      !error && std::any_of(newer.begin(), newer.end(), [&](const std::string& listed) {
        return fs::path(listed).filename() == target.filename();
      });
  note("{} is not the newest run of its model: {}{} {} started later{}", run,
       count > kMostListed ? "among others " : "", join(newer, ", "), count == 1 ? "was" : "were",
       is_listed ? fmt::format(" ({} is {})", latest, target.string()) : "");
}

}  // namespace

Flag Flag::required() { return Flag(option_->required()); }
Flag Flag::type(const std::string& name) { return Flag(option_->type_name(name)); }
Flag Flag::one_of(std::vector<std::string> words) {
  return Flag(option_->check(CLI::IsMember(std::move(words))));
}
Flag Flag::excludes(Flag other) { return Flag(option_->excludes(other.option_)); }
Flag Flag::needs(Flag other) { return Flag(option_->needs(other.option_)); }
Flag Flag::takes(int values) { return Flag(option_->expected(values)); }
Flag Flag::takes_once() {
  return Flag(option_->multi_option_policy(CLI::MultiOptionPolicy::Throw)->expected(1));
}
Flag Flag::takes_many() {
  return Flag(option_->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)->expected(1, 1 << 20));
}
bool Flag::is_given() const { return option_->count() > 0; }

Command::Command(std::string name, std::string_view examples, std::string_view summary)
    : name_(std::move(name)),
      app_(std::make_unique<CLI::App>(
          "Examples:\n" + std::string(examples) + "\n\n" + std::string(summary), "cnn " + name_)) {
  app_->set_version_flag("--version", std::string("cnn ") + kVersion);
  app_->get_formatter()->column_width(34);
  app_->option_defaults()->always_capture_default(false);
}

Command::~Command() = default;

Flag Command::add(const std::string& flag, bool& target, const std::string& help) {
  return Flag(app_->add_flag(flag, target, help));
}

Flag Command::add(const std::string& flag, std::string& target, const std::string& help) {
  return Flag(app_->add_option(flag, target, help));
}

Flag Command::add(const std::string& flag, std::vector<std::string>& target,
                  const std::string& help) {
  return Flag(app_->add_option(flag, target, help));
}

Flag Command::add_switch(const std::string& flag, std::function<void()> when_given,
                         const std::string& help) {
  return Flag(app_->add_flag_callback(flag, std::move(when_given), help));
}

Flag Command::add_choice(const std::string& flag, const std::map<std::string, int>& words,
                         std::function<void(int)> take, const std::string& help) {
  std::map<std::string, std::string> numbers;
  for (const auto& [word, number] : words) numbers[word] = std::to_string(number);
  const auto set = [take = std::move(take)](const std::string& text) { take(std::stoi(text)); };
  return Flag(app_->add_option_function<std::string>(flag, set, help)
                  ->transform(CLI::CheckedTransformer(numbers, CLI::ignore_case).description("")));
}

Flag Command::add_with_word(const std::string& flag, std::string& target,
                            std::vector<std::string> words, const std::string& help) {
  words.insert(words.begin(), "true");
  const auto problem = [words](std::string& text) {
    if (std::find(words.begin(), words.end(), text) != words.end()) return std::string();
    return fmt::format("expected {}, found '{}'", join(words, " or "), text);
  };
  return Flag(app_->add_flag(flag, target, help)->check(CLI::Validator(problem, "")));
}

template <class T>
Flag Command::add_number(const std::string& flag, T& target, const std::string& help,
                         std::type_identity_t<T> low, std::type_identity_t<T> high,
                         const std::string& type) {
  const CLI::Validator in_range(
      [low, high](std::string& text) { return number_problem<T>(text, low, high); }, "");
  const auto set = [&target](const std::string& text) { target = *number_in<T>(text); };
  return Flag(
      app_->add_option_function<std::string>(flag, set, help)->check(in_range)->type_name(type));
}
template Flag Command::add_number(const std::string&, int&, const std::string&, int, int,
                                  const std::string&);
template Flag Command::add_number(const std::string&, int64_t&, const std::string&, int64_t,
                                  int64_t, const std::string&);
template Flag Command::add_number(const std::string&, uint64_t&, const std::string&, uint64_t,
                                  uint64_t, const std::string&);
template Flag Command::add_number(const std::string&, double&, const std::string&, double, double,
                                  const std::string&);

Flag Command::add_model(const std::string& what) {
  const Flag model = add("MODEL", model_, what).type("");
  add("KEY=VALUE", overrides_, "overrides of model file keys: train.epochs=3").type("");
  return model;
}

Flag Command::add_common(const std::string& json_help) {
  add_number("--threads", threads_, "threads to use (default: all that the machine offers)", 1,
             kMostThreads);
  const auto set_memory = [this](const std::string& text) { memory_ = *number_in<uint64_t>(text); };
  app_->add_option_function<std::string>("--memory", set_memory,
                                         "refuse to plan for more than this: 500MB, 4GB")
      ->transform(CLI::Validator(as_bytes, ""))
      ->type_name("SIZE");
  const Flag json = json_help.empty() ? Flag(nullptr) : add("--json", json_, json_help);
  add("-q,--quiet", quiet_, "warnings and errors only");
  add("-v,--verbose", verbose_, "say which algorithm serves which layer, and more");
  return json;
}

Flag Command::add_key(const std::string& flag, const std::string& key, const std::string& type,
                      const std::string& help) {
  key_flags_.push_back(std::make_unique<KeyFlag>(KeyFlag{key, "", Flag(nullptr)}));
  KeyFlag& added = *key_flags_.back();
  added.flag = add(flag, added.value, help + " (" + key + ")").type(type);
  return added.flag;
}

void Command::allow_extras() { app_->allow_extras(); }

std::vector<std::string> Command::overrides() const {
  std::vector<std::string> all;
  for (const auto& flag : key_flags_) {
    if (flag->flag.is_given()) all.push_back(flag->key + "=" + flag->value);
  }
  all.insert(all.end(), overrides_.begin(), overrides_.end());
  return all;
}

void Command::take_overrides(std::vector<std::string>& words) {
  std::vector<std::string> rest;
  for (std::string& word : words) {
    (is_override(word) ? overrides_ : rest).push_back(std::move(word));
  }
  words = std::move(rest);
}

void Command::reads(std::vector<std::string> keys, std::vector<std::string> but) {
  but_ = std::move(but);
  keys_ = {"name",   "description", "input", "vars", "defaults", "blocks",
           "layers", "outputs",     "loss",  "edit", "kernels"};
  keys_.insert(keys_.end(), keys.begin(), keys.end());
}

namespace {

// Whether a map that is written as `value` has the key, or as nothing takes it away.
bool sets_key(const std::string& value, const std::string& key) {
  try {
    const Node map = parse_yaml(std::make_shared<const Source>(Source{"", value, "", true}));
    const bool is_empty = map.is_null() || (map.is_map() && map.entries().empty());
    return is_empty || map.find(key) != nullptr;
  } catch (const Error&) {
    return true;  // whoever reads it says what is wrong
  }
}

}  // namespace

void Command::require_read(const std::string& override_text) const {
  const size_t end = override_text.find('=');
  const std::string key = override_text.substr(0, end), value = override_text.substr(end + 1);
  const auto is_part = [](const std::string& inner, const std::string& outer) {
    return inner == outer || inner.starts_with(outer + ".");
  };
  const auto reaches = [&](const std::string& part, const std::string& known) {
    if (!is_part(known, part)) return false;
    return key == part ? sets_key(value, known.substr(part.size() + 1)) : is_part(key, known);
  };
  const auto refuse = [&](const std::string& note) {
    throw Error(Exit::kUsage, {{"",
                                fmt::format("'{}' would change nothing: cnn {} does not read '{}'",
                                            override_text, name_, key),
                                "",
                                {note}}});
  };
  for (const std::string& part : but_) {
    std::vector<std::string> read;  // of it
    std::copy_if(keys_.begin(), keys_.end(), std::back_inserter(read),
                 [&](const std::string& known) { return is_part(known, part); });
    const bool is_read = std::any_of(read.begin(), read.end(),
                                     [&](const auto& known) { return reaches(part, known); });
    if (is_part(key, part) && !is_read) refuse("of '" + part + "' it reads " + join(read, ", "));
  }
  for (const std::string& known : keys_) {
    if (is_part(key, known) || is_part(known, key)) return;
  }
  refuse("it reads " + join(keys_, ", "));
}

ModelSpec Command::load(const std::string& path) const {
  if (!keys_.empty()) {
    for (const std::string& text : overrides()) require_read(text);
  }
  return load_model(model_file_of(path), overrides(), vocabulary());
}

std::string Command::weights_for(const std::string& path, const std::string& given) {
  if (!given.empty()) return given;
  if (!is_run_directory(path)) {
    if (!std::filesystem::exists(model_file_of(path))) {
      fail(Exit::kInput, path, "is neither a model file nor a run directory: there is nothing");
    }
    fail(Exit::kUsage, "", "--weights FILE is required with a model file (a run has its own)");
  }
  note_newer_runs(path);
  return weights_of_run(path);
}

int Command::run(int argc, char** argv, const std::function<Exit()>& body) {
  ignore_write_signals();
  line_ = typed_line(argc, argv, app_->get_name().substr(std::strlen("cnn ")));
  const auto complain = [&](const std::string& text) { std::fprintf(stderr, "%s", text.c_str()); };
  try {
    try {
      app_->parse(argc, argv);
    } catch (const CLI::Success& asked) {  // --help, --version
      print_result(asked.get_name() == "CallForHelp" ? app_->help()
                                                     : std::string(asked.what()) + "\n");
      return 0;
    } catch (const CLI::ParseError& error) {
      throw Error(Exit::kUsage,
                  {{"", usage_problem(*app_, error), "", {"see " + app_->get_name() + " --help"}}});
    }
    if (is_override(model_)) {  // cnn train --resume RUN train.epochs=20
      overrides_.insert(overrides_.begin(), std::exchange(model_, ""));
    }
    set_log_level(quiet_ ? LogLevel::kQuiet : verbose_ ? LogLevel::kVerbose : LogLevel::kNormal);
    warn_of_runtimes();
    set_threads(threads_ > 0 ? threads_ : std::min(default_threads(), kMostThreads));
    return static_cast<int>(body());
  } catch (const Error& error) {
    complain(error.what());
    return static_cast<int>(error.code());
  } catch (const std::bad_alloc&) {
    complain("error: out of memory\n");
    return static_cast<int>(Exit::kResource);
  } catch (const std::exception& error) {
    if (const auto* system = dynamic_cast<const std::system_error*>(&error);
        system && system->code() == std::errc::resource_unavailable_try_again) {
      complain(std::string("error: a thread cannot be started: ") + error.what() + "\n");
      return static_cast<int>(Exit::kResource);
    }
    complain(std::string(error.what()) + "\nThis is a fault of cnn itself; please report it.\n");
    return static_cast<int>(Exit::kBug);
  }
}

void print_result(std::string_view text) {
  const bool written =
      std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  if (!written && errno != EPIPE) {
    fail(Exit::kResource, "standard output", "{}", std::strerror(errno));
  }
}

bool locale_is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (!value || !*value) continue;
    const std::string text = value;
    return text.find("UTF-8") != std::string::npos || text.find("utf8") != std::string::npos ||
           text.find("utf-8") != std::string::npos;
  }
  return false;
}

bool wants_color() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  return isatty(STDOUT_FILENO) == 1 && !(no_color && *no_color) && terminal &&
         std::string_view(terminal) != "dumb";
}

int terminal_columns(int otherwise) {
  if (const char* text = std::getenv("COLUMNS")) {
    const int n = std::atoi(text);
    if (n > 0) return n;
  }
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return otherwise;
}

}  // namespace cnn
