// embedding: what a layer makes of many samples, laid out in the plane: by principal components
// (linear: distances far away mean something) and by t-SNE (neighbours stay neighbours).

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "graph/main_output.h"
#include "model/settings.h"
#include "report/pca.h"
#include "viz/drawing/plot.h"
#include "viz/subject.h"
#include "viz/tsne.h"
#include "viz/word_vectors.h"

namespace cnn {
namespace {

constexpr int64_t kMostPoints = 20000;  // of t-SNE: its work grows with the square
constexpr int64_t kNearest = 10;
constexpr int64_t kVoters = 5;  // neighbours that say how well classes are kept apart

enum class Method { kBoth, kPca, kTsne };

struct Map {
  std::string name;           // "pca"
  std::string title;          // "principal components"
  std::vector<float> places;  // [n, 2]
  std::string note;           // "first two: 45% of the variance"
};

class Embedding final : public VizKind {
 public:
  Embedding() { samples_.samples = 2000; }

  void options(Options& o) override {
    o("layer", layer_, "whose output is laid out (default: what the last layer reads)");
    samples_.options(o);
    o.choice<Method>("method", method_,
                     {{"both", Method::kBoth}, {"pca", Method::kPca}, {"tsne", Method::kTsne}},
                     "principal components, t-SNE or both");
    o("perplexity", perplexity_, "of t-SNE: about how many neighbours a point has").between(2, 500);
    o("steps", steps_, "of t-SNE").between(100, 100000);
    o("thumbnails", thumbnails_, "pictures in place of circles, as many as there is room for");
    o("words", words_, "of a layer with a vector for every word: so many, from the first on")
        .between(8, kMostPoints);
    o("nearest", nearest_, "words of such a layer, whose nearest neighbours are told");
  }

  VizResult run(const VizRequest& request) override {
    const VizSubject& subject = request.subject();
    LoadedNetwork network(subject.spec, source_of(request));
    if (const GraphNode* node = chosen_vectors(network.test_graph(), network.store())) {
      return run_words(*node, network, request);
    }
    const int value = chosen_value(network.test_graph());
    const Value& layer = network.test_graph().value(value);
    check_numbers(layer);
    if (thumbnails_) picture_input(network.test_graph(), "embedding --thumbnails");
    const int64_t batch = read_train_settings(subject.spec).evaluation_batch();
    network.plan({{Pass::predicting(), std::min(batch, samples_.samples), {value}}});
    const WeightsInfo& weights = network.load();
    const SampleSource source(samples_, subject, network.test_graph(), weights);
    check_size(source.size());

    std::vector<float> codes;
    std::vector<int64_t> classes;
    for_each_batch(network, 0, source, request, [&](int64_t first, int64_t n, Executor& executor) {
      const ConstView values = executor.value(value);
      codes.insert(codes.end(), values.data, values.data + n * values.shape.count());
      for (int64_t i = 0; i < n; ++i) classes.push_back(source.label(first + i));
    });
    if (classes.front() < 0) classes.clear();
    check_finite(codes, layer.name);

    VizResult result;
    const std::string name = shown_name(network.test_graph(), value);
    result.numbers = {{"layer", name}, {"samples", source.size()}};
    const std::string title = fmt::format("{}: {} {}", subject.spec.name, name, layer.shape.str());
    for (const Map& map : maps_of(codes, source.size(), layer.shape, request)) {
      add(map, title, classes, source, result);
    }
    return result;
  }

 private:
  // The layer whose rows are meant: named, or asked for by --nearest, or of a network that tells
  // something of each item, and so has no one code of a sample.
  const GraphNode* chosen_vectors(const Graph& graph, const ParameterStore& store) const {
    const auto first = std::find_if(graph.nodes.begin(), graph.nodes.end(), [&](const auto& node) {
      return has_vectors(node, store) && (layer_.empty() || node.name == layer_);
    });
    if (first != graph.nodes.end()) {
      const std::optional<MainOutput> output = main_output(graph);
      const bool tells_items = output && graph.value(output->value).length >= 0;
      if (!layer_.empty() || !nearest_.empty() || tells_items) return &*first;
    }
    if (!nearest_.empty()) {
      fail(Exit::kUsage, "", "--nearest: {} a layer with a vector for every class number",
           layer_.empty() ? fmt::format("'{}' does not have", graph.name)
                          : fmt::format("'{}' is not", layer_));
    }
    return nullptr;
  }

