// numbers: whatever nothing else is known of: a regression's numbers, a code.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/text.h"
#include "io/csv.h"
#include "model/inputs.h"
#include "predict/head.h"
#include "tensor/tensor.h"

namespace cnn {
namespace {

class Numbers final : public Head {
 public:
  Numbers(const HeadContext& context, int value)
      : Head(value),
        graph_(context.graph),
        value_(context.graph.value(value)),
        weights_(context.weights) {}

  std::vector<std::string> columns() const override {
    std::vector<std::string> columns;
    if (is_list()) columns.push_back("item");
    for (int64_t i = 0; i < value_.shape.count(); ++i) columns.push_back(name_of(i));
    return columns;
  }

  Answer answer(const Sample& sample) const override {
    const int64_t items = sample.output.batch, count = value_.shape.count();
    std::vector<float> ordered(static_cast<size_t>(items * count));  // as files have them
    to_channels_first(sample.output.data, ordered.data(), items, value_.shape);
    // The weights are loaded by now.
    const Standard standard = standard_of(graph_, weights_.standards, value());
    std::vector<double> numbers(ordered.begin(), ordered.end());
    if (standard.is_set()) undo(standard, numbers);
    Answer answer;
    answer.text = text_of(numbers, standard);
    Json lists = Json::array();
    for (int64_t i = 0; i < items; ++i) {
      const auto begin = numbers.begin() + i * count;
      const std::vector<double> item(begin, begin + count);
      std::vector<std::string> row;
      if (is_list()) row.push_back(std::to_string(i));
      for (const double number : item) row.push_back(csv_number(number));
      answer.rows.push_back(std::move(row));
      lists.push_back(item);
    }
    answer.json["values"] = is_list() ? std::move(lists) : Json(numbers);
    if (has_names()) answer.json["names"] = weights_.value_names;
    return answer;
  }

 private:
  bool is_list() const { return value_.length >= 0; }

  bool has_names() const {
    return static_cast<int64_t>(weights_.value_names.size()) == value_.shape.count();
  }
  // As the training table calls it, else by the layer.
  std::string name_of(int64_t i) const {
    if (has_names()) return weights_.value_names[static_cast<size_t>(i)];
    return value_.shape.count() == 1 ? value_.name : fmt::format("{}_{}", value_.name, i);
  }

  // Decimals of a number whose deviation is such, `digits` behind that deviation's first one.
  static int decimals(double deviation, int digits) {
    constexpr int kMost = 290;  // of doubles
    return std::clamp(digits - static_cast<int>(std::floor(std::log10(deviation))), 0, kMost);
  }

  // Back to what the table has. What lies below the network's own precision, 7 digits of a number
  // around 1, is rounded away.
  void undo(const Standard& standard, std::vector<double>& numbers) const {
    constexpr int kDigits = 7;
    const int64_t channels = value_.shape.channels();
    for (int64_t i = 0; i < std::ssize(numbers); ++i) {
      const int64_t channel = i % channels;  // standards are of no pictures: channels stand last
      double& number = numbers[static_cast<size_t>(i)];
      const double ten =
          std::pow(10, decimals(standard.deviation[static_cast<size_t>(channel)], kDigits));
      number = std::round(standard.undone(number, channel) * ten) / ten;
    }
  }

  std::string text_of(const std::vector<double>& numbers, const Standard& standard) const {
    constexpr size_t kShown = 10;
    constexpr int kDigits = 3, kMostShown = 9;  // smaller ones with a power of ten
    std::string text;
    for (size_t i = 0; i < std::min(numbers.size(), kShown); ++i) {
      text += "  ";
      if (has_names() && !is_list()) text += escaped(name_of(static_cast<int64_t>(i))) + " ";
      const size_t channel = i % static_cast<size_t>(value_.shape.channels());
      const int shown = standard.is_set() ? decimals(standard.deviation[channel], kDigits) : 0;
      const bool is_plain = standard.is_set() && shown <= kMostShown;
      text +=
          is_plain ? fmt::format("{:.{}f}", numbers[i], shown) : fmt::format("{:.6g}", numbers[i]);
    }
    if (numbers.size() > kShown) text += fmt::format("  ... ({} numbers)", numbers.size());
    return text;
  }

  const Graph& graph_;
  const Value& value_;
  const WeightsInfo& weights_;
};

std::unique_ptr<Head> make(const HeadContext& context, const MainOutput* output) {
  CNN_ASSERT(output != nullptr || !context.graph.outputs.empty());
  return std::make_unique<Numbers>(
      context, output != nullptr ? output->value : context.graph.outputs.front().value);
}

}  // namespace

extern const HeadType numbers_head = {
    .name = "numbers", .summary = "any other output: its numbers", .make = make};

}  // namespace cnn
