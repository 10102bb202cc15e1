// How the commands talk: help, wrong words, places of errors.

#include <filesystem>
#include <fstream>

#include "apps/support.h"
#include "support/catch.h"
#include "support/text.h"

using namespace cnn;

TEST_CASE("row 88: help and version go to stdout with exit code 0") {
  const std::vector<std::vector<std::string>> cases = {{"help"},
                                                       {"--help"},
                                                       {"train", "--help"},
                                                       {"help", "train"},
                                                       {"test", "--help"},
                                                       {"predict", "--help"},
                                                       {"summary", "--help"},
                                                       {"time", "--help"},
                                                       {"viz", "--help"},
                                                       {"runs", "--help"},
                                                       {"help", "viz", "curves"},
                                                       {"--version"},
                                                       {"train", "--version"},
                                                       {"help", "layers"},
                                                       {"help", "layer", "conv"},
                                                       {"help", "training"},
                                                       {"help", "metrics"},
                                                       {"help", "initialisers"},
                                                       {"help", "initializers"},
                                                       {"help", "data"},
                                                       {"help", "augment"},
                                                       {"help", "blocks"},
                                                       {"help", "losses"},
                                                       {"help", "optimizers"},
                                                       {"help", "exit-codes"},
                                                       {"help", "seq"},
                                                       {"help", "layer", "side"},
                                                       {"help", "concat"},
                                                       {"help", "data", "get"},
                                                       {"data", "--help"}};
  for (const auto& words : cases) {
    const auto result = run_cnn(words);
    INFO(words.back() << "\n" << result.err);
    CHECK(result.exit == 0);
    CHECK(!result.out.empty());
    CHECK(result.err.empty());
  }
}

TEST_CASE("help on data is the model file's, and on exit codes names each of them") {
  CHECK(contains(run_cnn({"help", "data"}).out, "format: csv"));
  CHECK(contains(run_cnn({"help", "data", "get"}).out, "cnn data get mnist"));
  const std::string codes = run_cnn({"help", "exit-codes"}).out;
  for (const char* code :
       {"  0  ", "  1  ", "  2  ", "  3  ", "  4  ", "  5  ", "  6  ", "  7  ", "130  ", "143  "}) {
    INFO(code);
    CHECK(contains(codes, std::string("\n  ") + code));
  }
}

TEST_CASE("every command's help begins with examples") {
  for (const std::string command :
       {"train", "test", "predict", "summary", "time", "viz", "runs", "data"}) {
    INFO(command);
    CHECK(run_cnn({command, "--help"}).out.rfind("Examples:\n  cnn " + command, 0) == 0);
  }
}

TEST_CASE("row 87: unknown words are usage errors with a suggestion") {
  struct Case {
    std::vector<std::string> words;
    std::string message;
  };
  const std::vector<Case> cases = {
      {{"trian", "x.yaml"}, "did you mean 'train'?"},
      {{"lenet5.yaml"}, "did you mean 'cnn train lenet5.yaml'?"},
      {{"train", "x.yaml", "--epoch", "3"}, "did you mean '--epochs'?"},
      {{"train", "x.yaml", "--tread=2"}, "did you mean '--threads'?"},
      {{"train"}, "a model file is required"},
      {{"train", "--resume", "runs/x", "--weights", "w"}, "--resume"},
      {{"train", "x.yaml", "--resume", "runs/x"}, "--resume"},
      {{"test"}, "MODEL is required"},
      {{"test", "x.yaml", "--split", "tset"}, "--split"},
      {{"time", "x.yaml", "--mode", "both"}, "--mode"},
      {{"predict", "x.yaml", "--samples", "4"}, "--samples needs --out DIR"},
      {{"predict", "x.yaml", "a.png", "--samples", "4", "--out", "o"},
       "takes no inputs, found 'a.png'"},
      {{"predict", "x.yaml", "a.png", "--seed", "4"}, "--samples"},
      {{"test", "x.yaml", "--passes", "0"}, "--passes"},
      {{"help", "layer", "convv"}, "did you mean 'conv'?"},
      {{"help", "trainig"}, "did you mean 'training'?"},
      {{"train", "x.yaml", "--progress", "loud"}, "--progress"},
  };
  for (const Case& c : cases) {
    const auto result = run_cnn(c.words);
    INFO(c.words.back() << ": " << result.err);
    CHECK(result.exit == 2);
    CHECK(result.out.empty());
    CHECK(contains(result.err, c.message));
  }
  const auto none = run_cnn({});
  CHECK(none.exit == 2);
  CHECK(contains(none.err, "Commands:"));
}

