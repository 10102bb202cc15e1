#include <cmath>

#include "reference/attention.h"
#include "support/catch.h"
#include "support/check_layer.h"
#include "support/text.h"

namespace cnn {
namespace {

using reference::NumberRows;

struct Looks {
  size_t heads = 1;
  bool causal = false, bias = true;
  double dropout = 0;
};

// One sample: its items among those of the batch.
struct Span {
  size_t first, count;
};
Span span_of(const ReferenceCall& call, size_t input, int64_t n) {
  const std::vector<int64_t>& starts = call.starts[input];
  const auto first = static_cast<size_t>(starts[static_cast<size_t>(n)]);
  return {first, static_cast<size_t>(starts[static_cast<size_t>(n) + 1]) - first};
}

// [rows of the sample][width] of x W^T + b.
std::vector<Numbers> project(const ReferenceCall& call, size_t input, const Span& span,
                             const double* weight, size_t out, const double* bias) {
  const auto width = static_cast<size_t>(call.shapes[input].count());
  std::vector<Numbers> rows;
  for (size_t i = 0; i < span.count; ++i) {
    const double* x = call.inputs[input].data() + (span.first + i) * width;
    rows.push_back(reference::times(weight, out, x, width, bias));
  }
  return rows;
}

// The factors of the weights of a query, by the layer's random numbers.
double factor(const ReferenceCall& call, const Looks& looks, int64_t n, size_t h, size_t i,
              size_t j, size_t queries_most, size_t keys_most) {
  if (looks.dropout == 0 || call.phase == Phase::kTest) return 1;
  const size_t stride = (keys_most + 15) / 16 * 16;
  const double bits = call.rng(n).bits((h * queries_most + i) * stride + j);
  return bits >= std::ldexp(looks.dropout, 32) ? 1 / (1 - looks.dropout) : 0;
}

auto naive(const Looks& looks, int64_t queries_most, int64_t keys_most) {
  return [=](const ReferenceCall& call) {
    const size_t inputs = call.inputs.size(), key_input = std::min<size_t>(1, inputs - 1);
    const size_t value_input = inputs - 1;
    const auto e = static_cast<size_t>(call.shapes[0].count());
    const auto k_width = static_cast<size_t>(call.shapes[key_input].count());
    const auto v_width = static_cast<size_t>(call.shapes[value_input].count());
    const bool is_one = k_width == e && v_width == e;
    const std::vector<Numbers>& p = call.parameters;
    const double* wq = p[0].data();
    const double* wk = is_one ? wq + e * e : p[1].data();
    const double* wv = is_one ? wq + 2 * e * e : p[2].data();
    size_t next = is_one ? 1 : 3;
    const double* in_bias = looks.bias ? p[next++].data() : nullptr;
    const double* wo = p[next++].data();
    const double* out_bias = looks.bias ? p[next].data() : nullptr;
    const auto part = [&](size_t k) { return in_bias != nullptr ? in_bias + k * e : nullptr; };
    const size_t d = e / looks.heads;
    Numbers out, all_weights;
    for (int64_t n = 0; n < call.batch; ++n) {
      const Span q_span = span_of(call, 0, n), k_span = span_of(call, key_input, n);
      const auto q = project(call, 0, q_span, wq, e, part(0));
      const auto k = project(call, key_input, k_span, wk, e, part(1));
      const auto v = project(call, value_input, k_span, wv, e, part(2));
      for (size_t i = 0; i < q.size(); ++i) {
        Numbers context(e, 0.0), mean(static_cast<size_t>(keys_most), 0.0);
        for (size_t h = 0; h < looks.heads; ++h) {
          Numbers scores;
          for (const Numbers& key : k) {
            const double product = reference::dot(q[i].data() + h * d, key.data() + h * d, d);
            scores.push_back(product / std::sqrt(static_cast<double>(d)));
          }
          const Numbers weights = reference::softmax_of(scores, looks.causal ? i + 1 : k.size());
          for (size_t j = 0; j < k.size(); ++j) {
            mean[j] += weights[j] / static_cast<double>(looks.heads);
            const double kept =
                weights[j] * factor(call, looks, n, h, i, j, static_cast<size_t>(queries_most),
                                    static_cast<size_t>(keys_most));
            for (size_t c = 0; c < d; ++c) context[h * d + c] += kept * v[j][h * d + c];
          }
        }
        const Numbers y = reference::times(wo, e, context.data(), e, out_bias);
        out.insert(out.end(), y.begin(), y.end());
        all_weights.insert(all_weights.end(), mean.begin(), mean.end());
      }
    }
    out.insert(out.end(), all_weights.begin(), all_weights.end());
    return out;
  };
}

// `of`: queries, and keys and values if there are more.
void check(const std::string& options, const Looks& looks, const std::vector<LayerInput>& of) {
  const size_t key_input = std::min<size_t>(1, of.size() - 1);
  LayerCase layer{fmt::format("{{multihead_attention: x, heads: {}{}}}", looks.heads, options), of,
                  naive(looks, of[0].items.most, of[key_input].items.most)};
  layer.tolerance = 5e-6;
  layer.gradient_tolerance = 5e-5;
  layer.may_ask_in_vain = of.size() > 1;  // queries of samples without keys, or with one alone
  check_layer(layer);
}

// Like list_of, but with a number of items of its own in every sample.
Form other_list_of(const Shape& shape, const Items& items) {
  Form form = list_of(shape, items);
  form.length = 2;
  return form;
}

}  // namespace

TEST_CASE("every item of a list looks at all items of its sample") {
  for (const Items& items : {Items::list(1), Items::list(5), Items::up_to(1), Items::up_to(7)}) {
    check("", {.heads = 1}, {list_of({1}, items)});
    check("", {.heads = 1}, {list_of({3}, items)});
    check("", {.heads = 2}, {list_of({6}, items)});
    check(", bias: false", {.heads = 3, .bias = false}, {list_of({9}, items)});
    check(", causal: true", {.heads = 2, .causal = true}, {list_of({6}, items)});
  }
}

TEST_CASE("long lists are looked at in parts") {
  check("", {.heads = 2}, {list_of({6}, Items::list(37))});
  check(", causal: true", {.heads = 2, .causal = true}, {list_of({6}, Items::up_to(40))});
  check(", causal: true", {.heads = 1, .causal = true}, {list_of({17}, Items::list(35))});
}

TEST_CASE("queries look at another list with more or fewer items") {
  for (const Items& items : {Items::list(4), Items::up_to(7)}) {
    for (const Items& keys : {Items::list(3), Items::up_to(3), Items::up_to(20)}) {
      check("", {.heads = 2}, {list_of({6}, items), other_list_of({6}, keys)});
      check("", {.heads = 1}, {list_of({3}, items), other_list_of({5}, keys)});
    }
  }
  check("", {.heads = 2}, {LayerInput{4}, other_list_of({4}, Items::up_to(5))});
}

TEST_CASE("keys and values may be two lists of one length") {
  const Items items = Items::up_to(5);
  check("", {.heads = 2},
        {list_of({6}, Items::list(4)), other_list_of({6}, items), other_list_of({6}, items)});
  check(", bias: false", {.heads = 2, .bias = false},
        {list_of({6}, Items::list(4)), other_list_of({5}, items), other_list_of({3}, items)});
}

TEST_CASE("dropout drops weights in training alone") {
  for (const double p : {0.25, 0.9}) {
    check(fmt::format(", dropout: {}", p), {.heads = 2, .dropout = p},
          {list_of({6}, Items::up_to(7))});
  }
  check(", dropout: 0.5, causal: true", {.heads = 1, .causal = true, .dropout = 0.5},
        {list_of({2}, Items::list(19))});
}

TEST_CASE("a causal item does not see those behind it") {
  const LayerHarness layer("{multihead_attention: x, heads: 2, causal: true}",
                           {list_of({4}, Items::list(3))}, Phase::kTest);
  RunSettings settings;
  settings.pass = Pass::predicting();
  std::vector<Numbers> parameters;
  for (const ParameterRequest& p : layer.plan().parameters) {
    Numbers numbers;
    for (int64_t i = 0; i < p.shape.count(); ++i) {
      numbers.push_back(std::sin(0.7 * static_cast<double>(i) + 1));
    }
    parameters.push_back(numbers);
  }
  Numbers x;
  for (int i = 0; i < 12; ++i) x.push_back(std::cos(1.3 * i));
  const Numbers grad_out(12 + 9, 0.0);
  const RunResult before = layer.run(settings, 1, 1, {x}, parameters, grad_out);
  for (size_t i = 8; i < 12; ++i) x[i] += 1;
  const RunResult after = layer.run(settings, 1, 1, {x}, parameters, grad_out);
  for (size_t i = 0; i < 8; ++i) CHECK(before.out[i] == after.out[i]);
  CHECK(before.out[8] != after.out[8]);
}

TEST_CASE("the parameters of multihead_attention are PyTorch's") {
  const auto names = [](const std::string& item, const std::vector<LayerInput>& inputs) {
    std::string text;
    const LayerHarness harness(item, inputs);
    for (const ParameterRequest& p : harness.plan().parameters) {
      text += p.name + p.shape.str() + " ";
    }
    return text;
  };
  const Form list = list_of({6}, Items::list(4));
  CHECK(names("{multihead_attention: x, heads: 2}", {list}) ==
        "in_proj_weight[18,6] in_proj_bias[18] out_proj.weight[6,6] out_proj.bias[6] ");
  CHECK(names("{multihead_attention: x, heads: 2, bias: false}", {list, list_of({5}, {3, true})}) ==
        "q_proj_weight[6,6] k_proj_weight[6,5] v_proj_weight[6,5] out_proj.weight[6,6] ");
}

TEST_CASE("multihead_attention says what it cannot look at") {
  const Form list = list_of({6}, Items::up_to(4));
  CHECK(contains(setup_error("{multihead_attention: x}", {list}), "needs 'heads'"));
  CHECK(contains(setup_error("{multihead_attention: x, heads: 4}", {list}),
                 "the 6 numbers of up to 4 x [6] do not make 4 heads"));
  CHECK(contains(setup_error("{multihead_attention: x, heads: 2}", {{6}}), "[6] is no list"));
  CHECK(contains(setup_error("{multihead_attention: x, heads: 2}", {{6, 3, 3}}),
                 "'tokens' makes them"));
  CHECK(contains(setup_error("{multihead_attention: x, heads: 2, causal: true}", {list, list}),
                 "looks at itself"));
  CHECK(contains(setup_error("{multihead_attention: x, heads: 2}",
                             {list, list, other_list_of({6}, Items::up_to(4))}),
                 "not equally long"));
}

}  // namespace cnn
