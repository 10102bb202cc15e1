#include "support/catch.h"
#include "support/check_layer.h"
#include "support/text.h"

namespace cnn {
namespace {

// f' squared times the row's norm squared, by the code h.
auto jacobian_norm(double (*slope)(double), bool mean = false) {
  return [slope, mean](const ReferenceCall& call) {
    const auto units = static_cast<size_t>(call.shapes[0].count());
    const size_t in = call.parameters[0].size() / units;
    Numbers out;
    for (size_t n = 0; n < static_cast<size_t>(call.batch); ++n) {
      double loss = 0;
      for (size_t j = 0; j < units; ++j) {
        for (size_t i = 0; i < in; ++i) {
          const double entry =
              slope(call.inputs[0][n * units + j]) * call.parameters[0][j * in + i];
          loss += entry * entry;
        }
      }
      out.push_back(loss);
      out.push_back(mean ? static_cast<double>(units) : 1);
    }
    return out;
  };
}

double sigmoid_slope(double h) { return h * (1 - h); }
double tanh_slope(double h) { return 1 - h * h; }
double relu_slope(double h) { return h > 0 ? 1 : 0; }
double no_slope(double) { return 1; }

LayerCase contractive_case(int64_t units, int64_t in, const std::string& activation,
                           double (*slope)(double)) {
  LayerCase layer_case{"{contractive: h, encoder: h}", {{units}}, jacobian_norm(slope)};
  layer_case.named = NamedItem{fmt::format("{{linear: {}}}", units), {in}, activation};
  return layer_case;
}

}  // namespace

TEST_CASE("contractive matches the reference for every activation, and trains the weights") {
  check_layer(contractive_case(7, 5, "sigmoid", sigmoid_slope));
  check_layer(contractive_case(3, 33, "tanh", tanh_slope));
  check_layer(contractive_case(4, 6, "relu", relu_slope));
  check_layer(contractive_case(1, 2, "", no_slope));
  check_layer(contractive_case(67, 129, "sigmoid", sigmoid_slope));
  LayerCase mean = contractive_case(7, 5, "sigmoid", sigmoid_slope);
  mean.item = "{contractive: h, encoder: h, reduction: mean}";
  mean.reference = jacobian_norm(sigmoid_slope, true);
  check_layer(mean);
}

TEST_CASE("contractive's estimate is the squared distance of two codes over that of the inputs") {
  const auto distance = [](double eps, bool mean) {
    return [eps, mean](const ReferenceCall& call) {
      const auto count = static_cast<size_t>(call.shapes[0].count());
      Numbers out;
      for (size_t n = 0; n < static_cast<size_t>(call.batch); ++n) {
        double loss = 0;
        for (size_t i = n * count; i < (n + 1) * count; ++i) {
          const double difference = call.inputs[1][i] - call.inputs[0][i];
          loss += difference * difference / (eps * eps);
        }
        out.push_back(loss);
        out.push_back(mean ? static_cast<double>(count) : 1);
      }
      return out;
    };
  };
  for (const Shape& shape : shapes_of_every_rank()) {
    check_layer({"{contractive: [h, m], eps: 0.5}", {shape, shape}, distance(0.5, false)});
  }
  check_layer({"{contractive: [h, m], eps: 2, reduction: mean}", {{7}, {7}}, distance(2, true)});
}

TEST_CASE("contractive explains what it cannot be exact for") {
  const auto error = [](const NamedItem& other) {
    return setup_error("{contractive: h, encoder: h}", {{5}}, other);
  };
  CHECK(error({"{linear: 5}", {3}}) == "");
  CHECK(contains(error({"{linear: 4}", {3}}), "is not the code of 'other', which is [4]"));
  CHECK(contains(error({"relu", {5}}), "'other' is a layer 'relu'"));
  CHECK(contains(error({"{linear: 5}", {3}, "elu"}), "'other' ends in 'elu'"));
  CHECK(contains(setup_error("{contractive: h}", {{5}}), "takes one code and its 'encoder'"));
  CHECK(contains(
      setup_error("{contractive: [h, m], encoder: h}", {{5}, {5}}, NamedItem{"{linear: 5}", {3}}),
      "takes one code and its 'encoder'"));
  CHECK(contains(setup_error("{contractive: [h, m]}", {{5}, {4}}), "not codes of one shape"));
}

}  // namespace cnn
