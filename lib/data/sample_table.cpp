#include "data/sample_table.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/error.h"
#include "base/text.h"

namespace cnn {
namespace {

std::optional<int64_t> whole_number(const std::string& text) { return Node::scalar(text).as_int(); }

}  // namespace

ClassList classes_of(const std::vector<std::string>& texts, const DataOptions& options) {
  if (!options.classes.names.empty()) return options.classes;
  int64_t largest = -1;
  bool all_numbers = true;
  for (const std::string& text : texts) {
    const std::optional<int64_t> number = whole_number(text);
    all_numbers = all_numbers && number.has_value();
    if (number && number != options.ignore) largest = std::max(largest, *number);
  }
  if (all_numbers) {
    return {options.classes.count > 0 ? options.classes.count : largest + 1, {}};
  }
  const std::set<std::string> names(texts.begin(), texts.end());
  const auto count = static_cast<int64_t>(names.size());
  if (options.classes.count > 0 && options.classes.count != count) {
    fail(Exit::kInput, options.name, "has {} classes, 'classes' says {}", count,
         options.classes.count);
  }
  return {count, {names.begin(), names.end()}};
}

float class_number(const std::string& text, const ClassList& classes, const DataOptions& options,
                   const std::string& place) {
  const auto found = std::find(classes.names.begin(), classes.names.end(), text);
  if (found != classes.names.end()) return static_cast<float>(found - classes.names.begin());
  const std::optional<int64_t> number = whole_number(text);
  if (!number && !classes.names.empty()) {
    fail(Exit::kInput, place, "'{}' is no class; the classes are {}", text,
         join(classes.names, ", "));
  }
  if (!number) fail(Exit::kInput, place, "expected a class number, found '{}'", text);
  const bool is_known = *number >= 0 && *number < classes.count;
  if (!is_known && number != options.ignore) {
    fail(Exit::kInput, place, "label {}: the data set has classes 0 to {}", *number,
         classes.count - 1);
  }
  return static_cast<float>(*number);
}

void check_listed_path(const std::string& path, bool outside, const std::string& place) {
  const std::filesystem::path listed(path);
  if (path.empty()) fail(Exit::kInput, place, "expected a path, found nothing");
  if (outside) return;
  const bool climbs = std::find(listed.begin(), listed.end(), "..") != listed.end();
  if (!climbs && !listed.is_absolute()) return;
  throw Error(
      Exit::kInput,
      {{place,
        fmt::format("the path '{}' {}", path, climbs ? "leaves the folder by '..'" : "is absolute"),
        {},
        {"'outside: true' in the data map allows such paths"}}});
}

}  // namespace cnn
