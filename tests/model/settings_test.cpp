#include "model/settings.h"

#include "support/catch.h"
#include "support/training.h"

namespace cnn {
namespace {

using namespace cnn::test;

TrainSettings settings(const std::string& train) {
  const TemporaryFolder folder;
  return read_train_settings(
      load(folder.file("m.yaml", "input: {x: [3]}\nvars: {n: 4, rate: 0.2}\nlayers: [relu]\n" +
                                     (train.empty() ? "" : "train: " + train) + "\n")));
}

TEST_CASE("a model file without a train section gets the defaults") {
  const TrainSettings s = settings("");
  CHECK(s.epochs == 10);
  CHECK(s.batch_size == 32);
  CHECK(s.evaluation_batch() == 32);
  CHECK(s.accumulate == 1);
  CHECK(s.learning_rate() == 0.01);
  CHECK(s.schedule->rate(1, 5, 10, 100) == 1);
  CHECK_FALSE(s.clip.active());
  CHECK(s.best.metric.empty());
}

TEST_CASE("the train section is read with its expressions") {
  const TrainSettings s = settings(
      "{epochs: 3, batch_size: $(2*n), val_batch_size: 100, accumulate: $n, optimizer: {adam: "
      "$rate},"
      " schedule: {cosine: 0, warmup: 2}, best: {val/accuracy: max}, seed: 5, patience: 2,"
      " clip: {norm: 1, limit: 50}, workers: 0, save_every: 10, max_steps: 99, time: 2h,"
      " params: [{match: '*', lr_mult: 2}]}");
  CHECK(s.epochs == 3);
  CHECK(s.batch_size == 8);
  CHECK(s.evaluation_batch() == 100);
  CHECK(s.accumulate == 4);
  CHECK(s.learning_rate() == 0.2);
  CHECK(s.best.metric == "val/accuracy");
  CHECK(s.best.maximize);
  CHECK(s.clip.norm == 1);
  CHECK(s.clip.limit == 50);
  CHECK(s.time.seconds == 7200);
  CHECK(s.max_steps == 99);
  CHECK(settings("{clip: 2.5}").clip.norm == 2.5);
  CHECK(settings("{time: 90}").time.seconds == 90);
  CHECK(settings("{time: 1.5m}").time.seconds == 90);
  CHECK(settings("{optimizer: {sgd: 0.5}, lr: 0.1}").learning_rate() == 0.1);
  CHECK(settings("{optimizer: {sgd: 0.5}, lr: 0}").learning_rate() == 0);
}

TEST_CASE("a better result is larger or smaller by the rule, never an equal one") {
  const BestRule most{"val/accuracy", true}, least{"val/loss", false};
  CHECK(most.improves(0, std::nullopt));
  CHECK(most.improves(0.6, 0.5));
  CHECK_FALSE(most.improves(0.5, 0.5));
  CHECK(least.improves(0.4, 0.5));
  CHECK_FALSE(least.improves(0.6, 0.5));
}

TEST_CASE("mistakes in the train section are located, with the nearest key") {
  const auto problem = [](const std::string& train) {
    return error_of(Exit::kSpec, [&] { settings(train); });
  };
  CHECK(contains(problem("{epoch: 3}"), "epochs"));
  CHECK(contains(problem("{epoch: 3}"), "m.yaml:4:"));
  CHECK(contains(problem("{learning_rate: 3}"), "'lr'"));
  CHECK(contains(problem("{batch_size: 0}"), "at least 1"));
  CHECK(contains(problem("{batch_size: 3000000000}"), "below"));
  CHECK(contains(problem("{epochs: 2.5}"), "integer"));
  CHECK(contains(problem("{workers: 1000}"), "64"));
  CHECK(contains(problem("{best: accuracy}"), "max"));
  CHECK(contains(problem("{best: {val/loss: least}}"), "min"));
  CHECK(contains(problem("{clip: {nrom: 1}}"), "norm"));
  CHECK(contains(problem("{time: soon}"), "2h"));
  CHECK(contains(problem("{optimizer: {sgf: 1}}"), "sgd"));
  CHECK(contains(problem("{schedule: linear}"), "schedule"));
  // All of them at once.
  const std::string several = problem("{epoch: 3, batch_size: 0, optimizer: {sgf: 1}}");
  CHECK(contains(several, "epochs"));
  CHECK(contains(several, "at least 1"));
  CHECK(contains(several, "sgd"));
}

TEST_CASE("the help of training names every key, optimizer and schedule") {
  const std::string help = train_help();
  for (const char* word : {"batch_size", "accumulate", "patience", "params", "sgd", "nesterov",
                           "adamw", "cosine", "one_cycle", "warmup_from", "default 0.9"}) {
    INFO(word);
    CHECK(contains(help, word));
  }
}

TEST_CASE("the vocabulary holds the ops of all kinds") {
  const Vocabulary words = vocabulary();
  const auto has = [](const std::vector<std::string>& list, const std::string& word) {
    return std::find(list.begin(), list.end(), word) != list.end();
  };
  CHECK(has(words.layers, "conv"));
  CHECK(has(words.layers, "cross_entropy"));
  CHECK(has(words.initialisers, "he_normal"));
  CHECK(has(words.optimizers, "adamw"));
  CHECK(has(words.schedules, "multistep"));
}

}  // namespace
}  // namespace cnn
