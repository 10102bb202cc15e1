#include "model/weights.h"

#include <limits>

#include "support/catch.h"
#include "support/text.h"
#include "support/torch_files.h"
#include "support/training.h"

namespace cnn {
namespace {

using namespace cnn::test;

// A store of `names`, each [2,3]; every value its own.
void fill(ParameterStore& store, const std::vector<std::string>& names) {
  ParameterRequest request;
  request.shape = Shape{2, 3};
  request.layout = {1, 0};
  for (const std::string& name : names) store.add(name, request);
  store.allocate(false);
  for (size_t id = 0; id < names.size(); ++id) {
    std::vector<float> values;
    for (int i = 0; i < 6; ++i)
      values.push_back(static_cast<float>(10 * id) + 0.1f * static_cast<float>(i));
    store.import_values(static_cast<int>(id), values);
  }
}

WeightsInfo some_info() {
  WeightsInfo info;
  info.model = "net \"x\"";
  info.class_names = {"cat", "dog\n", "žába"};
  info.input = {3, 8, 8};
  info.normalization = {1.0 / 255, {0.1, 0.2, 0.3}, {1.1, 1.2, 1.3}};
  info.look = {{1, 2, 255}, Invert::kAuto, Tone{0.25, 0.125}};
  info.input_names = {"width", "height"};
  const std::vector<std::string> german = {"Löwe", "\n"}, english = {"lion", "\"", "."};
  info.vocabulary = std::make_shared<TextVocabulary>(german, TextUnit::kWord, true);
  info.vocabularies["source"] = info.vocabulary;
  info.vocabularies["target"] = std::make_shared<TextVocabulary>(english, TextUnit::kPairs);
  info.vocabularies["shifted"] = std::make_shared<TextVocabulary>(english, TextUnit::kPairs);
  info.vocabularies["bytes"] = std::make_shared<TextVocabulary>(TextVocabulary::bytes(false));
  return info;
}

TEST_CASE("weights of torch.save are loaded and what wraps all names is left out") {
  const TemporaryFolder folder;
  const StoredNumbers numbers = {"0", "FloatStorage",
                                 raw<float>({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}), 4};
  const StoredNumbers count = {"1", "LongStorage", raw<int64_t>({3}), 8};
  for (const std::string wrapper : {"", "module.", "_orig_mod.", "module._orig_mod."}) {
    const std::string object =
        ordered_op({{wrapper + "a.weight", tensor_op(numbers, 0, {2, 3}, {3, 1})},
                    {wrapper + "b.weight", tensor_op(numbers, 6, {2, 3}, {1, 2})},
                    {wrapper + "b.num_batches_tracked", tensor_op(count, 0, {}, {})}});
    const std::string path = folder.file("w.pth", new_file(object, {numbers, count}));
    ParameterStore store;
    fill(store, {"a.weight", "b.weight"});
    std::string said;
    set_log_sink([&](std::string_view line) { said += line; });
    const WeightsInfo info = load_weights(path, store);
    set_log_sink({});
    CHECK(store.export_values(0) == std::vector<float>{1, 2, 3, 4, 5, 6});
    CHECK(store.export_values(1) == std::vector<float>{7, 9, 11, 8, 10, 12});
    CHECK(info.missing.empty());
    CHECK(info.class_names.empty());
    CHECK(said == (wrapper.empty()
                       ? ""
                       : path + ": all names begin with '" + wrapper + "', which is left out"));
    CHECK(read_weights_info(path).model.empty());
  }
}

TEST_CASE("names that begin as a wrapper's stay where they are the model's own or not all do so") {
  const TemporaryFolder folder;
  const std::string path = folder.str("w.safetensors");
  ParameterStore store;
  fill(store, {"module.a", "module.b"});
  save_weights(path, store, some_info());
  ParameterStore own;
  fill(own, {"module.b", "module.a"});
  load_weights(path, own);
  CHECK(own.export_values(0) == store.export_values(1));
  ParameterStore mixed, wanted;
  fill(mixed, {"module.a", "b"});
  save_weights(path, mixed, some_info());
  fill(wanted, {"a", "b"});
  CHECK_THROWS_AS(load_weights(path, wanted), Error);
}

TEST_CASE("weights and what is said of them come back to the bit") {
  const TemporaryFolder folder;
  const std::string path = folder.str("w.safetensors");
  ParameterStore store;
  fill(store, {"a.weight", "b.weight"});
  save_weights(path, store, some_info());
  ParameterStore other;
  fill(other, {"b.weight", "a.weight"});  // another order
  const WeightsInfo info = load_weights(path, other);
  CHECK(other.export_values(1) == store.export_values(0));
  CHECK(other.export_values(0) == store.export_values(1));
  CHECK(info.model == some_info().model);
  CHECK(info.class_names == some_info().class_names);
  CHECK(info.input == some_info().input);
  CHECK(info.input_names == some_info().input_names);
  REQUIRE(info.vocabulary);
  CHECK(info.vocabulary->difference(*some_info().vocabulary).empty());
  CHECK(info.vocabulary->lowers());
  REQUIRE(info.vocabularies.size() == 4);
  for (const auto& [field, vocabulary] : some_info().vocabularies) {
    REQUIRE(info.vocabularies.at(field));
    CHECK(info.vocabularies.at(field)->difference(*vocabulary).empty());
  }
  CHECK(info.vocabularies.at("shifted") == info.vocabularies.at("target"));  // kept once
  CHECK(info.look.background == Colour{1, 2, 255});
  CHECK(info.look.invert == Invert::kAuto);
  REQUIRE(info.look.tone);
  CHECK(info.look.tone->mean == 0.25);
  CHECK(info.look.tone->deviation == 0.125);
  CHECK(info.normalization.scale == 1.0 / 255);
  CHECK(info.normalization.mean == some_info().normalization.mean);
  CHECK(info.normalization.std == some_info().normalization.std);
}

TEST_CASE("weights that knew texts in their first input alone are still read") {
  const TemporaryFolder folder;
  const std::string path = folder.str("w.safetensors");
  SafetensorsWriter writer;
  writer.set_metadata("symbols", R"(["<s>", "<unk>", "a", "b"])");
  writer.set_metadata("unit", "character");
  writer.write(path);
  const WeightsInfo info = read_weights_info(path);
  REQUIRE(info.vocabulary);
  CHECK(info.vocabulary->encode("ab") == std::vector<int64_t>{2, 3});
}

TEST_CASE("data whose symbols are not those of the weights are refused") {
  const Vocabularies known = some_info().vocabularies;
  Vocabularies data = known;
  CHECK_NOTHROW(check_vocabularies(known, data, "w.safetensors"));
  data.erase("source");  // the network is not asked about it
  CHECK_NOTHROW(check_vocabularies(known, data, "w.safetensors"));
  const std::vector<std::string> words = {"Löwe", "Bär", "Hund"};
  data["source"] = std::make_shared<TextVocabulary>(words, TextUnit::kWord, true);
  const std::string found =
      error_of(Exit::kInput, [&] { check_vocabularies(known, data, "w.safetensors"); });
  CHECK(contains(found, "w.safetensors: error: the weights know other symbols in 'source'"));
  CHECK(contains(found, "4 symbols (word, lower) against 5 (word, lower)"));
  CHECK(contains(found, "number 3 is '\\n' against 'Bär'"));
  CHECK(contains(found, "data.test=FILE"));
}

// A file as another tool writes it: no metadata.
void write_plain(const std::string& path, const std::vector<std::string>& names,
                 std::vector<int64_t> shape, float value = 1) {
  SafetensorsWriter writer;
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  const std::vector<float> values(static_cast<size_t>(count), value);
  for (const std::string& name : names) {
    writer.add(name, shape, [values](int64_t first, std::span<float> out) {
      std::copy_n(values.begin() + first, out.size(), out.begin());
    });
  }
  writer.write(path);
}

TEST_CASE("weights of another tool load, its count of batches is ignored") {
  const TemporaryFolder folder;
  const std::string path = folder.str("w.safetensors");
  write_plain(path, {"bn.weight", "bn.num_batches_tracked"}, {2, 3});
  ParameterStore store;
  fill(store, {"bn.weight"});
  const WeightsInfo info = load_weights(path, store);
  CHECK(info.model.empty());
  CHECK(info.class_names.empty());
  CHECK(info.normalization.is_identity());
  CHECK(store.export_values(0) == std::vector<float>(6, 1));
}

TEST_CASE("row 57: weights of another model are listed, and nothing is loaded") {
  const TemporaryFolder folder;
  const std::string path = folder.str("w.safetensors");
  ParameterStore store;
  fill(store, {"same.weight", "missing.weight"});
  const std::vector<float> before(store.value_arena().begin(), store.value_arena().end());
  write_plain(path, {"same.weight", "extra.weight"}, {2, 3});
  std::string problem = error_of(Exit::kInput, [&] { load_weights(path, store); });
  CHECK(contains(problem, path));
  CHECK(contains(problem, "missing: missing.weight [2,3]"));
  CHECK(contains(problem, "extra: extra.weight [2,3]"));
  write_plain(path, {"same.weight", "missing.weight"}, {3, 2});
  problem = error_of(Exit::kInput, [&] { load_weights(path, store); });
  CHECK(contains(problem, "reshaped: same.weight is [3,2] in the file, [2,3] in the model"));
  std::vector<std::string> many;
  for (int i = 0; i < 25; ++i) many.push_back("x" + std::to_string(i));
  write_plain(path, many, {2, 3});
  problem = error_of(Exit::kInput, [&] { load_weights(path, store); });
  CHECK(contains(problem, "and 15 more"));
  CHECK(std::vector<float>(store.value_arena().begin(), store.value_arena().end()) == before);
}

TEST_CASE("what fits of another model's weights is loaded on request, and the rest is listed") {
  const TemporaryFolder folder;
  const std::string path = folder.str("w.safetensors");
  ParameterStore store;
  fill(store, {"same.weight", "missing.weight"});
  const std::vector<float> missing = store.export_values(1);
  write_plain(path, {"same.weight", "extra.weight"}, {2, 3});
  const QuietLog log;
  load_weights(path, store, {.partial = true});
  CHECK(store.export_values(0) == std::vector<float>(6, 1));
  CHECK(store.export_values(1) == missing);
  CHECK(log.has("1 of 2 weights are loaded"));
  CHECK(log.has("missing: missing.weight [2,3]"));
  CHECK(log.has("extra: extra.weight [2,3]"));
  const std::vector<float> before = store.export_values(0);
  write_plain(path, {"same.weight"}, {3, 2}, 7);
  const std::string problem =
      error_of(Exit::kInput, [&] { load_weights(path, store, {.partial = true}); });
  CHECK(contains(problem, "none of them fits"));
  CHECK(store.export_values(0) == before);
}

TEST_CASE("row 58: weights that are not finite are refused unless accepted") {
  const TemporaryFolder folder;
  const std::string path = folder.str("w.safetensors");
  ParameterStore store;
  fill(store, {"a.weight", "b.weight"});
  const std::vector<float> before = store.export_values(0);
  SafetensorsWriter writer;
  const std::vector<float> good(6, 2),
      bad = {1, 1, 1, std::numeric_limits<float>::quiet_NaN(), 1, 1};
  writer.add("a.weight", {2, 3}, good);
  writer.add("b.weight", {2, 3}, bad);
  writer.write(path);
  CHECK(contains(error_of(Exit::kInput, [&] { load_weights(path, store); }), "b.weight"));
  CHECK(store.export_values(0) == before);
  load_weights(path, store, {.allow_non_finite = true});
  CHECK(store.export_values(0) == good);
}

TEST_CASE("rows 50 and 51: a damaged file loads nothing") {
  const TemporaryFolder folder;
  const std::string path = folder.str("w.safetensors");
  ParameterStore store;
  fill(store, {"a.weight", "b.weight"});
  save_weights(path, store, some_info());
  const std::string whole = read_text(path);
  ParameterStore other;
  fill(other, {"b.weight", "a.weight"});
  const std::vector<float> before(other.value_arena().begin(), other.value_arena().end());
  for (size_t i = 0; i < whole.size(); i += 7) {
    std::string flipped = whole;
    flipped[i] = static_cast<char>(flipped[i] ^ 0x10);
    folder.file("bad.safetensors", flipped);
    INFO("byte " << i);
    CHECK(error_of(Exit::kInput, [&] { load_weights(folder.str("bad.safetensors"), other); }) !=
          "");
    folder.file("bad.safetensors", whole.substr(0, i));
    CHECK(error_of(Exit::kInput, [&] { load_weights(folder.str("bad.safetensors"), other); }) !=
          "");
  }
  CHECK(std::vector<float>(other.value_arena().begin(), other.value_arena().end()) == before);
}

}  // namespace
}  // namespace cnn