  VizResult run_words(const GraphNode& node, LoadedNetwork& network,
                      const VizRequest& request) const {
    network.plan(
        {{.pass = Pass::predicting(), .batch = 1, .keep = {node.output()}, .whole = false}});
    const WeightsInfo& weights = network.load();
    const WordVectors vectors = word_vectors(network.test_graph(), node, network.store(), weights);
    VizResult result;
    result.numbers = {{"layer", node.name}, {"symbols", vectors.size()}};
    for (const std::string& word : nearest_) add_nearest(vectors, vectors.number(word), result);
    const int64_t first = vectors.first, n = std::min(words_, vectors.size() - first);
    if (n < 8) {
      fail(Exit::kUsage, "", "an embedding takes 8 symbols or more, layer '{}' has {}", node.name,
           std::max<int64_t>(n, 0));
    }
    const std::vector<float> codes(vectors.row(first), vectors.row(first) + n * vectors.width);
    check_finite(codes, node.name);
    Json names = Json::array();
    ScatterPlot plot;
    for (int64_t i = first; i < first + n; ++i) {
      plot.labels.push_back(vectors.names[static_cast<size_t>(i)]);
      names.push_back(plot.labels.back());
    }
    result.numbers["words"] = std::move(names);
    plot.has_axes = false;
    plot.width = 900;
    plot.height = 780;
    for (const Map& map : maps_of(codes, n, Shape{vectors.width}, request)) {
      plot.title = fmt::format("{}: vectors of layer {} [{}], {}", request.subject().spec.name,
                               node.name, vectors.width, map.title);
      plot.subtitle = fmt::format("{} of {} symbols, named where there is room; {}", n,
                                  with_commas(vectors.size() - first), map.note);
      plot.points.clear();
      Json points = Json::array();
      for (size_t i = 0; i + 1 < map.places.size(); i += 2) {
        plot.points.push_back(
            {static_cast<double>(map.places[i]), -static_cast<double>(map.places[i + 1])});
        points.push_back({map.places[i], map.places[i + 1]});
      }
      result.numbers["maps"].push_back({{"method", map.name}, {"points", std::move(points)}});
      result.text += fmt::format("{}: {}\n", map.title, map.note);
      result.figures.push_back({"embedding_" + map.name, draw(plot)});
    }
    return result;
  }

  static void add_nearest(const WordVectors& vectors, int64_t i, VizResult& result) {
    const std::string& name = vectors.names[static_cast<size_t>(i)];
    Json near = Json::array();
    std::vector<std::string> words;
    for (const auto& [other, cosine] : vectors.nearest(i, kNearest)) {
      const std::string& word = vectors.names[static_cast<size_t>(other)];
      near.push_back({{"symbol", word}, {"cosine", cosine}});
      words.push_back(fmt::format("{} {:.2f}", word, cosine));
    }
    result.text += fmt::format("{}: {}\n", name, join(words, ", "));
    result.numbers["nearest"].push_back({{"symbol", name}, {"neighbours", std::move(near)}});
  }

  int chosen_value(const Graph& graph) const {
    if (!layer_.empty()) {
      const auto any = [](const Value&) { return true; };
      return chosen_layers(graph, {layer_}, any, "").front();
    }
    const std::optional<MainOutput> output = main_output(graph);
    if (output && output->is_classes()) {
      const int producer = graph.value(output->value).producer;
      const int input = producer < 0 ? -1 : graph.node(producer).inputs.front();
      if (input >= 0 && graph.value(input).producer >= 0) return input;
    }
    // The narrowest place of an autoencoder.
    int best = -1;
    for (const GraphNode& node : graph.nodes) {
      if (node.is_loss() || graph.value(node.output()).length >= 0) continue;
      const auto count = [&](int id) { return graph.value(id).shape.count(); };
      if (best < 0 || count(node.output()) < count(best)) best = node.output();
    }
    if (best < 0) {
      fail(Exit::kUsage, "",
           "'embedding' takes one code a sample; every layer of '{}' gives a list", graph.name);
    }
    return best;
  }