TEST_CASE("words of other tools are answered with ours") {
  struct Case {
    std::vector<std::string> words;
    std::string message;
  };
  const std::string model = std::string(CNN_SOURCE_DIR) + "/models/lenet5.yaml";
  const std::vector<Case> cases = {
      {{"val"}, "did you mean 'test'?"},
      {{"eval"}, "did you mean 'test'?"},
      {{"fit"}, "did you mean 'train'?"},
      {{"detect"}, "did you mean 'predict'?"},
      {{"models"}, "did you mean 'summary'?"},
      {{"export"}, "weights are safetensors as they are"},
      {{"train", "--model", model}, "the model file is a word: cnn train MODEL.yaml"},
      {{"train", model, "--device", "0"}, "--threads N"},
      {{"train", model, "--optimizer", "adam"}, "'train.optimizer={adam: 1e-3}'"},
      {{"predict", "--source", "x.jpg"}, "inputs are words: cnn predict RUN FILE"},
      {{"viz", "feature", model}, "did you mean 'activations'?"},
      {{"viz", "loss", model}, "did you mean 'curves'?"}};
  for (const Case& c : cases) {
    const auto result = run_cnn(c.words);
    INFO(c.words[0] << "\n" << result.err);
    CHECK(result.exit == 2);
    CHECK(contains(result.err, c.message));
  }
  for (const auto& [word, key] :
       std::vector<std::pair<std::string, std::string>>{{"epochs=3", "train.epochs"},
                                                        {"lr=0.1", "train.lr"},
                                                        {"batch=3", "train.batch_size"},
                                                        {"imgsz=64", "input"}}) {
    const auto result = run_cnn({"train", model, word});
    INFO(word << "\n" << result.err);
    CHECK(result.exit == 2);
    CHECK(contains(result.err, "did you mean '" + key + "=...'?"));
  }
}

TEST_CASE("an override that a command would not read is refused") {
  const std::string model = std::string(CNN_SOURCE_DIR) + "/models/lenet5.yaml";
  const auto refused = [&](const std::string& command, const std::string& word) {
    std::vector<std::string> words = {command, model, word, "--weights", "none"};
    if (command == "predict") words.push_back("x.npy");
    const auto result = run_cnn(words);
    INFO(command << " " << word << "\n" << result.err);
    CHECK(result.exit == 2);
    CHECK(contains(result.err, "'" + word + "' would change nothing: cnn " + command));
  };
  refused("predict", "data.val=3");
  refused("predict", "data.nonsense=3");
  refused("predict", "train.epochs=3");
  refused("predict", "metrics=accuracy");
  refused("test", "train.epochs=3");
  // Testing sees pictures as they are, but for the window that training cuts.
  refused("test", "data.augment={flip: true}");
  refused("test", "data.augment.rotate=5");
  refused("test", "data.augment={rotate: 5, border: crop}");
  for (const char* word : {"data.augment={crop: 24, flip: true}", "data.augment.crop=24",
                           "data.augment=null", "data.augment={}"}) {
    CHECK(run_cnn({"test", model, word, "--weights", "none"}).exit == 4);  // no such weights
  }
  for (const char* word : {"train.epochs=3", "data.val=3"}) {
    CHECK(run_cnn({"summary", model, word}).exit == 2);
    CHECK(run_cnn({"time", model, word}).exit == 2);
  }
  CHECK(run_cnn({"summary", model, "train.batch_size=3", "vars.classes=4"}).exit != 2);
}

