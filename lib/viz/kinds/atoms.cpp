// atoms: the pictures that a network adds up, or looks for as a whole: the
// columns of the linear layer that makes the picture, the rows of a dictionary,
// of an encoder or of a linear classifier.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "predict/maps.h"
#include "viz/drawing/sheet.h"
#include "viz/explained.h"
#include "viz/kind.h"

namespace cnn {
namespace {

// Weights as pictures [count, C*H*W], in the order of files.
struct Dictionary {
  std::string layer;
  bool is_columns = false;  // each is what one number of the code adds to the picture
  int64_t count = 0, size = 0;
  std::vector<float> atoms;

  const float *atom(int64_t i) const { return atoms.data() + i * size; }
  double norm(int64_t i) const {
    double sum = 0;
    for (int64_t k = 0; k < size; ++k) {
      sum += static_cast<double>(atom(i)[k]) * static_cast<double>(atom(i)[k]);
    }
    return std::sqrt(sum);
  }
};

class Atoms final : public VizKind {
 public:
  void options(Options &o) override {
    o("layer", layer_, "a layer with weights as large as the input (default: the last one)");
    o("atoms", most_, "how many").between(1, 1 << 16);
    o("by_number", by_number_, "in their own order (default: longest first)");
  }

  VizResult run(const VizRequest &request) override {
    Explained network(request, "atoms");
    const Shape picture = picture_shape(network);
    const GraphNode &node = chosen(network, picture.count());
    network.prepare({{Pass::predicting(), 1, {}}});
    const Dictionary dictionary = dictionary_of(network, node, picture.count());
    std::vector<int64_t> order(static_cast<size_t>(dictionary.count));
    std::iota(order.begin(), order.end(), int64_t{0});
    if (!by_number_) {
      std::vector<double> norms;
      for (const int64_t i : order) norms.push_back(dictionary.norm(i));
      std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
        return norms[static_cast<size_t>(a)] > norms[static_cast<size_t>(b)];
      });
    }
    VizResult result;
    result.numbers = {{"layer", dictionary.layer}, {"atoms", Json::array()}};
    for (const int64_t i : order) {
      result.numbers["atoms"].push_back({{"number", i}, {"norm", dictionary.norm(i)}});
    }
    order.resize(std::min(order.size(), static_cast<size_t>(most_)));
    result.figures.push_back({"atoms_" + file_word(dictionary.layer),
                              cnn::draw(sheet(network, dictionary, order, picture))});
    return result;
  }

 private:
  // A vector is taken for a square picture if it can be one: patches of grey
  // images.
  static Shape picture_shape(const Explained &network) {
    const Shape &shape = network.input_shape();
    if (shape.rank() == 3) return shape;
    const auto side =
        static_cast<int64_t>(std::llround(std::sqrt(static_cast<double>(shape.count()))));
    if (shape.rank() == 1 && side * side == shape.count()) return {1, side, side};
    fail(Exit::kUsage, "", "'atoms' shows weights as pictures; the input of '{}' is none: {}",
         network.name(), shape.str());
  }

  static bool fits(const Explained &network, const GraphNode &node, int64_t size) {
    if (node.is_loss() || node.parameters.empty()) return false;
    const Shape &shape = network.store().at(node.parameters[0]).request.shape;
    return shape.rank() == 2 && (shape[0] == size || shape[1] == size) && shape.count() != size;
  }

  const GraphNode &chosen(const Explained &network, int64_t size) const {
    const GraphNode *last = nullptr;
    std::vector<int> meant;
    if (!layer_.empty()) {
      meant = network.layers(
          {layer_}, {}, [](const Value &) { return true; }, "'atoms' takes layers with weights");
    }
    for (const GraphNode &node : network.graph().nodes) {
      const int behind = node.is_loss() ? -1 : network.graph().find_value(node.name);
      const bool is_meant = meant.empty() ||
                            std::count(meant.begin(), meant.end(), node.output()) > 0 ||
                            std::count(meant.begin(), meant.end(), behind) > 0;
      if (is_meant && fits(network, node, size)) last = &node;
    }
    if (last != nullptr) return *last;
    if (!layer_.empty()) {
      fail(Exit::kUsage, "", "layer '{}' has no weights as large as the input {}", layer_,
           network.input_shape().str());
    }
    fail(Exit::kUsage, "",
         "'{}' has no linear layer or dictionary with weights as large as its "
         "input {}; 'filters' "
         "shows those of convolutions",
         network.name(), network.input_shape().str());
  }

  static Dictionary dictionary_of(Explained &network, const GraphNode &node, int64_t size) {
    const int id = node.parameters[0];
    const Shape &shape = network.store().at(id).request.shape;
    const std::vector<float> weights = network.store().export_values(id);
    Dictionary dictionary;
    dictionary.layer = node.name;
    dictionary.size = size;
    dictionary.is_columns = shape[1] != size;
    dictionary.count = dictionary.is_columns ? shape[1] : shape[0];
    dictionary.atoms = weights;
    if (dictionary.is_columns) {
      for (int64_t i = 0; i < dictionary.count; ++i) {
        for (int64_t k = 0; k < size; ++k) {
          dictionary.atoms[static_cast<size_t>(i * size + k)] =
              weights[static_cast<size_t>(k * dictionary.count + i)];
        }
      }
    }
    return dictionary;
  }

  Sheet sheet(const Explained &network, const Dictionary &dictionary,
              const std::vector<int64_t> &order, const Shape &shape) const {
    Sheet sheet;
    sheet.title = fmt::format("{}: atoms of {}", network.name(), dictionary.layer);
    sheet.subtitle =
        fmt::format("{} of {}{}: what {}; each by its own largest number, {}", order.size(),
                    dictionary.count, by_number_ ? "" : ", longest first",
                    dictionary.is_columns ? "each number of the code adds to the picture"
                                          : "each of its rows looks for or adds",
                    shape.channels() == 1 ? "blue is negative, red positive" : "grey is 0");
    const bool is_few = order.size() <= 32;
    sheet.tile_size = is_few ? 84 : 42;
    sheet.gap = is_few ? 6 : 3;
    for (const int64_t i : order) {
      FloatImage atom{shape.height(), shape.width(), shape.channels(),
                      std::vector<float>(static_cast<size_t>(shape.count()))};
      to_channels_last(dictionary.atom(i), atom.values.data(), 1, shape);
      std::vector<FloatImage> one = {std::move(atom)};
      stretch_around_zero(one);
      const bool is_grey = shape.channels() != 3 && shape.channels() != 4;
      if (is_grey && shape.channels() > 1)
        one[0] = float_image({one[0].values.data(), 1, shape}, 0, 0);
      sheet.tiles.push_back({is_grey ? ColourMap::diverging().apply(one[0]) : as_bytes(one[0]),
                             is_few ? std::to_string(i) : std::string()});
    }
    return sheet;
  }

  std::string layer_;
  int64_t most_ = 256;
  bool by_number_ = false;
};

}  // namespace

extern const VizKindType atoms_kind = {
    .name = "atoms",
    .summary = "the pictures that a dictionary or a decoder adds up",
    .example =
        "  cnn viz atoms runs/ae-sparse                     of the "
        "layer that makes the picture\n"
        "  cnn viz atoms runs/ae-sparse --layer code        what each "
        "hidden unit looks for\n"
        "  cnn viz atoms runs/logistic --by-number          the "
        "template of each class",
    .details =
        "Olshausen & Field 1996, \"Emergence of simple-cell receptive "
        "field properties by learning "
        "a sparse code for natural images\".",
    .make = make_kind<Atoms>};

}  // namespace cnn
