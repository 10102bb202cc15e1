// attention: which items of a list a network looks at, for each item that it reads or tells: words
// against words, or a word over a picture.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/text.h"
#include "kernels/resample.h"
#include "viz/drawing/plot.h"
#include "viz/drawing/sheet.h"
#include "viz/explained.h"
#include "viz/text_network.h"

namespace cnn {
namespace {

// The positions of a picture that items of a list are.
struct Grid {
  int field = -1;  // the picture's
  int64_t height = 0, width = 0;
};

// An output of a layer that says how much of each item of a list it took.
struct Look {
  std::string layer;
  int value = -1;    // [items of the keys at most], an item for each query
  int queries = -1;  // values
  int keys = -1;
  std::optional<Grid> grid = {};
};

FloatImage enlarged(const FloatImage& map, int64_t height, int64_t width) {
  FloatImage out{height, width, 1, std::vector<float>(static_cast<size_t>(height * width))};
  resample(AxisMap::linear(map.height, height, false), AxisMap::linear(map.width, width, false), 1,
           1, map.values.data(), false, out.values.data());
  return out;
}

// Where the picture comes from whose positions are the items of `list`.
std::optional<Grid> grid_of(const Graph& graph, int list) {
  const int length = graph.value(list).length;
  int value = list;
  while (graph.value(value).length == length) {
    if (graph.value(value).producer < 0) return std::nullopt;
    const GraphNode& node = graph.node(graph.value(value).producer);
    const auto alike = std::find_if(node.inputs.begin(), node.inputs.end(),
                                    [&](int v) { return graph.value(v).length == length; });
    value = alike == node.inputs.end() ? node.inputs.front() : *alike;
  }
  const Shape& shape = graph.value(value).shape;
  const bool is_map = graph.value(value).length < 0 && shape.rank() == 3;
  if (!is_map || shape.positions() != graph.most_items(length)) return std::nullopt;
  Grid grid{-1, shape.height(), shape.width()};
  while (graph.value(value).producer >= 0) {
    value = graph.node(graph.value(value).producer).inputs.front();
  }
  const Shape& whole = graph.value(value).shape;
  const bool is_picture = graph.value(value).length < 0 && whole.rank() == 3 &&
                          graph.value(value).kind == FieldKind::kValues &&
                          (whole.channels() == 1 || whole.channels() == 3);
  for (size_t f = 0; is_picture && f < graph.fields.size(); ++f) {
    if (graph.fields[f].value == value) grid.field = static_cast<int>(f);
  }
  return grid.field >= 0 ? std::optional(grid) : std::nullopt;
}

// Outputs that are computed only for those who look, with a number for each item of a list.
std::vector<Look> looks_of(const Graph& graph) {
  std::vector<Look> looks;
  for (const GraphNode& node : graph.nodes) {
    for (size_t k = 0; k < node.outputs.size(); ++k) {
      const OutputPlan& plan = node.plan.outputs[k];
      if (!plan.only_if_read || plan.shape.rank() != 1) continue;
      const int keys = node.inputs[std::min<size_t>(1, node.inputs.size() - 1)];
      const int length = graph.value(keys).length;
      if (length < 0 || graph.most_items(length) != plan.shape[0]) continue;
      Look look{node.name, node.outputs[k], node.inputs.front(), keys};
      look.grid = grid_of(graph, keys);
      looks.push_back(std::move(look));
    }
  }
  return looks;
}

class Attention final : public VizKind {
 public:
  Attention() { samples_.samples = 3; }

  void options(Options& o) override {
    o("text", texts_, "texts, files of lines or pictures (default: samples of the split)");
    o("layer", layers_, "layers with attention, * and ? allowed (default: all)");
    o("samples", samples_.samples, "how many").at_least(1);
    o.choice<std::string>("split", samples_.split,
                          {{"test", "test"}, {"val", "val"}, {"train", "train"}},
                          "of the model's data");
    o("first", samples_.first,
      "number of the first one, which the others follow (default: evenly over the split)")
        .at_least(0);
    o("own", own_, "what the network itself answers, for samples of a split too");
  }

