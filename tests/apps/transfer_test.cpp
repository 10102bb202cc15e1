// Fine-tuning: weights of one model begin another.

#include <cstring>

#include "apps/support.h"
#include "support/catch.h"
#include "support/text.h"

using namespace cnn;

namespace {

// A NumPy array in a file: `type` as NumPy names it, `shape` as Python writes it.
template <class T>
std::string npy_file(const std::string& type, const std::string& shape,
                     const std::vector<T>& values) {
  const std::string dict =
      "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }\n";
  std::string content("\x93NUMPY\x01\x00", 8);
  content += {static_cast<char>(dict.size()), 0};
  content += dict;
  content.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  return content;
}

// 40 pictures of five classes, each a bar at its own height.
void add_bars(const TemporaryFolder& folder) {
  std::vector<float> pictures(40 * 28 * 28, 0);
  std::vector<int64_t> labels;
  for (size_t i = 0; i < 40; ++i) {
    labels.push_back(static_cast<int64_t>(i % 5));
    const size_t row = i % 5 * 5 + 2;
    std::fill_n(pictures.begin() + static_cast<int64_t>(i * 784 + row * 28), 56, 1.0f);
  }
  folder.file("bars.npy", npy_file("<f4", "(40, 1, 28, 28)", pictures));
  folder.file("kinds.npy", npy_file("<i8", "(40,)", labels));
}

constexpr const char* kBase = R"(name: base
input: {image: [1, 28, 28]}
layers:
  - {avgpool: 4}
  - {conv: 4, kernel: 3, act: relu, name: c1}
  - {conv: 4, kernel: 3, act: relu, name: c2}
  - side: [flatten, {linear: 10, name: head}]
    name: aux
    phase: train
  - flatten
  - {linear: 10, name: out}
loss:
  - {cross_entropy: out, target: label}
  - {cross_entropy: aux.head, target: label, weight: 0.3}
metrics: [accuracy]
data: {format: digits, train: 60, test: 20, val: 20}
train: {epochs: 1, batch_size: 20, optimizer: {sgd: 0.1, momentum: 0.9}}
)";

// Another data set, another head; c1 stays, c2 learns slowly.
constexpr const char* kOther = R"(name: other
extends: base.yaml
edit:
  out: {linear: 5}
  aux: ~
loss: {cross_entropy: out, target: label}
data: {format: npy, inputs: bars.npy, targets: kinds.npy}
train:
  epochs: 3
  params:
    - {match: "c1.*", freeze: true}
    - {match: "c2.*", lr_mult: 0.1}
)";

struct Transfer {
  Transfer() {
    folder.file("base.yaml", kBase);
    folder.file("other.yaml", kOther);
    add_bars(folder);
    here.folder = folder.str();
    const auto trained = run_cnn({"train", "base.yaml"}, here);
    INFO(trained.err);
    REQUIRE(trained.exit == 0);
  }
  Process::Result run(const std::vector<std::string>& words) const { return run_cnn(words, here); }
  std::map<std::string, std::string> weights(const std::string& run) const {
    return tensors_of(folder.str("runs/" + run + "/weights/last.safetensors"));
  }

  TemporaryFolder folder;
  ProcessSettings here;
};

const std::string kWeights = "runs/base/weights/last.safetensors";

}  // namespace

TEST_CASE("a trained network begins another one with a new head, and frozen weights stay") {
  const Transfer transfer;
  SECTION("row 57: not by accident") {
    const auto refused = transfer.run({"train", "other.yaml", "--weights", kWeights});
    CHECK(refused.exit == 4);
    CHECK(contains(refused.err, "0 missing, 2 extra, 2 of another shape"));
    CHECK(contains(refused.err, "reshaped: out.weight is [10,"));
    CHECK(contains(refused.err, "extra: aux.head.bias [10]"));
    CHECK(contains(refused.err, "--partial"));
    CHECK_FALSE(std::filesystem::exists(transfer.folder.path() / "runs/other"));
  }
  SECTION("with --partial") {
    const auto tuned = transfer.run({"train", "other.yaml", "--weights", kWeights, "--partial"});
    INFO(tuned.err);
    REQUIRE(tuned.exit == 0);
    CHECK(contains(tuned.err, "4 of 6 weights are loaded"));
    CHECK(contains(tuned.err, "reshaped: out.bias is [10] in the file, [5] in the model"));
    const auto before = transfer.weights("base"), after = transfer.weights("other");
    CHECK(after.at("c1.weight") == before.at("c1.weight"));
    CHECK(after.at("c1.bias") == before.at("c1.bias"));
    CHECK(after.at("c2.weight") != before.at("c2.weight"));
    CHECK(after.at("out.bias").size() == 5 * sizeof(float));
    // A rate of zero by layer is as good as frozen.
    const auto slow = transfer.run({"train", "other.yaml", "--weights", kWeights, "--partial",
                                    "--name", "still", "train.params=[{match: '*', lr_mult: 0}]"});
    INFO(slow.err);
    REQUIRE(slow.exit == 0);
    CHECK(transfer.weights("still").at("c2.weight") == before.at("c2.weight"));
    CHECK(transfer.weights("still").at("c1.weight") == before.at("c1.weight"));
  }
  SECTION("--partial without --weights is a mistake") {
    CHECK(transfer.run({"train", "other.yaml", "--partial"}).exit == 2);
  }
}

TEST_CASE("weights of heads that exist in training only are no surprise in testing") {
  const Transfer transfer;
  const auto tested = transfer.run({"test", "base.yaml", "--weights", kWeights});
  INFO(tested.err);
  CHECK(tested.exit == 0);
  CHECK_FALSE(contains(tested.err, "aux"));
  const auto predicted =
      transfer.run({"predict", "base.yaml", "bars.npy", "--weights", kWeights, "--csv"});
  CHECK(predicted.exit == 0);
  const auto other = transfer.run({"predict", "other.yaml", "bars.npy", "--weights", kWeights});
  CHECK(other.exit == 4);
  const auto partial =
      transfer.run({"predict", "other.yaml", "bars.npy", "--weights", kWeights, "--partial"});
  INFO(partial.err);
  CHECK(partial.exit == 0);
  CHECK(contains(partial.err, "4 of 6 weights are loaded"));
  CHECK(transfer
            .run({"test", "other.yaml", "data.test_inputs=bars.npy", "data.test_targets=kinds.npy",
                  "--weights", kWeights, "--partial"})
            .exit == 0);
}
