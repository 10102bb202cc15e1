// report: a run on one HTML page that needs nothing else: no network, no script, no other file.
// Its pictures are those of the other kinds, as many as fit the model.

#include <cmath>
#include <optional>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "data/catalogue.h"
#include "data/dataset.h"
#include "kernels/gemm_library.h"
#include "model/settings.h"
#include "report/runs.h"
#include "report/summary.h"
#include "viz/drawing/raster.h"
#include "viz/drawing/svg.h"
#include "viz/kinds.h"

namespace cnn {
namespace {

constexpr size_t kMostPictureBytes = 800'000;  // of one SVG; larger ones become pixels

// A part of the page that another kind draws.
struct Section {
  const char* kind;
  const char* title;
  const char* text;
  std::vector<VizFlag> flags = {};
  bool looks_at_data = false;  // takes --split
};

std::vector<Section> sections() {
  return {
      {"curves",
       "Training",
       "Training is dashed, validation solid; the circle is the best epoch, whose weights are the "
       "ones that all pictures below look at.",
       {{"separate", {"true"}}}},
      {"confusion",
       "Confusion matrix",
       "Rows are true classes, columns what the network says.",
       {},
       true},
      {"masks",
       "Masks",
       "The true mask, the predicted one, and where they differ; the worst first.",
       {{"most", {"6"}}},
       true},
      {"predicted",
       "Predicted numbers",
       "A point a sample: the true number to the right, the predicted one upwards; on the line "
       "both "
       "are the same.",
       {},
       true},
      {"errors",
       "The most certain mistakes",
       "Often it is the label or the picture that is doubtful.",
       {{"most", {"30"}}},
       true},
      {"filters",
       "Filters",
       "What layers look for: blue weights are negative, red ones positive.",
       {}},
      {"activations", "Activations", "What layers make of one sample.", {}, true},
      {"gradcam",
       "Where it looks",
       "Grad-CAM: the parts of a picture that speak for its class.",
       {{"samples", {"4"}}},
       true},
      {"attention",
       "Who looks where",
       "For each word that is told or read, how much a layer takes of each word, or of each part "
       "of "
       "a picture.",
       {{"samples", {"2"}}},
       true},
      {"neurons",
       "States",
       "A text, coloured by single numbers of a recurrent layer's state, and what they go along "
       "with; blue is negative, red positive.",
       {{"count", {"4"}}, {"length", {"250"}}},
       true},
      {"reconstruct",
       "Reconstructions",
       "Each sample, what the network makes of it, and the error.",
       {},
       true},
      {"samples", "Samples", "Drawn from the prior.", {}},
      {"latent", "The latent space", "What the decoder makes of a grid of codes.", {}},
      {"embedding",
       "Codes in the plane",
       "Each point is a sample: what the last layer reads of it, or an autoencoder's code; of a "
       "network that tells something of each word, a word's vector. By principal components and by "
       "t-SNE.",
       {{"samples", {"1000"}}},
       true},
      {"graph", "The network", "A box a layer or a block, with the volume that it gives.", {}},
  };
}

constexpr const char* kStyle = R"(
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:980px;margin:0 auto;padding:1.2rem 1rem 3rem}
h1{font-size:1.7rem;margin:.3rem 0}h2{font-size:1.2rem;margin:2.2rem 0 .3rem}
p{margin:.3rem 0 .8rem}.muted{color:var(--muted)}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(140px,1fr));gap:.6rem;margin:1rem 0}
.card{border:1px solid var(--grid);border-radius:8px;padding:.5rem .7rem}
.card b{display:block;font-size:1.2rem;font-variant-numeric:tabular-nums}
.card span{color:var(--muted);font-size:.8rem}
.figures{display:flex;flex-wrap:wrap;gap:.8rem}
.figure{overflow-x:auto;max-width:100%;border:1px solid var(--grid);border-radius:8px}
.figure svg,.figure img{display:block;max-width:100%;height:auto}
.scroll{overflow-x:auto;border:1px solid var(--grid);border-radius:8px}
table{border-collapse:collapse;font-size:.85rem;width:100%}
td,th{text-align:left;padding:.25rem .6rem;border-bottom:1px solid var(--grid);vertical-align:top}
tr:last-child td,tr:last-child th{border-bottom:0}
th{color:var(--muted);font-weight:normal}td{overflow-wrap:anywhere}th.n{text-align:right}
td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
pre{overflow-x:auto;font:.8rem/1.45 ui-monospace,monospace;border:1px solid var(--grid);border-radius:8px;padding:.7rem;margin:0}
summary{cursor:pointer}
nav{font-size:.9rem;margin:.6rem 0}nav a{color:var(--s0);margin-right:.8rem;text-decoration:none;white-space:nowrap}
)";

std::string card(const std::string& value, const std::string& label) {
  return fmt::format("<div class=\"card\"><b>{}</b><span>{}</span></div>\n", xml_escaped(value),
                     xml_escaped(label));
}