  VizResult run(const VizRequest& request) override {
    TextNetwork network(request);
    const std::vector<Look> looks = chosen(network.graph());
    std::vector<int> keep;
    for (const Look& look : looks) keep.push_back(look.value);
    const bool answers = (own_ || !texts_.empty()) && network.answer_field() >= 0;
    if (own_ && !answers) {
      fail(Exit::kUsage, "", "'{}' answers with no text of its own; --own is for networks that do",
           network.name());
    }
    network.prepare(keep, answers);
    const TextSamples source(request, network, texts_, samples_, "attention");
    VizResult result;
    result.numbers["samples"] = Json::array();
    for (int64_t i = 0; i < source.size(); ++i) {
      ListSample sample = source.read(i);
      if (answers) network.answer(sample);
      network.forget();
      network.run(sample);
      const std::string suffix = source.size() > 1 ? fmt::format("_{}", i) : std::string();
      add(network, source, sample, looks, answers, suffix, result);
      request.report("attention", i + 1, source.size());
    }
    return result;
  }

 private:
  std::vector<Look> chosen(const Graph& graph) const {
    const std::vector<Look> all = looks_of(graph);
    if (all.empty()) {
      fail(Exit::kUsage, "",
           "'attention' shows layers that weigh the items of a list; '{}' has none", graph.name);
    }
    if (layers_.empty()) return all;
    std::vector<Look> some;
    std::vector<std::string> known;
    for (const Look& look : all) known.push_back(look.layer);
    for (const std::string& name : layers_) {
      const size_t before = some.size();
      for (const Look& look : all) {
        const bool is_meant = glob_match(name, look.layer) || name == graph.value(look.value).name;
        const bool is_new = std::none_of(
            some.begin(), some.end(), [&](const Look& other) { return other.value == look.value; });
        if (is_meant && is_new) some.push_back(look);
      }
      if (some.size() > before || std::count(known.begin(), known.end(), name) > 0) continue;
      const auto near = nearest(name, known);
      const std::string problem =
          graph.find_value(name) >= 0
              ? fmt::format("layer '{}' weighs no items of a list", name)
              : fmt::format("'{}' has no layer '{}' that weighs the items of a list", graph.name,
                            name);
      throw Error(Exit::kUsage,
                  {{"",
                    problem,
                    "",
                    {near ? "did you mean '" + *near + "'?" : "there are " + quoted_list(known)}}});
    }
    return some;
  }

  // Names of the items of a list, or numbers where they stand for no symbols.
  struct Names {
    std::vector<std::string> items;
    int field = -1;
  };

  static Names names_of(const TextNetwork& network, const TextSamples& source,
                        const ListSample& sample, int list, int64_t count) {
    Names names;
    const Graph& graph = network.graph();
    if (graph.value(list).length < 0) {
      names.items = {shown_name(graph, list)};
      return names;
    }
    names.field = network.field_of_items(list);
    const auto vocabulary = names.field < 0 ? nullptr : source.vocabulary(names.field);
    for (int64_t i = 0; i < count; ++i) {
      names.items.push_back(
          vocabulary
              ? visible_symbol(*vocabulary, sample.symbols(names.field)[static_cast<size_t>(i)])
              : std::to_string(i));
    }
    return names;
  }

  // A decoder reads what it has told before: the start first.
  static void shift(std::vector<std::string>& names) {
    if (names.empty()) return;
    names.pop_back();
    names.insert(names.begin(), "<s>");
  }

  struct Weights {
    Names rows, columns;
    std::vector<float> values;  // row by row; NaN: it cannot look there
  };

