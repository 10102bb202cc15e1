#include "model/vocabularies.h"

#include "base/error.h"

namespace cnn {

Vocabularies vocabularies_of(const Dataset& dataset) {
  Vocabularies all;
  for (size_t f = 0; f < dataset.fields().size(); ++f) {
    auto vocabulary = dataset.vocabulary(static_cast<int>(f));
    if (vocabulary) all[dataset.fields()[f].name] = std::move(vocabulary);
  }
  return all;
}

Json vocabulary_json(const TextVocabulary& vocabulary) {
  Json json = Json::object();
  json["unit"] = unit_name(vocabulary.unit());
  if (vocabulary.lowers()) json["lower"] = true;
  json["symbols"] = vocabulary.symbols();
  return json;
}

std::shared_ptr<const TextVocabulary> vocabulary_of(const Json& json) {
  try {
    const auto unit = unit_named(json.at("unit").get<std::string>());
    const auto symbols = json.at("symbols").get<std::vector<std::string>>();
    const Json* lower = json.find("lower");
    const bool lowers = lower != nullptr && lower->get<bool>();
    if (!unit) return nullptr;
    auto vocabulary = TextVocabulary::of_symbols(symbols, *unit, lowers);
    return vocabulary ? std::make_shared<const TextVocabulary>(std::move(*vocabulary)) : nullptr;
  } catch (const JsonError&) {
    return nullptr;  // of another tool
  }
}

void check_vocabularies(const Vocabularies& known, const Vocabularies& data,
                        const std::string& place) {
  for (const auto& [name, vocabulary] : known) {
    const auto found = data.find(name);
    if (found == data.end()) continue;
    const std::string difference = vocabulary->difference(*found->second);
    if (difference.empty()) continue;
    throw Error(
        Exit::kInput,
        {{place,
          fmt::format("the weights know other symbols in '{}' than these data have: {}", name,
                      difference),
          {},
          {"symbols are those of a data map's training part, by its 'unit', 'lower' and 'symbols': "
           "other texts for these weights are named in the run's own map, as data.test=FILE",
           "a network for the new symbols begins without these weights"}}});
  }
}

}  // namespace cnn
