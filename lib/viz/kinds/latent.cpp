// latent: the pictures of codes on a grid over two of their numbers, the others staying as they
// are. The grid lies where the codes lie: at equal shares of the normal distribution for a
// variational autoencoder (Kingma & Welling 2013, "Auto-encoding variational Bayes", figure 4),
// else between the ends that hold 90% of the data's codes. Without a wish the two numbers that vary
// most are taken.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "viz/drawing/sheet.h"
#include "viz/explained.h"
#include "viz/generator.h"
#include "viz/kind.h"

namespace cnn {
namespace {

// The number below which a share p of the normal distribution lies: by bisection, to a float.
double normal_quantile(double p) {
  double low = -9, high = 9;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (0.5 * std::erfc(-middle / std::sqrt(2.0)) < p ? low : high) = middle;
  }
  return (low + high) / 2;
}

// What the codes of the data are like, number by number.
struct CodeStatistics {
  std::vector<double> means, deviations;
  std::vector<float> low, high;  // that hold 90%
};

class Latent final : public VizKind {
 public:
  Latent() { samples_.samples = 1000; }

  void options(Options& o) override {
    o("layer", layer_, "the code (default: the 'gaussian' layer, or a named output)");
    o("dims", dims_, "the two numbers of the code (default: the two that vary most)");
    o("grid", grid_, "pictures along each side").between(2, 100);
    o("range", range_, "the grid goes from -RANGE to RANGE").at_least(0);
    o("from_sample", from_sample_,
      "the other numbers are those of this sample's code (default: 0, "
      "or the data's mean)")
        .at_least(0);
    samples_.options(o);
  }

  VizResult run(const VizRequest& request) override {
    Explained network(request, "latent");
    const int code = code_of(network.graph(), "latent", layer_);
    const Shape& shape = network.value(code).shape;
    if (shape.count() < 2) {
      fail(Exit::kUsage, "", "'latent' draws a grid over two numbers of the code; '{}' has {}",
           network.layer_name(code), shape.count());
    }
    check_dims(shape.count());
    network.prepare({{.pass = Pass::predicting(),
                      .batch = std::min<int64_t>(samples_.samples, 64),
                      .keep = {code},
                      .whole = false}},
                    samples_);
    const bool is_normal = drawn_code(network.graph()) == code;
    const CodeStatistics statistics = look_at_codes(network, code);
    choose_dims(statistics);
    std::vector<float> base = base_code(network, code, statistics, is_normal);
    const std::vector<float> rows = places(statistics, 1, is_normal);
    const std::vector<float> columns = places(statistics, 0, is_normal);
    std::vector<float> codes;
    for (auto y = rows.rbegin(); y != rows.rend(); ++y) {
      for (const float x : columns) {
        base[static_cast<size_t>(dims_[0])] = x;
        base[static_cast<size_t>(dims_[1])] = *y;
        codes.insert(codes.end(), base.begin(), base.end());
      }
    }
    Generator generator(request, "latent", code, std::min<int64_t>(grid_ * grid_, 64));
    VizResult result;
    result.figures.push_back(
        {"latent", sheet(network, statistics, generator.pictures(codes), rows, columns)});
    result.numbers["dims"] = dims_;
    result.numbers["columns"] = columns;
    result.numbers["rows"] = rows;
    result.numbers["deviations"] = statistics.deviations;
    return result;
  }

 private:
  void check_dims(int64_t size) const {
    if (dims_.empty()) return;
    if (dims_.size() != 2 || dims_[0] == dims_[1]) {
      fail(Exit::kUsage, "", "--dims takes two different numbers");
    }
    for (const int64_t d : dims_) {
      if (d < 0 || d >= size) {
        fail(Exit::kUsage, "", "--dims {}: the code has the numbers 0 to {}", d, size - 1);
      }
    }
  }

  CodeStatistics look_at_codes(Explained& network, int code) const {
    const int64_t size = network.value(code).shape.count(), all = network.source().size();
    const int64_t batch = std::min<int64_t>(samples_.samples, 64);
    std::vector<std::vector<float>> numbers(static_cast<size_t>(size));
    for (int64_t first = 0; first < all; first += batch) {
      const int64_t n = std::min(batch, all - first);
      const ConstView codes = network.run(0, first, n).value(code);
      for (int64_t i = 0; i < n; ++i) {
        for (int64_t k = 0; k < size; ++k) {
          numbers[static_cast<size_t>(k)].push_back(codes.sample(i)[k]);
        }
      }
      network.request().report("looking at codes", first + n, all);
    }
    CodeStatistics statistics;
    for (std::vector<float>& of : numbers) {
      const auto count = static_cast<double>(of.size());
      const double mean = std::accumulate(of.begin(), of.end(), 0.0) / count;
      double squares = 0;
      for (const float x : of) squares += (static_cast<double>(x) - mean) * (x - mean);
      std::sort(of.begin(), of.end());
      const size_t cut = of.size() / 20;
      statistics.means.push_back(mean);
      statistics.deviations.push_back(std::sqrt(squares / count));
      statistics.low.push_back(of[cut]);
      statistics.high.push_back(of[of.size() - 1 - cut]);
    }
    return statistics;
  }

