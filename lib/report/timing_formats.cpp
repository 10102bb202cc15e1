// Timing reports as tables and JSON, and read again.

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/table.h"
#include "base/text.h"
#include "kernels/gemm_library.h"
#include "report/timing.h"
#include "train/json.h"

namespace cnn {
namespace {

using Align = Table::Align;

constexpr int kSchema = 1;
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

bool recomputes(const TimingReport& report) {
  return std::any_of(report.layers.begin(), report.layers.end(),
                     [](const LayerTime& layer) { return layer.forward_again_s > 0; });
}

Table layer_table(const TimingReport& report) {
  const bool training = report.mode == "train", again = recomputes(report);
  std::vector<Table::Column> columns = {{"layer"}, {"type"}, {"forward ms", Align::kRight}};
  if (again) columns.push_back({"again ms", Align::kRight});
  if (training) {
    columns.push_back({"data ms", Align::kRight});
    columns.push_back({"weights ms", Align::kRight});
  }
  for (const char* title : {"share", "GFLOP/s", "roof"}) columns.push_back({title, Align::kRight});
  columns.push_back({"algorithm"});
  Table table(columns);
  for (const LayerTime& layer : report.layers) {
    std::vector<std::string> cells = {layer.name, layer.type, milliseconds(layer.forward_s)};
    if (again) cells.push_back(milliseconds(layer.forward_again_s));
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
    std::vector<std::string> cells(columns.size());
    cells[0] = "optimizer";
    cells[again ? 5 : 4] = milliseconds(report.update_s);
    cells[again ? 6 : 5] = percent(report.update_s / report.layers_s());
    table.add(std::move(cells));
  }
  return table;
}

std::string legend(const TimingReport& report) {
  const char* again =
      "again: the second forward of blocks that are recomputed; GFLOP/s and roof count both "
      "runs.\n";
  return fmt::format(
      "\nMedians over the steps. data, weights: backward to the input and to the parameters. "
      "GFLOP/s: 2 x MACs / time,\nthe plain algorithm's operations, so that Winograd may pass the "
      "machine's peak. roof: the time that the machine\nneeds for as many operations (c) or bytes "
      "(m), in percent of the real time; this machine, measured after the\nsteps: {:.0f} GFLOP/s "
      "(sgemm), {:.1f} GB/s (copy).\n{}",
      report.machine.gflops, report.machine.copy_gb_s, recomputes(report) ? again : "");
}

Json json_of(const LayerTime& layer) {
  return {{"name", layer.name},
          {"type", layer.type},
          {"kernel", layer.kernel},
          {"forward_s", layer.forward_s},
          {"forward_again_s", layer.forward_again_s},
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
  layer.forward_again_s = json.value("forward_again_s", 0.0);
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
  report.instruction_set = json.value("instruction_set", std::string());
  report.blas = json.value("blas", std::string());
  report.blas_core = json.value("blas_core", std::string());
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

}  // namespace

double TimingReport::layers_s() const {
  double sum = update_s;
  for (const LayerTime& layer : layers) sum += layer.seconds();
  return sum;
}

std::string TimingReport::json() const {
  Json list = Json::array();
  for (const LayerTime& layer : layers) list.push_back(json_of(layer));
  return json_text({{"schema", kSchema},
                    {"model", model},
                    {"mode", mode},
                    {"batch_size", batch_size},
                    {"threads", threads},
                    {"instruction_set", instruction_set},
                    {"blas", blas},
                    {"blas_core", blas_core},
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
  text +=
      fmt::format("{} {}: {} samples/s; a step of {} takes {:.3f} ms (median of {}) on {}, {}\n",
                  escaped(model), mode, human_count(samples_per_s), counted(batch_size, "sample"),
                  1e3 * step_s, steps, counted(threads, "thread"), instruction_set);
  if (gflops > 0) {
    text += fmt::format("speed: {:.0f} GFLOP/s, {:.2f} of this machine's sgemm\n", gflops,
                        gflops / machine.gflops);
  }
  text += "matrix products: " + GemmLibrary{blas, blas_core}.name() + "\n";
  text += fmt::format("memory: {:.1f} MiB at most, {:.1f} MiB planned\n", peak_mib, planned_mib);
  return text;
}

TimingReport read_timing(const std::string& path) {
  const std::string text = read_file(path, kLargestFile);
  const auto no_report = [&] {
    fail(Exit::kInput, path,
         "this is no timing report; make one with: cnn time MODEL.yaml --json > {}", path);
  };
  Json json = Json::parse_or_null(text);
  if (json.is_null()) json = Json::parse_or_null(last_line(text));
  if (!json.is_object() || !json.contains("schema")) no_report();
  if (json["schema"] != kSchema) {
    fail(Exit::kInput, path, "its schema is {}, and only {} is known here",
         json_text(json["schema"]), kSchema);
  }
  try {
    TimingReport report = report_of(json);
    if (report.batch_size < 1 || report.step_s <= 0 || report.samples_per_s <= 0) no_report();
    return report;
  } catch (const JsonError&) {
    no_report();
  }
  CNN_ASSERT(false);
}

}  // namespace cnn