  static Weights weights_of(const TextNetwork& network, const TextSamples& source,
                            const ListSample& sample, const Look& look) {
    const ConstView view = network.value(look.value);
    const Graph& graph = network.graph();
    const int64_t rows = view.items_of(0);
    int64_t columns = view.shape[0];
    if (const int field = look.grid ? -1 : network.field_of_items(look.keys); field >= 0) {
      columns = sample.parts[static_cast<size_t>(field)].items;
    }
    Weights w{names_of(network, source, sample, look.queries, rows), {}, {}};
    if (!look.grid) w.columns = names_of(network, source, sample, look.keys, columns);
    for (int64_t r = 0; r < rows; ++r) {
      const float* row = view.sample(r);
      w.values.insert(w.values.end(), row, row + columns);
    }
    if (w.columns.field >= 0 && w.columns.field == network.answer_field()) shift(w.columns.items);
    const bool is_self = graph.value(look.queries).length == graph.value(look.keys).length;
    if (is_self && rows == columns) blank_future(w.values, rows);
    return w;
  }

  // If nobody looks at what comes later, there is nothing to see.
  static void blank_future(std::vector<float>& values, int64_t n) {
    const auto at = [&](int64_t r, int64_t c) -> float& {
      return values[static_cast<size_t>(r * n + c)];
    };
    for (int64_t r = 0; r < n; ++r) {
      for (int64_t c = r + 1; c < n; ++c) {
        if (at(r, c) != 0) return;
      }
    }
    for (int64_t r = 0; r < n; ++r) {
      for (int64_t c = r + 1; c < n; ++c) at(r, c) = NAN;
    }
  }

  std::string text_of(const TextSamples& source, const ListSample& sample, int field) const {
    const auto vocabulary = source.vocabulary(field);
    return vocabulary ? vocabulary->decode(sample.symbols(field)) : std::string();
  }

  void add(const TextNetwork& network, const TextSamples& source, const ListSample& sample,
           const std::vector<Look>& looks, bool answers, const std::string& suffix,
           VizResult& result) const {
    const Graph& graph = network.graph();
    Json entry = {{"name", sample.name}, {"texts", Json::object()}, {"layers", Json::array()}};
    std::vector<std::string> told;
    for (size_t f = 0; f < graph.fields.size(); ++f) {
      const int field = static_cast<int>(f);
      if (sample.parts[f].numbers.empty() || !graph.value(graph.fields[f].value).shape.rank() ||
          graph.fields[f].field.kind != FieldKind::kClass || !source.vocabulary(field)) {
        continue;
      }
      const std::string text = text_of(source, sample, field);
      entry["texts"][graph.fields[f].field.name] = text;
      told.push_back(escaped(text));
    }
    if (network.answer_field() >= 0) entry["is_own_answer"] = answers;
    result.text += fmt::format("{}: {}\n", sample.name, join(told, "  ->  "));

    const std::string whose = network.answer_field() < 0 ? ""
                              : answers                  ? "; the network's own answer"
                                                         : "; the answer of the data set";
    HeatPlot plot;
    plot.title = fmt::format("{}: attention", network.name());
    plot.subtitle = fmt::format("{}{}; the weights of a row add up to 1", sample.name, whose);
    plot.scale_label = "weight";
    for (const Look& look : looks) {
      const Weights weights = weights_of(network, source, sample, look);
      Json layer = {{"layer", look.layer}, {"rows", weights.rows.items}};
      if (look.grid) {
        layer["grid"] = {look.grid->height, look.grid->width};
        const std::string name = looks.size() > 1 ? "_" + file_word(look.layer) : std::string();
        result.figures.push_back(
            {"attention" + name + suffix,
             cnn::draw(over_picture(network, source, sample, look, weights, whose))});
      } else {
        layer["columns"] = weights.columns.items;
        const bool is_told =
            weights.rows.field >= 0 && weights.rows.field == network.answer_field();
        plot.panels.push_back({look.layer, weights.rows.items, weights.columns.items,
                               weights.values, is_told ? "told" : "looks",
                               is_told ? "read" : "at"});
      }
      layer["weights"] = rows_of(weights);
      entry["layers"].push_back(std::move(layer));
    }
    if (!plot.panels.empty()) result.figures.push_back({"attention" + suffix, cnn::draw(plot)});
    result.numbers["samples"].push_back(std::move(entry));
  }

