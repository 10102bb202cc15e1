// TableRows: rows of a table as the numbers that a network reads: columns of numbers, and columns
// of words, of which every category becomes a number of its own: 1 where it stands, else 0.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/csv.h"
#include "spec/options.h"
#include "tensor/field.h"

namespace cnn {

// Which columns of a table hold words: a column, a list of columns, or a map that has the
// categories of each.
struct CategoryColumns {
  std::vector<CategoryColumn> columns;  // without categories: those of the training table
  Mark mark = {};

  const CategoryColumn* find(const std::string& name) const;  // null if it is none of them
};
CNN_OPTION_TYPE(CategoryColumns);

// The words of a column, sorted, each once; an empty cell is none of them. Exit::kInput if there
// are more than kMostCategories, or none.
inline constexpr int64_t kMostCategories = 256;
std::vector<std::string> categories_in(const CsvTable& table, const std::string& file,
                                       const std::string& column);

// The columns that numbers of these names come from: 'colour' for 'colour=red' and 'colour=blue'.
std::vector<std::string> columns_of(const std::vector<std::string>& names,
                                    const std::vector<CategoryColumn>& categories);

// The number of a column; Exit::kInput with what was perhaps meant. `file` names the table.
int column_of(const CsvTable& table, const std::string& file, const std::string& name);

// The number of a cell; Exit::kInput at FILE:LINE:COL, with the column's name and what helps, if it
// has none, or one that is not finite; that differs between inputs and what is to be told.
double number_at(const CsvTable& table, size_t row, int column, bool is_input);

class TableRows {
 public:
  // The columns by name, in the order of their numbers; all of `categories` have theirs. Borrows
  // the table. Exit::kInput for a column that is not there.
  TableRows(const CsvTable& table, const std::string& file, const std::vector<std::string>& columns,
            const std::vector<CategoryColumn>& categories);

  int64_t count() const { return count_; }  // numbers of a row
  // Of each number: "age", "colour=red".
  std::vector<std::string> names() const;
  const std::vector<CategoryColumn>& categories() const { return categories_; }  // in their order

  // Exit::kInput for a number that is none. A word that is no category, and an empty cell, are 0
  // everywhere.
  void read(size_t row, std::span<double> out) const;
  // One warning of all words that are no category, with the place of the first.
  void warn_of_unknown() const;

 private:
  struct Column {
    std::string name;
    int number = 0;
    int category = -1;  // number in categories_; -1: a column of numbers
  };
  const CsvTable& table_;
  std::vector<Column> columns_;
  std::vector<CategoryColumn> categories_;
  int64_t count_ = 0;
};

}  // namespace cnn
