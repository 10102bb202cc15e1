#include "base/error.h"

#include "base/text.h"

namespace cnn {
namespace {

std::string render_all(const std::vector<Diagnostic>& diagnostics) {
  std::string text;
  for (const Diagnostic& d : diagnostics) text += render(d);
  return text;
}

}  // namespace

std::string render(const Diagnostic& d, std::string_view severity) {
  std::string text;
  if (!d.place.empty()) text += escaped(d.place) + ": ";
  text += fmt::format("{}: {}\n", severity, escaped(d.problem));
  if (!d.excerpt.empty()) text += d.excerpt + (d.excerpt.back() == '\n' ? "" : "\n");
  for (const std::string& note : d.notes) text += "  note: " + escaped(note) + "\n";
  return text;
}

Error::Error(Exit code, std::vector<Diagnostic> diagnostics)
    : std::runtime_error(render_all(diagnostics)),
      code_(code),
      diagnostics_(std::move(diagnostics)) {}

void fail_with(Exit code, std::string place, fmt::string_view format, fmt::format_args args) {
  throw Error(code, {{std::move(place), fmt::vformat(format, args), {}, {}}});
}

void bug(const char* condition, const char* file, int line) {
  throw std::logic_error(fmt::format("bug: {}:{}: {} does not hold", file, line, condition));
}

}  // namespace cnn
