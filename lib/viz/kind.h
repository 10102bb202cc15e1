// VizKind: one kind of picture of a network or a run. Each is defined in the one file of its name,
// inside namespace cnn, as
//
//   }  // namespace
//   extern const VizKindType filters_kind = {.name = "filters", ..., .make = make_kind<Filters>};
//
// and found by kinds.h.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "spec/model_spec.h"
#include "spec/options.h"
#include "viz/drawing/drawing.h"

namespace cnn {

// A model file, or a run, that is looked at.
struct VizSubject {
  std::string path;     // as given
  std::string run;      // the run directory; empty for a model file
  ModelSpec spec;       // with the command line's overrides
  std::string weights;  // the file; empty where a kind needs none and none was given
};

struct VizRequest {
  std::vector<VizSubject> subjects;  // one, or more where the kind compares; none: kNothing
  uint64_t memory_limit = 0;         // bytes; 0: what the machine offers
  bool allow_non_finite_weights = false;
  bool partial_weights = false;
  // Called as long work goes on: what is done and how much of it.
  std::function<void(std::string_view what, int64_t done, int64_t total)> progress = {};

  const VizSubject& subject() const { return subjects.front(); }
  void report(std::string_view what, int64_t done, int64_t total) const {
    if (progress) progress(what, done, total);
  }
};

// Written as NAME.png or NAME.svg; `name` begins with the kind's: "filters_c1".
struct Figure {
  std::string name;
  Drawing drawing;
};

struct VizResult {
  std::vector<Figure> figures;
  // Written as they are: {"report.html", content}.
  std::vector<std::pair<std::string, std::string>> files = {};
  std::string text = {};  // for people, above the names of the files
  // The numbers behind the pictures, for --json.
  Json numbers = Json::object();
};

class VizKind {
 public:
  virtual ~VizKind() = default;
  // Its flags: an option `layer` is --layer; of an option that is a list the flag may be repeated.
  virtual void options(Options&) {}
  virtual VizResult run(const VizRequest& request) = 0;
};

struct VizKindType {
  enum class Needs {
    kNothing,  // a model file may be given
    kModel,    // a model file is enough
    kWeights,  // weights too: --weights, or a run's best ones
    kRun,      // a run directory
    kRuns,     // one or several of them
  };
  const char* name;
  const char* summary;       // one line: "what each filter looks for"
  const char* example;       // whole commands, a line each
  const char* details = "";  // how to read the picture, and its source (paper)
  Needs needs = Needs::kWeights;
  bool prefers_svg = false;  // lines and text, no pixels
  // The list among its options that words behind the model are, where it takes such.
  const char* words = nullptr;
  std::unique_ptr<VizKind> (*make)() = nullptr;
};

// One flag as it was given: {"layer", {"c1", "c3"}}.
struct VizFlag {
  std::string name;
  std::vector<std::string> values;
};
// True if the option takes several values.
bool takes_list(const Option& option);
// Reads flags into the kind's options. Exit::kUsage for unknown ones and bad values.
void read_viz_flags(const VizKindType& type, VizKind& kind, std::span<const VizFlag> flags);

// Makes the kind, reads the flags, runs it.
VizResult run_kind(const VizKindType& type, const VizRequest& request,
                   std::span<const VizFlag> flags = {});

// Writes figures as DIR/NAME.svg or DIR/NAME.png, and files as they are; gives their paths.
std::vector<std::string> write_result(const VizResult& result, const std::string& folder,
                                      bool as_svg);

template <class K>
std::unique_ptr<VizKind> make_kind() {
  return std::make_unique<K>();
}

}  // namespace cnn
