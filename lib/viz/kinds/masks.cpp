// masks: what a segmentation network makes of samples, beside their true masks, the worst first.
#include <algorithm>
#include <memory>
#include <numeric>

#include "base/error.h"
#include "base/text.h"
#include "graph/main_output.h"
#include "metrics/metrics.h"
#include "model/feed.h"
#include "model/settings.h"
#include "predict/maps.h"
#include "viz/drawing/sheet.h"
#include "viz/subject.h"

namespace cnn {
namespace {

// Of pixels whose class is wrong, as class_colours() tells them apart.
constexpr Colour kTooMuch{213, 94, 0};     // ground taken for a class
constexpr Colour kMissed{0, 114, 178};     // a class taken for ground
constexpr Colour kOther{204, 121, 167};    // a class taken for another
constexpr Colour kIgnored{128, 128, 128};  // has no true class

struct Masks {
  Image truth, predicted;  // class numbers
  std::vector<char> is_known;
};

class MasksKind final : public VizKind {
 public:
  MasksKind() { samples_.samples = INT64_MAX; }

  void options(Options& o) override {
    o.choice<std::string>("split", samples_.split,
                          {{"test", "test"}, {"val", "val"}, {"train", "train"}},
                          "of the model's data");
    o("most", most_, "so many samples at most").between(1, 1000);
    o("best", best_first_, "the best ones first");
  }

  VizResult run(const VizRequest& request) override {
    const VizSubject& subject = request.subject();
    LoadedNetwork network(subject.spec, source_of(request));
    const Graph& graph = network.test_graph();
    find_output(graph);
    picture_input(graph, "masks");
    const SampleSource source(samples_, subject, graph, {});
    field_ = target_field(graph, *source.view()->dataset);
    ignored_ = main_output(graph)->ignored;
    const int64_t batch = read_train_settings(subject.spec).evaluation_batch();
    network.plan({{Pass::predicting(), std::min(batch, source.size()), {output_.value}}});
    network.load();

    std::vector<double> overlaps;
    const std::unique_ptr<Metric> all = new_iou(graph);
    for_each_batch(network, 0, source, request, [&](int64_t first, int64_t n, Executor& executor) {
      for (int64_t i = 0; i < n; ++i) {
        overlaps.push_back(add(executor.value(output_.value), i, source, first + i, graph, *all));
      }
    });
    std::vector<int64_t> order(overlaps.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
      const double x = overlaps[static_cast<size_t>(a)], y = overlaps[static_cast<size_t>(b)];
      return best_first_ ? x > y : x < y;
    });
    order.resize(std::min(order.size(), static_cast<size_t>(most_)));
    const double iou = all->result().front().second;
    VizResult result;
    result.numbers = {{"samples", source.size()}, {"iou", iou}, {"shown", Json::array()}};
    result.text = fmt::format("mean IoU {:.4f} over {}\n", iou, counted(source.size(), "sample"));
    Sheet sheet = heading(subject.spec.name, source, iou);
    for (const int64_t i : order) {
      show(network, source, i, overlaps[static_cast<size_t>(i)], sheet, result);
    }
    result.figures.push_back({"masks", draw(sheet)});
    return result;
  }

 private:
  void find_output(const Graph& graph) {
    const std::optional<MapOutput> output = map_output(graph);
    if (!output || output->kind == MapOutput::Kind::kPicture) {
      fail(Exit::kUsage, "", "'masks' takes models that give a class to every pixel");
    }
    output_ = *output;
  }

  std::unique_ptr<Metric> new_iou(const Graph& graph) const {
    std::unique_ptr<Metric> metric = make_metric("iou");
    const MainOutput output = *main_output(graph);
    MetricInputs inputs{graph.value(output.value).shape, graph.value(output.target).shape};
    inputs.ignore = output.ignored;
    inputs.is_score = output.is_before_sigmoid();
    metric->setup(inputs);
    return metric;
  }

  std::vector<float> truth_of(const SampleSource& source, int64_t sample) const {
    const Dataset& data = *source.view()->dataset;
    const Field& field = data.fields()[static_cast<size_t>(field_)];
    std::vector<float> numbers(static_cast<size_t>(field.shape.count()));
    FieldReader(data, field_).read(source.index(sample), numbers.data());
    return numbers;
  }

  // The overlap of this sample alone; `all` sees it, too.
  double add(const ConstView& values, int64_t i, const SampleSource& source, int64_t sample,
             const Graph& graph, Metric& all) const {
    const std::vector<float> truth = truth_of(source, sample);
    const ConstView output{values.sample(i), 1, values.shape};
    const ConstView target{truth.data(), 1, {1, values.shape.height(), values.shape.width()}};
    const std::unique_ptr<Metric> own = new_iou(graph);
    own->add(output, target);
    all.add(output, target);
    return own->result().front().second;
  }