  // Before anything is run: what a layer gives for all samples is kept.
  static void check_numbers(const Value& layer) {
    if (layer.length >= 0) {
      fail(Exit::kUsage, "", "layer '{}' gives a list; an embedding takes one code a sample",
           layer.name);
    }
    const int64_t numbers = layer.shape.count();
    if (numbers >= 2 && numbers <= kMostPcaNumbers) return;
    fail(Exit::kUsage, "", "layer '{}' gives {} numbers a sample; an embedding takes 2 to {}",
         layer.name, with_commas(numbers), with_commas(kMostPcaNumbers));
  }

  void check_size(int64_t n) const {
    if (n < 8) fail(Exit::kUsage, "", "an embedding takes 8 samples or more, found {}", n);
    if (n > kMostPoints && method_ != Method::kPca) {
      fail(Exit::kUsage, "", "t-SNE takes up to {} samples, found {}; --method pca takes more",
           with_commas(kMostPoints), with_commas(n));
    }
  }

  static void check_finite(const std::vector<float>& codes, const std::string& layer) {
    if (!std::all_of(codes.begin(), codes.end(), [](float x) { return std::isfinite(x); })) {
      fail(Exit::kInput, "", "layer '{}' gives values that are not finite", layer);
    }
  }

  std::vector<Map> maps_of(const std::vector<float>& codes, int64_t n, const Shape& shape,
                           const VizRequest& request) const {
    const int64_t numbers = shape.count();
    const Batches all = [&](const std::function<void(const ConstView&)>& use) {
      use({codes.data(), n, Shape{numbers}});
    };
    const Pca pca = fit_pca(2, numbers, all);
    std::vector<float> plane;
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t c = 0; c < 2; ++c) {
        double sum = 0;
        for (int64_t d = 0; d < numbers; ++d) {
          sum += pca.directions[static_cast<size_t>(c * numbers + d)] *
                 (static_cast<double>(codes[static_cast<size_t>(i * numbers + d)]) -
                  pca.mean[static_cast<size_t>(d)]);
        }
        plane.push_back(static_cast<float>(sum));
      }
    }
    std::vector<Map> maps;
    if (method_ != Method::kTsne) {
      maps.push_back(
          {"pca", "principal components", plane,
           fmt::format("{:.0f}% of the variance", 100 * share_of_variance(pca, codes, n))});
    }
    if (method_ != Method::kPca) {
      const double most = std::max(2.0, static_cast<double>(n - 1) / 3);
      TsneSettings settings{std::min(perplexity_, most), steps_, [&](int64_t done, int64_t total) {
                              request.report("t-SNE", done, total);
                            }};
      const TsneResult laid_out = tsne(codes, n, plane, settings);
      maps.push_back({"tsne", "t-SNE", laid_out.places,
                      fmt::format("perplexity {:.3g}, divergence {:.2f}",
                                  std::min(perplexity_, most), laid_out.divergence)});
    }
    return maps;
  }

  static double share_of_variance(const Pca& pca, const std::vector<float>& codes, int64_t n) {
    double all = 0;
    const auto numbers = static_cast<size_t>(pca.numbers);
    for (size_t i = 0; i < codes.size(); ++i) {
      const double less = static_cast<double>(codes[i]) - pca.mean[i % numbers];
      all += less * less / static_cast<double>(n);
    }
    return all > 0 ? (pca.variances[0] + pca.variances[1]) / all : 1;
  }

  void add(const Map& map, const std::string& title, const std::vector<int64_t>& classes,
           const SampleSource& source, VizResult& result) const {
    Json numbers = {{"method", map.name}};
    std::string note = map.note;
    if (!classes.empty()) {
      const double accuracy = neighbour_accuracy(map.places, classes, kVoters);
      numbers["neighbour_accuracy"] = accuracy;
      note += fmt::format("; {} nearest neighbours in the plane tell the class of {:.1f}%", kVoters,
                          100 * accuracy);
    }
    Json points = Json::array();
    for (size_t i = 0; i + 1 < map.places.size(); i += 2) {
      points.push_back({map.places[i], map.places[i + 1]});
    }
    numbers["points"] = std::move(points);
    result.numbers["maps"].push_back(std::move(numbers));
    result.text += fmt::format("{}: {}\n", map.title, note);

    ScatterPlot plot;
    plot.title = fmt::format("{}, {}", title, map.title);
    plot.subtitle = fmt::format("{} samples; {}", with_commas(source.size()), note);
    plot.has_axes = false;
    add_points(map, classes, source, plot);
    result.figures.push_back({"embedding_" + map.name, draw(plot)});
  }

