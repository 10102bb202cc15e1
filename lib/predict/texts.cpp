#include "predict/texts.h"

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "graph/builder.h"
#include "model/feed.h"
#include "model/inputs.h"
#include "model/network.h"
#include "model/settings.h"
#include "predict/text_search.h"
#include "predict/writer.h"

namespace cnn {
namespace {

// A writer with its weights.
class LoadedWriter {
 public:
  LoadedWriter(const ModelSpec& spec, const PredictRequest& request, const Writer::Sizes& sizes)
      : graph_(build_graph(spec, Phase::kTest, store_)),
        list_(written_list(graph_)),
        writer_(graph_, store_, sizes) {
    check_memory(writer_.planned_bytes() + store_.value_bytes(), request.memory_limit,
                 writer_.largest_plan().largest);
    store_.allocate(false);
    if (request.partial_weights) store_.initialize(0);
    weights_ = load_weights(request.weights, store_,
                            {request.allow_non_finite_weights, request.partial_weights, &spec});
    writer_.allocate();
  }

  Writer& writer() { return writer_; }
  const Graph& graph() const { return graph_; }
  const WeightsInfo& weights() const { return weights_; }
  // Of what is written.
  const TextVocabulary& vocabulary() const {
    const std::string& name = graph_.fields[static_cast<size_t>(list_.field)].field.name;
    const auto found = weights_.vocabularies.find(name);
    if (found != weights_.vocabularies.end() && found->second != nullptr) return *found->second;
    fail(Exit::kInput, weights_.model,
         "the weights do not say which symbols the class numbers of '{}' stand for", name);
  }

 private:
  ParameterStore store_;
  Graph graph_;
  WrittenList list_;
  Writer writer_;
  WeightsInfo weights_;
};

WrittenList list_of(const ModelSpec& spec) {
  ParameterStore store;
  return written_list(build_graph(spec, Phase::kTest, store));
}

Answer answer_of(std::string input, std::string text) {
  Answer answer;
  answer.input = std::move(input);
  answer.is_whole = true;
  answer.json["text"] = text;
  answer.rows.push_back({text});
  answer.text = std::move(text);
  return answer;
}

// A vocabulary of bytes may give anything.
std::string valid_text(std::string text) { return is_utf8(text) ? text : escaped(text); }

}  // namespace

bool answers_with_texts(const ModelSpec& spec) {
  if (spec.inputs.size() < 2) return false;  // what is asked, and the answer
  const WrittenList list = list_of(spec);
  return list.field >= 0 && list.is_target;
}

PredictReport predict_answers(const ModelSpec& spec, const PredictRequest& request) {
  const TrainSettings settings = read_train_settings(spec);
  const int64_t batch = request.batch_size > 0 ? request.batch_size : settings.batch_size;
  LoadedWriter loaded(spec, request, {batch, request.beams});
  Writer& writer = loaded.writer();
  const TextVocabulary& vocabulary = loaded.vocabulary();
  const GraphField& field = only_input(writer.graph(), "predict");
  InputReading reading = input_reading(field, loaded.weights());
  reading.skip_bad = request.skip_bad;
  reading.look.invert = request.invert.value_or(reading.look.invert);
  const std::shared_ptr<const Inputs> inputs = open_inputs(request.inputs, reading);
  Feed feed(writer.graph(), view_of(inputs), settings.loader(batch), Feed::Reads::kInputs);
  PredictReport report;
  report.model = loaded.graph().name;
  report.columns = {"text"};
  report.counts_samples = false;
  report.names_inputs = field.field.kind != FieldKind::kClass;  // an answer a line
  feed.start_epoch(0);
  while (const int64_t n = feed.next(writer.before())) {
    const std::vector<Symbols> texts = write_answers(writer, n);
    for (const Symbols& symbols : texts) {
      const Inputs::Part& part = inputs->part_of(report.samples);
      const int64_t sample = report.samples - part.first;
      const bool is_named = part.samples->has_names();
      Answer answer = answer_of(is_named ? part.samples->name(sample) : part.samples->origin(),
                                valid_text(vocabulary.decode(symbols)));
      answer.is_whole = is_named;
      answer.sample = sample;
      report.answers.push_back(std::move(answer));
      ++report.samples;
    }
  }
  return report;
}

PredictReport go_on_with_prompt(const ModelSpec& spec, const PredictRequest& request) {
  const WrittenList list = list_of(spec);
  if (list.field < 0 || list.is_target) {
    fail(Exit::kUsage, "", "--prompt is for networks that tell what comes next in a text; '{}' {}",
         spec.name,
         list.field < 0 ? "writes none" : "answers: give it sentences, or pictures, as inputs");
  }
  LoadedWriter loaded(spec, request, {1, 1});
  const TextVocabulary& vocabulary = loaded.vocabulary();
  if (request.prompt->empty()) {
    fail(Exit::kUsage, "", "--prompt is empty; a text goes on from one symbol or more: --prompt={}",
         vocabulary.unit() == TextUnit::kWord ? "the" : "A");
  }
  UnknownUnits unknown;
  const Symbols prompt = vocabulary.encode(*request.prompt, &unknown);
  if (prompt.empty()) {
    fail(Exit::kInput, "--prompt", "{}", unknown.text(vocabulary.unit(), "the model's"));
  }
  if (unknown.any()) {
    note("--prompt: {}; {}", unknown.text(vocabulary.unit(), "the model's"),
         vocabulary.has_edge() ? "read as <unk>" : "left out");
  }
  const SymbolDraw draw{request.temperature, request.top, static_cast<uint64_t>(request.seed)};
  Symbols written(prompt);
  // Texts of two symbols differ from those of the first by what the second adds.
  const auto added = [&](int64_t symbol) {
    const Symbols last = {written.back()}, both = {written.back(), symbol};
    return vocabulary.decode(both).substr(vocabulary.decode(last).size());
  };
  std::string text = vocabulary.decode(prompt);
  if (request.tell) request.tell(text);
  go_on(loaded.writer(), prompt, request.length, draw, [&](int64_t symbol) {
    if (vocabulary.has_edge() && symbol == TextVocabulary::kEdge) return false;
    const std::string more = added(symbol);
    if (request.tell) request.tell(more);
    text += more;
    written.push_back(symbol);
    return true;
  });
  PredictReport report;
  report.model = loaded.graph().name;
  report.columns = {"text"};
  report.counts_samples = false;
  report.samples = 1;
  report.answers.push_back(answer_of(*request.prompt, valid_text(text)));
  return report;
}

}  // namespace cnn
