#include "data/table_rows.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"

namespace cnn {
namespace {

// The place of a word among the categories, which need not be sorted; -1: it is none of them.
int64_t place_of(const std::string& word, const std::vector<std::string>& categories) {
  const auto found = std::find(categories.begin(), categories.end(), word);
  return found == categories.end() ? -1 : found - categories.begin();
}

bool check_names(const CategoryColumns& out, const Node& node, Diagnostics& d) {
  std::set<std::string> seen;
  for (const CategoryColumn& column : out.columns) {
    if (seen.insert(column.name).second) continue;
    d.report(node.mark(), fmt::format("column '{}' is there twice", column.name));
    return false;
  }
  return true;
}

bool read_categories(const Entry& entry, CategoryColumn& out, Diagnostics& d) {
  out.name = entry.key;
  if (!OptionType<std::vector<std::string>>::read(entry.value, out.categories, d)) return false;
  const std::set<std::string> seen(out.categories.begin(), out.categories.end());
  const bool is_whole = !seen.empty() && seen.size() == out.categories.size();
  if (!is_whole) {
    d.report(entry.mark, fmt::format("the categories of '{}' are words, each once: {}: [red, blue]",
                                     entry.key, entry.key));
  }
  return is_whole;
}

}  // namespace

const CategoryColumn* CategoryColumns::find(const std::string& name) const {
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const CategoryColumn& c) { return c.name == name; });
  return found == columns.end() ? nullptr : &*found;
}

std::string OptionType<CategoryColumns>::name() { return "columns, or a map of their categories"; }
OptionSchema OptionType<CategoryColumns>::schema() {
  const OptionSchema list = OptionSchema::list_of(OptionSchema::text());
  return OptionSchema::one_of({OptionSchema::text(), list, OptionSchema::map_of(list)});
}
bool OptionType<CategoryColumns>::read(const Node& node, CategoryColumns& out, Diagnostics& d) {
  out = {};
  out.mark = node.mark();
  if (node.is_map()) {
    bool ok = true;
    for (const Entry& entry : node.entries()) {
      out.columns.emplace_back();
      ok = read_categories(entry, out.columns.back(), d) && ok;
    }
    return ok && check_names(out, node, d);
  }
  std::vector<std::string> names;
  if (node.is_list()) {
    if (!OptionType<std::vector<std::string>>::read(node, names, d)) return false;
  } else if (const std::optional<std::string> name = node.read_string(d)) {
    names = {*name};
  } else {
    return false;
  }
  for (std::string& name : names) out.columns.push_back({std::move(name)});
  return check_names(out, node, d);
}
Node OptionType<CategoryColumns>::write(const CategoryColumns& value) {
  if (value.columns.empty()) return Node();
  const auto words = [](const std::vector<std::string>& texts) {
    std::vector<Node> items;
    for (const std::string& text : texts) items.push_back(Node::scalar(text, {}, true));
    return Node::list(std::move(items));
  };
  if (!value.columns[0].categories.empty()) {
    Node map = Node::map({});
    for (const CategoryColumn& c : value.columns) map.set(c.name, words(c.categories));
    return map;
  }
  std::vector<std::string> names;
  for (const CategoryColumn& column : value.columns) names.push_back(column.name);
  return words(names);
}

std::vector<std::string> categories_in(const CsvTable& table, const std::string& file,
                                       const std::string& column) {
  const int number = column_of(table, file, column);
  std::set<std::string> words;
  for (size_t row = 0; row < table.rows(); ++row) words.insert(table.text(row, number));
  words.erase("");
  if (words.empty()) fail(Exit::kInput, file, "column '{}' has no words, only empty cells", column);
  if (std::ssize(words) > kMostCategories) {
    throw Error(Exit::kInput,
                {{file,
                  fmt::format("column '{}' has {} different words; at most {} become categories",
                              column, with_commas(std::ssize(words)), kMostCategories),
                  {},
                  {"leave it out of 'columns.inputs', or join what is rare to one word in the "
                   "table; a column of numbers belongs to 'inputs' alone"}}});
  }
  return {words.begin(), words.end()};
}