TEST_CASE("row 87: a key given twice, or one that nobody reads, is refused") {
  const TemporaryFolder folder;
  const std::string model = folder.file("m.yaml", small_model());
  const auto twice = run_cnn({"train", model, "--epochs", "3", "train.epochs=4"});
  CHECK(twice.exit == 2);
  CHECK(contains(twice.err, "train.epochs"));
  // A flag that is the short form of a key, in every command that has one.
  const std::vector<std::vector<std::string>> pairs = {
      {"time", model, "train.batch_size=4", "--batch-size", "8"},
      {"summary", model, "train.batch_size=4", "--batch-size", "8"},
      {"predict", model, "x.npy", "--weights", "w", "train.batch_size=4", "--batch-size", "8"},
      {"test", model, "--weights", "w", "train.val_batch_size=4", "--batch-size", "8"},
      {"test", model, "--weights", "w", "train.workers=1", "--workers", "2"}};
  for (const auto& words : pairs) {
    const auto result = run_cnn(words);
    INFO(words[0] << ": " << result.err);
    CHECK(result.exit == 2);
    CHECK(contains(result.err, "is given twice"));
  }
  const auto unknown = run_cnn({"train", model, "train.epoch=4"});
  CHECK(unknown.exit == 2);
  CHECK(contains(unknown.err, "did you mean 'epochs'?"));
  const auto variable = run_cnn({"summary", model, "vars.clases=4"});
  CHECK(variable.exit == 2);
  const auto bad = run_cnn({"summary", model, "train.batch_size=many"});
  CHECK(bad.exit == 2);
  CHECK(contains(bad.err, "expected an integer"));
}

TEST_CASE("row 82: a number of threads that makes no sense is refused") {
  const TemporaryFolder folder;
  const std::string model = folder.file("m.yaml", small_model());
  for (const std::string threads : {"0", "-1", "abc", "1000000"}) {
    const auto result = run_cnn({"summary", model, "--threads", threads});
    INFO(threads << ": " << result.err);
    CHECK(result.exit == 2);
    CHECK(contains(result.err, "--threads"));
  }
}

TEST_CASE("a flag's number says what it may be and what was found") {
  struct Case {
    std::vector<std::string> words;
    std::string message;
  };
  const Case cases[] = {
      {{"time", "x.yaml", "--seconds", "abc"},
       "--seconds: expected a number from 0 to 3600, found 'abc'"},
      {{"time", "x.yaml", "--seconds", "nan"},
       "--seconds: expected a number from 0 to 3600, found 'nan'"},
      {{"time", "x.yaml", "--seconds", "inf"}, "found 'inf'"},
      {{"time", "x.yaml", "--seconds", "1s"}, "found '1s'"},
      {{"time", "x.yaml", "--seconds", "-1"}, "found '-1'"},
      {{"summary", "x.yaml", "--threads", "1.5"},
       "--threads: expected a whole number from 1 to 1024, found '1.5'"},
      {{"summary", "x.yaml", "--depth", "99999999999999999999"},
       "--depth: expected a whole number from 1 to 1000, found '99999999999999999999'"},
      {{"summary", "x.yaml", "--memory", "much"},
       "--memory: expected a size such as 500MB or 4GB, found 'much'"},
      {{"predict", "x.yaml", "--samples", "1", "--seed", "one"},
       "--seed: expected a whole number from 0"},
      {{"test", "x.yaml", "--pca", ""}, "--pca: expected a whole number from 1 to 4096, found ''"},
  };
  for (const Case& c : cases) {
    const auto result = run_cnn(c.words);
    INFO(c.message << "\n" << result.err);
    CHECK(result.exit == 2);
    CHECK(contains(result.err, c.message));
  }
  const TemporaryFolder folder;
  const std::string model = folder.file("m.yaml", small_model());
  CHECK(run_cnn({"summary", model, "--memory", "1GB", "--threads", "2", "--depth", "1"}).exit == 0);
}