  Sheet heading(const std::string& model, const SampleSource& source, double iou) const {
    Sheet sheet;
    sheet.title =
        fmt::format("{}: mean IoU {:.3f} over {}", model, iou, counted(source.size(), "sample"));
    sheet.subtitle = fmt::format(
        "split '{}', the {} first. Difference: orange is too much, blue is missed, pink is taken "
        "for another class, grey has no class",
        samples_.split, best_first_ ? "best" : "worst");
    sheet.columns = 4;
    sheet.column_titles = {"picture", "truth", "prediction", "difference"};
    sheet.tile_size = 160;
    sheet.gap = 8;
    return sheet;
  }

  void show(LoadedNetwork& network, const SampleSource& source, int64_t sample, double overlap,
            Sheet& sheet, VizResult& result) const {
    std::vector<float> input(static_cast<size_t>(source.shape().count()));
    source.read(sample, 1, input.data());
    Executor& executor = network.executor(0);
    executor.bind(network.test_graph().input_index(), input.data());
    executor.forward(1, 0, 0);
    const FloatImage map = float_image(executor.value(output_.value), 0);
    Masks masks{{map.height, map.width, 1, {}}, class_map(map, output_), {}};
    int64_t wrong = 0, known = 0;
    for (const float number : truth_of(source, sample)) {
      const bool is_known = !ignored_ || number != static_cast<float>(*ignored_);
      masks.is_known.push_back(is_known);
      masks.truth.values.push_back(is_known ? static_cast<uint8_t>(number) : 0);
      known += is_known;
      wrong += is_known &&
               masks.truth.values.back() != masks.predicted.values[masks.truth.values.size() - 1];
    }
    const Image picture = in_colour(middle(source.picture(input.data()), map.height, map.width));
    const double share = known > 0 ? static_cast<double>(wrong) / static_cast<double>(known) : 0;
    sheet.tiles.push_back({picture, source.name(sample)});
    sheet.tiles.push_back({overlay(picture, masks.truth), ""});
    sheet.tiles.push_back({overlay(picture, masks.predicted), fmt::format("IoU {:.3f}", overlap)});
    sheet.tiles.push_back({difference(picture, masks), fmt::format("{:.1f}% wrong", 100 * share)});
    Json entry = {{"sample", sample}, {"iou", overlap}, {"wrong", share}};
    if (const std::string file = source.file(sample); !file.empty()) entry["file"] = file;
    result.numbers["shown"].push_back(std::move(entry));
  }

  // The part that the network gives a mask of, where this is smaller than the picture.
  static Image middle(const Image& picture, int64_t height, int64_t width) {
    if (picture.height == height && picture.width == width) return picture;
    Image out{height, width, picture.channels, {}};
    const int64_t top = (picture.height - height) / 2, left = (picture.width - width) / 2;
    for (int64_t y = 0; y < height; ++y) {
      const uint8_t* row = picture.row(top + y) + left * picture.channels;
      out.values.insert(out.values.end(), row, row + width * picture.channels);
    }
    return out;
  }

  // A faint picture, its wrong pixels in colour.
  static Image difference(const Image& picture, const Masks& masks) {
    Image out = picture;
    for (size_t p = 0; p < masks.truth.values.size(); ++p) {
      uint8_t* pixel = &out.values[3 * p];
      for (int c = 0; c < 3; ++c) pixel[c] = static_cast<uint8_t>(128 + pixel[c] / 2);
      const uint8_t truth = masks.truth.values[p], predicted = masks.predicted.values[p];
      if (masks.is_known[p] && truth == predicted) continue;
      const Colour colour = !masks.is_known[p] ? kIgnored
                            : truth == 0       ? kTooMuch
                            : predicted == 0   ? kMissed
                                               : kOther;
      pixel[0] = colour.red, pixel[1] = colour.green, pixel[2] = colour.blue;
    }
    return out;
  }

  SampleOptions samples_;
  int64_t most_ = 12;
  bool best_first_ = false;
  MapOutput output_;
  int field_ = -1;
  std::optional<int64_t> ignored_;
};

}  // namespace

extern const VizKindType masks_kind = {
    .name = "masks",
    .summary = "pictures, true masks, predicted masks and what differs, the worst first",
    .example =
        "  cnn viz masks runs/unet-small\n"
        "  cnn viz masks runs/unet-isbi --split val --most 5 --best",
    .details =
        "IoU is that of the metric of this name: the mean over the classes that are there or "
        "predicted, of one sample in the captions, of all in the title.",
    .make = make_kind<MasksKind>};

}  // namespace cnn
