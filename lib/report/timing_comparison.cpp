// Two timing reports side by side.

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "base/error.h"
#include "base/table.h"
#include "base/text.h"
#include "kernels/gemm_library.h"
#include "report/timing.h"
#include "train/json.h"

namespace cnn {
namespace {

using Align = Table::Align;

constexpr double kSameMachine = 0.1;  // more than the noise of sgemm

// Layers of both, in the order of `a`; those of `b` alone follow. By name.
struct LayerPair {
  const LayerTime* a = nullptr;
  const LayerTime* b = nullptr;

  const LayerTime& either() const { return a != nullptr ? *a : *b; }
};

std::vector<LayerPair> pairs_of(const TimingReport& a, const TimingReport& b) {
  std::vector<LayerPair> pairs;
  std::unordered_map<std::string, size_t> places;
  for (const LayerTime& layer : a.layers) {
    places.emplace(layer.name, pairs.size());
    pairs.push_back({&layer, nullptr});
  }
  for (const LayerTime& layer : b.layers) {
    const auto place = places.find(layer.name);
    if (place == places.end()) {
      pairs.push_back({nullptr, &layer});
    } else {
      pairs[place->second].b = &layer;
    }
  }
  return pairs;
}

// Of one sample, which is what runs of different batch sizes have in common. 0: not measured.
double of_sample(const TimingReport& report, double seconds) {
  return seconds / static_cast<double>(report.batch_size);
}

std::string milliseconds(double seconds) {
  if (seconds <= 0) return "";
  return fmt::format("{:.{}f}", 1e3 * seconds, seconds < 1e-4 ? 5 : 3);
}

std::string ratio_of(double a, double b) {
  return a > 0 && b > 0 ? fmt::format("{:.2f}x", a / b) : "";
}

// "im2col -> winograd".
std::string kernel_of(const LayerPair& pair) {
  const std::string was = pair.a ? pair.a->kernel : "", is = pair.b ? pair.b->kernel : "";
  if (was.empty() || is.empty() || was == is) return escaped(was.empty() ? is : was);
  return escaped(was + " -> " + is);
}

std::string summary_of(const std::string& title, const TimingReport& report) {
  return fmt::format("{}: {} {}, batch {}, {}: {} samples/s, {:.1f} MiB\n", escaped(title),
                     escaped(report.model), escaped(report.mode), report.batch_size,
                     counted(report.threads, "thread"), human_count(report.samples_per_s),
                     report.peak_mib);
}

}  // namespace

TimingComparison::TimingComparison(std::string first, std::string second, TimingReport a,
                                   TimingReport b)
    : first_(std::move(first)), second_(std::move(second)), a_(std::move(a)), b_(std::move(b)) {
  if (a_.mode == b_.mode) return;
  throw Error(Exit::kUsage,
              {{"",
                fmt::format("'{}' is of mode {}, '{}' of mode {}: they do not compare", first_,
                            a_.mode, second_, b_.mode),
                "",
                {"time both with the same --mode"}}});
}

std::vector<std::string> TimingComparison::differences() const {
  std::vector<std::string> list;
  const auto add = [&](const char* what, const auto& a, const auto& b) {
    if (a != b) list.push_back(fmt::format("{}: {}, {}", what, a, b));
  };
  add("model", a_.model, b_.model);
  add("batch size", a_.batch_size, b_.batch_size);
  add("threads", a_.threads, b_.threads);
  if (!a_.instruction_set.empty() && !b_.instruction_set.empty()) {
    add("instruction set", a_.instruction_set, b_.instruction_set);
  }
  if (!a_.blas.empty() && !b_.blas.empty()) {
    add("matrix products", GemmLibrary{a_.blas, a_.blas_core}.name(),
        GemmLibrary{b_.blas, b_.blas_core}.name());
  }
  // Of runs without layers it is unknown.
  const double low = std::min(a_.machine.gflops, b_.machine.gflops);
  if (low > 0 && std::abs(a_.machine.gflops - b_.machine.gflops) > kSameMachine * low) {
    add("the machine's sgemm, GFLOP/s", std::round(a_.machine.gflops),
        std::round(b_.machine.gflops));
  }
  return list;
}

std::string TimingComparison::table(bool is_utf8, bool color) const {
  // Of equal batches the times of a step are shown, as `cnn time` shows them.
  const bool by_step = a_.batch_size == b_.batch_size;
  const char* unit = by_step ? " ms" : " ms/sample";
  Table table({{"layer"},
               {"type"},
               {escaped(first_) + unit, Align::kRight},
               {escaped(second_) + unit, Align::kRight},
               {"speed-up", Align::kRight},
               {"algorithm"}});
  const auto add = [&](const std::string& name, const std::string& type, double a, double b,
                       const std::string& kernel, Table::Weight weight) {
    const double before = of_sample(a_, a), after = of_sample(b_, b);
    table.add({escaped(name), escaped(type), milliseconds(by_step ? a : before),
               milliseconds(by_step ? b : after), ratio_of(before, after), kernel},
              weight);
  };
  if (same_model()) {
    for (const LayerPair& pair : pairs_of(a_, b_)) {
      add(pair.either().name, pair.either().type, pair.a ? pair.a->seconds() : 0,
          pair.b ? pair.b->seconds() : 0, kernel_of(pair), Table::Weight::kPlain);
    }
    if (a_.update_s > 0 || b_.update_s > 0) {
      add("optimizer", "", a_.update_s, b_.update_s, "", Table::Weight::kPlain);
    }
    table.add_rule();
  }
  add(by_step ? "a step" : "a sample", "", a_.step_s, b_.step_s, "", Table::Weight::kBold);

  std::string text;
  for (const std::string& line : differences()) text += "they differ in " + escaped(line) + "\n";
  if (!same_model()) text += "layers are compared only within one model\n";
  if (!text.empty()) text += "\n";
  return text + table.str(is_utf8, color) + "\n" + summary_of(first_, a_) + summary_of(second_, b_);
}

std::string TimingComparison::json() const {
  Json list = Json::array();
  for (const LayerPair& pair : same_model() ? pairs_of(a_, b_) : std::vector<LayerPair>()) {
    const double before = pair.a ? of_sample(a_, pair.a->seconds()) : 0;
    const double after = pair.b ? of_sample(b_, pair.b->seconds()) : 0;
    list.push_back({{"name", pair.either().name},
                    {"type", pair.either().type},
                    {"first_s", pair.a ? Json(pair.a->seconds()) : Json()},
                    {"second_s", pair.b ? Json(pair.b->seconds()) : Json()},
                    {"speed_up", before > 0 && after > 0 ? Json(before / after) : Json()}});
  }
  return json_text({{"schema", 1},
                    {"first", first_},
                    {"second", second_},
                    {"differences", differences()},
                    {"speed_up", json_number(b_.samples_per_s / a_.samples_per_s)},
                    {"first_samples_per_s", a_.samples_per_s},
                    {"second_samples_per_s", b_.samples_per_s},
                    {"layers", list}});
}

}  // namespace cnn
