// cnn-viz: pictures that explain a network or a run. `cnn viz KIND --help` shows a kind's flags,
// which are its option table.

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <deque>
#include <map>
#include <optional>

#include "base/log.h"
#include "base/text.h"
#include "command.h"
#include "train/run_dir.h"
#include "viz/kinds.h"

namespace cnn {
namespace {

constexpr const char* kExamples =
    "  cnn viz report runs/lenet5                       one HTML page with everything\n"
    "  cnn viz curves runs/lenet5 runs/adam             training curves, side by side\n"
    "  cnn viz filters runs/lenet5 --layer c1           what the first layer looks for\n"
    "  cnn viz graph models/resnet18.yaml               the network as a drawing\n"
    "  cnn viz gradcam runs/cifar-resnet20 --images cat.jpg dog.jpg\n"
    "  cnn viz attention runs/translate \"Ein Mann schl\xc3\xa4"
    "ft.\"  who looks at which word\n"
    "  cnn viz deconv runs/cifar-resnet20               what its maps answer to, in pixels\n"
    "  cnn viz latent runs/vae                          pictures on a grid of codes\n"
    "  cnn viz KIND --help                              one kind in full";

std::string kind_list() {
  std::string text = "Kinds:\n";
  for (const VizKindType* type : viz_kinds()) {
    text += fmt::format("  {:<12} {}\n", type->name, type->summary);
  }
  return text;
}

std::string flag_of(const std::string& option) {
  std::string flag = "--" + option;
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

// "done of total" on one line of a terminal; nothing elsewhere.
class ProgressLine {
 public:
  void show(std::string_view what, int64_t done, int64_t total) {
    if (isatty(STDERR_FILENO) != 1 || log_level() == LogLevel::kQuiet) return;
    const auto now = std::chrono::steady_clock::now();
    if (done < total && now - shown_ < std::chrono::milliseconds(100)) return;
    shown_ = now;
    const std::string line =
        done < total ? fmt::format("{}: {} of {}", what, with_commas(done), with_commas(total))
                     : "";
    std::fprintf(stderr, "\r\x1b[K%s", line.c_str());
  }

 private:
  std::chrono::steady_clock::time_point shown_{};
};

// The command line of one kind.
class VizCommand {
 public:
  explicit VizCommand(const VizKindType& type)
      : type_(type),
        kind_(type.make()),
        command_("viz " + std::string(type.name), type.example, description(type)) {
    kind_->options(options_);
    add_flags();
  }

  int run(int argc, char** argv) {
    return command_.run(argc, argv, [this] { return draw(); });
  }

 private:
  static std::string description(const VizKindType& type) {
    std::string text = type.summary;
    text[0] = static_cast<char>(std::toupper(text[0]));
    if (*type.details != '\0') text += fmt::format(".\n\n{}", type.details);
    return text;
  }

  bool needs_weights() const { return type_.needs == VizKindType::Needs::kWeights; }
  bool needs_nothing() const { return type_.needs == VizKindType::Needs::kNothing; }
  bool takes_model() const {
    return needs_weights() || needs_nothing() || type_.needs == VizKindType::Needs::kModel;
  }

  void add_flags() {
    command_
        .add(takes_model() ? "MODEL" : "RUN", words_,
             type_.words != nullptr
                 ? fmt::format(
                       "a model file, or a run directory; then, before all flags, what --{} takes",
                       type_.words)
             : takes_model() ? "a model file, or a run directory; KEY=VALUE overrides"
             : type_.needs == VizKindType::Needs::kRun ? "a run directory"
                                                       : "run directories")
        .type("");
    if (needs_weights()) {
      command_
          .add("--weights", weights_,
               "weights (a run has its own): safetensors, or a state dict of PyTorch's")
          .type("FILE");
      command_.add("--partial", request_.partial_weights,
                   "load what fits of weights of another model, and list the rest");
      command_.add("--allow-non-finite", request_.allow_non_finite_weights,
                   "accept weights that hold NaN or infinity");
    }
    if (options_.find("split") != nullptr) {
      command_.add_key("--data", "data", "NAME",
                       "data set: a name, a data file, a folder or a CSV table");
    }
    for (const Option& option : options_.table()) add_flag_of(option);
    command_.add("--out", out_, "folder of the pictures (default: RUN/plots, or plots)")
        .type("DIR");
    command_
        .add("--format", format_,
             fmt::format("png or svg (default: {})", type_.prefers_svg ? "svg" : "png"))
        .one_of({"png", "svg"})
        .type("FORMAT");
    command_.add_common("print the numbers behind the pictures as one JSON line");
  }

  void add_flag_of(const Option& option) {
    flags_.push_back({option.name, {}});
    std::vector<std::string>& values = flags_.back().values;
    const std::string flag = flag_of(option.name);
    if (option.schema.kind == OptionSchema::Kind::kBoolean) {
      command_.add_switch(
          flag, [&values] { values = {"true"}; }, option.help);
      return;
    }
    const bool has_default = !option.default_text.empty() && option.default_text != "[]" &&
                             option.default_text != "''" && option.default_text != "\"\"";
    const std::string help =
        option.help + (has_default ? fmt::format(" (default: {})", option.default_text) : "");
    Flag added = command_.add(flag, values, help)
                     .type(takes_list(option)                                   ? "..."
                           : option.schema.kind == OptionSchema::Kind::kInteger ? "N"
                                                                                : "VALUE");
    takes_list(option) ? added.takes_many() : added.takes_once();
  }

  // What stands behind the model may be an option of the kind.
  void take_words() {
    command_.take_overrides(words_);
    if (type_.words == nullptr || words_.size() < 2) return;
    for (VizFlag& flag : flags_) {
      if (flag.name != type_.words) continue;
      flag.values.insert(flag.values.end(), words_.begin() + 1, words_.end());
      words_.resize(1);
      return;
    }
    CNN_ASSERT(false);
  }

  void load_subjects() {
    if (words_.empty() && !needs_nothing()) {
      fail(Exit::kUsage, "", "{} is required, before flags that take several values",
           takes_model() ? "a model file or a run" : "a run");
    }
    if (type_.needs != VizKindType::Needs::kRuns && words_.size() > 1) {
      fail(Exit::kUsage, "", "'viz {}' looks at one {}, found '{}' too", type_.name,
           takes_model() ? "model" : "run", words_[1]);
    }
    for (const std::string& path : words_) {
      const bool is_run = is_run_directory(path);
      if (!takes_model() && !is_run) {
        fail(Exit::kInput, path, "is no run directory (it has no run.json and spec.yaml)");
      }
      const std::string weights =
          needs_weights() ? Command::weights_for(path, weights_) : std::string();
      request_.subjects.push_back({path, is_run ? path : "", command_.load(path), weights});
    }
    if (out_.empty()) {
      const bool has_home = words_.size() == 1 && !request_.subject().run.empty();
      out_ = has_home ? request_.subject().run + "/plots" : "plots";
    }
  }

  Exit draw() {
    take_words();
    std::vector<VizFlag> given;
    for (const VizFlag& flag : flags_) {
      if (!flag.values.empty()) given.push_back(flag);
    }
    read_viz_flags(type_, *kind_, given);
    load_subjects();
    request_.memory_limit = command_.memory_limit();
    ProgressLine line;
    request_.progress = [&](std::string_view what, int64_t done, int64_t total) {
      line.show(what, done, total);
    };
    const VizResult result = kind_->run(request_);
    const bool as_svg = format_.empty() ? type_.prefers_svg : format_ == "svg";
    const std::vector<std::string> files = write_result(result, out_, as_svg);
    if (command_.json()) {
      Json json = {{"schema", 1}, {"kind", type_.name}};
      if (!request_.subjects.empty()) json["model"] = request_.subject().spec.name;
      json.update(result.numbers);
      json["files"] = files;
      print_result(json.dump() + "\n");
    } else {
      std::string text = result.text;
      for (const std::string& file : files) text += "wrote " + escaped(file) + "\n";
      print_result(text);
    }
    return Exit::kOk;
  }

  const VizKindType& type_;
  std::unique_ptr<VizKind> kind_;
  Options options_;
  Command command_;
  std::vector<std::string> words_;
  std::deque<VizFlag> flags_;  // references to its elements stay good
  std::string weights_, out_, format_;
  VizRequest request_;
};

// The kind that is nearest to a word, by its letters or by what people mean.
std::optional<std::string> meant_kind(const std::string& word) {
  static const std::map<std::string, std::string> kOthers = {{"feature", "activations"},
                                                             {"features", "activations"},
                                                             {"maps", "activations"},
                                                             {"kernels", "filters"},
                                                             {"weights", "filters"},
                                                             {"cam", "gradcam"},
                                                             {"heatmap", "gradcam"},
                                                             {"loss", "curves"},
                                                             {"history", "curves"},
                                                             {"tsne", "embedding"},
                                                             {"pca", "embedding"},
                                                             {"decision", "boundary"},
                                                             {"boundaries", "boundary"},
                                                             {"regions", "boundary"},
                                                             {"activation_functions", "functions"},
                                                             {"network", "graph"},
                                                             {"model", "graph"},
                                                             {"mistakes", "errors"},
                                                             {"dream", "actmax"},
                                                             {"alignments", "attention"},
                                                             {"cells", "neurons"},
                                                             {"states", "neurons"},
                                                             {"words", "embedding"}};
  if (const auto found = kOthers.find(word); found != kOthers.end()) return found->second;
  return nearest(word, viz_kind_names());
}

// `cnn viz`, `cnn viz --help`, or a word that is no kind.
int run_without_kind(int argc, char** argv) {
  std::vector<std::string> words;
  Command command("viz", kExamples,
                  "Pictures that explain a network or a run, as PNG or SVG.\n\n" + kind_list());
  command.add("KIND", words, "which picture, first of all").type("");
  command.allow_extras();
  return command.run(argc, argv, [&]() -> Exit {
    if (words.empty()) fail(Exit::kUsage, "", "which kind of picture? {}", "see cnn viz --help");
    const auto near = meant_kind(words[0]);
    throw Error(Exit::kUsage, {{"",
                                fmt::format("no kind of picture is called '{}'", words[0]),
                                "",
                                {near ? "did you mean '" + *near + "'?"
                                      : "there are " + quoted_list(viz_kind_names())}}});
  });
}

int main(int argc, char** argv) {
  const VizKindType* type = argc > 1 ? find_viz_kind(argv[1]) : nullptr;
  return type != nullptr ? VizCommand(*type).run(argc - 1, argv + 1) : run_without_kind(argc, argv);
}

}  // namespace
}  // namespace cnn

int main(int argc, char** argv) { return cnn::main(argc, argv); }