std::string row(const std::string& name, const std::string& value) {
  if (value.empty()) return "";
  return fmt::format("<tr><th>{}</th><td>{}</td></tr>\n", xml_escaped(name), xml_escaped(value));
}

std::string volume(const Shape& shape) {
  std::string text;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    text += (axis > 0 ? "\xc3\x97" : "") + std::to_string(shape[axis]);
  }
  return text;
}

std::string figure_html(const Drawing& drawing) {
  // On a narrow screen it shrinks until its texts are just readable; behind that it is scrolled.
  constexpr double kSmallest = 0.48;
  std::string content = svg_element(drawing);
  if (content.size() > kMostPictureBytes) {
    content = fmt::format("<img alt=\"{}\" width=\"{:.0f}\" src=\"data:image/png;base64,{}\"/>\n",
                          xml_escaped(drawing.label()), drawing.width(),
                          base64(encode_png(rasterized(drawing, 1))));
  }
  return fmt::format("<div class=\"figure\"><div style=\"min-width:{:.0f}px\">{}</div></div>\n",
                     kSmallest * drawing.width(), content);
}

class ReportPage {
 public:
  explicit ReportPage(const VizRequest& request)
      : request_(request),
        run_(read_run(request.subject().run)),
        summary_(summarize(request.subject().spec)) {
    request_.subjects[0].weights = weights_of_run(request.subject().run);
    split_ = split_of(request.subject().spec);
  }

  std::string html() {
    const std::string drawn = pictures();  // first: they tell what is on the cards
    const std::string body = head() + drawn + layers() + run_table() + spec();
    return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>\n"
           "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"/>\n"
           "<meta name=\"color-scheme\" content=\"light dark\"/>\n<title>" +
           xml_escaped(title()) + "</title>\n<style>\n" + svg_style() + kStyle +
           "</style></head>\n<body class=\"cnn\"><main>\n" + body + "</main></body></html>\n";
  }

  const Json& numbers() const { return numbers_; }
  const std::vector<std::string>& left_out() const { return left_out_; }

 private:
  static std::string split_of(const ModelSpec& spec) {
    const TrainSettings settings = read_train_settings(spec);
    try {
      const DataSource source(load_data(spec), static_cast<uint64_t>(settings.seed));
      return source.has_test() ? "test" : "val";
    } catch (const Error&) {
      return "test";  // the pictures that need data will say what is wrong
    }
  }

  std::string title() const { return fmt::format("{}: report of {}", run_.info.model, run_.name); }

  std::string head() const {
    std::string text =
        fmt::format("<h1>{}</h1>\n<p class=\"muted\">run {} \xc2\xb7 {} \xc2\xb7 {}</p>\n",
                    xml_escaped(run_.info.model), xml_escaped(run_.name),
                    xml_escaped(run_.info.status), xml_escaped(run_.info.started));
    if (!run_.info.message.empty()) text += "<p>" + xml_escaped(run_.info.message) + "</p>\n";
    text += "<div class=\"cards\">\n";
    if (accuracy_) {
      text += card(fmt::format("{:.2f}%", 100 * *accuracy_), split_ + " accuracy");
    }
    if (r2_) text += card(fmt::format("{:.3f}", *r2_), split_ + " R\xc2\xb2");
    if (iou_) text += card(fmt::format("{:.3f}", *iou_), split_ + " mean IoU");
    if (const auto& best = run_.info.best) {
      text += card(fmt::format("{:.5g}", best->value),
                   fmt::format("best {}, epoch {}", best->metric, best->epoch));
    }
    if (const EpochRow* last = run_.last()) {
      for (const auto& [name, value] : last->scores) {
        if (name.find("loss") != std::string::npos) {
          text += card(fmt::format("{:.4g}", value), name + ", last epoch");
        }
      }
      text += card(with_commas(std::llround(last->samples_per_second)), "samples a second");
      text += card(fmt::format("{:.0f} MiB", last->resident_mib), "memory in use");
    }
    text += card(human_seconds(run_.info.seconds), counted(run_.info.epochs, "epoch"));
    text += card(human_count(static_cast<double>(summary_.parameters)), "parameters");
    text += card(human_count(static_cast<double>(summary_.macs)), "multiply-adds a sample");
    return text + "</div>\n";
  }

  std::string pictures() {
    std::string text, links;
    const std::vector<Section> all = sections();
    for (size_t i = 0; i < all.size(); ++i) {
      request_.report("report", static_cast<int64_t>(i), static_cast<int64_t>(all.size()));
      const std::string part = section(all[i]);
      if (part.empty()) continue;
      text += part;
      links += fmt::format("<a href=\"#{}\">{}</a> ", all[i].kind, xml_escaped(all[i].title));
    }
    request_.report("report", 1, 1);
    links +=
        "<a href=\"#layers\">Layers</a> <a href=\"#run\">Run</a> <a href=\"#spec\">Model file</a>";
    return "<nav>" + links + "</nav>\n" + text;
  }

