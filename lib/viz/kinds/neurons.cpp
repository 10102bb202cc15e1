// neurons: a text coloured by one number of a recurrent layer's state, the numbers first that go
// along best with something that is plain to see in the text.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "graph/cut.h"
#include "viz/drawing/coloured_text.h"
#include "viz/text_facts.h"
#include "viz/text_network.h"

namespace cnn {
namespace {

// What was read, and the layer's numbers behind each symbol of it.
struct Reading {
  std::vector<std::string> symbols;
  std::vector<int64_t> starts;  // where texts begin that have nothing to do with one another
  std::vector<float> states;    // [symbols, width]
  std::string where;            // "val 0 to 15"
};

class Neurons final : public VizKind {
 public:
  Neurons() { samples_.split = "val"; }

  void options(Options& o) override {
    o("text", texts_, "a text or a file (default: the beginning of the split)");
    o("layer", layer_, "whose state is shown (default: the last recurrent layer)");
    o("units", units_, "numbers of the state, 3,17 or one by one (default: the most telling ones)");
    o("count", count_, "so many of the most telling ones").between(1, 200);
    o("length", length_, "symbols that are shown").between(1, 20000);
    o("measure", measure_, "symbols that are read to find what goes along with what")
        .between(10, 10'000'000);
    o.choice<std::string>("split", samples_.split,
                          {{"test", "test"}, {"val", "val"}, {"train", "train"}},
                          "of the model's data");
    o("first", first_, "number of the sample that the text begins with").at_least(0);
  }

  VizResult run(const VizRequest& request) override {
    TextNetwork network(request);
    const Graph& graph = network.graph();
    const int value = chosen_value(network);
    const int64_t width = graph.value(value).shape[0];
    const std::vector<int64_t> units = wanted_units(graph.value(value).name, width);
    field_ = network.field_of_items(value);
    const int answer = network.answer_field();
    const bool reads_answer =
        answer >= 0 &&
        following(graph,
                  graph.fields[static_cast<size_t>(answer)].value)[static_cast<size_t>(value)] != 0;
    const bool answers = reads_answer && !texts_.empty();
    network.prepare({value}, answers);
    Reading reading = is_running(network) ? read_running(request, network, value)
                                          : read_samples(request, network, value, answers);
    check_finite(reading.states, graph.value(value).name);
    const std::vector<TextFact> facts = text_facts(reading.symbols, reading.starts, !is_grid_);
    std::vector<UnitFacts> found = unit_facts(reading.states, width, facts);
    std::vector<UnitFacts> shown;
    for (const int64_t unit : units) shown.push_back(found[static_cast<size_t>(unit)]);
    if (units.empty()) {
      shown = most_telling(std::move(found));
      shown.resize(std::min(shown.size(), static_cast<size_t>(count_)));
    }
    return result_of(network, graph.value(value).name, reading, width, facts, shown);
  }

 private:
  static bool is_state(const TextNetwork& network, int value) {
    const Graph& graph = network.graph();
    if (graph.value(value).length < 0 || graph.value(value).shape.rank() != 1) return false;
    const int field = network.field_of_items(value);
    return field >= 0 && graph.fields[static_cast<size_t>(field)].field.kind == FieldKind::kClass;
  }

  int chosen_value(const TextNetwork& network) const {
    const Graph& graph = network.graph();
    const auto fits = [&](const Value& value) {
      return is_state(network, graph.find_value(value.name));
    };
    if (!layer_.empty()) {
      return chosen_layers(graph, {layer_}, fits,
                           "'neurons' takes layers that give a list of [F], one for each symbol")
          .front();
    }
    int last = -1;
    for (const GraphNode& node : graph.nodes) {
      const bool is_recurrent = node.type->family == LayerType::Family::kRecurrent;
      if (is_recurrent && is_state(network, node.output())) last = node.output();
    }
    if (last >= 0) return last;
    fail(Exit::kUsage, "",
         "'neurons' finds no recurrent layer over a text in '{}'; --layer NAME shows any layer "
         "that gives numbers for each symbol",
         graph.name);
  }

