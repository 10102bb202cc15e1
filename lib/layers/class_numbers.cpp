#include "layers/class_numbers.h"

#include <cmath>

namespace cnn {

std::string OptionType<ClassWeights>::name() { return "list of numbers, or balanced"; }
OptionSchema OptionType<ClassWeights>::schema() {
  return OptionSchema::one_of({OptionSchema::list_of(OptionSchema::number()),
                               OptionSchema::one_word_of({ClassWeights::kBalanced})});
}
bool OptionType<ClassWeights>::read(const Node& node, ClassWeights& out, Diagnostics& d) {
  out = {};
  if (node.is_scalar() && node.text() == ClassWeights::kBalanced) {
    out.is_balanced = true;
    return true;
  }
  if (!node.is_list()) {
    d.report(node.mark(),
             "expected a list of one number a class, or 'balanced', found " + node.describe());
    return false;
  }
  if (!OptionType<std::vector<double>>::read(node, out.numbers, d)) return false;
  for (size_t i = 0; i < out.numbers.size(); ++i) {
    if (out.numbers[i] >= 0) continue;
    d.report(node.items()[i].mark(),
             "a class's weight must be at least 0, found " + node.items()[i].describe());
    return false;
  }
  return true;
}
Node OptionType<ClassWeights>::write(const ClassWeights& value) {
  if (value.is_balanced) return Node::scalar(ClassWeights::kBalanced);
  return value.numbers.empty() ? Node() : OptionType<std::vector<double>>::write(value.numbers);
}

Shape with_channels(const Shape& shape, int64_t channels) {
  std::vector<int64_t> sizes;
  for (int axis = 0; axis < shape.rank(); ++axis) sizes.push_back(shape[axis]);
  sizes[shape.rank() == 2 ? 1 : 0] = channels;
  return Shape(sizes);
}

Shape class_target_shape(const Shape& scores) { return with_channels(scores, 1); }

int64_t class_of(float number, int64_t classes, const char* layer, bool ignores) {
  if (!(number >= 0 && number < static_cast<float>(classes)) || number != std::floor(number)) {
    fail(Exit::kInput, "", "{}: {} is no class number; the classes are 0 to {}{}", layer, number,
         classes - 1,
         ignores ? " (a number that marks what shall not count is given by 'ignore')" : "");
  }
  return static_cast<int64_t>(number);
}

int64_t classes_of_input(const Setup& setup, std::optional<int64_t> given, const char* layer) {
  const Form& form = setup.form();
  setup.require(form.shape.channels() == 1,
                "{}: {} has {} numbers a position, not one class number", layer, setup.describe(0),
                form.shape.channels());
  const int64_t classes = given.value_or(form.classes);
  setup.require(classes > 0, "{}: {} does not say how many classes there are; give 'classes'",
                layer, setup.describe(0));
  setup.require(form.classes <= classes, "{}: {} classes, but {} has {}", layer, classes,
                setup.describe(0), form.classes);
  return classes;
}

}  // namespace cnn
