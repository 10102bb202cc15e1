#include "viz/text_network.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/parallel.h"
#include "base/text.h"
#include "data/catalogue.h"
#include "graph/cut.h"
#include "model/feed.h"
#include "model/settings.h"
#include "predict/text_search.h"

namespace cnn {
namespace {

size_t index(int id) { return static_cast<size_t>(id); }

bool is_text(const Field& field) {
  return field.kind == FieldKind::kClass && field.items.is_list && field.shape.count() == 1;
}

// Texts of a graph may be as long as they are, up to the most.
void let_texts_vary(Graph& graph) {
  for (const GraphField& field : graph.fields) {
    const int length = graph.value(field.value).length;
    if (length < 0 || !is_text(field.field)) continue;
    ListLength& own = graph.lengths[index(length)];
    if (own.source < 0) own = {own.most, true, field.value};
  }
}

void bind_sample(Executor& executor, const Graph& graph, const std::vector<int>& from,
                 const ListSample& sample, std::vector<std::vector<int64_t>>& starts) {
  starts.assign(graph.fields.size(), {});
  for (size_t f = 0; f < graph.fields.size(); ++f) {
    const ListSample::Part& part = sample.parts[index(from[f])];
    CNN_ASSERT(!part.numbers.empty());
    starts[f] = {0, part.items};
    const bool varies = graph.items(graph.value(graph.fields[f].value)).varies;
    executor.bind(static_cast<int>(f), part.numbers.data(), varies ? starts[f].data() : nullptr);
  }
}

std::vector<int> numbers_of_fields(const Graph& part, const Graph& whole) {
  std::vector<int> numbers;
  for (const GraphField& field : part.fields) {
    const auto same = std::find_if(whole.fields.begin(), whole.fields.end(),
                                   [&](const GraphField& f) { return f.value == field.value; });
    CNN_ASSERT(same != whole.fields.end());
    numbers.push_back(static_cast<int>(same - whole.fields.begin()));
  }
  return numbers;
}

}  // namespace

std::vector<int64_t> ListSample::symbols(int field) const {
  const Part& part = parts[index(field)];
  return {part.numbers.begin(), part.numbers.begin() + part.items};
}

TextNetwork::TextNetwork(const VizRequest& request)
    : request_(request),
      network_(request_.subject().spec, source_of(request_)),
      written_(written_list(graph())) {}

void TextNetwork::prepare(const std::vector<int>& keep, bool writes) {
  cut_.emplace(graph().clone());
  end_at(*cut_, keep);
  std::erase_if(cut_->fields, [&](const GraphField& field) {
    return !field.is_input || cut_->value(field.value).consumers.empty();
  });
  let_texts_vary(*cut_);
  from_ = numbers_of_fields(*cut_, graph());
  ParameterStore& store = network_.store();
  plan_ = plan_memory(*cut_, Pass::predicting(), store, 1, threads(), keep);
  std::vector<MemoryPlan::Tenant> others = {{"the layers that are shown", plan_->bytes()}};
  if (writes) {
    writer_ = std::make_unique<Writer>(graph(), store, Writer::Sizes{});
    others.push_back({"the answers", writer_->planned_bytes()});
  }
  network_.plan({{.pass = Pass::predicting(), .batch = 1, .keep = keep, .whole = false}});
  network_.load(others);
  arena_ = std::make_unique<Arena>(plan_->floats);
  executor_ = std::make_unique<Executor>(*cut_, store, *plan_, *arena_);
  if (writer_) writer_->allocate();
}

void TextNetwork::run(const ListSample& sample) {
  std::vector<std::vector<int64_t>> starts;
  bind_sample(*executor_, *cut_, from_, sample, starts);
  executor_->forward(1, 0, 0);
}

void TextNetwork::answer(ListSample& sample) {
  CNN_ASSERT(writer_ && answer_field() >= 0);
  std::vector<std::vector<int64_t>> starts;
  const Graph& before = writer_->graph();
  bind_sample(writer_->before(), before, numbers_of_fields(before, graph()), sample, starts);
  Symbols symbols = write_answers(*writer_, 1).front();
  const GraphField& field = graph().fields[index(answer_field())];
  const bool has_room = std::ssize(symbols) < writer_->most();
  if (has_room) symbols.push_back(TextVocabulary::kEdge);
  ListSample::Part& part = sample.parts[index(answer_field())];
  part.items = std::ssize(symbols);
  part.numbers.assign(symbols.begin(), symbols.end());
  if (!field.field.items.varies) {
    part.numbers.resize(static_cast<size_t>(field.field.items.most), 0);
  }
}

int TextNetwork::given_field(std::string_view what) const {
  int found = -1;
  for (size_t f = 0; f < graph().fields.size(); ++f) {
    const GraphField& field = graph().fields[f];
    if (!field.is_input || static_cast<int>(f) == answer_field()) continue;
    if (found >= 0) {
      fail(Exit::kUsage, "",
           "'{}' reads '{}' and '{}', and '{}' can be given one of them; without a text it shows "
           "samples of the data set",
           graph().name, graph().fields[index(found)].field.name, field.field.name, what);
    }
    found = static_cast<int>(f);
  }
  CNN_ASSERT(found >= 0);
  return found;
}

int TextNetwork::field_of_items(int value) const {
  const int length = graph().value(value).length;
  while (length >= 0 && graph().value(value).producer >= 0) {
    const GraphNode& node = graph().node(graph().value(value).producer);
    const auto alike = std::find_if(node.inputs.begin(), node.inputs.end(),
                                    [&](int v) { return graph().value(v).length == length; });
    if (alike == node.inputs.end()) return -1;
    value = *alike;
  }
  for (size_t f = 0; length >= 0 && f < graph().fields.size(); ++f) {
    if (graph().fields[f].value == value) return static_cast<int>(f);
  }
  return -1;
}

TextSamples::TextSamples(const VizRequest& request, const TextNetwork& network,
                         const std::vector<std::string>& texts, const SampleOptions& samples,
                         std::string_view what)
    : graph_(network.graph()),
      weights_(network.weights()),
      fields_(graph_.fields.size(), -1),
      first_(samples.first),
      split_(samples.split) {
  if (!texts.empty()) {
    given_ = network.given_field(what);
    const GraphField& field = graph_.fields[index(given_)];
    InputReading reading = input_reading(field, weights_);
    if (is_text(field.field) && !reading.vocabulary) {
      fail(Exit::kUsage, "",
           "the weights of '{}' know no symbols of '{}', so that no text can be given; without one "
           "'{}' shows samples of the data set",
           graph_.name, field.field.name, what);
    }
    if (is_text(field.field)) reading.field.items.varies = true;
    reading.refuses_long = true;
    given_inputs_ = open_inputs(texts, reading);
    view_ = view_of(given_inputs_);
    fields_[index(given_)] = 0;
    first_ = 0;
    size_ = view_.size();
    return;
  }
  const TrainSettings settings = read_train_settings(request.subject().spec);
  const DataReader reader = data_reader(graph_, &weights_);
  DataSource source(load_data(request.subject().spec, reader), static_cast<uint64_t>(settings.seed),
                    reader.fields);
  view_ = source.open(split_ == "test"    ? Split::kTest
                      : split_ == "train" ? Split::kTrain
                                          : Split::kValidation);
  check_vocabularies(weights_.vocabularies, vocabularies_of(*view_.dataset), weights_.model);
  if (view_.empty()) {
    fail(Exit::kUsage, "", "the split '{}' has no samples; --split {} shows others", split_,
         split_ == "train" ? "test" : "train");
  }
  const int64_t first = first_.value_or(0);
  if (first >= whole()) {
    fail(Exit::kUsage, "", "{}the split '{}' has {} samples, counted from 0",
         first_ ? fmt::format("--first {}: ", first) : std::string(), split_, whole());
  }
  size_ = std::min(samples.samples, whole() - first);
  for (size_t f = 0; f < graph_.fields.size(); ++f) {
    if (!graph_.fields[f].is_input) continue;
    fields_[f] = bind_fields(view_, std::span(&graph_.fields[f].field, 1))[0];
  }
}

ListSample TextSamples::read(int64_t i) const {
  const int64_t place = first_ ? *first_ + i : i * whole() / size_;
  const int64_t sample = view_.indices[static_cast<size_t>(place)];
  const Dataset& data = *view_.dataset;
  const std::vector<Field>& fields = data.fields();
  std::vector<ListSample::Part> parts(fields.size());
  std::vector<float*> out(fields.size(), nullptr);
  for (const int f : fields_) {
    if (f < 0) continue;
    const Field& field = fields[index(f)];
    parts[index(f)].numbers.resize(static_cast<size_t>(field.items.most * field.shape.count()));
    out[index(f)] = parts[index(f)].numbers.data();
  }
  std::vector<int64_t> items(fields.size(), 1);
  for (size_t f = 0; f < fields.size(); ++f) items[f] = fields[f].items.most;
  data.read_items(sample, nullptr, out, items);
  ListSample read{is_given() ? given_name(place) : fmt::format("{} {}", split_, place),
                  std::vector<ListSample::Part>(graph_.fields.size())};
  for (size_t f = 0; f < fields_.size(); ++f) {
    if (fields_[f] < 0) continue;
    const Field& field = fields[index(fields_[f])];
    ListSample::Part& part = read.parts[f];
    part.numbers = parts[index(fields_[f])].numbers;
    part.items = items[index(fields_[f])];
    part.numbers.resize(static_cast<size_t>(part.items * field.shape.count()));
  }
  return read;
}

std::string TextSamples::given_name(int64_t i) const {
  const Inputs::Part& part = given_inputs_->part_of(i);
  if (!part.samples->is_pictures()) return size_ > 1 ? fmt::format("text {}", i + 1) : "the text";
  return std::filesystem::path(part.samples->path(i - part.first)).filename().string();
}

std::shared_ptr<const TextVocabulary> TextSamples::vocabulary(int field) const {
  const GraphField& wanted = graph_.fields[index(field)];
  const auto known = weights_.vocabularies.find(wanted.field.name);
  if (known != weights_.vocabularies.end()) return known->second;
  if (!is_given() && fields_[index(field)] >= 0) {
    return view_.dataset->vocabulary(fields_[index(field)]);
  }
  return is_given() && field == given_ ? weights_.vocabulary : nullptr;
}

Image TextSamples::picture(const ListSample& sample, int field) const {
  const Field& own = graph_.fields[index(field)].field;
  return sample_picture(sample.parts[index(field)].numbers.data(), own.shape,
                        view_.dataset->normalization());
}

std::string visible_symbol(const TextVocabulary& vocabulary, int64_t number) {
  if (number < 0 || number >= vocabulary.size()) return std::to_string(number);
  std::string shown;
  for (const char c : vocabulary.symbols()[static_cast<size_t>(number)]) {
    if (c == ' ') {
      shown += "\xe2\x90\xa3";  // an open box
    } else if (c == '\n') {
      shown += "\xe2\x8f\x8e";  // a return arrow
    } else if (c == '\t') {
      shown += "\xe2\x87\xa5";
    } else {
      shown += c;
    }
  }
  return shown;
}

}  // namespace cnn