  void add_points(const Map& map, const std::vector<int64_t>& classes, const SampleSource& source,
                  ScatterPlot& plot) const {
    const std::vector<int64_t> shown =
        thumbnails_ ? thinned(map.places) : everything(source.size());
    int64_t most = -1;
    std::vector<float> values(static_cast<size_t>(source.shape().count()));
    for (const int64_t i : shown) {
      const auto at = static_cast<size_t>(i);
      plot.points.push_back(
          {static_cast<double>(map.places[2 * at]), -static_cast<double>(map.places[2 * at + 1])});
      if (!classes.empty()) plot.classes.push_back(std::max<int64_t>(classes[at], 0));
      if (!classes.empty()) most = std::max(most, classes[at]);
      if (!thumbnails_) continue;
      source.read(i, 1, values.data());
      plot.thumbnails.push_back(source.picture(values.data()));
    }
    for (int64_t c = 0; c <= most; ++c) plot.names.push_back(source.class_name(c));
    plot.has_names_at_centres = !thumbnails_ && most < 40;
  }

  static std::vector<int64_t> everything(int64_t n) {
    std::vector<int64_t> all(static_cast<size_t>(n));
    for (int64_t i = 0; i < n; ++i) all[static_cast<size_t>(i)] = i;
    return all;
  }

  // The first point of every field of a grid that is as fine as thumbnails are small.
  static std::vector<int64_t> thinned(const std::vector<float>& places) {
    constexpr double kFields = 34;
    double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
    for (size_t i = 0; i < places.size(); ++i) {
      low[i % 2] = std::min(low[i % 2], static_cast<double>(places[i]));
      high[i % 2] = std::max(high[i % 2], static_cast<double>(places[i]));
    }
    std::set<std::pair<int, int>> taken;
    std::vector<int64_t> shown;
    for (size_t i = 0; i + 1 < places.size(); i += 2) {
      const auto field = [&](size_t axis) {
        const double width = std::max(high[axis] - low[axis], 1e-12);
        return static_cast<int>(kFields * (static_cast<double>(places[i + axis]) - low[axis]) /
                                width);
      };
      if (taken.emplace(field(0), field(1)).second) shown.push_back(static_cast<int64_t>(i / 2));
    }
    return shown;
  }

  std::string layer_;
  SampleOptions samples_;
  Method method_ = Method::kBoth;
  double perplexity_ = 30;
  int64_t steps_ = 750;
  bool thumbnails_ = false;
  int64_t words_ = 300;
  std::vector<std::string> nearest_;
};

}  // namespace

extern const VizKindType embedding_kind = {
    .name = "embedding",
    .summary = "a layer's codes of many samples in the plane, by PCA and t-SNE",
    .example =
        "  cnn viz embedding runs/lenet5                    the last hidden layer\n"
        "  cnn viz embedding runs/vae --layer mu --samples 5000 --method tsne\n"
        "  cnn viz embedding runs/lenet5 --layer c5 --thumbnails\n"
        "  cnn viz embedding runs/translate --layer words --nearest mann frau",
    .details =
        "Principal components keep what varies most; t-SNE (van der Maaten & Hinton 2008) "
        "keeps neighbours together, and distances between its clusters mean little. The "
        "share of samples whose class is that of most of their five nearest neighbours in "
        "the plane says how well classes are kept apart.\n\n"
        "Of a layer that has a learned vector for every class number (embed), named by --layer or "
        "where the network tells something of each word, these vectors are laid out, with their "
        "words; --nearest "
        "tells which words lie in the most similar direction, by the cosine.",
    .make = make_kind<Embedding>};

}  // namespace cnn
