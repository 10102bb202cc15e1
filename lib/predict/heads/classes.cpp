// classes: scores of whole samples' classes, as the most probable ones.
#include <algorithm>
#include <numeric>

#include "base/text.h"
#include "io/csv.h"
#include "metrics/softmax.h"
#include "predict/head.h"

namespace cnn {
namespace {

class Classes final : public Head {
 public:
  Classes(const HeadContext& context, int value) : Head(value), context_(context) {}

  std::vector<std::string> columns() const override { return {"rank", "class", "probability"}; }

  Answer answer(const Sample& sample) const override {
    const std::span<const float> scores(sample.output.data,
                                        static_cast<size_t>(sample.output.shape.count()));
    // Best first; the lower number wins a tie.
    std::vector<size_t> order(scores.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return scores[a] > scores[b]; });
    order.resize(std::min(order.size(), static_cast<size_t>(context_.top)));
    const std::vector<double> probabilities = softmax(scores);

    Answer answer;
    Json classes = Json::array();
    for (const size_t i : order) {
      const std::string name = context_.class_name(i);
      answer.text += fmt::format("  {} {:.1f}%", escaped(name), 100 * probabilities[i]);
      answer.rows.push_back(
          {std::to_string(classes.size() + 1), name, csv_number(probabilities[i])});
      classes.push_back({{"name", name}, {"probability", probabilities[i]}});
    }
    answer.json["classes"] = std::move(classes);
    return answer;
  }

 private:
  HeadContext context_;
};

std::unique_ptr<Head> make(const HeadContext& context, const MainOutput*) {
  const int scores = sample_scores(context.graph);
  return scores < 0 ? nullptr : std::make_unique<Classes>(context, scores);
}

}  // namespace

extern const HeadType classes_head = {
    .name = "classes",
    .summary = "scores [C] of classes: the likeliest classes of each sample",
    .make = make};

}  // namespace cnn
