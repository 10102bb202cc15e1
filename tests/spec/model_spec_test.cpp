#include "spec/model_spec.h"

#include "spec_support.h"
#include "support/catch.h"

using namespace cnn;

namespace {

constexpr const char* kModel =
    "name: small\n"
    "input: {image: [1, 28, 28]}\n"
    "vars: {classes: 10, w: 4}\n"
    "layers:\n"
    "  - {conv: $w, kernel: 5, name: c1}\n"
    "  - relu\n"
    "  - {linear: $classes, name: out}\n"
    "loss: {cross_entropy: out, target: label}\n"
    "data: tiny\n"
    "train:\n"
    "  epochs: 10\n"
    "  optimizer: {sgd: 0.05, momentum: 0.9}\n"
    "  schedule: cosine\n";

constexpr const char* kTiny =
    "format: idx\n"
    "train: {images: a.idx, labels: b.idx}\n"
    "classes: [x, y]\n"
    "mean: 0.5\n"
    "val: 100\n"
    "shuffle: true\n";

// A model file and a data set, alone in a folder.
struct House {
  TemporaryFolder folder;
  std::string model = folder.file("models/small.yaml", kModel);
  std::string data = folder.file("data/tiny.yaml", kTiny);

  ModelSpec load(const std::vector<std::string>& overrides = {}) const {
    return load_model(model, overrides, test_vocabulary());
  }
  // A section after overrides, as YAML.
  std::string section(const std::string& key, const std::vector<std::string>& overrides) const {
    const ModelSpec spec = load(overrides);
    const Node* node = spec.section(key);
    return node ? to_yaml(*node) : "none";
  }
  Error error(const std::vector<std::string>& overrides) const {
    return error_of([&] { load(overrides); });
  }
};

// The root of a model that consists of files; the first is loaded.
std::string loaded(const std::vector<std::pair<std::string, std::string>>& files) {
  const TemporaryFolder folder;
  for (const auto& [name, text] : files) folder.file(name, text);
  try {
    return to_yaml(load_model(folder.str(files[0].first), {}, test_vocabulary()).root);
  } catch (const Error& e) {
    return std::to_string(static_cast<int>(e.code())) + " " + e.what();
  }
}

std::string merged(const std::string& target, const std::string& patch) {
  Node root = parse_text(target);
  merge(root, parse_text(patch), test_vocabulary());
  return to_yaml(root);
}

const std::string kInput = "input: {x: [1]}\n";

}  // namespace

TEST_CASE("a model file is read with its inputs and variables") {
  const House house;
  const ModelSpec spec = house.load();
  CHECK(spec.name == "small");
  CHECK(spec.path == house.model);
  REQUIRE(spec.inputs.size() == 1);
  CHECK(spec.inputs[0].name == "image");
  CHECK(spec.inputs[0].sizes == std::vector<int64_t>{1, 28, 28});
  CHECK(spec.inputs[0].mark.line == 2);
  CHECK(to_yaml(spec.vars) == "{classes: 10, w: 4}");
  CHECK(spec.section("data")->text() == "tiny");
  CHECK(spec.section("metrics") == nullptr);
}

TEST_CASE("the resolved model reads back as the same tree") {
  const House house;
  const ModelSpec spec = house.load({"train.optimizer={adam: 1e-3}", "layers.1={leaky_relu: 0.1}"});
  const std::string again = house.folder.file("run/spec.yaml", to_yaml(spec.root));
  CHECK(same_tree(load_model(again, {}, test_vocabulary()).root, spec.root));
}

TEST_CASE("variables come one from another, and inputs from them") {
  const TemporaryFolder folder;
  const std::string path = folder.file(
      "m.yaml", "vars: {a: 4, b: $(a * 2), list: [$a, $b]}\ninput: {x: [$a, $(b + 1)], z: 20}\n");
  const ModelSpec spec = load_model(path, {"vars.a=5"}, test_vocabulary());
  CHECK(to_yaml(spec.vars) == "{a: 5, b: 10, list: [5, 10]}");
  CHECK(spec.inputs[0].sizes == std::vector<int64_t>{5, 11});
  CHECK(spec.inputs[1].sizes == std::vector<int64_t>{20});
  CHECK(spec.name == "m");
}

