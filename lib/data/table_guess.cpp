#include "data/table_guess.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <optional>
#include <set>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "data/table_rows.h"
#include "io/csv.h"
#include "io/image.h"

namespace cnn {
namespace {

struct Column {
  std::string name;
  std::optional<std::vector<double>> numbers;  // none: words
  std::set<std::string> words;                 // that differ
  bool has_gaps = false;                       // numbers, and cells that are empty
  bool is_path = false;                        // of pictures that are there
};

std::optional<double> number_of(const std::string& text) { return Node::scalar(text).as_double(); }

bool names_picture(const std::string& table, const std::string& text) {
  const size_t slash = table.rfind('/');
  const std::string path = slash == std::string::npos ? text : table.substr(0, slash + 1) + text;
  return file_exists(path) && is_image_file(path);
}

Column look_at(const CsvTable& table, const std::string& path, int column) {
  Column result;
  result.name = table.columns()[static_cast<size_t>(column)];
  result.numbers.emplace();
  for (size_t row = 0; row < table.rows(); ++row) {
    const std::string& text = table.text(row, column);
    result.words.insert(text);
    const std::optional<double> number = result.numbers ? number_of(text) : std::nullopt;
    if (number) {
      result.numbers->push_back(*number);
    } else {
      result.numbers.reset();
    }
  }
  result.has_gaps =
      std::all_of(result.words.begin(), result.words.end(),
                  [](const auto& word) { return word.empty() || number_of(word).has_value(); }) &&
      !result.numbers && result.words.size() > 1;
  result.is_path = !result.numbers && names_picture(path, table.text(0, column));
  return result;
}

// Numbers of the rows, in order: they say nothing.
bool is_index(const Column& column) {
  if (!column.numbers || column.numbers->size() < 3) return false;
  const double first = column.numbers->front();
  for (size_t i = 0; i < column.numbers->size(); ++i) {
    if ((*column.numbers)[i] != first + static_cast<double>(i)) return false;
  }
  return first == 0 || first == 1;
}

// Whole numbers from 0 on, each of which comes often.
bool is_class_numbers(const Column& column) {
  constexpr size_t kMostClasses = 100, kRowsAClass = 3;
  const size_t classes = column.words.size();
  if (classes < 2 || classes > kMostClasses || column.numbers->size() < kRowsAClass * classes) {
    return false;
  }
  return std::all_of(column.numbers->begin(), column.numbers->end(), [&](double n) {
    return n == std::floor(n) && n >= 0 && n < static_cast<double>(classes);
  });
}

// Words that come again, and not the same in every row: names and remarks say nothing.
bool is_categories(const Column& column, size_t rows) {
  if (column.numbers || column.has_gaps || column.is_path) return false;
  const size_t count = column.words.size() - column.words.count("");
  constexpr size_t kRowsACategory = 2;
  return count > 1 && count <= static_cast<size_t>(kMostCategories) &&
         count * kRowsACategory <= rows;
}

// The words of a column of whole numbers, in the order of these; empty if it has others.
std::vector<std::string> whole_numbers(const Column& column) {
  std::vector<std::string> words(column.words.begin(), column.words.end());
  const auto is_whole = [](const std::string& w) { return Node::scalar(w).as_int().has_value(); };
  if (!std::all_of(words.begin(), words.end(), is_whole)) return {};
  std::sort(words.begin(), words.end(), [](const std::string& a, const std::string& b) {
    return *Node::scalar(a).as_int() < *Node::scalar(b).as_int();
  });
  return words;
}

bool is_label(const Column& column, TableTarget wanted) {
  if (!column.numbers) return true;
  if (wanted == TableTarget::kNumber) return false;
  return is_class_numbers(column) ||
         (wanted == TableTarget::kClass && !whole_numbers(column).empty());
}

size_t target_of(const std::vector<Column>& columns) {
  constexpr std::array<std::string_view, 8> kNames = {"label",    "class", "target", "species",
                                                      "category", "kind",  "y",      "output"};
  for (const std::string_view name : kNames) {
    for (size_t c = 0; c < columns.size(); ++c) {
      std::string lower = columns[c].name;
      for (char& letter : lower) {
        letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
      }
      if (lower == name) return c;
    }
  }
  size_t last = columns.size() - 1;
  while (last > 0 && columns[last].is_path) --last;
  return last;
}

std::string inputs_text(const std::vector<std::string>& inputs,
                        const std::vector<CategoryColumn>& categories) {
  const int64_t numbers = std::ssize(inputs) - std::ssize(categories);
  std::vector<std::string> parts;
  if (numbers > 0) parts.push_back(counted(numbers, "number"));
  std::vector<std::string> names;
  for (const CategoryColumn& column : categories) names.push_back("'" + column.name + "'");
  if (!names.empty()) parts.push_back("the categories of " + escaped(join(names, ", ")));
  return join(parts, " and ");
}

Node names_node(const std::vector<std::string>& names) {
  std::vector<Node> items;
  for (const std::string& name : names) items.push_back(Node::scalar(name, {}, true));
  return Node::list(std::move(items));
}

}  // namespace

std::string TableKnowledge::text() const {
  std::string text = join(inputs, "|") + " " + join(targets, "|");
  for (const CategoryColumn& column : categories) {
    text += fmt::format(" {}: {}", column.name, join(column.categories, "|"));
  }
  return text + to_yaml(OptionType<Standardise>::write({false, false, standards}));
}

TableGuess guess_columns(const std::string& path, TableTarget wanted, const TableKnowledge& known) {
  const CsvTable table = CsvTable::read(path);
  if (table.rows() == 0 || table.columns().size() < 2) {
    fail(Exit::kInput, path, "has {} and {}; inputs and a target are expected",
         counted(static_cast<int64_t>(table.rows()), "row"),
         counted(static_cast<int64_t>(table.columns().size()), "column"));
  }
  std::vector<Column> columns;
  for (size_t c = 0; c < table.columns().size(); ++c) {
    columns.push_back(look_at(table, path, static_cast<int>(c)));
  }
  const auto has_all = [&](const std::vector<std::string>& names) {
    return !names.empty() && std::all_of(names.begin(), names.end(), [&](const std::string& name) {
      return table.column(name) >= 0;
    });
  };
  const bool knows_inputs = has_all(known.inputs);
  const size_t target = known.targets.size() == 1 && has_all(known.targets)
                            ? static_cast<size_t>(table.column(known.targets[0]))
                            : target_of(columns);
  std::vector<std::string> inputs, left_out;
  std::vector<CategoryColumn> categories;
  std::string image;
  for (size_t c = 0; c < columns.size(); ++c) {
    const Column& column = columns[c];
    if (c == target || knows_inputs) continue;
    if (column.is_path && image.empty()) {
      image = column.name;
    } else if (column.numbers && !is_index(column)) {
      inputs.push_back(column.name);
    } else if (is_categories(column, table.rows())) {
      inputs.push_back(column.name);
      categories.push_back({column.name});
    } else {
      left_out.push_back(column.name + (column.has_gaps ? " (some cells are empty)" : ""));
    }
  }
  if (knows_inputs) {
    inputs = known.inputs;
    categories = known.categories;
  }
  if (image.empty() && inputs.empty()) {
    fail(
        Exit::kInput, path,
        "has no column of numbers, of words that come again, or of pictures that are there, beside "
        "'{}'",
        columns[target].name);
  }
  TableGuess guess;
  guess.has_pictures = !image.empty();
  guess.columns = Node::map({});
  if (guess.has_pictures) {
    guess.columns.set("image", Node::scalar(image, {}, true));
    left_out.insert(left_out.end(), inputs.begin(), inputs.end());
  } else {
    guess.columns.set("inputs", names_node(inputs));
    if (!categories.empty()) {
      guess.columns.set("categories", OptionType<CategoryColumns>::write({categories}));
    }
  }
  guess.text = fmt::format(
      "{}: {}", counted(static_cast<int64_t>(table.rows()), "row"),
      guess.has_pictures ? "pictures of column '" + image + "'" : inputs_text(inputs, categories));
  const Column& goal = columns[target];
  if (is_label(goal, wanted)) {
    const std::vector<std::string> numbers = whole_numbers(goal);
    const bool counts_from_0 = numbers.empty() || *Node::scalar(numbers[0]).as_int() == 0;
    if (!counts_from_0) guess.classes = numbers;
    guess.columns.set("label", Node::scalar(goal.name, {}, true));
    guess.text += fmt::format(" to {} classes of '{}'", goal.words.size(), escaped(goal.name));
  } else {
    guess.columns.set("targets", names_node({goal.name}));
    guess.text += fmt::format(" to the number '{}'", escaped(goal.name));
  }
  if (!left_out.empty()) guess.text += "; left out: " + escaped(join(left_out, ", "));
  return guess;
}

}  // namespace cnn