std::vector<std::string> columns_of(const std::vector<std::string>& names,
                                    const std::vector<CategoryColumn>& categories) {
  std::vector<std::string> columns;
  for (size_t i = 0; i < names.size();) {
    const auto found =
        std::find_if(categories.begin(), categories.end(), [i](const CategoryColumn& c) {
          return c.first == static_cast<int64_t>(i) && !c.categories.empty();
        });
    const bool is_number = found == categories.end();
    columns.push_back(is_number ? names[i] : found->name);
    i += is_number ? 1 : found->categories.size();
  }
  return columns;
}

int column_of(const CsvTable& table, const std::string& file, const std::string& name) {
  const int column = table.column(name);
  if (column >= 0) return column;
  const std::optional<std::string> meant = nearest(name, table.columns());
  fail(Exit::kInput, file, "has no column '{}'{}", name,
       meant ? "; did you mean '" + *meant + "'?" : "; there are " + join(table.columns(), ", "));
}

double number_at(const CsvTable& table, size_t row, int column, bool is_input) {
  const std::string& name = table.columns()[static_cast<size_t>(column)];
  const std::string& text = table.text(row, column);
  Diagnostic d;
  try {
    const double value = table.number(row, column);
    if (std::isfinite(value)) return value;
    d.place = table.place(row, column);
    d.problem = fmt::format("expected a finite number, found {}",
                            text.empty() ? "nothing" : "'" + text + "'");
    d.notes.push_back(
        is_input ? fmt::format("write a number there (the mean of the others, say), take the row "
                               "out, or leave the column out: columns: {{inputs: [...]}} without "
                               "'{}'",
                               name)
                 : "what is to be told must be known: write it there, or take the row out");
  } catch (const Error& error) {
    d = error.diagnostics()[0];
    d.notes.push_back(
        is_input
            ? fmt::format("words of an input become numbers by columns: {{categories: [{}]}}", name)
            : fmt::format("classes are told apart by columns: {{label: {}}}", name));
  }
  d.problem += fmt::format(" in column '{}'", name);
  throw Error(Exit::kInput, {std::move(d)});
}

TableRows::TableRows(const CsvTable& table, const std::string& file,
                     const std::vector<std::string>& columns,
                     const std::vector<CategoryColumn>& categories)
    : table_(table) {
  for (const std::string& name : columns) {
    Column column{name, column_of(table, file, name)};
    const auto found = std::find_if(categories.begin(), categories.end(),
                                    [&](const CategoryColumn& c) { return c.name == name; });
    if (found != categories.end()) {
      column.category = static_cast<int>(categories_.size());
      categories_.push_back(*found);
      categories_.back().first = count_;
    }
    count_ += found == categories.end() ? 1 : std::ssize(found->categories);
    columns_.push_back(std::move(column));
  }
}

std::vector<std::string> TableRows::names() const {
  std::vector<std::string> names;
  for (const Column& column : columns_) {
    if (column.category < 0) {
      names.push_back(column.name);
      continue;
    }
    const CategoryColumn& words = categories_[static_cast<size_t>(column.category)];
    for (const std::string& word : words.categories) names.push_back(column.name + "=" + word);
  }
  return names;
}

void TableRows::read(size_t row, std::span<double> out) const {
  size_t next = 0;
  for (const Column& column : columns_) {
    if (column.category < 0) {
      out[next++] = number_at(table_, row, column.number, true);
      continue;
    }
    const auto& words = categories_[static_cast<size_t>(column.category)].categories;
    const int64_t place = place_of(table_.text(row, column.number), words);
    for (int64_t i = 0; i < std::ssize(words); ++i) out[next++] = i == place ? 1 : 0;
  }
}

void TableRows::warn_of_unknown() const {
  std::string first;
  int64_t more = 0;
  for (size_t row = 0; row < table_.rows(); ++row) {
    for (const Column& column : columns_) {
      if (column.category < 0) continue;
      const std::string& word = table_.text(row, column.number);
      const auto& words = categories_[static_cast<size_t>(column.category)].categories;
      if (word.empty() || place_of(word, words) >= 0) continue;
      if (!first.empty()) {
        ++more;
        continue;
      }
      first = fmt::format(
          "{}: column '{}' has '{}', which the training table does not: it is read "
          "as none of the {} categories",
          table_.place(row, column.number), column.name, escaped(word), words.size());
    }
  }
  if (first.empty()) return;
  warn("{}{}", first, more > 0 ? fmt::format("; likewise {} more", counted(more, "cell")) : "");
}

}  // namespace cnn
