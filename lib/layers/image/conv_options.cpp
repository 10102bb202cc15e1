#include "layers/image/conv_options.h"

#include <climits>

#include "layers/image/window.h"

namespace cnn {
namespace {

constexpr int64_t kMaxTaps = 1 << 20;

std::string with_reason(const ConvAlgorithm& algorithm) {
  return fmt::format("{} ({})", algorithm.name(), algorithm.why());
}

}  // namespace

void ConvOptions::declare_window(Options& o, const Words& words, Takes takes) {
  const auto numbers = [&](const char* name, PictureNumbers& of, const char* help) -> Option& {
    return takes == Takes::kPictures ? o(name, of, help)
                                     : o(name, static_cast<AxisNumbers&>(of), help);
  };
  o("out", out, "number of output channels")
      .primary()
      .required()
      .at_least(1)
      .aliases({"num_output", "out_channels", "filters", "features", "nb_filter"});
  numbers("kernel", kernel, words.kernel)
      .required()
      .between(1, kMaxKernel)
      .aliases({"kernel_size", "size", "ksize", "kernel_shape", "filter_size"});
  numbers("stride", stride, words.stride).between(1, kMaxStep).aliases(words.stride_aliases);
  Option& padding = takes == Takes::kPictures
                        ? o("pad", static_cast<PictureNumbers&>(pad), words.pad)
                        : o("pad", pad, words.pad);
  padding.between(0, kMaxStep).aliases({"padding", "pads"});
  numbers("dilation", dilation, "distance between the window's taps")
      .between(1, kMaxStep)
      .aliases({"dilations", "dilation_rate", "atrous"});
  o("groups", groups, "equal parts of the channels that do not see each other")
      .at_least(1)
      .aliases({"group", "num_group"});
  o("bias", has_bias, "add a learned offset to every channel").aliases({"use_bias", "bias_term"});
}

void ConvOptions::declare_product(Options& o, const Words& words) {
  o("exact", exact,
    "add up the products as they are, without Winograd's transforms, which take fewer and round "
    "a little more");
  o("tie", tie, words.tie).names_layer(tie).aliases({"tied", "tied_to", "tie_weights"});
}

void ConvOptions::settle(const Setup& s, std::string_view layer, Takes takes) {
  const Shape& in = s.input();
  const bool volumes_too = takes == Takes::kVolumesToo;
  s.require(in.is_picture() || (volumes_too && in.is_volume()),
            "{} expects an image [C,H,W]{}, found {}", layer,
            volumes_too ? " or a volume [C,D,H,W]" : "", in.str());
  window.kernel = kernel.resolve(s, "kernel");
  window.stride = stride.resolve(s, "stride");
  window.dilation = dilation.resolve(s, "dilation");
  pad.resolve(s, window);
  s.require(out <= INT_MAX, "{} output channels are beyond BLAS: sizes end at {}", out, INT_MAX);
  s.require(in.channels() % groups == 0, "groups: {} does not divide the {} input channels", groups,
            in.channels());
  s.require(out % groups == 0, "groups: {} does not divide the {} output channels", groups, out);
}

void ConvOptions::check_kernel(const Setup& s, const ConvShape& shape, int64_t channels) const {
  const int64_t taps = shape.taps();
  s.require(taps <= kMaxTaps, "a kernel of {} is beyond the limit of {} taps",
            window.kernel.str(s.input().is_volume()), kMaxTaps);
  s.require(channels <= INT_MAX / taps,
            "{} channels under a kernel of {} taps are beyond BLAS: the product ends at {}",
            channels, taps, INT_MAX);
}

void ConvOptions::name_kernels(Setup& s, const ConvShape& shape, const ConvAlgorithm& forward,
                               const ConvAlgorithm& data,
                               const ConvBackwardWeights& weights) const {
  std::string& names = s.plan().kernel = forward.name();
  std::string& why = s.plan().kernel_why = with_reason(forward);
  const std::string_view data_name = data.name(), weights_name = weights.name();
  std::string refused;
  if (const std::string faster = pick_conv_backward_weights(shape)->name();
      exact && faster != weights_name) {
    refused = "; exact: not " + faster;
  }
  if (s.phase() == Phase::kTest) {
    why += refused;
    return;
  }
  if (names != data_name || names != weights_name) {
    names += fmt::format(" (data {}, weights {})", data_name, weights_name);
  }
  const std::string first = why, of_data = with_reason(data), of_weights = with_reason(weights);
  if (of_data != first) why += "; data " + of_data;
  if (of_weights != first) why += "; weights " + of_weights;
  why += refused;
}

}  // namespace cnn