  void choose_dims(const CodeStatistics& statistics) {
    if (!dims_.empty()) return;
    std::vector<int64_t> order(statistics.deviations.size());
    std::iota(order.begin(), order.end(), int64_t{0});
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
      return statistics.deviations[static_cast<size_t>(a)] >
             statistics.deviations[static_cast<size_t>(b)];
    });
    dims_ = {order[0], order[1]};
  }

  std::vector<float> base_code(Explained& network, int code, const CodeStatistics& statistics,
                               bool is_normal) const {
    if (!from_sample_) {
      if (is_normal) return std::vector<float>(statistics.means.size(), 0.0f);
      return {statistics.means.begin(), statistics.means.end()};
    }
    if (*from_sample_ >= network.source().size()) {
      fail(Exit::kUsage, "", "--from-sample {}: there are {} samples, counted from 0",
           *from_sample_, network.source().size());
    }
    const ConstView view = network.run(0, *from_sample_, 1).value(code);
    return {view.data, view.data + view.shape.count()};
  }

  // Along one side, growing.
  std::vector<float> places(const CodeStatistics& statistics, size_t side, bool is_normal) const {
    const auto dim = static_cast<size_t>(dims_[side]);
    std::vector<float> at;
    for (int64_t i = 0; i < grid_; ++i) {
      const double share = static_cast<double>(i) / static_cast<double>(grid_ - 1);
      double value = 0;
      if (range_ > 0) {
        value = range_ * (2 * share - 1);
      } else if (is_normal) {
        constexpr double kEnd = 0.02;
        value = normal_quantile(kEnd + (1 - 2 * kEnd) * share);
      } else {
        value = statistics.low[dim] + share * (statistics.high[dim] - statistics.low[dim]);
      }
      at.push_back(static_cast<float>(value));
    }
    return at;
  }

  std::string what_others_are(const Explained& network) const {
    if (from_sample_) return "those of " + network.source().name(*from_sample_);
    return drawn_code(network.graph()) >= 0 ? "0" : "the mean";
  }

  Drawing sheet(const Explained& network, const CodeStatistics& statistics,
                std::vector<Image> pictures, const std::vector<float>& rows,
                const std::vector<float>& columns) const {
    Sheet sheet;
    sheet.title = fmt::format("{}: pictures of codes", network.name());
    const auto deviation = [&](size_t side) {
      return statistics.deviations[static_cast<size_t>(dims_[side])];
    };
    sheet.subtitle = fmt::format(
        "number {} of the code to the right, number {} upwards (their standard deviations over {} "
        "samples are {:.2g} and {:.2g})",
        dims_[0], dims_[1], network.source().size(), deviation(0), deviation(1));
    if (statistics.deviations.size() > 2) {
      sheet.subtitle += "; all others " + what_others_are(network);
    }
    sheet.columns = grid_;
    sheet.tile_size = grid_ > 12 ? 28 : 56;
    sheet.gap = 1;
    for (const float x : columns) sheet.column_titles.push_back(fmt::format("{:.1f}", x));
    for (auto y = rows.rbegin(); y != rows.rend(); ++y) {
      sheet.row_titles.push_back(fmt::format("{:.1f}", *y));
    }
    for (Image& picture : pictures) sheet.tiles.push_back({std::move(picture), ""});
    return cnn::draw(sheet);
  }

  SampleOptions samples_;
  std::string layer_;
  std::vector<int64_t> dims_;
  int64_t grid_ = 12;
  double range_ = 0;
  std::optional<int64_t> from_sample_;
};

}  // namespace

extern const VizKindType latent_kind = {
    .name = "latent",
    .summary = "pictures of codes on a grid over two of their numbers",
    .example =
        "  cnn viz latent runs/vae                          the two numbers that vary most\n"
        "  cnn viz latent runs/vae vars.z=2 --grid 20\n"
        "  cnn viz latent runs/ae --dims 3 5 --from-sample 7",
    .details =
        "Of a variational autoencoder the grid lies at equal shares of the normal distribution, of "
        "others between the ends that hold 90% of the codes of the samples.\n\n"
        "Kingma & Welling 2013, \"Auto-encoding variational Bayes\", figure 4.",
    .make = make_kind<Latent>};

}  // namespace cnn
