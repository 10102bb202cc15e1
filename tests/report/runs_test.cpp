// Runs side by side: settings that differ, seeds, spread.

#include "report/runs.h"

#include <cmath>

#include "support/catch.h"
#include "support/files.h"
#include "support/models.h"
#include "support/text.h"

using namespace cnn;

namespace {

Run run_of(const std::string& name, const std::vector<std::string>& overrides, double loss) {
  Run run;
  run.path = run.name = name;
  run.info.model = "m";
  run.info.status = "done";
  run.spec = spec_of(R"(name: m
input: {image: [1, 4, 4]}
layers: [flatten, {linear: 2, name: out}]
loss: {cross_entropy: out, target: label}
data: {format: digits, root: /here}
train: {epochs: 2, optimizer: {sgd: 0.1, momentum: 0.9}, seed: 1}
)",
                     overrides);
  run.epochs = {{1, 10, 0.5, 0.1, {{"val/loss", 2 * loss}}, 100, 10, true},
                {2, 20, 1.0, 0.1, {{"val/loss", loss}}, 100, 10, true},
                {3, 30, 1.5, 0.1, {{"val/loss", loss + 1}}, 100, 10, false}};
  return run;
}

}  // namespace

TEST_CASE("the best epoch is the last one that was better than all before") {
  Run run = run_of("a", {}, 1);
  REQUIRE(run.best() != nullptr);
  CHECK(run.best()->epoch == 2);
  for (EpochRow& epoch : run.epochs) epoch.is_best = false;
  CHECK(run.best() == run.last());
  run.epochs.clear();
  CHECK(run.best() == nullptr);
}

TEST_CASE("settings that differ are listed once, with every run's value") {
  const std::vector<Run> runs = {
      run_of("a", {}, 1), run_of("b", {"train.epochs=5", "data.root=/there"}, 1),
      run_of("c", {"train.optimizer={sgd: 0.2, momentum: 0.9}", "train.lr=0.3"}, 1)};
  const std::vector<Setting> settings = differing_settings(runs);
  REQUIRE(settings.size() == 3);
  CHECK(settings[0].path == "train.epochs");
  CHECK(settings[0].values == std::vector<std::string>{"2", "5", "2"});
  CHECK(settings[1].path == "train.optimizer.sgd");
  CHECK(settings[1].values == std::vector<std::string>{"0.1", "0.1", "0.2"});
  CHECK(settings[2].path == "train.lr");
  CHECK(settings[2].values == std::vector<std::string>{"", "", "0.3"});
}

TEST_CASE("runs that differ in their seed alone are one group, under their common name") {
  const std::vector<Run> runs = {run_of("sgd-seed1", {}, 1), run_of("fast", {"train.lr=1"}, 5),
                                 run_of("sgd-seed12", {"train.seed=12", "data.root=/there"}, 2)};
  const std::vector<RunGroup> groups = grouped_by_seed(runs);
  REQUIRE(groups.size() == 2);
  CHECK(groups[0].name == "sgd");
  CHECK(groups[0].runs == std::vector<size_t>{0, 2});
  CHECK(groups[1].name == "fast");
  const std::string table = RunReport{runs}.comparison_table(false, false);
  INFO(table);
  CHECK(contains(table, "1.5 +- 0.71"));
}

TEST_CASE("runs of the same seed count once, and groups keep the digits of their names") {
  const std::vector<Run> runs = {run_of("lenet5", {}, 1), run_of("lenet5-2", {}, 1),
                                 run_of("lenet5-3", {"train.seed=4"}, 2)};
  const std::vector<RunGroup> groups = grouped_by_seed(runs);
  REQUIRE(groups.size() == 1);
  CHECK(groups[0].name == "lenet5");
  CHECK(groups[0].runs == std::vector<size_t>{0, 2});
  CHECK(groups[0].repeats == std::vector<size_t>{1});
  const auto name = [](const char* a, const char* b) {
    return grouped_by_seed({run_of(a, {}, 1), run_of(b, {"train.seed=9"}, 1)})[0].name;
  };
  CHECK(name("sgd_seed1", "sgd_seed12") == "sgd");
  CHECK(name("resnet18-s1", "resnet18-s2") == "resnet18");
  CHECK(name("run.1", "run.2") == "run");
  const Run one = run_of("a", {}, 1);
  CHECK(name("first", "second") == one.spec.name);
  CHECK(name("12", "34") == one.spec.name);
}

TEST_CASE("the spread of values") {
  const Spread one = spread_of({3});
  CHECK(one.mean == 3);
  CHECK(one.deviation == 0);
  const Spread three = spread_of({1, 2, 6});
  CHECK(three.mean == 3);
  CHECK(three.deviation == Approx(std::sqrt(7.0)));
  CHECK(three.low == 1);
  CHECK(three.high == 6);
}

TEST_CASE("a table of runs leaves out what does not fit, and says so") {
  std::vector<Run> runs = {run_of("a", {}, 1)};
  runs.push_back(run_of("b",
                        {"train.epochs=5", "train.batch_size=3", "train.lr=1", "train.patience=3",
                         "train.clip=1", "train.workers=1", "train.max_steps=9",
                         "train.accumulate=2", "train.save_every=4", "train.seed=3"},
                        1));
  const std::string table = RunReport{runs}.comparison_table(false, false);
  CHECK(contains(table, "and 2 more settings differ"));
  CHECK(contains(RunReport{runs}.comparison_csv(), "train.save_every"));
}

TEST_CASE("a folder that is no run is refused, links are no runs of their own") {
  const TemporaryFolder folder;
  CHECK_THROWS(read_run(folder.str()));
  CHECK(runs_in(folder.str()).empty());
  CHECK_THROWS(runs_in(folder.str("nothing")));
}
