#include "reference/attention.h"

#include <cmath>

#include "support/catch.h"
#include "support/check_layer.h"
#include "support/text.h"

namespace cnn {
namespace {

Numbers scores_of(const std::string& kind, const ReferenceCall& call, const double* q,
                  const double* items, size_t count) {
  const auto in = static_cast<size_t>(call.shapes[0].count());
  const auto width = static_cast<size_t>(call.shapes[1].count());
  const std::vector<Numbers>& p = call.parameters;
  Numbers scores;
  for (size_t j = 0; j < count; ++j) {
    const double* x = items + j * width;
    if (kind == "additive") {
      const size_t units = p[2].size();
      const Numbers a = reference::times(p[0].data(), units, q, in);
      const Numbers b = reference::times(p[1].data(), units, x, width);
      double sum = 0;
      for (size_t d = 0; d < units; ++d) sum += p[2][d] * std::tanh(a[d] + b[d]);
      scores.push_back(sum);
    } else if (kind == "general") {
      const Numbers a = reference::times(p[0].data(), width, q, in);
      scores.push_back(reference::dot(a.data(), x, width));
    } else {
      const double product = reference::dot(q, x, width);
      scores.push_back(kind == "dot" ? product : product / std::sqrt(static_cast<double>(width)));
    }
  }
  return scores;
}

auto naive(const std::string& kind, int64_t most) {
  return [kind, most](const ReferenceCall& call) {
    const auto in = static_cast<size_t>(call.shapes[0].count());
    const auto width = static_cast<size_t>(call.shapes[1].count());
    Numbers out, all_weights;
    for (size_t n = 0; n < static_cast<size_t>(call.batch); ++n) {
      const auto first = static_cast<size_t>(call.starts[1][n]);
      const auto count = static_cast<size_t>(call.starts[1][n + 1]) - first;
      const double* items = call.inputs[1].data() + first * width;
      for (auto i = static_cast<size_t>(call.starts[0][n]);
           i < static_cast<size_t>(call.starts[0][n + 1]); ++i) {
        Numbers weights = reference::softmax_of(
            scores_of(kind, call, call.inputs[0].data() + i * in, items, count), count);
        for (size_t c = 0; c < width; ++c) {
          double sum = 0;
          for (size_t j = 0; j < count; ++j) sum += weights[j] * items[j * width + c];
          out.push_back(sum);
        }
        weights.resize(static_cast<size_t>(most), 0.0);
        all_weights.insert(all_weights.end(), weights.begin(), weights.end());
      }
    }
    out.insert(out.end(), all_weights.begin(), all_weights.end());
    return out;
  };
}

void check(const std::string& kind, const std::string& options, const LayerInput& queries,
           const Form& items) {
  LayerCase layer{fmt::format("{{attention: [q, x], score: {}{}}}", kind, options),
                  {queries, items},
                  naive(kind, items.items.most)};
  layer.tolerance = 5e-6;
  // Differences of numbers that are nearly alike, relative to the largest of these differences.
  layer.gradient_tolerance = 3e-4;
  if (items.items.most == 1) {  // it is taken whole, whoever asks: the gradient is 0
    layer.gradient_tolerance = 1e-3;
    layer.may_ask_in_vain = true;
  }
  check_layer(layer);
}

Form other_list_of(const Shape& shape, const Items& items) {
  Form form = list_of(shape, items);
  form.length = 2;
  return form;
}

}  // namespace

TEST_CASE("attention is the mean of the items that match a query") {
  for (const Items& items : {Items::list(1), Items::list(4), Items::up_to(1), Items::up_to(7)}) {
    for (const Items& queries : {Items::list(3), Items::up_to(4)}) {
      for (const char* kind : {"additive", "dot", "scaled", "general"}) {
        check(kind, "", list_of({3}, queries), other_list_of({3}, items));
      }
      check("additive", ", width: 5", list_of({2}, queries), other_list_of({3}, items));
      check("general", "", list_of({2}, queries), other_list_of({3}, items));
      check("dot", "", list_of({1}, queries), other_list_of({1}, items));
    }
  }
}

TEST_CASE("attention looks at long lists in parts") {
  check("additive", "", list_of({3}, Items::list(21)), other_list_of({5}, Items::up_to(19)));
  check("scaled", "", list_of({5}, Items::up_to(40)), other_list_of({5}, Items::list(33)));
}

TEST_CASE("a plain value may ask") {
  for (const char* kind : {"additive", "general", "scaled"}) {
    check(kind, "", LayerInput{3}, other_list_of({3}, Items::up_to(5)));
  }
}

TEST_CASE("attention says what it needs") {
  const Form list = list_of({3}, Items::up_to(4));
  CHECK(contains(setup_error("{attention: [q, x]}", {list, {3}}), "[3] is no list"));
  CHECK(contains(setup_error("{attention: [q, x]}", {list, {3, 4, 4}}), "'tokens' makes them"));
  CHECK(contains(setup_error("{attention: [q, x], score: dot}", {{2}, list}),
                 "not equally wide; 'general' and 'additive' may"));
  CHECK(contains(setup_error("{attention: [q, x], score: dot, width: 4}", {list, list}),
                 "'width' is for score: additive"));
  const LayerHarness additive("{attention: [q, x], width: 5}", {{2}, list});
  CHECK(additive.plan().parameters[0].shape == Shape{5, 2});
  CHECK(additive.plan().parameters[1].shape == Shape{5, 3});
  CHECK(additive.plan().parameters[2].shape == Shape{1, 5});
}

}  // namespace cnn
