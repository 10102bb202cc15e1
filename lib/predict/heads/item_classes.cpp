// item_classes: scores of classes for every item of a list (words, steps, frames), as the most
// probable one of each.
#include <algorithm>

#include "base/text.h"
#include "io/csv.h"
#include "metrics/softmax.h"
#include "predict/head.h"

namespace cnn {
namespace {

class ItemClasses final : public Head {
 public:
  ItemClasses(const HeadContext& context, int value) : Head(value), context_(context) {}

  std::vector<std::string> columns() const override { return {"item", "class", "probability"}; }

  Answer answer(const Sample& sample) const override {
    Answer answer;
    Json items = Json::array();
    for (int64_t i = 0; i < sample.output.batch; ++i) {
      const std::span<const float> scores(sample.output.sample(i),
                                          static_cast<size_t>(sample.output.shape.count()));
      const auto best =
          static_cast<size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
      const double probability = softmax(scores)[best];
      const std::string name = context_.class_name(best);
      answer.text += "  " + escaped(name);
      answer.rows.push_back({std::to_string(i), name, csv_number(probability)});
      items.push_back({{"name", name}, {"probability", probability}});
    }
    answer.json["items"] = std::move(items);
    return answer;
  }

 private:
  HeadContext context_;
};

std::unique_ptr<Head> make(const HeadContext& context, const MainOutput* output) {
  if (output == nullptr || !output->is_classes()) return nullptr;
  const Value& value = context.graph.value(output->value);
  if (value.length < 0 || value.shape.rank() != 1) return nullptr;
  return std::make_unique<ItemClasses>(context, output->value);
}

}  // namespace

extern const HeadType item_classes_head = {
    .name = "item_classes",
    .summary = "scores [C] for every item of a list: the likeliest class of each item",
    .make = make};

}  // namespace cnn
