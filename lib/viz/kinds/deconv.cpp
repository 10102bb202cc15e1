// deconv: what makes the maps of a layer answer most strongly. Over a data set the nine strongest
// activations of each map are found; each is projected back to pixels by a backward pass that
// begins at that one activation, beside the patch of the picture that caused it. (Zeiler & Fergus
// 2013, "Visualizing and understanding convolutional networks", figure 2.) Backward goes through
// unpooling switches and transposed filters; what rectifiers do is the rule of the pass
// (layers/rectifier.h). Batch normalisation in testing is a scale, and goes back as one.
#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"
#include "graph/receptive_field.h"
#include "model/settings.h"
#include "viz/drawing/sheet.h"
#include "viz/explained.h"
#include "viz/kind.h"
#include "viz/top_activations.h"

namespace cnn {
namespace {

bool is_convolution(const LayerType& type) {
  return type.family == LayerType::Family::kConvolution;
}

// A part of a channels-last sample; `outside` where the box leaves the image.
FloatImage cut_out(const float* values, const Shape& shape, const InputBox& box, float outside) {
  const int64_t channels = shape.channels();
  FloatImage part{box.height(), box.width(), channels, {}};
  for (int64_t y = box.top; y < box.bottom; ++y) {
    for (int64_t x = box.left; x < box.right; ++x) {
      const bool is_inside = y >= 0 && y < shape.height() && x >= 0 && x < shape.width();
      for (int64_t c = 0; c < channels; ++c) {
        part.values.push_back(is_inside ? values[(y * shape.width() + x) * channels + c] : outside);
      }
    }
  }
  return part;
}

// The same of a picture.
Image cut_out(const Image& picture, const InputBox& box) {
  constexpr uint8_t kOutside = 128;
  Image part{box.height(), box.width(), picture.channels, {}};
  for (int64_t y = box.top; y < box.bottom; ++y) {
    for (int64_t x = box.left; x < box.right; ++x) {
      const bool is_inside = y >= 0 && y < picture.height && x >= 0 && x < picture.width;
      for (int64_t c = 0; c < picture.channels; ++c) {
        part.values.push_back(is_inside ? picture.row(y)[x * picture.channels + c] : kOutside);
      }
    }
  }
  return part;
}

// One activation that is shown.
struct Job {
  int64_t map = 0;
  Activation activation;
  InputBox box;
  Image patch, projection;
};

class Deconv final : public VizKind {
 public:
  Deconv() { samples_.samples = 10'000; }

  void options(Options& o) override {
    o("layer", layers_,
      "layers, * and ? allowed (default: the first, middle and last convolution)");
    o("map", maps_, "numbers of maps (default: those that answer most strongly)");
    o("maps", most_maps_, "how many maps of a layer").between(1, 1024);
    o("top", top_, "how many activations of a map").between(1, 100);
    rule_option(o, given_rule_, "deconvnet; guided where max pooling is rare, see above");
    o("batch_size", batch_, "samples at a time (default: train.batch_size)").at_least(1);
    samples_.options(o);
  }

  VizResult run(const VizRequest& request) override {
    Explained network(request, "deconv");
    network.require_image();
    values_ = network.layers(
        layers_, three_of(maps_as_read(network)),
        [](const Value& value) { return value.shape.rank() <= 3; },
        "'deconv' takes convolutions and what follows from them");
    for (const int64_t map : maps_) check_map(network, map);
    rule_ = given_rule_.value_or(has_few_switches(network.graph()) ? Pass::Rule::kGuided
                                                                   : Pass::Rule::kDeconvnet);
    prepare(network);
    find_strongest(network);
    VizResult result;
    result.numbers["rule"] = rule_name(rule_);
    result.numbers["samples"] = network.source().size();
    result.numbers["layers"] = Json::array();
    for (size_t i = 0; i < values_.size(); ++i) show(network, i, result);
    return result;
  }

 private:
  // What the rule deconvnet makes of an activation depends on the picture through switches alone:
  // without them all projections of a map are one.
  static bool has_few_switches(const Graph& graph) {
    int64_t pools = 0, strides = 0;
    for (const GraphNode& node : graph.nodes) {
      const Extents& stride = node.plan.window.stride;
      if (node.type->has_switches) ++pools;
      if (is_convolution(*node.type) && (stride.h > 1 || stride.w > 1)) ++strides;
    }
    return strides >= pools;
  }

  // Convolutions, each behind its normalisation and behind the sum that it is a branch of: a scale
  // may be negative, and turns a map's strongest places into its weakest.
  static std::vector<int> maps_as_read(const Explained& network) {
    const Graph& graph = network.graph();
    std::vector<int> found;
    for (int v : network.maps(is_convolution)) {
      while (network.value(v).consumers.size() == 1) {
        const auto next = static_cast<size_t>(network.value(v).consumers[0]);
        const Tail::Kind tail = graph.nodes[next].layer->tail().kind;
        if (tail != Tail::Kind::kScale && tail != Tail::Kind::kAdd) break;
        v = graph.find_value(graph.nodes[next].name);
      }
      if (found.empty() || found.back() != v) found.push_back(v);
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
  }

  static std::vector<int> three_of(const std::vector<int>& all) {
    if (all.size() <= 3) return all;
    return {all.front(), all[all.size() / 2], all.back()};
  }

  void check_map(const Explained& network, int64_t map) const {
    for (const int v : values_) {
      const int64_t maps = network.value(v).shape.channels();
      if (map >= 0 && map < maps) continue;
      fail(Exit::kUsage, "", "layer '{}' has no map {}: its maps are 0 to {}",
           network.layer_name(v), map, maps - 1);
    }
  }

  // Use 0 runs over all samples; use 1 + i goes back from layer i.
  void prepare(Explained& network) {
    const TrainSettings settings = read_train_settings(network.request().subject().spec);
    const int64_t batch = batch_ > 0 ? batch_ : std::min<int64_t>(settings.batch_size, 256);
    std::vector<Network::Use> uses = {{.pass = Pass::predicting(),
                                       .batch = std::min(batch, samples_.samples),
                                       .keep = values_,
                                       .whole = false}};
    for (const int v : values_) {
      uses.push_back({.pass = backward_pass(rule_),
                      .batch = std::min<int64_t>(batch, kMostProjected),
                      .keep = {v, network.input()},
                      .starts = {v},
                      .whole = false});
    }
    batch_ = uses[0].batch;
    projected_ = uses[1].batch;
    network.prepare(uses, samples_);
  }

  void find_strongest(Explained& network) {
    for (const int v : values_) {
      strongest_.emplace_back(network.value(v).shape.channels(), top_);
    }
    const int64_t all = network.source().size();
    for (int64_t first = 0; first < all; first += batch_) {
      const int64_t n = std::min(batch_, all - first);
      Executor& executor = network.run(0, first, n);
      for (size_t i = 0; i < values_.size(); ++i) {
        strongest_[i].add(executor.value(values_[i]), first);
      }
      network.request().report("looking at samples", first + n, all);
    }
  }

  void show(Explained& network, size_t layer, VizResult& result) {
    const std::string name = network.layer_name(values_[layer]);
    const TopActivations& top = strongest_[layer];
    const std::vector<int64_t> maps = maps_.empty() ? top.strongest_maps(most_maps_) : maps_;
    if (maps.empty()) {
      fail(Exit::kUsage, "", "no map of layer '{}' is above 0 for any of {} samples", name,
           network.source().size());
    }
    std::vector<Job> jobs;
    for (const int64_t map : maps) {
      for (const Activation& activation : top.of(map)) {
        jobs.push_back({map, activation, box_of(network, values_[layer], activation), {}, {}});
      }
    }
    for (size_t first = 0; first < jobs.size(); first += static_cast<size_t>(projected_)) {
      const size_t n = std::min(jobs.size() - first, static_cast<size_t>(projected_));
      project(network, layer, std::span(jobs).subspan(first, n));
      network.request().report("projecting " + name, static_cast<int64_t>(first + n),
                               static_cast<int64_t>(jobs.size()));
    }
    result.figures.push_back(figure(network, name, maps, jobs));
    result.numbers["layers"].push_back(numbers(network, name, maps, jobs));
  }

  static InputBox box_of(const Explained& network, int v, const Activation& activation) {
    const Shape &shape = network.value(v).shape, &image = network.input_shape();
    if (shape.rank() < 3) return {0, 0, image.height(), image.width()};
    const InputBox box = input_box(network.graph(), v, activation.position / shape.width(),
                                   activation.position % shape.width(), network.input());
    // A field that is larger than the image is all of it.
    const bool is_tall = box.height() >= image.height(), is_wide = box.width() >= image.width();
    return {is_tall ? 0 : box.top, is_wide ? 0 : box.left, is_tall ? image.height() : box.bottom,
            is_wide ? image.width() : box.right};
  }

  // A batch of jobs: their samples once more, then back from one activation of each.
  void project(Explained& network, size_t layer, std::span<Job> jobs) {
    const Shape& image = network.input_shape();
    const auto n = static_cast<int64_t>(jobs.size());
    std::vector<float> samples(static_cast<size_t>(n * image.count()));
    for (int64_t i = 0; i < n; ++i) {
      network.source().read(jobs[static_cast<size_t>(i)].activation.sample, 1,
                            samples.data() + i * image.count());
    }
    const int use = 1 + static_cast<int>(layer);
    Executor& executor = network.run(use, n, samples.data());
    const View seed = executor.gradient(values_[layer]);
    std::fill_n(seed.data, seed.count(), 0.0f);
    for (int64_t i = 0; i < n; ++i) {
      const Job& job = jobs[static_cast<size_t>(i)];
      seed.sample(i)[job.activation.position * seed.channels() + job.map] = job.activation.value;
    }
    executor.backward();
    const View back = executor.gradient(network.input());
    for (int64_t i = 0; i < n; ++i) {
      Job& job = jobs[static_cast<size_t>(i)];
      job.patch = cut_out(network.source().picture(network.shown(i)), job.box);
      job.projection = shown(cut_out(back.sample(i), image, job.box, 0));
    }
  }

  // Around grey, by its own largest numbers: one in a hundred is cut off, so that a few do not
  // leave all others pale.
  static Image shown(const FloatImage& projection) {
    const bool is_colour = projection.channels == 3 || projection.channels == 4;
    FloatImage picture = is_colour ? projection : sum_of_channels(projection);
    std::vector<float> amounts;
    for (const float value : picture.values) amounts.push_back(std::abs(value));
    const auto place = static_cast<int64_t>(0.99 * static_cast<double>(amounts.size()));
    std::nth_element(amounts.begin(), amounts.begin() + place, amounts.end());
    const float most = amounts[static_cast<size_t>(place)];
    stretch(picture, {-most, most});
    return as_bytes(picture);
  }

  static FloatImage sum_of_channels(const FloatImage& image) {
    FloatImage sum{image.height, image.width, 1, {}};
    const auto channels = static_cast<size_t>(image.channels);
    for (size_t i = 0; i < image.values.size(); i += channels) {
      float total = 0;
      for (size_t c = 0; c < channels; ++c) total += image.values[i + c];
      sum.values.push_back(total);
    }
    return sum;
  }

  // A map is a block of two squares: projections at the left, patches at the right, as in the
  // paper.
  Figure figure(const Explained& network, const std::string& name, const std::vector<int64_t>& maps,
                const std::vector<Job>& jobs) const {
    const auto side = static_cast<int64_t>(std::ceil(std::sqrt(static_cast<double>(top_))));
    const int64_t height = jobs[0].box.height(), width = jobs[0].box.width();
    Sheet sheet;
    sheet.title = fmt::format("{}: what the maps of {} answer to", network.name(), name);
    sheet.subtitle = fmt::format(
        "for each map the {} strongest activations over {} samples: projected back to pixels by "
        "the rule '{}', and the patch of {} x {} pixels that caused each",
        top_, with_commas(network.source().size()), rule_name(rule_), width, height);
    constexpr double kBlock = 170;
    sheet.tile_size = kBlock;
    sheet.gap = 10;
    sheet.columns = maps.size() == 1 ? 2 : 4;
    sheet.gaps_before = {2};
    for (const int64_t map : maps) {
      std::vector<Image> projections, patches;
      float most = 0;
      for (const Job& job : jobs) {
        if (job.map != map) continue;
        if (projections.empty()) most = job.activation.value;
        projections.push_back(job.projection);
        patches.push_back(job.patch);
      }
      sheet.tiles.push_back(
          {block_of(projections, side), fmt::format("map {}: {:.3g}", map, most)});
      sheet.tiles.push_back({block_of(patches, side), ""});
    }
    return {"deconv_" + file_word(name) +
                (given_rule_ ? fmt::format("_{}", rule_name(rule_)) : std::string()),
            cnn::draw(sheet)};
  }

  // Pictures of one size side by side; the line between them is blue, as patches may be black, grey
  // or white all over.
  static Image block_of(const std::vector<Image>& pictures, int64_t side) {
    const Image& first = pictures[0];
    // Small patches are enlarged first, so that the line stays thin beside them.
    const int64_t scale = std::max<int64_t>(1, 64 / std::max(first.height, first.width));
    const int64_t height = first.height * scale, width = first.width * scale;
    constexpr std::array<uint8_t, 3> kLine = {110, 165, 220};
    constexpr uint8_t kEmpty = 255;
    Image block{side * (height + 2) - 2, side * (width + 2) - 2, 3, {}};
    for (int64_t i = 0; i < block.height * block.width; ++i) {
      block.values.insert(block.values.end(), kLine.begin(), kLine.end());
    }
    for (size_t i = 0; i < static_cast<size_t>(side * side); ++i) {
      const int64_t top = static_cast<int64_t>(i) / side * (height + 2);
      const int64_t left = static_cast<int64_t>(i) % side * (width + 2);
      for (int64_t y = 0; y < height; ++y) {
        for (int64_t x = 0; x < width; ++x) {
          uint8_t* to = block.values.data() + ((top + y) * block.width + left + x) * 3;
          if (i >= pictures.size()) {
            std::fill_n(to, 3, kEmpty);
            continue;
          }
          const uint8_t* from = pictures[i].row(y / scale) + x / scale * first.channels;
          for (int64_t c = 0; c < 3; ++c) to[c] = from[first.channels >= 3 ? c : 0];
        }
      }
    }
    return block;
  }

  Json numbers(const Explained& network, const std::string& name, const std::vector<int64_t>& maps,
               const std::vector<Job>& jobs) const {
    Json list = Json::array();
    for (const int64_t map : maps) {
      Json best = Json::array();
      for (const Job& job : jobs) {
        if (job.map != map) continue;
        best.push_back({{"sample", network.source().name(job.activation.sample)},
                        {"value", job.activation.value},
                        {"position", job.activation.position},
                        {"box", {job.box.left, job.box.top, job.box.width(), job.box.height()}}});
      }
      list.push_back({{"map", map}, {"activations", std::move(best)}});
    }
    return {{"layer", name}, {"maps", std::move(list)}};
  }

  static constexpr int64_t kMostProjected = 32;

  SampleOptions samples_;
  std::vector<std::string> layers_;
  std::vector<int64_t> maps_;
  int64_t most_maps_ = 16, top_ = 9, batch_ = 0, projected_ = 1;
  std::optional<Pass::Rule> given_rule_;
  Pass::Rule rule_ = Pass::Rule::kDeconvnet;
  std::vector<int> values_;
  std::vector<TopActivations> strongest_;  // by layer
};

}  // namespace

extern const VizKindType deconv_kind = {
    .name = "deconv",
    .summary = "what makes a layer's maps answer, projected back to pixels",
    .example =
        "  cnn viz deconv runs/cifar-resnet20               three layers, over the test set\n"
        "  cnn viz deconv runs/lenet5 --layer c3 --maps 8 --samples 2000\n"
        "  cnn viz deconv runs/zfnet --layer conv5 --map 3 17 --rule guided",
    .details =
        "For each map the strongest activations over a data set. Each is projected back to pixels: "
        "through the places of maxima, what rectifiers make of it by the rule, and transposed "
        "filters; grey is 0. Beside it stands the patch that caused it, as large as the layer's "
        "receptive field. Batch normalisation is passed as the scale that it is in testing.\n\n"
        "By the rule deconvnet a projection depends on its picture through the places of maxima "
        "alone. A network that shrinks pictures by strides, as ResNets do, has few or none: all "
        "projections of a map are then alike, however different the patches. So the default there "
        "is the rule guided: what was not active in that picture does not pass either. Its "
        "projections follow contours of the picture, to a degree even where weights have learned "
        "nothing (Adebayo et al. 2018, \"Sanity checks for saliency maps\"): believe in what the "
        "patches of a map have in common.\n\n"
        "Zeiler & Fergus 2013, \"Visualizing and understanding convolutional networks\"; the rule "
        "guided: Springenberg et al. 2014, \"Striving for simplicity\".",
    .make = make_kind<Deconv>};

}  // namespace cnn