TEST_CASE("mistakes at the top level are located and suggest") {
  struct Case {
    const char* text;
    const char* place;
    const char* message;
  };
  const Case cases[] = {
      {"trian: {}", ":2:1: ", "did you mean 'train'?"},
      {"dataset: mnist", ":2:1: ", "did you mean 'data'?"},
      {"epochs: 3", ":2:1: ", "did you mean 'train.epochs'?"},
      {"zzz: 3", ":2:1: ", "unknown key 'zzz'"},
      {"layers: {a: 1}", ":2:9: ", "'layers' expects a list of items, found a map"},
      {"vars: 3", ":2:7: ", "'vars' expects a map, found '3'"},
      {"vars: {in: 3}", ":2:8: ", "'in' is no name for a variable"},
      {"vars: {a: $b, b: 1}", ":2:12: ", "unknown name 'b'"},
      {"name: ../evil", ":2:7: ", "'../evil' cannot name a model"},
      {"name: \"\"", ":2:7: ", "cannot name a model"},
      {"name: \"a\\e[31m\"", ":2:7: ", "a\\x1b[31m"},
  };
  for (const Case& c : cases) {
    const std::string result = loaded({{"m.yaml", kInput + c.text + "\n"}});
    INFO(c.text << "\n" << result);
    CHECK(contains(result, "3 "));
    CHECK(contains(result, std::string("m.yaml") + c.place));
    CHECK(contains(result, c.message));
  }
}

TEST_CASE("mistakes in inputs are located") {
  struct Case {
    const char* text;
    const char* place;
    const char* message;
  };
  const Case cases[] = {
      {"name: x", ":1:1: ", "the model has no 'input'"},
      {"input: {}", ":1:8: ", "the model has no 'input'"},
      {"input: [1, 28]",
       ":1:8: ", "'input' expects a map such as {image: [1, 28, 28]}, channels first"},
      {"input: {x: [0, 28]}", ":1:13: ", "a size is at least 1, found 0"},
      {"input: {x: [28, -1]}", ":1:17: ", "a size is at least 1, found -1"},
      {"input: {x: [3.7]}", ":1:13: ", "expected an integer, found '3.7'"},
      {"input: {x: []}", ":1:12: ", "no sizes"},
      {"input: {x: [$n]}", ":1:14: ", "unknown name 'n'"},
      {"input: {../x: [1]}", ":1:9: ", "'../x' is no name for an input"},
      {"input: {prev: [1]}", ":1:9: ", "'prev' is no name for an input"},
      {"- a", ":1:1: ", "expected 'key: value' pairs, found a list"},
      {"just text", ":1:1: ", "expected 'key: value' pairs, found 'just text'"},
  };
  for (const Case& c : cases) {
    const std::string result = loaded({{"m.yaml", c.text}});
    INFO(c.text << "\n" << result);
    CHECK(contains(result, "3 "));
    CHECK(contains(result, std::string("m.yaml") + c.place));
    CHECK(contains(result, c.message));
  }
}

TEST_CASE("include splices a map, and own keys win") {
  CHECK(loaded(
            {{"models/m.yaml", kInput + "train: {epochs: 3, include: recipes/sgd.yaml, seed: 1}\n"},
             {"models/recipes/sgd.yaml", "epochs: 90\nlr: 0.1\ninclude: more/base.yaml\n"},
             {"models/recipes/more/base.yaml", "seed: 7\nclip: 1\nlr: 0.5\n"}}) ==
        "{input: {x: [1]}, train: {epochs: 3, lr: 0.1, clip: 1, seed: 1}}");
  CHECK(loaded({{"m.yaml", kInput + "layers: [{include: a.yaml, name: q}]\n"},
                {"a.yaml", "conv: 3\nname: p\n"}}) ==
        "{input: {x: [1]}, layers: [{conv: 3, name: q}]}");
}

