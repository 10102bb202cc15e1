#include "graph/language.h"

#include <fmt/core.h>

namespace cnn {

std::span<const Structure> structures() {
  static constexpr Structure kStructures[] = {
      {"seq", "items one behind the other, as one item",
       "- seq: [{conv: 64, kernel: 1, stride: 2}, bn]\n  name: downsample\n  from: in",
       "Its value is that of its last item. Names in it see outward, and are reached from outside "
       "as NAME.INNER; so are its weights."},
      {"side", "a branch that the next item does not read",
       "- side: [gap, {linear: 10, name: aux}]\n  phase: train\n  name: head",
       "The item behind it goes on from the one before it. What is inside is read by its name, "
       "head.aux: by losses, by outputs."},
  };
  return kStructures;
}

std::span<const CommonKey> common_keys() {
  static constexpr CommonKey kKeys[] = {
      {"name", "what others call it; its weights are NAME.weight ..."},
      {"from", "the item or field that it reads; else the item before it"},
      {"act", "an activation behind it: relu, {leaky_relu: 0.1}"},
      {"init", "how its weights begin: he_normal, {weight: {normal: 0.01}, bias: {constant: 1}}"},
      {"lr_mult", "multiplies the learning rate of its weights: 2, {weight: 1, bias: 2}"},
      {"decay_mult", "multiplies the weight decay of its weights: 0, {weight: 1, bias: 0}"},
      {"freeze", "true: leave its weights and statistics as they are; weights: these alone"},
      {"if", "false: as if the line were not there"},
      {"repeat", "so many copies of it, one behind the other"},
      {"first", "keys that differ in the first copy: {stride: 2}"},
      {"phase", "train or test: the item exists in that phase alone"},
      {"share", "take the weights of the item of this name"},
      {"recompute", "compute what is inside anew for backward instead of keeping it"},
  };
  return kKeys;
}

std::string meant_common_key(std::string_view word) {
  struct Other {
    std::string_view word, key;
  };
  static constexpr Other kOthers[] = {
      {"activation", "act"},     {"activations", "act"},         {"nonlinearity", "act"},
      {"act_layer", "act"},      {"initializer", "init"},        {"initialiser", "init"},
      {"weight_filler", "init"}, {"kernel_initializer", "init"}, {"bottom", "from"},
      {"inputs", "from"},        {"frozen", "freeze"},           {"repeats", "repeat"},
      {"number", "repeat"},      {"checkpoint", "recompute"}};
  for (const Other& other : kOthers) {
    if (word == other.word) return fmt::format("it is called '{}' here", other.key);
  }
  if (word == "trainable") return "write 'freeze: true' for what is not";
  if (word == "input_shape" || word == "in_channels" || word == "in_features") {
    return "leave it out: it follows from the item before";
  }
  return "";
}

}  // namespace cnn
