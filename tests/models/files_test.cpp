// Every file of models/ parses, plans, and learns; the files stay short.
#include <cmath>
#include <fstream>

#include "base/rng.h"
#include "data/catalogue.h"
#include "graph/memory_plan.h"
#include "metrics/metrics.h"
#include "model/feed.h"
#include "model/network.h"
#include "model/settings.h"
#include "models/support.h"
#include "support/environment.h"
#include "support/models.h"

namespace cnn {
namespace {

using namespace cnn::test;

// What makes a family small enough to train a few steps in a second.
std::vector<std::string> shrunk(const std::string& name) {
  struct Family {
    const char* prefix;
    std::vector<std::string> overrides;
  };
  const Family families[] = {
      {"alexnet", {"vars.image=67", "vars.hidden=64", "vars.classes=10"}},
      {"zfnet", {"vars.image=64", "vars.hidden=64", "vars.classes=10"}},
      {"vgg", {"vars.image=32", "vars.hidden=64", "vars.classes=10"}},
      {"googlenet", {"vars.image=96", "vars.classes=10"}},
      {"resnet", {"vars.image=64", "vars.width=8", "vars.classes=10"}},
      {"plain", {"vars.image=64", "vars.width=8", "vars.classes=10"}},
      {"cifar-", {"vars.n=2"}},
      {"char-", {"train.optimizer={adam: 0.02}", "train.schedule=~"}},          // targets of noise
      {"unet", {"vars.w=8", "vars.image=16", "train.optimizer={adam: 0.03}"}},  // masks of noise
  };
  for (const Family& family : families) {
    if (name.starts_with(family.prefix)) return family.overrides;
  }
  return {};
}

// One batch of a field: normal numbers (weights of pixels: positive ones), or classes in range.
Buffer generate(const Field& field, int64_t batch) {
  Buffer data(static_cast<size_t>(batch * field.items.most * field.shape.count()));
  const Rng rng(1, field.name);
  const auto classes = static_cast<uint64_t>(std::max<int64_t>(field.classes, 1));
  for (size_t i = 0; i < data.size(); ++i) {
    data.data()[i] =
        field.kind == FieldKind::kClass ? static_cast<float>(rng.below(i, classes)) : rng.normal(i);
    if (field.name == "border") data.data()[i] = std::abs(data.data()[i]);
  }
  return data;
}

// Where the items of each sample begin, if `field` is a list that varies.
std::vector<int64_t> starts_of(const Field& field, int64_t batch) {
  if (!field.items.varies) return {};
  std::vector<int64_t> starts = {0};
  for (int64_t n = 0; n < batch; ++n) {
    starts.push_back(starts.back() + 1 + (7 * n + 4) % field.items.most);
  }
  return starts;
}

// The losses of a few steps with the file's own optimizer, on the same batch each time.
std::vector<double> losses_of(const ModelSpec& spec, int steps) {
  constexpr int64_t kBatch = 4;
  Network network(spec, true);
  network.plan({{Pass::training(), kBatch}});
  network.allocate();
  network.store().initialize(1);
  const TrainSettings settings = read_train_settings(spec);
  settings.optimizer->attach(network.store());
  Executor& executor = network.executor(0);
  std::vector<Buffer> fields;
  std::vector<std::vector<int64_t>> starts;
  for (const GraphField& field : network.train_graph().fields) {
    fields.push_back(generate(field.field, kBatch));
    starts.push_back(starts_of(field.field, kBatch));
    executor.bind(static_cast<int>(fields.size()) - 1, fields.back().data(),
                  starts.back().empty() ? nullptr : starts.back().data());
  }
  std::vector<double> losses;
  for (int step = 0; step < steps; ++step) {
    executor.forward(kBatch, 1, 0);  // always the same dropout
    losses.push_back(executor.total_loss());
    executor.backward();
    // A tenth of the rate, as in a warm-up: four images are few.
    settings.optimizer->update(0.1 * settings.learning_rate());
  }
  return losses;
}

int lines_of(const std::string& name) {
  std::ifstream file(models_folder() / (name + ".yaml"));
  return static_cast<int>(std::count(std::istreambuf_iterator<char>(file), {}, '\n'));
}

// Networks that go on from a pretrained one, which is frozen: those of pictures and sentences.
bool begins_with_a_body(const Graph& graph) { return graph.find_value("body") >= 0; }

}  // namespace

TEST_CASE("every model file parses and plans both phases at its full size") {
  for (const std::string& name : all_models()) {
    INFO(name);
    const ModelSpec spec = load(name);
    CHECK(spec.name == name);
    const TrainSettings settings = read_train_settings(spec);
    const Built built(spec);
    CHECK_NOTHROW(MetricSet(spec, built.test));
    CHECK(load_data(spec).find("format") != nullptr);
    const MemoryPlan train = plan_memory(built.train, Pass::training(), built.store, 2, 2);
    const MemoryPlan test = plan_memory(built.test, Pass::testing(), built.store, 2, 2);
    CHECK(train.floats > 0);
    CHECK(test.floats > 0);
    const bool is_frozen = begins_with_a_body(built.train);
    CHECK((built.store.trainable_count() < built.store.parameter_count()) == is_frozen);
  }
}

TEST_CASE("every model file trains on built-in data, as the error for missing files says") {
  const WithEnvironment no_shared_data("CNN_DATA", nullptr);
  for (const std::string& name : all_models()) {
    INFO(name);
    const ModelSpec spec = load(name);
    const Built built(spec);
    if (begins_with_a_body(built.train)) continue;  // no built-in data have pictures with sentences
    const std::vector<Field> wanted = wanted_fields(built.train);
    // The model's own data, from where they are not.
    Node own = load_data(spec);
    if (own.find("format")->text() != "sentences") {
      own.set("root", Node::scalar("/nowhere"));
      std::string text;
      try {
        DataSource(own, 1, wanted).open(Split::kTrain);
      } catch (const Error& error) {
        text = error.what();
      }
      const bool reads_list = wanted.front().items.is_list;
      CHECK(text.find(reads_list ? "--data sentences" : "--data digits") != std::string::npos);
    }
    const bool reads_text = wanted.front().items.is_list;
    const ModelSpec built_in =
        load(name, {reads_text ? "data=sentences" : "data=digits", "data.train=40", "data.val=0"});
    DataSource source(load_data(built_in), 1, wanted);
    const TrainSettings settings = read_train_settings(spec);
    Network network(built_in, true);
    Feed feed(network.train_graph(), source.open(Split::kTrain), settings.loader(1));
    // Forty sentences as one text make other numbers of windows.
    const bool is_running = reads_text && wanted.back().items == wanted.front().items;
    if (is_running) {
      CHECK(feed.samples() > 0);
    } else {
      CHECK(feed.samples() == 40);
    }
    CHECK(source.open(Split::kTest).size() > 0);
  }
}

TEST_CASE("every model file's own batch fits into 8 GiB") {
  for (const std::string& name : all_models()) {
    INFO(name);
    const ModelSpec spec = load(name);
    const TrainSettings settings = read_train_settings(spec);
    Network network(spec, true);
    network.plan({{Pass::training(), settings.batch_size}});
    const uint64_t bytes =
        network.planned_bytes() + settings.optimizer->state_bytes(network.store());
    CHECK(bytes < uint64_t{7} << 30);
  }
}

TEST_CASE("every model file learns: its loss falls within a few steps") {
  for (const std::string& name : all_models()) {
    DYNAMIC_SECTION(name) {
      const std::vector<double> losses = losses_of(load(name, shrunk(name)), 5);
      CAPTURE(losses);
      for (const double loss : losses) REQUIRE(std::isfinite(loss));
      CHECK(losses.back() < 0.97 * losses.front());
    }
  }
}

TEST_CASE("the shortcuts of CIFAR's ResNets all learn") {
  for (const char* option : {"A", "C"}) {
    DYNAMIC_SECTION("option " << option) {
      const std::vector<double> losses = losses_of(
          load("cifar-resnet20", {"vars.n=2", std::string("vars.shortcut=") + option}), 5);
      CHECK(losses.back() < 0.97 * losses.front());
    }
  }
}

TEST_CASE("model files are short, and begin with their source") {
  CHECK(lines_of("resnet18") <= 35);
  CHECK(lines_of("vgg16") <= 30);
  CHECK(lines_of("googlenet") <= 60);
  CHECK(lines_of("resnet152") <= 8);
  for (const std::string& name : all_models()) {
    INFO(name);
    std::ifstream file(models_folder() / (name + ".yaml"));
    std::string line;
    std::getline(file, line);
    CHECK(line.starts_with("# "));
    CHECK(lines_of(name) <= 60);
    for (; std::getline(file, line);) CHECK(line.size() <= 100);
  }
}

TEST_CASE("the lectures' first convolution: ten 5x5 windows over 32x32x3 pixels") {
  const Built built(spec_of(R"(
name: lecture
input: {image: [3, 32, 32]}
layers:
  - {conv: 10, kernel: 5, pad: 2}
)"));
  CHECK(built.test.nodes[0].plan.output() == Shape{10, 32, 32});
  CHECK(built.store.parameter_count() == 760);
}

TEST_CASE("the lectures' window that does not fit: 7x7 pixels, 3x3 windows, stride 3") {
  const std::string model = R"(
name: lecture
input: {image: [1, 7, 7]}
layers:
  - {conv: 1, kernel: 3, stride: 3, fit: exact, name: c1}
)";
  try {
    const Built built(spec_of(model));
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == Exit::kSpec);
    const std::string text = render(error.diagnostics()[0]);
    INFO(text);
    CHECK(text.find("'c1'") != std::string::npos);
    CHECK(text.find("[1,7,7]") != std::string::npos);
    CHECK(text.find("fit") != std::string::npos);
  }
}

}  // namespace cnn