TEST_CASE("extends merges deeply, replaces lists and deletes with ~") {
  CHECK(
      loaded({{"m.yaml", "extends: base/b.yaml\nlayers: [relu]\ntrain: {epochs: 5, patience: ~}\n"},
              {"base/b.yaml", "extends: c.yaml\ntrain: {epochs: 3, patience: 9}\n"},
              {"base/c.yaml", kInput + "layers: [a, b]\ntrain: {seed: 1}\nname: c\n"}}) ==
      "{input: {x: [1]}, layers: [relu], train: {seed: 1, epochs: 5}, name: c}");
}

TEST_CASE("files that name each other are a cycle") {
  SECTION("row 19: include") {
    const std::string result = loaded({{"m.yaml", kInput + "train: {include: a.yaml}\n"},
                                       {"a.yaml", "x: {include: b.yaml}\n"},
                                       {"b.yaml", "include: a.yaml\n"}});
    INFO(result);
    CHECK(contains(result, "b.yaml:1:10: error: 'include' in a cycle: "));
    CHECK(contains(result, "a.yaml -> "));
    CHECK(contains(result, "note: included at "));
  }
  SECTION("row 19: extends itself") {
    const std::string result = loaded({{"m.yaml", "extends: ./m.yaml\n"}});
    INFO(result);
    CHECK(contains(result, "m.yaml:1:10: error: 'extends' in a cycle"));
  }
  SECTION("the same file twice is no cycle") {
    CHECK(loaded({{"m.yaml", kInput + "vars: {include: a.yaml}\ntrain: {include: a.yaml}\n"},
                  {"a.yaml", "k: 1\n"}}) == "{input: {x: [1]}, vars: {k: 1}, train: {k: 1}}");
  }
}

TEST_CASE("files that are named and are not good") {
  const std::string missing = loaded({{"m.yaml", kInput + "train: {include: no.yaml}\n"}});
  CHECK(contains(missing, "4 "));
  CHECK(contains(missing, "m.yaml:2:18: error: no file '"));
  CHECK(contains(loaded({{"m.yaml", "extends: [a]\n"}}), "'extends' expects a file name"));
  CHECK(contains(loaded({{"m.yaml", "include: a.yaml\n"}, {"a.yaml", "[1]"}}),
                 "expected 'key: value' pairs, found a list"));
  const std::string broken =
      loaded({{"m.yaml", kInput + "train: {include: a.yaml}\n"}, {"a.yaml", "x: 1\nx: 2\n"}});
  CHECK(contains(broken, "a.yaml:2:1: error: duplicate key 'x'"));
  CHECK(contains(broken, "m.yaml:2:18"));
}

TEST_CASE("files that multiply are bounded") {
  std::vector<std::pair<std::string, std::string>> files;
  files.emplace_back("f0.yaml", kInput + "a: {include: f1.yaml}\n");
  for (int i = 1; i < 40; ++i) {
    const std::string next = "f" + std::to_string(i + 1) + ".yaml";
    files.emplace_back("f" + std::to_string(i) + ".yaml",
                       "a: {include: " + next + "}\nb: {include: " + next + "}\n");
  }
  files.emplace_back("f40.yaml", "x: 1\n");
  CHECK(contains(loaded(files), "more than 1000 files"));
  std::vector<std::pair<std::string, std::string>> chain;
  chain.emplace_back("f0.yaml", kInput + "a: {include: f1.yaml}\n");
  for (int i = 1; i < 200; ++i) {
    chain.emplace_back("f" + std::to_string(i) + ".yaml",
                       "a: {include: f" + std::to_string(i + 1) + ".yaml}\n");
  }
  CHECK(contains(loaded(chain), "nested too deeply"));
}

