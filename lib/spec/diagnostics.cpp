#include "spec/diagnostics.h"

#include <algorithm>

#include "base/text.h"

namespace cnn {
namespace {

// Byte range of a line, without its line break.
std::string_view line_of(std::string_view text, int line) {
  for (int i = 1; i < line; ++i) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

// The bytes of the first `count` code points.
size_t bytes_of(std::string_view text, int count) {
  size_t i = 0;
  while (count-- > 0 && i < text.size()) {
    ++i;
    while (i < text.size() && (static_cast<unsigned char>(text[i]) & 0xC0u) == 0x80u) ++i;
  }
  return i;
}

std::string spaces(int count) { return std::string(static_cast<size_t>(std::max(count, 0)), ' '); }

// A remedy of a few words fits beside the caret; a longer list is better read as a note.
constexpr size_t kLongestRemedy = 90;

}  // namespace

std::string Mark::place() const {
  if (!source) return "";
  if (source->is_command_line) return source->name;
  return fmt::format("{}:{}:{}", source->name, line, column);
}

std::string Mark::excerpt(std::string_view remedy) const {
  if (!source || line < 1) return "";
  // Of a long line only the neighbourhood of the mark is shown.
  constexpr int kBefore = 80;
  constexpr int kShown = 120;
  const std::string_view whole = line_of(source->text, line);
  const int skipped = column > kBefore ? column - kBefore : 0;
  std::string_view shown = whole.substr(bytes_of(whole, skipped));
  const size_t end = bytes_of(shown, kShown);
  const std::string_view before = shown.substr(0, bytes_of(shown, column - 1 - skipped));
  const std::string_view rest = shown.substr(before.size());
  const std::string_view marked = rest.substr(0, bytes_of(rest, std::min(length, kShown)));
  const std::string front = skipped > 0 ? "..." : "";
  const std::string back = end < shown.size() ? "..." : "";

  const std::string number = source->is_command_line ? "" : std::to_string(line);
  std::string text =
      fmt::format("{:>7} | {}{}{}\n", number, front, escaped(shown.substr(0, end)), back);
  const int width = std::max(1, display_width(escaped(marked)));
  text += fmt::format("        | {}^{}", spaces(display_width(front + escaped(before))),
                      std::string(static_cast<size_t>(width - 1), '~'));
  if (!remedy.empty()) text += " " + escaped(remedy);
  return text + "\n";
}

void Diagnostics::report(const Mark& mark, std::string problem, std::string remedy,
                         std::vector<std::string> notes) {
  const std::string place = mark.place();
  // A block that is called ten times has its mistake once.
  for (const Diagnostic& d : found_) {
    if (!place.empty() && d.place == place && d.problem == problem) return;
  }
  if (found_.size() >= kLimit) throw_if_any();
  if (!mark.source && !remedy.empty()) notes.insert(notes.begin(), remedy);
  notes.insert(notes.end(), context_.rbegin(), context_.rend());
  found_.push_back({place, std::move(problem), mark.excerpt(remedy), std::move(notes)});
  all_command_line_ = all_command_line_ && mark.source && mark.source->is_command_line;
}

void Diagnostics::report_unknown(const Mark& mark, std::string_view kind, std::string_view word,
                                 const std::vector<std::string>& allowed, std::string_view where) {
  std::string problem = fmt::format("unknown {} '{}'{}", kind, word, where);
  if (const auto meant = nearest(word, allowed)) {
    report(mark, std::move(problem), fmt::format("did you mean '{}'?", *meant));
    return;
  }
  const std::string list = allowed.empty() ? "" : "allowed here: " + join(allowed, ", ");
  if (list.size() <= kLongestRemedy) {
    report(mark, std::move(problem), list);
  } else {
    report(mark, std::move(problem), "", {list});
  }
}

void Diagnostics::throw_if_any() const {
  if (!found_.empty()) throw Error(all_command_line_ ? Exit::kUsage : Exit::kSpec, found_);
}

Diagnostics::Within::Within(Diagnostics& diagnostics, std::string note)
    : diagnostics_(diagnostics) {
  diagnostics_.context_.push_back(std::move(note));
}

Diagnostics::Within::~Within() { diagnostics_.context_.pop_back(); }

}  // namespace cnn
