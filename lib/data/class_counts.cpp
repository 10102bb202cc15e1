#include "data/class_counts.h"

#include <algorithm>
#include <numeric>

#include "base/parallel.h"
#include "base/text.h"

namespace cnn {

int label_field(const Dataset& dataset) {
  for (size_t i = 0; i < dataset.fields().size(); ++i) {
    if (dataset.fields()[i].is_label()) return static_cast<int>(i);
  }
  return -1;
}

std::vector<int64_t> labels_of(const DataView& view, int field) {
  float label = 0;
  FieldReader reader(*view.dataset, field);
  std::vector<int64_t> labels;
  labels.reserve(view.indices.size());
  for (const int64_t index : view.indices) {
    reader.read(index, &label);
    labels.push_back(static_cast<int64_t>(label));
  }
  return labels;
}

std::vector<int64_t> class_counts(const DataView& view, int field, int64_t classes) {
  const Dataset& dataset = *view.dataset;
  const auto count =
      static_cast<size_t>(dataset.fields()[static_cast<size_t>(field)].shape.count());
  // Whole numbers: the order of the sums is of no matter, but they are taken in one.
  constexpr int64_t kChunk = 64;
  const int64_t chunks = (view.size() + kChunk - 1) / kChunk;
  std::vector<std::vector<int64_t>> parts(static_cast<size_t>(chunks));
  parallel_for(chunks, 1, [&](int64_t begin, int64_t end) {
    std::vector<float> numbers(count);
    FieldReader reader(dataset, field);
    for (int64_t chunk = begin; chunk < end; ++chunk) {
      std::vector<int64_t>& part = parts[static_cast<size_t>(chunk)];
      part.assign(static_cast<size_t>(classes), 0);
      const int64_t last = std::min(view.size(), (chunk + 1) * kChunk);
      for (int64_t i = chunk * kChunk; i < last; ++i) {
        reader.read(view.indices[static_cast<size_t>(i)], numbers.data());
        for (const float number : numbers) {
          const auto c = static_cast<int64_t>(number);
          if (c >= 0 && c < classes && c != dataset.ignored_class()) ++part[static_cast<size_t>(c)];
        }
      }
    }
  });
  std::vector<int64_t> counts(static_cast<size_t>(classes), 0);
  for (const std::vector<int64_t>& part : parts) {
    for (size_t c = 0; c < counts.size(); ++c) counts[c] += part[c];
  }
  return counts;
}

std::vector<double> balanced_weights(const std::vector<int64_t>& counts) {
  const auto there = static_cast<double>(
      std::count_if(counts.begin(), counts.end(), [](int64_t n) { return n > 0; }));
  const auto all = static_cast<double>(std::accumulate(counts.begin(), counts.end(), int64_t{0}));
  std::vector<double> weights;
  for (const int64_t n : counts) {
    weights.push_back(n > 0 ? all / (there * static_cast<double>(n)) : 1);
  }
  return weights;
}

bool is_unbalanced(const std::vector<int64_t>& counts) {
  if (counts.empty()) return false;
  const auto [least, most] = std::minmax_element(counts.begin(), counts.end());
  return 2 * *most > 3 * *least;
}

std::string counts_text(const std::vector<int64_t>& counts, const std::vector<std::string>& names,
                        size_t most) {
  const auto name = [&](size_t c) {
    return c < names.size() ? escaped(names[c]) : std::to_string(c);
  };
  if (counts.size() > most) {
    const auto [low, high] = std::minmax_element(counts.begin(), counts.end());
    return fmt::format("{} classes, from {} ({}) to {} ({})", counts.size(), *low,
                       name(static_cast<size_t>(low - counts.begin())), *high,
                       name(static_cast<size_t>(high - counts.begin())));
  }
  std::vector<std::string> words;
  for (size_t c = 0; c < counts.size(); ++c) {
    words.push_back(fmt::format("{} {}", name(c), counts[c]));
  }
  return join(words, ", ");
}

}  // namespace cnn
