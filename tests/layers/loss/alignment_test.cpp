#include <algorithm>
#include <cmath>

#include "support/catch.h"
#include "support/check_layer.h"
#include "support/text.h"

namespace cnn {
namespace {

struct AlignmentReference {
  double margin = 1;
  bool positive = false, mean = false;

  // Of picture k and sentence l.
  double score(const ReferenceCall& call, int64_t k, int64_t l) const {
    const auto width = static_cast<size_t>(call.shapes[0].count());
    const auto begin = [&](size_t input, int64_t n) {
      return static_cast<size_t>(call.starts[input][static_cast<size_t>(n)]);
    };
    double sum = 0;
    for (size_t t = begin(1, l); t < begin(1, l + 1); ++t) {
      double best = -1e300, all = 0;
      for (size_t i = begin(0, k); i < begin(0, k + 1); ++i) {
        double product = 0;
        for (size_t j = 0; j < width; ++j) {
          product += call.inputs[0][i * width + j] * call.inputs[1][t * width + j];
        }
        best = std::max(best, product);
        all += std::max(0.0, product);
      }
      sum += positive ? all : best;
    }
    return sum;
  }

  Numbers operator()(const ReferenceCall& call) const {
    const auto is_whole = [&](int64_t n) {
      const auto i = static_cast<size_t>(n);
      return call.starts[0][i] < call.starts[0][i + 1] && call.starts[1][i] < call.starts[1][i + 1];
    };
    int64_t whole = 0;
    for (int64_t n = 0; n < call.batch; ++n) whole += is_whole(n) ? 1 : 0;
    Numbers out;
    for (int64_t k = 0; k < call.batch; ++k) {
      double cost = 0;
      for (int64_t l = 0; is_whole(k) && l < call.batch; ++l) {
        if (l == k || !is_whole(l)) continue;
        const double own = score(call, k, k);
        cost += std::max(0.0, score(call, k, l) - own + margin);
        cost += std::max(0.0, score(call, l, k) - own + margin);
      }
      out.push_back(cost);
      out.push_back(!mean ? 1 : is_whole(k) ? 2 * static_cast<double>(whole - 1) : 0);
    }
    return out;
  }
};

LayerCase alignment_case(const std::string& options, const LayerInput& regions,
                         const LayerInput& words, const AlignmentReference& reference) {
  LayerCase layer_case{"{alignment: [regions, words]" + options + "}", {regions, words}, reference};
  layer_case.may_ask_in_vain = true;  // a sample that is alone costs nothing
  return layer_case;
}

}  // namespace

TEST_CASE("alignment matches the reference for lists of every length") {
  const auto list = [](int64_t width, int64_t most) {
    return list_of({width}, Items::up_to(most));
  };
  check_layer(alignment_case("", list(3, 4), list(3, 6), {}));
  check_layer(alignment_case("", list(17, 6), list(17, 4), {}));
  check_layer(alignment_case("", list_of({5}, Items::list(3)), list(5, 4), {}));
  check_layer(alignment_case("", list(33, 6), list_of({33}, Items::list(2)), {}));
  check_layer(alignment_case("", {4}, {4}, {}));  // one vector each
  check_layer(alignment_case("", {7}, list(7, 5), {}));
  check_layer(alignment_case("", list(129, 40), list(129, 50), {}));  // enough to be cut
}

TEST_CASE("alignment has margins and the score of positive products and a mean") {
  const Form regions = list_of({6}, Items::up_to(4)), words = list_of({6}, Items::up_to(6));
  check_layer(alignment_case(", margin: 0", regions, words, {.margin = 0}));
  check_layer(alignment_case(", margin: 40", regions, words, {.margin = 40}));
  check_layer(alignment_case(", score: positive", regions, words, {.positive = true}));
  check_layer(alignment_case(", reduction: mean", regions, words, {.mean = true}));
  check_layer(alignment_case(", score: positive, margin: 3, reduction: mean", regions, words,
                             {.margin = 3, .positive = true, .mean = true}));
}

TEST_CASE("alignment by hand: two pictures and two sentences") {
  // Sample 0: regions (1,0), (0,1), words (2,0), (0,1). Sample 1: region (1,1), word (0.5,0).
  // S = [[3, 0.5], [3, 0.5]]: the first sentence likes both pictures alike. The second region and
  // word of sample 1 are zeros; the word takes the first of the regions.
  const LayerHarness layer("{alignment: [v, s], margin: 0.25}",
                           {list_of({2}, Items::list(2)), list_of({2}, Items::list(2))});
  const RunResult result =
      layer.run({}, 2, 2, {{1, 0, 0, 1, 1, 1, 0, 0}, {2, 0, 0, 1, 0.5, 0, 0, 0}}, {}, {});
  // Sample 0: max(0, 0.5 - 3 + 0.25) + (3 - 3 + 0.25); sample 1: (3 - 0.5 + 0.25) + 0.25.
  CHECK(result.out == std::vector<float>{0.25F, 1, 3, 1});
  // Terms that count: S_10 - S_00, S_10 - S_11, S_01 - S_11, each over two samples.
  CHECK(result.grad_in[0] == std::vector<float>{-1 + 0.25F, 0, 0, -0.5F, 2 - 0.5F, 1, 0, 0});
  CHECK(result.grad_in[1] ==
        std::vector<float>{1 - 0.5F, 1, 1, 1 - 0.5F, 0.5F - 1, -1, 0.5F - 1, -1});
}

TEST_CASE("a sample that nothing can be ranked against costs nothing") {
  const LayerHarness layer("{alignment: [v, s]}", {{2}, {2}});
  const RunResult alone = layer.run({}, 1, 1, {{1, 2}, {3, 4}}, {}, {});
  CHECK(alone.out == std::vector<float>{0, 1});
  CHECK(alone.grad_in[0] == std::vector<float>{0, 0});
  const LayerHarness mean("{alignment: [v, s], reduction: mean}", {{2}, {2}});
  CHECK(mean.run({}, 1, 1, {{1, 2}, {3, 4}}, {}, {}).out == std::vector<float>{0, 0});
  // The second of two samples has no regions.
  const LayerHarness lists("{alignment: [v, s]}", {list_of({1}, Items::up_to(4)), {1}});
  const RunResult whole = lists.run({}, 2, 2, {{1, 2}, {3, 4}}, {}, {});
  CHECK(whole.out == std::vector<float>{0, 1, 0, 1});
  CHECK(whole.grad_in[0] == std::vector<float>{0, 0});
  CHECK(whole.grad_in[1] == std::vector<float>{0, 0});
}

TEST_CASE("alignment refuses what cannot be ranked") {
  const Form words = list_of({4}, Items::up_to(3));
  CHECK(contains(setup_error("{alignment: [v, s]}", {{3}, words}), "not vectors of one length"));
  CHECK(contains(setup_error("{alignment: [v, s]}", {{4, 2, 2}, words}), "is no vector"));
  CHECK(contains(setup_error("{alignment: [v, s]}", {{1}, classes_below(9, {1}, Items::up_to(3))}),
                 "is no vector"));
  CHECK(setup_error("{alignment: [v, s], margin: -1}", {{4}, words}) != "");
}

}  // namespace cnn