  static Json rows_of(const Weights& weights) {
    Json rows = Json::array();
    const size_t columns = weights.values.size() / weights.rows.items.size();
    for (size_t r = 0; r < weights.rows.items.size(); ++r) {
      Json row = Json::array();
      for (size_t c = 0; c < columns; ++c) {
        const float value = weights.values[r * columns + c];
        row.push_back(std::isnan(value) ? 0.0f : value);
      }
      rows.push_back(std::move(row));
    }
    return rows;
  }

  static Sheet over_picture(const TextNetwork& network, const TextSamples& source,
                            const ListSample& sample, const Look& look, const Weights& weights,
                            const std::string& whose) {
    const Image picture = in_colour(source.picture(sample, look.grid->field));
    Sheet sheet;
    sheet.title = fmt::format("{}: attention of {}", network.name(), look.layer);
    sheet.subtitle = fmt::format(
        "{}{}; bright is where the network looks for a word, {} x {} places; below it the largest "
        "weight",
        sample.name, whose, look.grid->height, look.grid->width);
    sheet.tile_size = 150;
    sheet.columns = std::min<int64_t>(6, 1 + std::ssize(weights.rows.items));
    sheet.tiles.push_back({picture, "picture", " "});
    const size_t places = static_cast<size_t>(look.grid->height * look.grid->width);
    for (size_t r = 0; r < weights.rows.items.size(); ++r) {
      const auto first = weights.values.begin() + static_cast<std::ptrdiff_t>(r * places);
      FloatImage map{look.grid->height, look.grid->width, 1,
                     std::vector<float>(first, first + static_cast<std::ptrdiff_t>(places))};
      const float most = range_of(map).high;
      FloatImage light = enlarged(map, picture.height, picture.width);
      for (float& value : light.values) value = most > 0 ? value / most : 0;
      sheet.tiles.push_back({lit(picture, light), weights.rows.items[r],
                             fmt::format("{:.1f}%", 100 * static_cast<double>(most))});
    }
    return sheet;
  }

  // Dimmed where there is no weight, with a light over it where there is.
  static Image lit(const Image& picture, const FloatImage& light) {
    constexpr float kDim = 0.45f, kGlow = 0.65f;
    Image out = picture;
    for (size_t p = 0; p < light.values.size(); ++p) {
      const float share = light.values[p];
      for (size_t c = 0; c < 3; ++c) {
        const auto before = static_cast<float>(picture.values[3 * p + c]);
        const float dimmed = kDim * before;
        const float bright = before + kGlow * (255.0f - before);
        out.values[3 * p + c] =
            static_cast<uint8_t>(std::lround(dimmed + share * (bright - dimmed)));
      }
    }
    return out;
  }

  std::vector<std::string> texts_, layers_;
  SampleOptions samples_;
  bool own_ = false;
};

}  // namespace

extern const VizKindType attention_kind = {
    .name = "attention",
    .summary = "which words, or parts of a picture, a network looks at for each word",
    .example =
        "  cnn viz attention runs/translate                 samples of the test split\n"
        "  cnn viz attention runs/translate \"Ein Mann schl\xc3\xa4"
        "ft.\"\n"
        "  cnn viz attention runs/char-gpt --layer 'blocks.1.*' --first 40\n"
        "  cnn viz attention runs/caption-attend dog.jpg    a picture, lit for each word",
    .details =
        "Rows are what the network reads or tells, columns what it looks at for that; the weights "
        "of a row add up to 1 (of layers with several heads: their mean). What follows from the "
        "order of a text, as that nothing looks ahead, is left empty. For samples of a split the "
        "answer is that of the data set, so that every word is told behind the right ones; of a "
        "text that is given, or with --own, it is what the network itself answers. Where the "
        "items are the positions of a picture, this is shown once for each word, bright where the "
        "weight is, each as bright as its largest weight.\n\n"
        "Bahdanau, Cho & Bengio 2015, \"Neural machine translation by jointly learning to align "
        "and translate\", figure 3; Xu et al. 2015, \"Show, attend and tell: neural image caption "
        "generation with visual attention\", figure 3.",
    .words = "text",
    .make = make_kind<Attention>};

}  // namespace cnn
