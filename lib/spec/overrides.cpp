// Overrides on the command line: train.epochs=3 layers.0.conv=12 data.format=npy.

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "spec/limits.h"
#include "spec/loading.h"
#include "spec/positions.h"
#include "spec/yaml.h"

namespace cnn {
namespace {

struct Step {
  std::string key;
  Mark mark;
};

struct Override {
  std::vector<Step> path;
  Node value;
  std::string key;  // the whole path as it was written
};

[[noreturn]] void fail_usage(const Mark& mark, std::string problem, std::string remedy = "") {
  throw Error(Exit::kUsage, {{mark.place(), std::move(problem), mark.excerpt(remedy), {}}});
}

Mark mark_of(const std::shared_ptr<const Source>& source, size_t begin, size_t size) {
  return Positions(source).mark(begin, begin + size);
}

// Of `edit`, all that follows is the path of an item, which has dots itself; for a plain value the
// last part is the option: edit.fc={linear: 10}, edit.layer1.0.conv1.kernel=5.
void join_edit_path(Override& o) {
  if (o.path.front().key != "edit" || o.path.size() < 3) return;
  const bool has_option = !o.value.is_map() && !o.value.is_null();
  const size_t end = o.path.size() - (has_option ? 1 : 0);
  std::string item = o.path[1].key;
  for (size_t i = 2; i < end; ++i) item += "." + o.path[i].key;
  o.path.erase(o.path.begin() + 2, o.path.begin() + static_cast<std::ptrdiff_t>(end));
  o.path[1].key = item;
}

Override read_override(const std::string& text) {
  auto source = std::make_shared<Source>(Source{"command line", text, ".", true});
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    fail_usage(mark_of(source, 0, text.size()), fmt::format("'{}' is no override", text),
               "write key.path=value");
  }
  Override result;
  result.key = text.substr(0, equals);
  size_t begin = 0;
  for (std::string& key : split(result.key, '.')) {
    const size_t size = key.size();
    const Mark mark = mark_of(source, begin, size);
    if (key.empty()) fail_usage(mark, fmt::format("an empty key in '{}'", result.key));
    result.path.push_back({std::move(key), mark});
    begin += size + 1;
  }
  if (result.path.size() > static_cast<size_t>(kMaxDepth)) {
    fail_usage(mark_of(source, 0, equals),
               fmt::format("nested too deeply: depth {} > {}", result.path.size(), kMaxDepth));
  }
  const std::string_view value = std::string_view(text).substr(equals + 1);
  if (value.find_first_not_of(" \t") == std::string_view::npos) {
    fail_usage(mark_of(source, 0, equals), fmt::format("no value for '{}'", result.key),
               "write ~ to delete a key");
  }
  result.value = parse_yaml(source, equals + 1);
  join_edit_path(result);
  return result;
}

std::vector<Override> read_overrides(const std::vector<std::string>& texts) {
  std::vector<Override> result;
  for (const std::string& text : texts) {
    Override o = read_override(text);
    for (const Override& other : result) {
      if (other.key == o.key) {
        fail_usage(o.path.front().mark, fmt::format("'{}' is given twice", o.key),
                   fmt::format("the other is {}", other.path.front().mark.source->text));
      }
    }
    result.push_back(std::move(o));
  }
  // A changed format forgets keys, so it comes before those that are set with it.
  const auto rank = [](const Override& o) {
    return o.path.size() == 1 ? 0 : o.key == "data.format" ? 1 : o.path.size();
  };
  std::stable_sort(result.begin(), result.end(),
                   [&](const Override& a, const Override& b) { return rank(a) < rank(b); });
  return result;
}

// {a: {b: value}} for the steps from `first` on.
Node nested(const Override& o, size_t first) {
  Node node = o.value;
  for (size_t i = o.path.size(); i > first; --i) {
    const Step& step = o.path[i - 1];
    node = Node::map({{step.key, step.mark, std::move(node)}}, step.mark);
  }
  return node;
}

// The element of a list that a step names, or null after a report.
Node* element(Node& list, const Step& step, Diagnostics& diagnostics) {
  size_t index = 0;
  const char* end = step.key.data() + step.key.size();
  const auto [rest, error] = std::from_chars(step.key.data(), end, index);
  const size_t size = list.items().size();
  if (error == std::errc() && rest == end && index < size) return &list.items()[index];
  diagnostics.report(step.mark, fmt::format("'{}' is no element of a list of {}", step.key, size),
                     size == 0 ? "" : fmt::format("0 to {}", size - 1));
  return nullptr;
}

bool is_op(const Node& word, const Vocabulary& vocabulary) {
  for (const auto* words : {&vocabulary.layers, &vocabulary.initialisers, &vocabulary.optimizers,
                            &vocabulary.schedules}) {
    if (std::find(words->begin(), words->end(), word.text()) != words->end()) return true;
  }
  return false;
}

// Puts the value at the path's steps from `first` on. Maps are merged; where a list stands on the
// path, its element takes the rest.
void apply(Node& target, const Override& o, size_t first, const Vocabulary& vocabulary,
           Diagnostics& diagnostics) {
  Node* node = &target;
  for (size_t i = first; node && i < o.path.size(); ++i) {
    const Step& step = o.path[i];
    const bool is_last = i + 1 == o.path.size();
    if (node->is_list()) {
      Node* item = element(*node, step, diagnostics);
      if (item && is_last && o.value.is_null()) {
        diagnostics.report(step.mark, "an element of a list cannot be deleted",
                           "give the whole list, or edit.NAME=~");
      } else if (item && is_last) {
        *item = o.value;
      } else if (item) {
        if (item->is_scalar()) {  // a bare op gets an option
          const Mark mark = item->mark();
          *item = Node::map({{item->text(), mark, Node::null(mark)}}, mark);
        }
        apply(*item, o, i + 1, vocabulary, diagnostics);
      }
      return;
    }
    node = node->find(step.key);
    if (node && node->is_scalar() && !is_last && !is_op(*node, vocabulary)) {
      diagnostics.report(o.path[i + 1].mark,
                         fmt::format("no key '{}' in '{}', which is {}", o.path[i + 1].key,
                                     step.key, node->describe()));
      return;
    }
  }
  merge(target, nested(o, first), vocabulary);
}

// False after a report of a key that no model has, or a variable that this one has not.
bool check_key(const Override& o, const Node& root, Diagnostics& diagnostics) {
  const Step& key = o.path.front();
  const std::vector<std::string> allowed = top_level_keys();
  if (std::find(allowed.begin(), allowed.end(), key.key) == allowed.end()) {
    const std::string meant = o.path.size() == 1 ? meant_key(key.key) : "";
    if (meant.empty()) {
      diagnostics.report_unknown(key.mark, "key", key.key, allowed);
    } else {
      diagnostics.report(key.mark, fmt::format("unknown key '{}'", key.key),
                         fmt::format("did you mean '{}=...'?", meant));
    }
    return false;
  }
  const Node* vars = root.find("vars");
  if (key.key != "vars" || o.path.size() == 1 || (vars && vars->find(o.path[1].key))) return true;
  std::vector<std::string> names;
  if (vars) {
    for (const Entry& e : vars->entries()) names.push_back(e.key);
  }
  diagnostics.report_unknown(o.path[1].mark, "variable", o.path[1].key, names);
  return false;
}

// A data set's name gives way to its map once a key of it is set.
void open_data(Node& root, const std::vector<Override>& overrides, const std::string& model_path) {
  bool sets_key = false;
  bool sets_format = false;
  for (const Override& o : overrides) {
    sets_key = sets_key || (o.path.front().key == "data" && o.path.size() > 1);
    sets_format = sets_format || o.key == "data.format";
  }
  Node* data = root.find("data");
  if (!data || !data->is_scalar() || !sets_key) return;
  // With a format of its own the command line needs nothing of the file.
  if (!sets_format && !undescribed_data(*data, model_path).empty()) {
    *data = Node::map({{"from", data->mark(), *data}}, data->mark());
    return;
  }
  const bool needs_file = !sets_format || has_data_file(*data, model_path);
  *data = needs_file ? load_data_file(*data, model_path) : Node::map({}, data->mark());
}

}  // namespace

void apply_overrides(Node& root, const std::vector<std::string>& overrides,
                     const std::string& model_path, const Vocabulary& vocabulary,
                     Diagnostics& diagnostics) {
  const std::vector<Override> all = read_overrides(overrides);
  // A whole `data=NAME` comes first, the keys below it after its file is read.
  bool data_is_open = false;
  for (const Override& o : all) {
    if (o.path.size() > 1 && !data_is_open) {
      open_data(root, all, model_path);
      data_is_open = true;
    }
    if (check_key(o, root, diagnostics)) apply(root, o, 0, vocabulary, diagnostics);
  }
}

}  // namespace cnn
