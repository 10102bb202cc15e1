#include "predict/picture_maps.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "data/image_fit.h"
#include "predict/outputs.h"
#include "predict/tiling.h"

namespace cnn {
namespace {

const GraphField& input_of(const Graph& graph) {
  return graph.fields[static_cast<size_t>(graph.input_index())];
}

const Shape& shape_of(const Graph& graph, int value) { return graph.value(value).shape; }

Image with_three_channels(const FloatImage& picture) {
  Image out{picture.height, picture.width, 3, {}};
  const auto channels = static_cast<size_t>(picture.channels);
  for (size_t p = 0; p < picture.values.size(); p += channels) {
    for (size_t c = 0; c < 3; ++c) {
      const float value = picture.values[p + (channels >= 3 ? c : 0)];
      out.values.push_back(static_cast<uint8_t>(value + 0.5f));
    }
  }
  return out;
}

RunWindows runner(Network& network, int value) {
  const Graph& graph = network.test_graph();
  const int field = graph.input_index();
  return [&network, value, field](const float* windows, int64_t n) {
    Executor& executor = network.executor(0);
    executor.bind(field, windows);
    executor.forward(n, 0, 0);
    return executor.value(value).data;
  };
}

}  // namespace

int64_t default_overlap(const MapOutput& map, const Shape& output) {
  return std::min(map.radius, std::min(output.height(), output.width()) / 4);
}

PictureMaps::PictureMaps(const ModelSpec& spec, const PredictRequest& request,
                         LoadedNetwork& network, int64_t batch, const Head& head,
                         const InputReading& reading, ToneWatch& tones)
    : spec_(spec),
      request_(request),
      network_(network),
      batch_(batch),
      head_(head),
      reading_(reading),
      tones_(tones),
      map_(*map_output(network.test_graph())),
      input_(input_of(network.test_graph()).field.shape),
      output_(shape_of(network.test_graph(), map_.value)) {
  CNN_ASSERT(map_.value == head.value());
}

std::vector<Answer> PictureMaps::run(const std::vector<NamedFile>& pictures) {
  std::vector<std::array<int64_t, 2>> sizes;  // also checks all before the first is run
  for (const NamedFile& file : pictures) {
    const ImageInfo info = read_image_info(file.path);
    sizes.push_back({info.height, info.width});
  }
  std::vector<size_t> order(pictures.size());
  std::iota(order.begin(), order.end(), size_t{0});
  if (request_.whole) {  // one plan a size
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return sizes[a] < sizes[b]; });
  }
  std::map<std::string, int> used;
  std::vector<std::string> names;
  for (const NamedFile& file : pictures) names.push_back(unique_name(file.name, used));
  if (!request_.out.empty()) make_directories(request_.out);

  const Normalization& normalization = reading_.normalization;
  std::vector<Answer> answers(pictures.size());
  for (const size_t i : order) {
    FloatImage picture =
        read_float_image(pictures[i].path, input_.channels(), reading_.look.background);
    if (!map_.any_size) picture = fit_image(std::move(picture), input_.height(), input_.width());
    const Image shown = with_three_channels(picture);
    normalization.apply(picture.values.data(), picture.height * picture.width, picture.channels);
    settle_tone(reading_.look, normalization, picture.height * picture.width, picture.channels,
                picture.values.data());
    tones_.look_at(pictures[i].name, picture.values.data(),
                   {picture.channels, picture.height, picture.width});
    const FloatImage map = map_of(picture);
    const ConstView output{map.values.data(), 1, {map.channels, map.height, map.width}};
    answers[i] =
        head_.answer({output, &shown, request_.out.empty() ? "" : request_.out + "/" + names[i]});
    answers[i].input = pictures[i].name;
    answers[i].is_whole = true;
  }
  return answers;
}

FloatImage PictureMaps::map_of(const FloatImage& picture) {
  const bool is_own_size = picture.height == output_.height() && picture.width == output_.width();
  if (request_.whole && map_.any_size && !is_own_size) return run_whole(picture);
  const int64_t overlap = request_.overlap >= 0 ? request_.overlap : default_overlap(map_, output_);
  const Tiling tiling{input_, output_, map_.stride, overlap, batch_};
  return run_tiles(picture, tiling, runner(network_, map_.value));
}

FloatImage PictureMaps::run_whole(const FloatImage& picture) {
  // As many steps of the stride more, or fewer, than the file's size as the picture needs.
  const auto side = [&](int64_t needed, int64_t input, int64_t output) {
    const int64_t stride = map_.stride, more = needed - output;
    const int64_t steps = more >= 0 ? (more + stride - 1) / stride : -(-more / stride);
    const int64_t least = input == output ? stride : input;
    return std::max(input + steps * stride, least);
  };
  plan_for({input_.channels(), side(picture.height, input_.height(), output_.height()),
            side(picture.width, input_.width(), output_.width())});
  const int value = sized_->test_graph().find_value(map_.name);
  CNN_ASSERT(value >= 0);
  const Shape& output = shape_of(sized_->test_graph(), value);
  CNN_ASSERT(output.height() >= picture.height && output.width() >= picture.width);
  return run_tiles(picture, {sized_input_, output, 1, 0, 1}, runner(*sized_, value));
}

void PictureMaps::plan_for(const Shape& input) {
  if (sized_ && sized_input_ == input) return;
  sized_.reset();  // before the next takes its memory
  ModelSpec spec = spec_;
  const std::string& name = input_of(network_.test_graph()).field.name;
  for (ModelInput& field : spec.inputs) {
    if (field.name == name) field.sizes = {input[0], input[1], input[2]};
  }
  auto network = std::make_unique<LoadedNetwork>(spec, request_.source());
  network->plan({{Pass::predicting(), 1, {network->test_graph().find_value(map_.name)}}});
  network->load({{"the network for its own size", network_.planned_bytes()}});
  sized_ = std::move(network);
  sized_input_ = input;
}

}  // namespace cnn
