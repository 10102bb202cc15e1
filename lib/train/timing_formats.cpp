// Timing reports as tables and JSON, and two of them side by side.

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/table.h"
#include "base/text.h"
#include "train/json.h"
#include "train/timing.h"

namespace cnn {
namespace {

using Align = Table::Align;

constexpr uint64_t kLargestFile = uint64_t{64} << 20;

std::string milliseconds(double seconds) {
  return seconds > 0 ? fmt::format("{:.3f}", 1e3 * seconds) : "";
}
std::string percent(double share) { return fmt::format("{:.1f}%", 100 * share); }
std::string gflops_of(double gflops) { return gflops > 0 ? fmt::format("{:.0f}", gflops) : ""; }

// "c 131%": bound by computing (m: by memory), and the machine's least time over the real one.
std::string roof_of(const LayerTime& layer) {
  if (layer.seconds() <= 0) return "";
  return fmt::format("{} {:.0f}%", layer.compute_bound ? 'c' : 'm',
                     100 * layer.least_s / layer.seconds());
}

Table layer_table(const TimingReport& report) {
  const bool training = report.mode == "train";
  std::vector<Table::Column> columns = {{"layer"}, {"type"}, {"forward ms", Align::kRight}};
  if (training) {
    columns.push_back({"data ms", Align::kRight});
    columns.push_back({"weights ms", Align::kRight});
  }
  for (const char* title : {"share", "GFLOP/s", "roof"}) columns.push_back({title, Align::kRight});
  columns.push_back({"algorithm"});
  Table table(columns);
  for (const LayerTime& layer : report.layers) {
    std::vector<std::string> cells = {layer.name, layer.type, milliseconds(layer.forward_s)};
    if (training) {
      const double weights = layer.backward_weights_s;
      cells.push_back(milliseconds(layer.backward_s - weights));
      cells.push_back(milliseconds(weights));
    }
    cells.insert(cells.end(),
                 {percent(layer.share), gflops_of(layer.gflops), roof_of(layer), layer.kernel});
    table.add(std::move(cells));
  }
  if (training) {
    table.add({"optimizer", "", "", "", milliseconds(report.update_s),
               percent(report.update_s / report.layers_s()), "", "", ""});
  }
  return table;
}

std::string legend(const TimingReport& report) {
  return fmt::format(
      "\ndata, weights: backward to the input and to the parameters. GFLOP/s: 2 x MACs / time, the "
      "plain algorithm's\noperations, so that Winograd may pass the machine's peak. roof: the time "
      "that the machine needs for as many\noperations (c) or bytes (m), in percent of the real "
      "time; this machine: {:.0f} GFLOP/s (sgemm), {:.1f} GB/s (copy).\n",
      report.machine.gflops, report.machine.copy_gb_s);
}

Json json_of(const LayerTime& layer) {
  return {{"name", layer.name},
          {"type", layer.type},
          {"kernel", layer.kernel},
          {"forward_s", layer.forward_s},
          {"backward_s", layer.backward_s},
          {"backward_data_s", layer.backward_data_s},
          {"backward_weights_s", layer.backward_weights_s},
          {"share", layer.share},
          {"gflops", layer.gflops},
          {"least_s", layer.least_s},
          {"bound", layer.compute_bound ? "compute" : "memory"}};
}

LayerTime layer_of(const Json& json) {
  LayerTime layer;
  layer.name = json.at("name").get<std::string>();
  layer.type = json.at("type").get<std::string>();
  layer.kernel = json.at("kernel").get<std::string>();
  layer.forward_s = json.at("forward_s").get<double>();
  layer.backward_s = json.at("backward_s").get<double>();
  layer.backward_data_s = json.at("backward_data_s").get<double>();
  layer.backward_weights_s = json.at("backward_weights_s").get<double>();
  layer.share = json.at("share").get<double>();
  layer.gflops = json.at("gflops").get<double>();
  layer.least_s = json.at("least_s").get<double>();
  layer.compute_bound = json.at("bound") == "compute";
  return layer;
}

TimingReport report_of(const Json& json) {
  TimingReport report;
  report.model = json.at("model").get<std::string>();
  report.mode = json.at("mode").get<std::string>();
  report.batch_size = json.at("batch_size").get<int64_t>();
  report.threads = json.at("threads").get<int>();
  report.instruction_set = json.value("instruction_set", "");
  report.steps = json.at("steps").get<int64_t>();
  report.step_s = json.at("step_s").get<double>();
  report.samples_per_s = json.at("samples_per_s").get<double>();
  report.peak_mib = json.at("peak_mib").get<double>();
  report.planned_mib = json.at("planned_mib").get<double>();
  report.gflops = json.at("gflops").get<double>();
  report.update_s = json.at("update_s").get<double>();
  report.machine.gflops = json.at("machine").at("gflops").get<double>();
  report.machine.copy_gb_s = json.at("machine").at("copy_gb_s").get<double>();
  for (const Json& layer : json.at("layers")) report.layers.push_back(layer_of(layer));
  return report;
}

std::string last_line(const std::string& text) {
  const size_t end = text.find_last_not_of(" \n\r");
  if (end == std::string::npos) return "";
  const size_t newline = text.rfind('\n', end);
  const size_t begin = newline == std::string::npos ? 0 : newline + 1;
  return text.substr(begin, end + 1 - begin);
}

// Layers of both, in the order of `a`; those of `b` alone follow. By name.
struct LayerPair {
  const LayerTime* a = nullptr;
  const LayerTime* b = nullptr;
};

std::vector<LayerPair> pairs_of(const TimingReport& a, const TimingReport& b) {
  const auto find = [](const TimingReport& report, const std::string& name) {
    const auto it = std::find_if(report.layers.begin(), report.layers.end(),
                                 [&](const LayerTime& layer) { return layer.name == name; });
    return it == report.layers.end() ? nullptr : &*it;
  };
  std::vector<LayerPair> pairs;
  for (const LayerTime& layer : a.layers) pairs.push_back({&layer, find(b, layer.name)});
  for (const LayerTime& layer : b.layers) {
    if (find(a, layer.name) == nullptr) pairs.push_back({nullptr, &layer});
  }
  return pairs;
}

std::string ratio_of(double a, double b) {
  return a > 0 && b > 0 ? fmt::format("{:.2f}x", a / b) : "";
}

}  // namespace

double TimingReport::layers_s() const {
  double sum = update_s;
  for (const LayerTime& layer : layers) sum += layer.seconds();
  return sum;
}

std::string TimingReport::json() const {
  Json list = Json::array();
  for (const LayerTime& layer : layers) list.push_back(json_of(layer));
  return json_text({{"schema", 1},
                    {"model", model},
                    {"mode", mode},
                    {"batch_size", batch_size},
                    {"threads", threads},
                    {"instruction_set", instruction_set},
                    {"steps", steps},
                    {"step_s", step_s},
                    {"samples_per_s", samples_per_s},
                    {"peak_mib", peak_mib},
                    {"planned_mib", planned_mib},
                    {"gflops", gflops},
                    {"update_s", update_s},
                    {"machine", {{"gflops", machine.gflops}, {"copy_gb_s", machine.copy_gb_s}}},
                    {"layers", list}});
}

std::string TimingReport::table(bool is_utf8, bool color) const {
  std::string text;
  if (!layers.empty()) text += layer_table(*this).str(is_utf8, color) + legend(*this) + "\n";
  text += fmt::format(
      "{} {}: {} samples/s; a step of {} samples takes {:.3f} ms (median of {}) on {} thread{}, "
      "{}\n",
      model, mode, human_count(samples_per_s), batch_size, 1e3 * step_s, steps, threads,
      threads == 1 ? "" : "s", instruction_set);
  if (gflops > 0) {
    text += fmt::format("speed: {:.0f} GFLOP/s, {:.2f} of this machine's sgemm\n", gflops,
                        gflops / machine.gflops);
  }
  text += fmt::format("memory: {:.1f} MiB at most, {:.1f} MiB planned\n", peak_mib, planned_mib);
  return text;
}

TimingReport read_timing(const std::string& path) {
  const std::string line = last_line(read_file(path, kLargestFile));
  try {
    return report_of(Json::parse(line));
  } catch (const Json::exception&) {
    fail(Exit::kInput, path,
         "this is no timing report; make one with: cnn time MODEL.yaml --json > {}", path);
  }
}

std::string TimingComparison::table(bool is_utf8, bool color) const {
  Table table({{"layer"},
               {"type"},
               {first + " ms", Align::kRight},
               {second + " ms", Align::kRight},
               {"speed-up", Align::kRight},
               {"algorithm"}});
  for (const LayerPair& pair : pairs_of(a, b)) {
    const LayerTime& either = pair.a ? *pair.a : *pair.b;
    const double before = pair.a ? pair.a->seconds() : 0, after = pair.b ? pair.b->seconds() : 0;
    const std::string was = pair.a ? pair.a->kernel : "", is = pair.b ? pair.b->kernel : "";
    std::string kernel = was.empty() ? is : was;
    if (!was.empty() && !is.empty() && was != is) kernel = was + " -> " + is;
    table.add({either.name, either.type, milliseconds(before), milliseconds(after),
               ratio_of(before, after), kernel});
  }
  if (a.update_s > 0 || b.update_s > 0) {
    table.add({"optimizer", "", milliseconds(a.update_s), milliseconds(b.update_s),
               ratio_of(a.update_s, b.update_s), ""});
  }
  table.add_rule();
  table.add({"a step", "", milliseconds(a.step_s), milliseconds(b.step_s),
             ratio_of(a.step_s, b.step_s), ""},
            Table::Weight::kBold);
  return table.str(is_utf8, color) +
         fmt::format(
             "\n{}: {} {}, batch {}, {} threads: {} samples/s, {:.1f} MiB\n"
             "{}: {} {}, batch {}, {} threads: {} samples/s, {:.1f} MiB\n",
             first, a.model, a.mode, a.batch_size, a.threads, human_count(a.samples_per_s),
             a.peak_mib, second, b.model, b.mode, b.batch_size, b.threads,
             human_count(b.samples_per_s), b.peak_mib);
}

std::string TimingComparison::json() const {
  Json list = Json::array();
  for (const LayerPair& pair : pairs_of(a, b)) {
    const LayerTime& either = pair.a ? *pair.a : *pair.b;
    list.push_back({{"name", either.name},
                    {"type", either.type},
                    {"first_s", pair.a ? Json(pair.a->seconds()) : Json()},
                    {"second_s", pair.b ? Json(pair.b->seconds()) : Json()}});
  }
  return json_text({{"schema", 1},
                    {"first", first},
                    {"second", second},
                    {"speed_up", json_number(b.samples_per_s / a.samples_per_s)},
                    {"first_samples_per_s", a.samples_per_s},
                    {"second_samples_per_s", b.samples_per_s},
                    {"layers", list}});
}

}  // namespace cnn