  std::vector<int64_t> wanted_units(const std::string& layer, int64_t width) const {
    std::vector<int64_t> units;
    for (const std::string& words : units_) {
      for (size_t first = 0; first <= words.size();) {
        const size_t end = std::min(words.find(',', first), words.size());
        const std::string word = words.substr(first, end - first);
        first = end + 1;
        const bool is_number = !word.empty() && word.size() < 10 &&
                               word.find_first_not_of("0123456789") == std::string::npos;
        const int64_t unit = is_number ? std::stoll(word) : -1;
        if (unit < 0 || unit >= width) {
          fail(Exit::kUsage, "", "--units {}: layer '{}' has units 0 to {}", words, layer,
               width - 1);
        }
        units.push_back(unit);
      }
    }
    return units;
  }

  // Samples are windows of one text, as the network goes on with it.
  bool is_running(const TextNetwork& network) const {
    const GraphField& field = network.graph().fields[static_cast<size_t>(field_)];
    return network.written().field == field_ && network.answer_field() != field_ &&
           !field.field.items.varies;
  }

  static void check_finite(const std::vector<float>& states, const std::string& layer) {
    if (std::all_of(states.begin(), states.end(), [](float x) { return std::isfinite(x); })) return;
    fail(Exit::kInput, "", "layer '{}' gives values that are not finite", layer);
  }

  std::shared_ptr<const TextVocabulary> vocabulary_of(const TextNetwork& network) const {
    const GraphField& field = network.graph().fields[static_cast<size_t>(field_)];
    const auto found = network.weights().vocabularies.find(field.field.name);
    return found == network.weights().vocabularies.end() ? nullptr : found->second;
  }

  // A symbol as it stands in the text; a byte that is only a part of a character by its number.
  static std::string raw(const TextVocabulary& vocabulary, int64_t number) {
    const std::string text = vocabulary.decode({&number, 1});
    if (!text.empty() && !first_bad_byte(text)) return text;
    return vocabulary.symbols()[static_cast<size_t>(number)];
  }

  void append(const TextNetwork& network, int value, const TextVocabulary& vocabulary,
              std::vector<int64_t> symbols, Reading& to) const {
    if (network.answer_field() == field_) {  // it has read what it told before
      symbols.pop_back();
      symbols.insert(symbols.begin(), TextVocabulary::kEdge);
    }
    const ConstView states = network.value(value);
    CNN_ASSERT(states.items_of(0) == std::ssize(symbols));
    to.states.insert(to.states.end(), states.data,
                     states.data + std::ssize(symbols) * states.shape.count());
    for (const int64_t symbol : symbols) to.symbols.push_back(raw(vocabulary, symbol));
  }

  void no_symbols(const TextNetwork& network) const {
    fail(Exit::kUsage, "", "'neurons' shows texts; the class numbers of '{}' stand for none",
         network.graph().fields[static_cast<size_t>(field_)].field.name);
  }

  void set_unit(const TextVocabulary& vocabulary) {
    is_grid_ = vocabulary.unit() == TextUnit::kCharacter || vocabulary.unit() == TextUnit::kByte;
  }

  // The text or the file whole, else windows of the split, one behind the other.
  Reading read_running(const VizRequest& request, TextNetwork& network, int value) {
    const GraphField& field = network.graph().fields[static_cast<size_t>(field_)];
    const int64_t window = field.field.items.most;
    std::vector<int64_t> text;
    Reading reading;
    std::shared_ptr<const TextVocabulary> vocabulary = vocabulary_of(network);
    if (!texts_.empty()) {
      if (!vocabulary) no_symbols(network);
      text = given_text(*vocabulary, reading.where);
    } else {
      SampleOptions options = samples_;
      options.first = first_;
      options.samples = (measure_ + window - 1) / window;
      const TextSamples source(request, network, {}, options, "neurons");
      vocabulary = source.vocabulary(field_);
      if (!vocabulary) no_symbols(network);
      for (int64_t i = 0; i < source.size(); ++i) {
        const std::vector<int64_t> part = source.read(i).symbols(field_);
        text.insert(text.end(), part.begin(), part.end());
      }
      reading.where = fmt::format("split '{}' from sample {} on", samples_.split, first_);
    }
    set_unit(*vocabulary);
    text.resize(std::min(text.size(), static_cast<size_t>(std::max(measure_, length_))));
    reading.starts = {0};
    network.forget();
    for (size_t first = 0; first < text.size(); first += static_cast<size_t>(window)) {
      const size_t end = std::min(text.size(), first + static_cast<size_t>(window));
      const std::vector<int64_t> part(text.begin() + static_cast<std::ptrdiff_t>(first),
                                      text.begin() + static_cast<std::ptrdiff_t>(end));
      ListSample sample{"", std::vector<ListSample::Part>(network.graph().fields.size())};
      sample.parts[static_cast<size_t>(field_)] = {{part.begin(), part.end()}, std::ssize(part)};
      network.run(sample);
      append(network, value, *vocabulary, part, reading);
      request.report("neurons", static_cast<int64_t>(end), std::ssize(text));
    }
    if (!network.carries() && std::ssize(text) > window) {
      reading.where +=
          fmt::format("; the state begins anew every {} symbols, as in training", window);
    }
    return reading;
  }

