// The kind `neurons`: whose numbers colour which symbol, and what is refused.
#include <cmath>

#include "data/vocabulary.h"
#include "model/loaded_network.h"
#include "support/catch.h"
#include "support/text.h"
#include "viz/small_network.h"
#include "viz/subject.h"
#include "viz/support.h"

using namespace cnn;

namespace {

constexpr const char* kText =
    "The cat sat.\nThe dog (a small one) ran off.\n\nCAT:\n\"No,\" said 2 cats.\nThe end of it.\n"
    "A cat and a dog.\nOne more line, and \"what\" then.\n\nDOG:\nNot so. I am the dog of 1 man.\n";

std::string run_of(const TemporaryFolder& folder, bool carries) {
  folder.file("t.txt", kText);
  return train_in(folder, fmt::format(R"(name: writer
input: {{text: {{steps: 10, classes: $symbols}}}}
vars: {{symbols: 34}}
layers:
  - {{embed: 3, name: embed}}
  - {{rnn: 4, carry: {}, name: cells}}
  - {{linear: $symbols, name: out}}
loss: {{cross_entropy: out, target: next}}
data: {{format: text, train: t.txt, val: 0.3}}
train: {{epochs: 2, batch_size: 2, stream: {}, seed: 5}}
)",
                                      carries, carries));
}

// The states behind each symbol by the layer's formula; they begin anew every `window` symbols.
std::vector<std::vector<double>> states_by_hand(const VizRequest& request, const std::string& text,
                                                size_t window) {
  LoadedNetwork network(request.subject().spec, source_of(request));
  network.plan({{Pass::predicting(), 1}});
  const WeightsInfo& info = network.load();
  const auto weights = [&](const char* name) {
    return network.store().export_values(network.store().find(name));
  };
  const std::vector<float> embed = weights("embed.weight"), ih = weights("cells.weight_ih_l0"),
                           hh = weights("cells.weight_hh_l0"), bi = weights("cells.bias_ih_l0"),
                           bh = weights("cells.bias_hh_l0");
  std::vector<double> h(4, 0.0);
  std::vector<std::vector<double>> states;
  for (const int64_t symbol : info.vocabularies.at("text")->encode(text)) {
    if (states.size() % window == 0) h.assign(4, 0.0);
    std::vector<double> next(4);
    for (size_t u = 0; u < 4; ++u) {
      double sum = static_cast<double>(bi[u] + bh[u]);
      for (size_t d = 0; d < 3; ++d) {
        sum += static_cast<double>(ih[3 * u + d] * embed[3 * static_cast<size_t>(symbol) + d]);
      }
      for (size_t d = 0; d < 4; ++d) sum += static_cast<double>(hh[4 * u + d]) * h[d];
      next[u] = std::tanh(sum);
    }
    states.push_back(h = next);
  }
  return states;
}

void check_values(const VizResult& result, const std::vector<std::vector<double>>& expected) {
  for (const Json& unit : result.numbers["units"]) {
    const auto number = unit["unit"].get<size_t>();
    const auto values = unit["values"].get<std::vector<float>>();
    REQUIRE(values.size() == expected.size());
    for (size_t i = 0; i < values.size(); ++i) {
      CHECK(values[i] == Approx(expected[i][number]).margin(1e-5));
    }
  }
}

}  // namespace

TEST_CASE("neurons shows states that go on over windows where the layer carries them") {
  const TemporaryFolder folder;
  const VizRequest request = request_for_run(run_of(folder, true));
  const std::string text = "The cats (two) sat.\nNo n.";  // two windows and a part of one
  const VizResult result =
      run_kind("neurons", request, {{"text", {text}}, {"units", {"3,0", "1"}}});
  CHECK(result.numbers["layer"] == "cells");
  REQUIRE(result.numbers["units"].size() == 3);
  CHECK(result.numbers["units"][0]["unit"] == 3);
  CHECK(result.numbers["units"][2]["unit"] == 1);
  std::string shown;
  for (const Json& symbol : result.numbers["symbols"]) shown += symbol.get<std::string>();
  CHECK(shown == text);
  check_values(result, states_by_hand(request, text, 1000));
  REQUIRE(result.figures.size() == 1);
  CHECK(contains(texts_of(result.figures[0].drawing)[0], "writer: states of cells"));
  REQUIRE(result.files.size() == 1);
  CHECK(result.files[0].first == "neurons.html");
  CHECK(xml_fault(result.files[0].second).value_or("") == "");
  CHECK(count_of(result.files[0].second, "<span") == 3 * text.size());
  // The same from a file.
  const std::string file = folder.file("given.txt", text);
  CHECK(run_kind("neurons", request, {{"text", {file}}, {"units", {"3,0", "1"}}}).numbers ==
        result.numbers);
}

TEST_CASE("neurons begins anew with each window where nothing is carried") {
  const TemporaryFolder folder;
  const VizRequest request = request_for_run(run_of(folder, false));
  const std::string text = "The cats (two) sat.\nNo n.";
  check_values(run_kind("neurons", request, {{"text", {text}}}), states_by_hand(request, text, 10));
}

