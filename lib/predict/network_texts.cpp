#include "predict/network_texts.h"

#include <algorithm>

#include "base/error.h"
#include "data/vocabulary.h"
#include "predict/text_search.h"

namespace cnn {

NetworkTexts::NetworkTexts(Graph graph, std::shared_ptr<const Dataset> dataset,
                           std::shared_ptr<const TextVocabulary> vocabulary)
    : graph_(std::move(graph)), dataset_(std::move(dataset)), vocabulary_(std::move(vocabulary)) {}

std::unique_ptr<NetworkTexts> NetworkTexts::make(Graph graph, ParameterStore& store,
                                                 std::shared_ptr<const Dataset> dataset,
                                                 int64_t batch, const std::vector<Writing>& ways) {
  const WrittenList list = written_list(graph);
  if (list.field < 0 || !list.is_target) return nullptr;
  const int field = dataset->field(graph.fields[static_cast<size_t>(list.field)].field.name);
  std::shared_ptr<const TextVocabulary> vocabulary =
      field >= 0 ? dataset->vocabulary(field) : nullptr;
  if (vocabulary == nullptr) return nullptr;
  std::unique_ptr<NetworkTexts> texts(
      new NetworkTexts(std::move(graph), std::move(dataset), std::move(vocabulary)));
  for (const Writing& way : ways) {
    if (way.value != list.scores) {
      fail(Exit::kSpec, "", "'{}' is not what the network writes by; that is '{}'",
           texts->graph_.value(way.value).name, texts->graph_.value(list.scores).name);
    }
    const auto has_beams = [&](const auto& entry) { return entry.first == way.beam; };
    if (std::any_of(texts->writers_.begin(), texts->writers_.end(), has_beams)) continue;
    texts->writers_.emplace_back(
        way.beam, std::make_unique<Writer>(texts->graph_, store, Writer::Sizes{batch, way.beam}));
  }
  return texts;
}

uint64_t NetworkTexts::bytes() const {
  uint64_t bytes = 0;
  for (const auto& [beams, writer] : writers_) bytes += writer->planned_bytes();
  return bytes;
}

void NetworkTexts::allocate(Executor& executor) {
  executor_ = &executor;
  for (const auto& [beams, writer] : writers_) writer->allocate();
}

std::vector<std::string> NetworkTexts::write(const Writing& how, std::span<const int64_t> samples) {
  const auto place = std::find_if(writers_.begin(), writers_.end(),
                                  [&](const auto& entry) { return entry.first == how.beam; });
  CNN_ASSERT(place != writers_.end());
  Writer& writer = *place->second;
  const std::vector<GraphField>& fields = writer.graph().fields;
  for (size_t i = 0; i < fields.size(); ++i) {
    const ConstView seen = executor_->value(fields[i].value);
    const bool is_list = graph_.value(fields[i].value).length >= 0;
    writer.before().bind(static_cast<int>(i), seen.data, is_list ? seen.starts : nullptr);
  }
  std::vector<std::string> texts;
  for (const Symbols& symbols :
       write_answers(writer, static_cast<int64_t>(samples.size()), how.most)) {
    texts.push_back(vocabulary_->decode(symbols));
  }
  return texts;
}

std::vector<std::string> NetworkTexts::references(int64_t sample) const {
  return dataset_->references(sample);
}

}  // namespace cnn
