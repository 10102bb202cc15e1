// functions: activation functions and their derivatives, as the layers compute them.

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/parallel.h"
#include "base/text.h"
#include "graph/builder.h"
#include "graph/executor.h"
#include "layers/catalog.h"
#include "viz/drawing/plot.h"
#include "viz/kind.h"

namespace cnn {
namespace {

// An activation with its options: {leaky_relu: ~, slope: 0.1}.
struct Chosen {
  std::string title;
  Node item;
};

struct Curve {
  std::vector<double> x, y, slope;
};

class Functions final : public VizKind {
 public:
  void options(Options& o) override {
    o("function", names_, "activations by name (default: those of the model, without one all)");
    o("range", range_, "from minus this to this").between(0.1, 1000);
  }

  VizResult run(const VizRequest& request) override {
    VizResult result;
    result.numbers["functions"] = Json::array();
    std::vector<Drawing> drawings;
    for (const Chosen& chosen : chosen_functions(request)) {
      const Curve curve = curve_of(chosen);
      const auto [low, high] = std::minmax_element(curve.y.begin(), curve.y.end());
      if (curve.y.empty() || *low == *high) continue;  // of several numbers, as softmax is
      drawings.push_back(draw(plot_of(chosen, curve)));
      result.numbers["functions"].push_back(
          {{"name", chosen.title}, {"x", curve.x}, {"y", curve.y}, {"derivative", curve.slope}});
    }
    if (drawings.empty()) {
      fail(Exit::kUsage, "",
           "there is no activation of one number to draw; --function gelu names one");
    }
    const auto columns = static_cast<int64_t>(std::min<size_t>(drawings.size(), 3));
    result.figures.push_back({"functions", arranged(drawings, columns)});
    return result;
  }

 private:
  static constexpr int64_t kPoints = 401;  // 0 is one of them

  std::vector<Chosen> chosen_functions(const VizRequest& request) const {
    std::vector<Chosen> chosen;
    for (const std::string& name : names_) {
      const LayerType* type = find_layer_type(name);
      if (type == nullptr || type->role != LayerType::Role::kActivation) fail_unknown(name);
      chosen.push_back({name, Node::map({{name, {}, Node()}})});
    }
    if (!names_.empty()) return chosen;
    if (request.subjects.empty()) {
      for (const LayerType* type : activations()) {
        chosen.push_back({type->name, Node::map({{type->name, {}, Node()}})});
      }
      return chosen;
    }
    ParameterStore store;
    const Graph graph = build_graph(request.subject().spec, Phase::kTest, store);
    for (const GraphNode& node : graph.nodes) {
      if (node.type->role == LayerType::Role::kActivation) add_new(node, chosen);
    }
    return chosen;
  }

  static void add_new(const GraphNode& node, std::vector<Chosen>& chosen) {
    Node item = Node::map({{node.type->name, {}, Node()}});
    const std::unique_ptr<Layer> fresh = node.type->make();
    Options given, defaults;
    node.layer->options(given);
    fresh->options(defaults);
    std::string title = node.type->name;
    for (size_t i = 0; i < given.table().size(); ++i) {
      const Option& option = given.table()[i];
      const Node value = option.write();
      if (option.is_reference || to_yaml(value) == to_yaml(defaults.table()[i].write())) continue;
      item.set(option.name, value);
      title += fmt::format(", {} {}", option.name, to_yaml(value));
    }
    const bool is_known = std::any_of(chosen.begin(), chosen.end(),
                                      [&](const Chosen& other) { return other.title == title; });
    if (!is_known) chosen.push_back({title, std::move(item)});
  }

  static std::vector<const LayerType*> activations() {
    std::vector<const LayerType*> found;
    for (const LayerType* type : layer_types()) {
      if (type->role == LayerType::Role::kActivation) found.push_back(type);
    }
    return found;
  }

  [[noreturn]] static void fail_unknown(const std::string& name) {
    std::vector<std::string> known;
    for (const LayerType* type : activations()) known.emplace_back(type->name);
    const auto near = nearest(name, known);
    throw Error(Exit::kUsage,
                {{"",
                  fmt::format("no activation is called '{}'", name),
                  "",
                  {near ? "did you mean '" + *near + "'?" : "there are " + quoted_list(known)}}});
  }

  // A network of that layer alone, run on all points, and backward from each. Empty for a layer
  // that takes more than one number.
  Curve curve_of(const Chosen& chosen) const {
    ModelSpec spec;
    spec.name = chosen.title;
    spec.inputs.emplace_back();
    spec.inputs.back().name = "x";
    spec.inputs.back().sizes = {1};
    spec.root = Node::map({{"layers", {}, Node::list({chosen.item})}});
    spec.vars = Node::map({});
    ParameterStore store;
    Graph graph;
    try {
      graph = build_graph(spec, Phase::kTest, store);
    } catch (const Error&) {
      return {};
    }
    const int out = graph.nodes.front().output(), in = graph.fields.front().value;
    Pass pass = Pass::predicting();
    pass.gradients = Pass::Gradients::kInput;
    const MemoryPlan plan = plan_memory(graph, pass, store, kPoints, threads(), {out, in}, {out});
    Arena arena(plan.floats);
    store.allocate(false);
    store.initialize(1);
    Executor executor(graph, store, plan, arena);
    std::vector<float> points;
    for (int64_t i = 0; i < kPoints; ++i) {
      points.push_back(
          static_cast<float>(range_ * (2.0 * static_cast<double>(i) / (kPoints - 1) - 1)));
    }
    executor.bind(0, points.data());
    executor.forward(kPoints, 0, 0);
    std::fill_n(executor.gradient(out).data, kPoints, 1.0F);
    Curve curve;
    const float* y = executor.value(out).data;
    curve.x.assign(points.begin(), points.end());
    curve.y.assign(y, y + kPoints);
    executor.backward();
    const float* slope = executor.gradient(in).data;
    curve.slope.assign(slope, slope + kPoints);
    return curve;
  }

  LinePlot plot_of(const Chosen& chosen, const Curve& curve) const {
    LinePlot plot;
    plot.title = chosen.title;
    plot.x = {.label = "x", .low = -range_, .high = range_};
    plot.series.push_back({.name = "f(x)", .x = curve.x, .y = curve.y, .colour = 0});
    plot.series.push_back(
        {.name = "f'(x)", .x = curve.x, .y = curve.slope, .colour = 1, .dashed = true});
    plot.width = 320;
    plot.height = 260;
    return plot;
  }

  std::vector<std::string> names_;
  double range_ = 5;
};

}  // namespace

extern const VizKindType functions_kind = {
    .name = "functions",
    .summary = "activation functions and their derivatives",
    .example =
        "  cnn viz functions                                all of them\n"
        "  cnn viz functions --function relu gelu --range 3\n"
        "  cnn viz functions models/lenet5-1998.yaml        those of a network, with its options",
    .details =
        "The curves are what the layers compute, forward and backward, with the weights that they "
        "begin with. Functions of several numbers, softmax and maxout, have no curve.",
    .needs = VizKindType::Needs::kNothing,
    .prefers_svg = true,
    .make = make_kind<Functions>};

}  // namespace cnn