  std::vector<int64_t> given_text(const TextVocabulary& vocabulary, std::string& where) const {
    constexpr uint64_t kMostBytes = uint64_t{1} << 28;
    UnknownUnits unknown;
    std::vector<int64_t> numbers;
    for (const std::string& text : texts_) {
      const bool is_file = file_exists(text);
      const std::string content = is_file ? read_file(text, kMostBytes) : text;
      if (const auto bad = first_bad_byte(content); bad && vocabulary.unit() != TextUnit::kByte) {
        fail(Exit::kInput, is_file ? text : "the text", "is no UTF-8 at byte {}", *bad);
      }
      where = is_file ? text : "the text that was given";
      const std::vector<int64_t> more = vocabulary.encode(content, &unknown);
      numbers.insert(numbers.end(), more.begin(), more.end());
    }
    if (unknown.any()) note("{}", unknown.text(vocabulary.unit(), "the model's"));
    if (numbers.empty()) {
      fail(Exit::kInput, "", "the text has nothing that the model knows");
    }
    return numbers;
  }

  // Each sample by itself.
  Reading read_samples(const VizRequest& request, TextNetwork& network, int value, bool answers) {
    SampleOptions options = samples_;
    options.first = first_;
    options.samples = measure_;
    const TextSamples source(request, network, texts_, options, "neurons");
    const auto vocabulary = source.vocabulary(field_);
    if (!vocabulary) no_symbols(network);
    set_unit(*vocabulary);
    Reading reading;
    int64_t i = 0;
    for (; i < source.size() && std::ssize(reading.symbols) < std::max(measure_, length_); ++i) {
      ListSample sample = source.read(i);
      if (answers) network.answer(sample);
      network.forget();
      network.run(sample);
      reading.starts.push_back(std::ssize(reading.symbols));
      append(network, value, *vocabulary, sample.symbols(field_), reading);
      request.report("neurons", std::ssize(reading.symbols), measure_);
    }
    reading.where = source.is_given() ? "the text that was given"
                                      : fmt::format("split '{}', samples {} to {}", samples_.split,
                                                    first_, first_ + i - 1);
    return reading;
  }

  static std::string note_of(const UnitFacts& unit, const std::vector<TextFact>& facts) {
    std::string note;
    if (unit.fact >= 0) {
      note = fmt::format("correlation with '{}' {:+.2f}: {:.0f}% of the variance; ",
                         facts[static_cast<size_t>(unit.fact)].name, unit.correlation,
                         100 * unit.share());
    }
    return note +
           fmt::format("standard deviation {:.2f}, correlation with the symbol before {:.2f}.",
                       unit.deviation, unit.persistence);
  }

  static std::string title_of(const UnitFacts& unit, const std::vector<TextFact>& facts) {
    if (unit.fact < 0 || unit.share() < kLeastShare) {
      return fmt::format("unit {}: goes along with nothing that was tried", unit.unit);
    }
    return fmt::format("unit {}: {}{}", unit.unit, unit.correlation < 0 ? "against " : "",
                       facts[static_cast<size_t>(unit.fact)].name);
  }