TEST_CASE("one of a thing is no plural") {
  const TemporaryFolder folder;
  const std::string model = folder.file("m.yaml", small_model());
  const auto trained =
      run_cnn({"train", model, "--out", folder.str("runs"), "--epochs", "1", "--max-steps", "1"});
  INFO(trained.out << trained.err);
  CHECK(contains(trained.out, "1 step, "));
  CHECK(contains(trained.out, "1 step is done"));
}

#ifndef __SANITIZE_ADDRESS__  // which wants to be loaded first
TEST_CASE("row 83: a second OpenMP runtime gets a warning") {
  CHECK(run_cnn({"help", "layers"}).err.empty());
  // Some library under the name of one: it is the name that counts.
  std::ifstream maps("/proc/self/maps");
  std::string line, library;
  while (library.empty() && std::getline(maps, line)) {
    const size_t path = line.find('/');
    if (path != std::string::npos && contains(line, "/libm.so")) library = line.substr(path);
  }
  REQUIRE(!library.empty());
  TemporaryFolder folder;
  const std::string other = (folder.path() / "libiomp5.so").string();
  std::filesystem::copy_file(library, other);
  ProcessSettings settings;
  settings.environment = {{"LD_PRELOAD", other}};
  const std::string model = std::string(CNN_SOURCE_DIR) + "/models/lenet5.yaml";
  const auto result = run_cnn({"summary", model}, settings);
  INFO(result.err);
  CHECK(result.exit == 0);
  CHECK(contains(result.err, "two OpenMP runtimes are loaded"));
  CHECK(contains(result.err, other));
  CHECK(!contains(run_cnn({"summary", model}).err, "OpenMP"));
}
#endif

TEST_CASE("row 89: spaces, UTF-8 and line breaks in paths work") {
  const TemporaryFolder folder;
  for (const std::string name : {"a b.yaml", "größe-模型.yaml", "line\nbreak.yaml"}) {
    const std::string model = folder.file(name, small_model());
    const auto result =
        run_cnn({"train", model, "--out", folder.str("out " + name), "--max-steps", "2"});
    INFO(result.err);
    CHECK(result.exit == 0);
    CHECK(run_cnn({"test", folder.str("out " + name) + "/small"}).exit == 0);
  }
}

TEST_CASE("three mistakes in a model file show three located errors") {
  const TemporaryFolder folder;
  folder.file("bad.yaml", R"(name: bad
input: {image: [1, 28, 28]}
layers:
  - {conv: 6, kernal: 5, name: c1}
  - {maxpol: 2}
  - {linear: ten, name: out}
loss: {cross_entropy: out, target: label}
data: digits
)");
  ProcessSettings here;
  here.folder = folder.str();
  const auto result = run_cnn({"train", "bad.yaml"}, here);
  CHECK(result.exit == 3);
  CHECK(result.out.empty());
  INFO(result.err);
  CHECK(contains(result.err, "bad.yaml:4:15: error: unknown key 'kernal' for layer 'conv'"));
  CHECK(contains(result.err, "^~~~~~ did you mean 'kernel'?"));
  CHECK(contains(result.err, "bad.yaml:5:6: error: unknown layer"));
  CHECK(contains(result.err, "did you mean 'maxpool'?"));
  CHECK(contains(result.err, "bad.yaml:6:14: error: expected an integer, found 'ten'"));
  CHECK_FALSE(std::filesystem::exists(folder.path() / "runs"));
}

TEST_CASE("a model file that is not there is exit code 4") {
  for (const std::string command : {"train", "summary", "time"}) {
    const auto result = run_cnn({command, "/nonexistent/m.yaml"});
    INFO(result.err);
    CHECK(result.exit == 4);
    CHECK(contains(result.err, "/nonexistent/m.yaml"));
  }
}

TEST_CASE("row 71: a full disk behind stdout is exit code 6") {
  const TemporaryFolder folder;
  const std::string model = folder.file("m.yaml", small_model());
  ProcessSettings full;
  full.stdout_to = "/dev/full";
  CHECK(run_cnn({"summary", model}, full).exit == 6);
  CHECK(run_cnn({"help"}, full).exit == 6);
}
