// What the first loss says of the network's main output.
#include "graph/main_output.h"

#include "graph/builder_support.h"

namespace cnn {
namespace {

std::optional<MainOutput> output_of(const std::string& layers, const std::string& loss) {
  const Built built("input: {image: [4, 8, 8]}\nlayers: " + layers + "\nloss: " + loss + "\n");
  return main_output(built.graph);
}

const std::string kVector = "[flatten, {linear: 3, name: out}]";
const std::string kMap = "[{conv: 2, kernel: 1, name: out}]";
const std::string kOneMap = "[{conv: 1, kernel: 1, name: out}]";

}  // namespace

TEST_CASE("losses of class numbers take scores of classes") {
  for (const char* loss :
       {"cross_entropy", "hinge", "perceptron", "logistic", "least_squares", "focal", "rbf_loss"}) {
    INFO(loss);
    const auto output = output_of(kVector, std::string("{") + loss + ": out, ignore: 2}");
    REQUIRE(output);
    CHECK(output->is_classes());
    CHECK_FALSE(output->is_before_sigmoid());
    CHECK(output->ignored == 2);
    CHECK(output->value >= 0);
    CHECK(output->target != output->value);
  }
}

TEST_CASE("a loss says what makes probabilities of its scores") {
  const auto link_of = [](const std::string& layers, const std::string& loss) {
    return output_of(layers, loss)->link;
  };
  CHECK(link_of(kVector, "{cross_entropy: out}") == Link::kSoftmax);
  CHECK(link_of(kVector, "{focal: out}") == Link::kSoftmax);
  CHECK(link_of(kMap, "{dice: out, target: mask}") == Link::kSoftmax);
  CHECK(link_of(kOneMap, "{dice: out, target: mask}") == Link::kSigmoid);
  CHECK(link_of(kOneMap, "{focal: out, target: mask}") == Link::kSigmoid);
  CHECK(link_of(kVector, "{logistic: out}") == Link::kSigmoid);
  CHECK(link_of(kVector, "{hinge: out}") == Link::kNone);
  CHECK(link_of(kVector, "{bce_logits: out, target: answers}") == Link::kSigmoid);
  CHECK(link_of(kVector, "{bce: out, target: answers}") == Link::kNone);
}

TEST_CASE("losses of numbers compare numbers, a penalty compares nothing") {
  for (const char* loss : {"mse", "l1", "huber", "bce", "bce_logits"}) {
    INFO(loss);
    const auto output = output_of(kMap, std::string("{") + loss + ": out, target: map}");
    REQUIRE(output);
    CHECK(output->meaning == MainOutput::Meaning::kNumbers);
    CHECK(output->is_before_sigmoid() == (std::string(loss) == "bce_logits"));
  }
  CHECK_FALSE(output_of(kMap, "{activity_l1: out}"));
  CHECK_FALSE(output_of(kMap, "~"));
}

TEST_CASE("scores of whole samples are those of shape [C]") {
  const auto scores_of = [](const std::string& layers, const std::string& loss) {
    const Built built("input: {image: [4, 8, 8]}\nlayers: " + layers + "\nloss: " + loss + "\n");
    const int scores = sample_scores(built.graph);
    return scores < 0 ? "" : built.graph.value(scores).name;
  };
  CHECK(scores_of(kVector, "{cross_entropy: out}") == "out");
  CHECK(scores_of(kMap, "{cross_entropy: out, target: mask}") == "");
  CHECK(scores_of(kVector, "{mse: out, target: numbers}") == "");
  CHECK(scores_of(kVector, "~") == "");
}

}  // namespace cnn