  VizResult result_of(const TextNetwork& network, const std::string& layer, const Reading& reading,
                      int64_t width, const std::vector<TextFact>& facts,
                      const std::vector<UnitFacts>& units) const {
    const size_t shown = std::min(reading.symbols.size(), static_cast<size_t>(length_));
    ColouredText text;
    text.title = fmt::format("{}: states of {}", network.name(), layer);
    text.subtitle = fmt::format(
        "{}; blue is negative, red positive, white 0, in the amounts of each unit. What a unit "
        "goes along with was measured over {}{}",
        reading.where, counted(std::ssize(reading.symbols), "symbol"),
        units_.empty() ? "; of each such thing the best unit first" : "");
    text.is_grid = is_grid_;
    text.symbols.assign(reading.symbols.begin(),
                        reading.symbols.begin() + static_cast<std::ptrdiff_t>(shown));
    text.starts = reading.starts;
    VizResult result;
    Json list = Json::array();
    for (const UnitFacts& unit : units) {
      ColouredText::Panel panel;
      panel.title = title_of(unit, facts);
      panel.note = note_of(unit, facts);
      Json values = Json::array();
      for (size_t i = 0; i < shown; ++i) {
        const float value =
            reading.states[i * static_cast<size_t>(width) + static_cast<size_t>(unit.unit)];
        values.push_back(value);
        panel.shades.push_back(unit.most > 0 ? 0.5f + 0.5f * value / unit.most : 0.5f);
      }
      panel.low = fmt::format("{:.2g}", -unit.most);
      panel.high = fmt::format("{:.2g}", unit.most);
      result.text += fmt::format("{}\n  {}\n", panel.title, panel.note);
      text.panels.push_back(std::move(panel));
      Json entry = {{"unit", unit.unit}};
      if (unit.fact >= 0) {
        entry["goes_with"] = facts[static_cast<size_t>(unit.fact)].name;
        entry["correlation"] = unit.correlation;
      }
      entry["deviation"] = unit.deviation;
      entry["persistence"] = unit.persistence;
      entry["values"] = std::move(values);
      list.push_back(std::move(entry));
    }
    Json symbols = Json::array();
    for (size_t i = 0; i < shown; ++i) symbols.push_back(reading.symbols[i]);
    result.numbers = {{"layer", layer},
                      {"measured", reading.symbols.size()},
                      {"symbols", std::move(symbols)},
                      {"units", std::move(list)}};
    result.figures.push_back({"neurons", draw(text)});
    result.files.push_back({"neurons.html", html_page(text)});
    return result;
  }

  std::vector<std::string> texts_, units_;
  std::string layer_;
  SampleOptions samples_;
  int64_t count_ = 6, length_ = 400, measure_ = 10000, first_ = 0;
  int field_ = -1;
  bool is_grid_ = true;  // characters
};

}  // namespace

extern const VizKindType neurons_kind = {
    .name = "neurons",
    .summary = "a text coloured by single numbers of a recurrent layer's state",
    .example =
        "  cnn viz neurons runs/char-lstm                   the six most telling units\n"
        "  cnn viz neurons runs/char-lstm \"ROMEO: But soft\" --units 3,17\n"
        "  cnn viz neurons runs/char-lstm sonnets.txt --layer rnn --count 12\n"
        "  cnn viz neurons runs/char-gpt --layer blocks.2   any layer over a text",
    .details =
        "Each symbol has the colour of the unit's number behind it: the output of the layer, for "
        "an lstm what leaves the cell. For every unit the text's plain facts are tried (inside "
        "quotes or brackets, the place in the line, capitals, punctuation, the beginning of words "
        "and sentences and others); it goes along with that of the largest correlation, whose "
        "square is the share of the unit's variance. The best unit of each fact comes first, then "
        "the others by that share, last those that change much and slowly. A unit may well stand "
        "for something else, that goes along with it. Written as a picture and as neurons.html.\n\n"
        "Karpathy, Johnson & Fei-Fei 2015, \"Visualizing and understanding recurrent networks\".",
    .words = "text",
    .make = make_kind<Neurons>};

}  // namespace cnn
