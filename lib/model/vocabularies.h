// Vocabularies: what the class numbers of a network's fields stand for where they are symbols of
// texts. Weights keep them, so that prediction needs nothing else.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/json.h"
#include "data/dataset.h"
#include "data/vocabulary.h"

namespace cnn {

using Vocabularies = std::map<std::string, std::shared_ptr<const TextVocabulary>>;  // by field

Vocabularies vocabularies_of(const Dataset& dataset);

// {"unit": "word", "lower": true, "symbols": [...]}; null for what is none such.
Json vocabulary_json(const TextVocabulary& vocabulary);
std::shared_ptr<const TextVocabulary> vocabulary_of(const Json& json);

// A network has learned what its numbers mean, so the data must mean the same by them. Exit::kInput
// with both sizes and the first difference if a field's symbols are others; `place`: the weights.
void check_vocabularies(const Vocabularies& known, const Vocabularies& data,
                        const std::string& place);

}  // namespace cnn