  // Empty where the kind does not fit the model.
  std::string section(const Section& wanted) {
    const VizKindType* type = find_viz_kind(wanted.kind);
    CNN_ASSERT(type != nullptr);
    std::vector<VizFlag> flags = wanted.flags;
    if (wanted.looks_at_data) flags.push_back({"split", {split_}});
    VizRequest request = request_;
    request.progress = {};
    try {
      const VizResult result = run_kind(*type, request, flags);
      std::string text =
          fmt::format("<h2 id=\"{}\">{}</h2>\n<p class=\"muted\">{}</p>\n", wanted.kind,
                      xml_escaped(wanted.title), xml_escaped(wanted.text));
      text += "<div class=\"figures\">\n";
      for (const Figure& figure : result.figures) text += figure_html(figure.drawing);
      if (result.numbers.contains("accuracy")) accuracy_ = result.numbers["accuracy"].get<double>();
      if (result.numbers.contains("r2")) r2_ = result.numbers["r2"].get<double>();
      if (result.numbers.contains("iou")) iou_ = result.numbers["iou"].get<double>();
      numbers_["sections"].push_back(wanted.kind);
      return text + "</div>\n";
    } catch (const Error& error) {
      if (error.code() != Exit::kUsage) {  // kUsage: the model is of another kind
        left_out_.push_back(
            fmt::format("{}: {}", wanted.kind, error.diagnostics().front().problem));
      }
      return "";
    }
  }

  std::string layers() const {
    std::string text =
        "<h2 id=\"layers\">Layers</h2>\n<div class=\"scroll\"><table>\n<tr><th>layer</th>"
        "<th>operation</th><th class=\"n\">output</th><th class=\"n\">parameters</th>"
        "<th class=\"n\">multiply-adds</th></tr>\n";
    for (const LayerSummary& layer : summary_.layers) {
      text += fmt::format(
          "<tr><td>{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>"
          "<td class=\"n\">{}</td></tr>\n",
          xml_escaped(layer.name), xml_escaped(layer.operation), volume(layer.output),
          layer.parameters > 0 ? with_commas(layer.parameters) : "",
          layer.macs > 0 ? human_count(static_cast<double>(layer.macs)) : "");
    }
    return text + "</table></div>\n";
  }

  std::string run_table() const {
    const RunInfo& info = run_.info;
    std::string text = "<h2 id=\"run\">Run</h2>\n<div class=\"scroll\"><table>\n";
    text += row("command", info.command) + row("started", info.started) + row("ended", info.ended) +
            row("time", human_seconds(info.seconds)) + row("status", info.status) +
            row("epochs", std::to_string(info.epochs)) + row("steps", with_commas(info.steps)) +
            row("started from", info.weights) + row("processor", info.cpu) +
            row("threads", std::to_string(info.threads)) +
            row("BLAS", GemmLibrary{info.blas, info.blas_core}.name()) +
            row("algorithms", info.kernels) + row("seed", std::to_string(info.seed)) +
            row("data", info.data_hash) + row("cnn", info.version) +
            row("memory planned for training", human_bytes(summary_.memory.train_bytes()));
    for (const std::string& reason : left_out_) text += row("left out here", reason);
    return text + "</table></div>\n";
  }

  std::string spec() const {
    constexpr uint64_t kMostSpecBytes = 1 << 20;
    return "<h2 id=\"spec\">Model file</h2>\n<p class=\"muted\">As it was resolved for this "
           "run.</p>\n<pre>" +
           xml_escaped(read_file(run_.path + "/spec.yaml", kMostSpecBytes)) + "</pre>\n";
  }

  VizRequest request_;
  Run run_;
  ModelSummary summary_;
  std::string split_;
  std::optional<double> accuracy_;  // of the confusion matrix
  std::optional<double> iou_;       // of the masks
  std::optional<double> r2_;        // of predicted numbers
  Json numbers_ = {{"sections", Json::array()}};
  std::vector<std::string> left_out_;
};

class Report final : public VizKind {
 public:
  VizResult run(const VizRequest& request) override {
    ReportPage page(request);
    VizResult result;
    result.files.push_back({"report.html", page.html()});
    result.numbers = page.numbers();
    result.numbers["bytes"] = result.files[0].second.size();
    for (const std::string& reason : page.left_out()) result.text += "left out: " + reason + "\n";
    return result;
  }
};

}  // namespace

extern const VizKindType report_kind = {
    .name = "report",
    .summary = "a run on one HTML page that needs nothing else",
    .example =
        "  cnn viz report runs/lenet5                       writes runs/lenet5/plots/report.html",
    .details =
        "Summary, curves, confusion matrix or predicted numbers, mistakes, filters, activations "
        "and more, as far "
        "as they fit the model; every layer, the machine, the model file as it was "
        "resolved. The page follows the reader's light or dark.",
    .needs = VizKindType::Needs::kRun,
    .make = make_kind<Report>};

}  // namespace cnn