TEST_CASE("neurons shows the beginning of the validation text, most telling units first") {
  const TemporaryFolder folder;
  const VizRequest request = request_for_run(run_of(folder, true));
  const VizResult result = run_kind("neurons", request, {{"length", {"25"}}, {"count", {"3"}}});
  CHECK(result.numbers["symbols"].size() == 25);
  CHECK(result.numbers["measured"].get<int>() > 25);
  std::string shown;
  for (const Json& symbol : result.numbers["symbols"]) shown += symbol.get<std::string>();
  const std::string text = kText;
  const size_t place = text.find(shown);
  CHECK(place != std::string::npos);
  CHECK(place > text.size() / 2);
  const Json& units = result.numbers["units"];
  REQUIRE(units.size() == 3);
  for (const Json& unit : units) {
    CHECK(std::abs(unit["correlation"].get<double>()) <= 1);
    CHECK_FALSE(unit["goes_with"].get<std::string>().empty());
  }
  CHECK(std::abs(units[0]["correlation"].get<double>()) >=
        std::abs(units[1]["correlation"].get<double>()));
  // Coloured by the number: of one unit, every symbol has its rectangle.
  size_t rectangles = 0;
  for (const Drawing::Element& element : result.figures[0].drawing.elements()) {
    rectangles += std::holds_alternative<Drawing::Rectangle>(element) ? 1 : 0;
  }
  CHECK(rectangles == 3 * 25);
}

TEST_CASE("neurons of samples of words reads each by itself") {
  const TemporaryFolder folder;
  const std::string run = train_in(folder, R"(name: topics
input: {text: {steps: {most: 19}, classes: 181}}
layers:
  - {embed: 6, name: words}
  - {gru: 5, name: cells}
  - {linear: 10, from: cells.last, name: out}
loss: {cross_entropy: out, target: label}
data: {format: sentences, train: 60, test: 20, val: 20}
train: {epochs: 1, batch_size: 10}
)");
  const VizRequest request = request_for_run(run);
  const VizResult both = run_kind("neurons", request, {{"first", {"2"}}, {"units", {"4"}}});
  const VizResult second = run_kind("neurons", request, {{"first", {"3"}}, {"units", {"4"}}});
  const auto values = [](const VizResult& r) {
    return r.numbers["units"][0]["values"].get<std::vector<float>>();
  };
  // What comes first changes nothing for what comes next.
  const size_t skipped = values(both).size() - values(second).size();
  REQUIRE(skipped > 2);
  REQUIRE(skipped <= 19);
  for (size_t i = 0; i < values(second).size(); ++i) {
    CHECK(values(both)[skipped + i] == values(second)[i]);
  }
}

TEST_CASE("neurons of bytes tells parts of characters by their numbers") {
  const TemporaryFolder folder;
  std::string text;
  for (int i = 0; i < 20; ++i) text += "caf\xc3\xa9 au lait\n";
  folder.file("t.txt", text);
  const std::string run = train_in(folder, R"(name: bytes
input: {text: {steps: 10, classes: 256}}
layers: [{embed: 3}, {gru: 4, name: cells}, {linear: 256, name: out}]
loss: {cross_entropy: out, target: next}
data: {format: text, train: t.txt, val: 0.3, unit: byte}
train: {epochs: 1, batch_size: 2}
)");
  const VizRequest request = request_for_run(run);
  const VizResult result = run_kind("neurons", request, {{"text", {"f\xc3\xa9\n"}}});
  CHECK(result.numbers["symbols"] == Json({"f", "\\xc3", "\\xa9", "\n"}));
  CHECK(xml_fault(result.files[0].second).value_or("") == "");
  // A report has it, and leaves out what does not fit.
  const VizResult report = run_kind("report", request, {});
  const auto sections = report.numbers["sections"].get<std::vector<std::string>>();
  CHECK(std::count(sections.begin(), sections.end(), "neurons") == 1);
  CHECK(std::count(sections.begin(), sections.end(), "attention") == 0);
}

TEST_CASE("neurons says what it cannot show") {
  CHECK(contains(kind_error("neurons", trained_request()), "finds no recurrent layer over a text"));
  const TemporaryFolder folder;
  const VizRequest request = request_for_run(run_of(folder, true));
  CHECK(contains(kind_error("neurons", request, {{"units", {"1,9"}}}),
                 "--units 1,9: layer 'cells' has units 0 to 3"));
  CHECK(contains(kind_error("neurons", request, {{"units", {"x"}}}), "has units 0 to 3"));
  CHECK(contains(kind_error("neurons", request, {{"layer", {"cels"}}}), "did you mean 'cells'?"));
  CHECK(contains(kind_error("neurons", request, {{"split", {"test"}}}, Exit::kInput), "test"));
  CHECK(contains(kind_error("neurons", request, {{"text", {"\xff\xfe"}}}, Exit::kInput),
                 "is no UTF-8 at byte 0"));
  CHECK(contains(kind_error("neurons", request, {{"text", {"%%"}}}, Exit::kInput),
                 "nothing that the model knows"));
}