TEST_CASE("merge follows the rules of the language") {
  struct Case {
    const char* rule;
    const char* target;
    const char* patch;
    const char* result;
  };
  const Case cases[] = {
      {"maps merge", "{a: {b: 1, c: 2}}", "{a: {c: 3, d: 4}}", "{a: {b: 1, c: 3, d: 4}}"},
      {"lists are replaced", "{a: [1, 2]}", "{a: [3]}", "{a: [3]}"},
      {"~ deletes", "{a: 1, b: 2}", "{a: ~, zz: ~}", "{b: 2}"},
      {"an op is patched", "{optimizer: {sgd: 0.1, momentum: 0.9}}", "{optimizer: {momentum: 0}}",
       "{optimizer: {sgd: 0.1, momentum: 0}}"},
      {"the same op is patched", "{optimizer: {sgd: 0.1, momentum: 0.9}}", "{optimizer: {sgd: 1}}",
       "{optimizer: {sgd: 1, momentum: 0.9}}"},
      {"naming an op again keeps its value", "{optimizer: {sgd: 0.1}}",
       "{optimizer: {sgd, momentum: 0.5}}", "{optimizer: {sgd: 0.1, momentum: 0.5}}"},
      {"another op replaces", "{optimizer: {sgd: 0.1, momentum: 0.9}}", "{optimizer: {adam: 1}}",
       "{optimizer: {adam: 1}}"},
      {"the best is one result", "{best: {val/loss: min}}", "{best: {val/accuracy: max}}",
       "{best: {val/accuracy: max}}"},
      {"another bare op replaces", "{optimizer: {sgd: 0.1}}", "{optimizer: adam}",
       "{optimizer: adam}"},
      {"a bare op is patched", "{schedule: cosine}", "{schedule: {warmup: 5}}",
       "{schedule: {cosine: ~, warmup: 5}}"},
      {"a loss", "{loss: {mse: out, target: y}}", "{loss: {cross_entropy: out}}",
       "{loss: {cross_entropy: out}}"},
      {"init", "{init: {normal: 1, mean: 2}}", "{init: {constant: 0}}", "{init: {constant: 0}}"},
      {"init by parameter", "{init: {normal: 1}}", "{init: {bias: {constant: 0}}}",
       "{init: {bias: {constant: 0}}}"},
      {"act", "{act: {leaky_relu: 0.1}}", "{act: {elu: 1}}", "{act: {elu: 1}}"},
      {"a block's ~ is a value", "{blocks: {b: {args: {out: 1, s: 2}}}}",
       "{blocks: {b: {args: {out: ~}}}}", "{blocks: {b: {args: {out: ~, s: 2}}}}"},
      {"an edit's ~ is a value", "{edit: {fc: {act: relu}}}", "{edit: {fc: {act: ~}, aux: ~}}",
       "{edit: {fc: {act: ~}, aux: ~}}"},
      {"edits of one item merge", "{edit: {fc: {linear: 10, bias: false}}}",
       "{edit: {fc: {linear: 20}}}", "{edit: {fc: {linear: 20, bias: false}}}"},
      {"an edit to another layer forgets the old one's options",
       "{edit: {fc: {linear: 10, bias: false, act: relu}}}", "{edit: {fc: {conv: 20}}}",
       "{edit: {fc: {act: relu, conv: 20}}}"},
      {"a data map is patched", "{data: {format: idx, mean: 0.5, val: 5}}", "{data: {val: 7}}",
       "{data: {format: idx, mean: 0.5, val: 7}}"},
      {"another format forgets", "{data: {format: idx, train: a, mean: 0.5, val: 5}}",
       "{data: {format: npy, inputs: x}}", "{data: {val: 5, format: npy, inputs: x}}"},
  };
  for (const Case& c : cases) {
    INFO(c.rule);
    CHECK(merged(c.target, c.patch) == c.result);
  }
}

