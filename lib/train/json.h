// JSON of the small types that several files share. For .cpp files of this folder only.
#pragma once

#include <cmath>
#include <optional>
#include <string>

#include "base/json.h"
#include "train/results.h"

namespace cnn {

// JSON has no NaN: null stands for it.
inline Json json_number(double value) { return std::isfinite(value) ? Json(value) : Json(); }

inline Json json_of(const std::optional<BestResult>& best) {
  if (!best) return nullptr;
  return {{"metric", best->metric}, {"value", json_number(best->value)}, {"epoch", best->epoch}};
}

inline std::optional<BestResult> best_of(const Json& json) {
  if (json.is_null()) return std::nullopt;
  return BestResult{json.at("metric").get<std::string>(), json.at("value").get<double>(),
                    json.at("epoch").get<int64_t>()};
}

// {"loss": 0.1, "accuracy": 0.98}
inline Json json_of(const Scores& scores) {
  Json map = Json::object();
  for (const auto& [name, value] : scores) map[name] = json_number(value);
  return map;
}

inline Scores scores_of(const Json& map) {
  Scores scores;
  for (const auto& [name, value] : map.items()) {
    scores.emplace_back(name, value.is_null() ? std::nan("") : value.get<double>());
  }
  return scores;
}

inline std::string json_text(const Json& json, int indent = -1) { return json.dump(indent); }

}  // namespace cnn
