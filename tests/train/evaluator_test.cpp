// Texts in an evaluation: who is asked for them, when, and for which samples.
#include "train/evaluator.h"

#include <algorithm>

#include "model/inputs.h"
#include "model/network.h"
#include "support/catch.h"
#include "support/training.h"

namespace cnn {
namespace {

using namespace cnn::test;

// Writes "a b c d" for every third sample, whose reference that is; else something else.
class EveryThird final : public TextSource {
 public:
  std::vector<std::string> write(const Writing&, std::span<const int64_t> samples) override {
    std::vector<std::string> texts;
    for (const int64_t sample : samples) {
      asked.push_back(sample);
      texts.push_back(sample % 3 == 0 ? "a b c d" : "e f g h");
    }
    return texts;
  }
  std::vector<std::string> references(int64_t) const override { return {"x", "a b c d"}; }

  std::vector<int64_t> asked;
};

struct Evaluated {
  Scores scores;
  std::vector<int64_t> asked;
  std::vector<int64_t> held_out;
};

Evaluated evaluate(int64_t batch, int64_t passes) {
  const TemporaryFolder folder;
  const ModelSpec spec =
      load(folder.file("m.yaml", kTinyModel), {"metrics=[accuracy, bleu, exact_match]"});
  Network network(spec, false);
  MetricSet metrics(spec, network.test_graph());
  DataSource source(load_data(spec, data_reader(network.test_graph())), 1,
                    wanted_fields(network.test_graph()));
  const DataView view = source.open(Split::kValidation);
  network.plan({{Pass::testing(), batch, metrics.values()}});
  network.allocate();
  network.store().initialize(1);
  LoaderSettings loader;
  loader.batch_size = batch;
  Feed feed(network.test_graph(), view, loader);
  Evaluator evaluator(network.test_graph(), network.executor(0), feed, metrics, 1);
  EveryThird texts;
  evaluator.write_texts(texts);
  evaluator.repeat(passes);
  return {*evaluator.run({}, "testing"), texts.asked, view.indices};
}

}  // namespace

TEST_CASE("an evaluation asks for the texts of every sample once by its number") {
  const Evaluated whole = evaluate(20, 1), parts = evaluate(7, 1), twice = evaluate(7, 2);
  REQUIRE(whole.held_out.size() == 20);
  for (const Evaluated* run : {&whole, &parts, &twice}) {
    CHECK(run->asked == whole.held_out);
    CHECK(run->scores == whole.scores);
  }
  const auto third = static_cast<double>(std::count_if(whole.held_out.begin(), whole.held_out.end(),
                                                       [](int64_t i) { return i % 3 == 0; }));
  CHECK(*find_score(whole.scores, "exact_match") == third / 20);
  CHECK(*find_score(whole.scores, "bleu") == Approx(100 * third / 20));
}

}  // namespace cnn