TEST_CASE("overrides set any key") {
  const House house;
  CHECK(house.section("train", {"train.epochs=3"}) ==
        "{epochs: 3, optimizer: {sgd: 0.05, momentum: 0.9}, schedule: cosine}");
  CHECK(house.section("train", {"train.optimizer={adam: 1e-3}", "train.schedule=~"}) ==
        "{epochs: 10, optimizer: {adam: 1e-3}}");
  CHECK(house.section("train", {"train.optimizer.adam=1e-3", "train.schedule.warmup=2"}) ==
        "{epochs: 10, optimizer: {adam: 1e-3}, schedule: {cosine: ~, warmup: 2}}");
  CHECK(house.section("layers", {"layers.0.conv=12", "layers.1.slope=0.1", "layers.2=flatten"}) ==
        "[{conv: 12, kernel: 5, name: c1}, {relu: ~, slope: 0.1}, flatten]");
  CHECK(house.section("vars", {"vars.w=$(classes + 1)"}) == "{classes: 10, w: $(classes + 1)}");
  CHECK(to_yaml(house.load({"vars.w=$(classes + 1)"}).vars) == "{classes: 10, w: 11}");
  CHECK(house.section("metrics", {"metrics=[accuracy]"}) == "[accuracy]");
  CHECK(house.section("description", {"description=a = b"}) == "a = b");
  CHECK(house.section("outputs", {"outputs.a.b=1"}) == "{a: {b: 1}}");
}

TEST_CASE("an edit on the command line names an item by its path") {
  const House house;
  CHECK(house.section("edit", {"edit.fc={linear: 10}"}) == "{fc: {linear: 10}}");
  CHECK(house.section("edit", {"edit.layer1.0.conv1={kernel: 5}"}) ==
        "{layer1.0.conv1: {kernel: 5}}");
  CHECK(house.section("edit", {"edit.layer1.0.conv1.kernel=5"}) == "{layer1.0.conv1: {kernel: 5}}");
  CHECK(house.section("edit", {"edit.mix.aux=~"}) == "{mix.aux: ~}");
}

TEST_CASE("the order of overrides does not matter") {
  const House house;
  const std::vector<std::string> one = {"data.inputs=x.npy", "data.format=npy", "data.val=0"};
  const std::vector<std::string> two = {"data.val=0", "data.format=npy", "data.inputs=x.npy"};
  CHECK(house.section("data", one) == "{val: 0, shuffle: true, format: npy, inputs: x.npy}");
  CHECK(same_tree(*house.load(one).section("data"), *house.load(two).section("data")));
  CHECK(house.section("train", {"train.epochs=5", "train={epochs: 1, seed: 3, schedule: ~}"}) ==
        "{epochs: 5, optimizer: {sgd: 0.05, momentum: 0.9}, seed: 3}");
}

TEST_CASE("wrong overrides are usage errors that show the place") {
  struct Case {
    std::vector<std::string> overrides;
    const char* message;
  };
  const Case cases[] = {
      {{"epochs"}, "'epochs' is no override"},
      {{"=3"}, "write key.path=value"},
      {{"train..epochs=3"}, "an empty key"},
      {{"train.epochs="}, "write ~ to delete a key"},
      {{"train.epochs=3", "train.epochs=4"}, "'train.epochs' is given twice"},
      {{"trian.epochs=3"}, "did you mean 'train'?"},
      {{"vars.clases=3"}, "did you mean 'classes'?"},
      {{"layers.3.conv=3"}, "'3' is no element of a list of 3"},
      {{"layers.c1.conv=3"}, "'c1' is no element"},
      {{"layers.1=~"}, "cannot be deleted"},
      {{"train.epochs.x=3"}, "no key 'x' in 'epochs'"},
      {{"train.optimizer={sgd: "}, "this '{' is never closed"},
      {{"train.epochs=010"}, "ambiguous octal"},
      {{"vars.w=$(1 +)"}, "expected a value, found ')'"},
      {{"input.image=[0]"}, "a size is at least 1"},
  };
  const House house;
  for (const Case& c : cases) {
    const Error error = house.error(c.overrides);
    INFO(c.overrides[0] << "\n" << error.what());
    CHECK(error.code() == Exit::kUsage);
    CHECK(contains(error.what(), c.message));
  }
  const std::string shown = house.error({"train.epochs=3", "vars.clases=3"}).what();
  CHECK(contains(shown,
                 "        | vars.clases=3\n"
                 "        |      ^~~~~~ did you mean 'classes'?\n"));
}

