// The frozen beginning runs once for each sample, and nothing is read for it after that.
#include "model/frozen_values.h"

#include <atomic>
#include <numeric>

#include "model/feed.h"
#include "model/frozen_split.h"
#include "support/catch.h"
#include "support/models.h"

namespace cnn {
namespace {

// Ten pictures of three samples each.
class Pictures final : public Dataset {
 public:
  Pictures() {
    fields_ = {{"image", {1, 4, 4}, FieldKind::kValues, 0}, {"label", {1}, FieldKind::kClass, 3}};
  }
  int64_t size() const override { return 30; }
  int64_t source(int64_t index, int field) const override { return field == 0 ? index / 3 : index; }
  void read(int64_t index, std::span<float* const> out) const override {
    if (out[0] != nullptr) {
      ++decoded;
      for (int64_t i = 0; i < 16; ++i) {
        out[0][i] = static_cast<float>((index / 3 * 7 + i * i) % 11) / 5 - 1;
      }
    }
    if (out[1] != nullptr) *out[1] = static_cast<float>(index % 3);
  }
  std::string origin(int) const override { return "pictures"; }
  std::string fingerprint() const override { return "pictures"; }

  mutable std::atomic<int64_t> decoded{0};
};

constexpr const char* kModel = R"(
input: {image: [1, 4, 4]}
layers:
  - {conv: 3, kernel: 3, pad: 1, act: relu, name: c1, freeze: true}
  - {gap: ~, name: seen}
  - {linear: 3, name: out}
loss: {cross_entropy: out, target: label}
)";

// Counts the samples that the first layer sees, which runs each by itself.
class Counter final : public Executor::Observer {
 public:
  void before(int node, Part, int) override { runs += node == 0; }
  void after(int, Part, int) override {}
  std::atomic<int64_t> runs{0};
};

}  // namespace

TEST_CASE("each picture goes through frozen layers once and is decoded no more") {
  auto pictures = std::make_shared<Pictures>();
  DataView view{pictures, std::vector<int64_t>(30)};
  std::iota(view.indices.begin(), view.indices.end(), 0);
  for (const uint64_t memory : {uint64_t{1} << 20, uint64_t{4 * 12}, uint64_t{0}}) {
    pictures->decoded = 0;
    Network network(spec_of(kModel), true);
    FrozenSplit split(network, {view, {}, false}, {});
    REQUIRE(!split.is_empty());
    std::vector<Network::Use> uses = {{Pass::training(), 7}};
    split.cut(uses);
    network.plan(uses);
    LoaderSettings settings;
    settings.batch_size = 7;
    settings.shuffle = true;
    settings.workers = 0;
    Feed feed(network.train_graph(), view, settings);
    network.allocate();
    network.store().initialize(1);
    CHECK(split.wanted_bytes(network) == 10 * 3 * sizeof(float));
    split.open(network, feed, nullptr, memory);
    Counter counter;
    network.executor(1).observe(&counter);

    // What the whole network makes of them.
    Network whole(spec_of(kModel), true);
    whole.plan({{Pass::training(), 7, {whole.train_graph().find_value("out")}}});
    whole.allocate();
    whole.store().initialize(1);
    Feed plain(whole.train_graph(), view, settings);

    for (int64_t epoch = 0; epoch < 3; ++epoch) {
      feed.start_epoch(epoch);
      plain.start_epoch(epoch);
      while (const int64_t n = feed.next(network.executor(0))) {
        REQUIRE(plain.next(whole.executor(0)) == n);
        network.executor(0).forward(n, 0, 0);
        whole.executor(0).forward(n, 0, 0);
        CHECK(network.executor(0).total_loss() ==
              Approx(whole.executor(0).total_loss()).epsilon(1e-5));
      }
    }
    const int64_t decoded = pictures->decoded - 90;  // but for the whole network
    if (memory >= 120) {
      CHECK(counter.runs == 10);
      CHECK(decoded < 30);  // those of the first batches come before their likes are known
      CHECK(split.store()->bytes_in_memory() == 120);
    } else {
      CHECK(counter.runs > 30);
      CHECK(counter.runs < 90);  // within a batch a picture is computed once
      CHECK((memory == 0 ? decoded == 90 : decoded < 80));
    }
  }
}

}  // namespace cnn
