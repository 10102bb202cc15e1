// Where a piece of YAML stands, and the collector of errors about it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace cnn {

// One text that was parsed: a file, or one override of the command line.
struct Source {
  std::string name;       // as shown: the path as the user gave it, or "command line"
  std::string text;       // the whole text
  std::string directory;  // relative paths in it resolve against this
  bool is_command_line = false;
};

// A position in a source; all 1-based, columns in code points. Default: nowhere.
struct Mark {
  std::shared_ptr<const Source> source;
  int line = 0;
  int column = 0;
  int length = 1;  // code points to underline

  std::string place() const;  // "lenet5.yaml:9:15"; "" when nowhere
  // The line with its number, and carets under the mark followed by `remedy`.
  std::string excerpt(std::string_view remedy) const;
};

// Collects located errors, up to ten; the eleventh throws at once. The same problem at the same
// place counts once.
class Diagnostics {
 public:
  static constexpr int kLimit = 10;

  // `problem` says what was found and what is allowed; `remedy` stands beside the caret.
  void report(const Mark& mark, std::string problem, std::string remedy = "",
              std::vector<std::string> notes = {});
  // Unknown word at a place: adds "did you mean 'x'?" or the list of what is allowed there. `where`
  // completes the problem: " for layer 'conv'".
  void report_unknown(const Mark& mark, std::string_view kind, std::string_view word,
                      const std::vector<std::string>& allowed, std::string_view where = "");

  bool empty() const { return found_.empty(); }
  size_t size() const { return found_.size(); }
  // Exit::kUsage if all errors stand on the command line, else Exit::kSpec.
  void throw_if_any() const;

  // While alive, every report carries this note ("in block 'up', called at unet.yaml:27:5").
  class Within {
   public:
    Within(Diagnostics& diagnostics, std::string note);
    ~Within();
    Within(const Within&) = delete;
    Within& operator=(const Within&) = delete;

   private:
    Diagnostics& diagnostics_;
  };

 private:
  std::vector<Diagnostic> found_;
  std::vector<std::string> context_;
  bool all_command_line_ = true;
};

}  // namespace cnn