TEST_CASE("a data set's name is looked up beside the model's folder") {
  const House house;
  const Node data = load_data_section(house.load());
  CHECK(data.find("format")->text() == "idx");
  const std::string root = data.find("root")->text();
  CHECK(std::filesystem::equivalent(root, house.folder.str("data")));
  CHECK(std::filesystem::path(root).is_absolute());
  CHECK(find_data_file("tiny", house.folder.str("models")) ==
        std::filesystem::path(house.data).lexically_normal().string());
  CHECK(find_data_file("none", house.folder.str("models")) == "");
  CHECK(find_data_file("../data/tiny", house.folder.str("models")) == "");
}

TEST_CASE("a key below data opens the data set's file first") {
  const House house;
  const ModelSpec spec = house.load({"data.val=7"});
  const Node* data = spec.section("data");
  CHECK(data->find("format")->text() == "idx");
  CHECK(data->find("val")->text() == "7");
  CHECK(data->find("root") != nullptr);
  // From another folder the resolved model means the same files.
  const std::string again = house.folder.file("elsewhere/spec.yaml", to_yaml(spec.root));
  CHECK(load_data_section(load_model(again, {}, test_vocabulary())).find("root")->text() ==
        data->find("root")->text());
}

TEST_CASE("a format of the command line's own needs no data set's file") {
  const House house;
  CHECK(house.section("data", {"data=nowhere", "data.format=npy", "data.inputs=x.npy"}) ==
        "{format: npy, inputs: x.npy}");
}

TEST_CASE("a model is not its own data set") {
  const TemporaryFolder folder;
  const std::string model = folder.file("models/tiny.yaml", kModel);
  folder.file("data/tiny.yaml", kTiny);
  const auto format = [&](const std::vector<std::string>& overrides) {
    const ModelSpec spec = load_model(model, overrides, test_vocabulary());
    return load_data_section(spec).find("format")->text();
  };
  CHECK(format({}) == "idx");
  CHECK(format({"data=tiny"}) == "idx");
  CHECK(format({"data.val=3"}) == "idx");
}

TEST_CASE("an unknown data set lists what there is") {
  const House house;
  const ModelSpec spec = house.load({"data=tinny"});
  const Error error = error_of([&] { load_data_section(spec); });
  INFO(error.what());
  CHECK(contains(error.what(), "unknown data set 'tinny'"));
  CHECK(contains(error.what(), "did you mean 'tiny'?"));
  CHECK(contains(error.what(), "--data digits"));
  CHECK(house.error({"data=tinny", "data.val=1"}).code() == Exit::kUsage);
}

TEST_CASE("a data set's name that can only be a path says what is missing there") {
  const House house;
  const auto error = [&](const std::string& data) {
    return house.error({"data=" + data, "data.val=1"});
  };
  const Error missing = error("/no/such.yaml");
  INFO(missing.what());
  CHECK(missing.code() == Exit::kInput);
  CHECK(contains(missing.what(), "no file '/no/such.yaml'"));
  CHECK(contains(missing.what(), "--data digits"));
  const std::string set = house.folder.file("sets/own.yaml", kTiny);
  const Error ending = error(set.substr(0, set.rfind('.')));
  CHECK(ending.code() == Exit::kInput);
  CHECK(contains(ending.what(), "did you mean '" + set + "'?"));
}

TEST_CASE("a data map is taken as it is, with its variables") {
  const std::string text = kInput + "vars: {n: 5}\ndata: {format: digits, val: $(2 * n)}\n";
  const TemporaryFolder folder;
  const ModelSpec spec = load_model(folder.file("m.yaml", text), {}, test_vocabulary());
  CHECK(to_yaml(load_data_section(spec)) == "{format: digits, val: 10}");
  const std::string none = folder.file("n.yaml", kInput);
  CHECK(load_data_section(load_model(none, {}, test_vocabulary())).is_null());
}
