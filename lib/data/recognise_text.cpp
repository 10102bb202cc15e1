// Recognise: texts that nobody has described.
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "data/picture_files.h"
#include "data/recognise.h"

namespace cnn {
namespace {

namespace fs = std::filesystem;

constexpr const char *kRunning = ".txt", *kTable = ".tsv";

Node word(const std::string& text) { return Node::scalar(text, {}, true); }

bool is_text_file(const std::string& path, const std::string& ending) {
  return (path.ends_with(ending) || path.ends_with(ending + ".gz")) && file_exists(path);
}

// train.txt, else the only text of a folder; empty if there is none.
std::string text_in(const std::string& folder, const std::string& ending) {
  for (const char* pack : {"", ".gz"}) {
    const std::string train = folder + "/train" + ending + pack;
    if (file_exists(train)) return train;
  }
  std::vector<std::string> texts;
  for (const std::string& path : files_under(folder)) {
    if (is_text_file(path, ending)) texts.push_back(path);
  }
  return texts.size() == 1 ? texts[0] : "";
}

// With what stands beside a file train.txt: val.txt, test.txt; without val.txt a tenth is held out.
Node map_of(const char* format, const std::string& train) {
  const fs::path path(train);
  const std::string name = path.filename(), usual = "train";
  const auto beside = [&](const std::string& split) {
    if (!name.starts_with(usual + ".")) return std::string();
    const std::string other = (path.parent_path() / (split + name.substr(usual.size()))).string();
    return file_exists(other) ? other : std::string();
  };
  const std::string val = beside("val"), test = beside("test");
  Node map = Node::map({});
  map.set("format", Node::scalar(format));
  map.set("train", word(train));
  if (!test.empty()) map.set("test", word(test));
  map.set("val", val.empty() ? Node::scalar("0.1") : word(val));
  return map;
}

// Fields are called as the model calls them.
void add_names(const DataWishes& wishes, const std::string& input, const std::string& target,
               Node& map) {
  if (!wishes.input_name.empty() && wishes.input_name != input) {
    map.set("input_name", word(wishes.input_name));
  }
  if (wishes.targets.size() == 1 && wishes.targets[0].name != target) {
    map.set("target_name", word(wishes.targets[0].name));
  }
}

// For models that tell what comes next, symbol by symbol.
std::optional<Node> running_text_map(const std::string& train, const DataWishes& wishes,
                                     std::string& text) {
  const bool tells_next = wishes.targets.size() == 1 && wishes.targets[0].items.is_list &&
                          !wishes.targets[0].items.varies;
  if (train.empty() || !tells_next) return std::nullopt;
  Node map = map_of("text", train);
  add_names(wishes, "text", "next", map);
  text =
      fmt::format("a running text of {}, a list of characters", human_bytes(fs::file_size(train)));
  return map;
}

std::optional<Node> sentences_map(const std::string& train, const DataWishes& wishes,
                                  std::string& text) {
  if (train.empty()) return std::nullopt;
  const bool is_label = wishes.targets.size() == 1 && wishes.targets[0].is_label();
  Node map = map_of("sentences", train);
  map.set("answer", Node::scalar(is_label ? "label" : "text"));
  add_names(wishes, is_label ? "text" : "source", is_label ? "label" : "target", map);
  text = fmt::format("a table of sentences and {}, lists of words",
                     is_label ? "their classes" : "the sentences that answer them");
  return map;
}

}  // namespace

std::optional<Node> recognise_texts(const std::string& path, const DataWishes& wishes,
                                    std::string& text) {
  const bool is_running = is_text_file(path, kRunning), is_table = is_text_file(path, kTable);
  std::optional<Node> map;
  if (wishes.reads_symbols && is_running) map = running_text_map(path, wishes, text);
  if (wishes.reads_symbols && is_table) map = sentences_map(path, wishes, text);
  if (wishes.reads_symbols && is_directory(path)) {
    map = sentences_map(text_in(path, kTable), wishes, text);
    if (!map) map = running_text_map(text_in(path, kRunning), wishes, text);
  }
  if (map || !(is_running || is_table)) return map;
  throw Error(Exit::kInput,
              {{path,
                "is a text, and the model reads none of this kind",
                {},
                {"a .txt is one running text: for models that read a list of classes and tell a "
                 "list as long as it",
                 "a .tsv has two columns, a sentence and its class or another sentence: for models "
                 "that read a list of classes"}}});
}

}  // namespace cnn
