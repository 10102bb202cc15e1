#include "reference/linear.h"

#include "support/catch.h"
#include "support/check_layer.h"

namespace cnn {

TEST_CASE("linear matches the reference") {
  struct Case {
    Shape input;
    int64_t out;
  };
  for (const Case& c :
       {Case{{1}, 1}, Case{{7}, 5}, Case{{40}, 3}, Case{{3}, 33}, Case{{4, 6}, 5}}) {
    for (const bool bias : {true, false}) {
      DYNAMIC_SECTION(c.input.str() << " to " << c.out << (bias ? "" : " without bias")) {
        check_layer({fmt::format("{{linear: {}, bias: {}}}", c.out, bias),
                     {c.input},
                     [&](const ReferenceCall& call) {
                       const int64_t in = c.input.channels();
                       return reference::linear(call.batch * c.input.positions(), in, c.out,
                                                call.inputs[0], call.parameters[0],
                                                bias ? call.parameters[1] : Numbers{});
                     }});
      }
    }
  }
}

TEST_CASE("linear tied to another linear layer matches the reference") {
  for (const Shape& input : {Shape{5}, Shape{4, 5}}) {
    LayerCase layer;
    layer.item = "{linear: 7, tie: other}";
    layer.inputs = {input};
    layer.named = NamedItem{"{linear: 5}", {7}};
    layer.reference = [&](const ReferenceCall& call) {
      Numbers transposed;  // of the other's [5, 7]
      for (size_t o = 0; o < 7; ++o) {
        for (size_t i = 0; i < 5; ++i) transposed.push_back(call.parameters[0][i * 7 + o]);
      }
      return reference::linear(call.batch * input.positions(), 5, 7, call.inputs[0], transposed,
                               call.parameters[1]);
    };
    check_layer(layer);
  }
  CHECK(setup_error("{linear: 8, tie: other}", {{5}}, NamedItem{"{linear: 5}", {7}})
            .find("goes from 5 to 7, not from 5 to 8") != std::string::npos);
  CHECK(setup_error("{linear: 8, tie: other}", {{5}}, NamedItem{"relu", {7}})
            .find("linear is tied to a layer 'linear'") != std::string::npos);
  CHECK(setup_error("{linear: 3, tie: code}", {{5}}, NamedItem{"{sparse_code: 5}", {3}}) == "");
}

TEST_CASE("linear tied to an embed scores classes by their vectors") {
  LayerCase layer;
  layer.item = "{linear: 7, tie: other}";
  layer.inputs = {{5}};
  layer.named = NamedItem{"{embed: 5, classes: 7}", {1}};
  layer.reference = [&](const ReferenceCall& call) {
    return reference::linear(call.batch, 5, 7, call.inputs[0], call.parameters[0],
                             call.parameters[1]);
  };
  check_layer(layer);
  CHECK(setup_error("{linear: 5, tie: other}", {{7}}, layer.named)
            .find("'other' has 7 classes of 5 numbers, so a layer tied to it goes from 5 to 7, "
                  "not from 7 to 5") != std::string::npos);
}

TEST_CASE("linear says what it needs and costs") {
  const LayerHarness linear("{linear: 120}", {{400}});
  CHECK(linear.plan().output() == Shape{120});
  CHECK(linear.plan().macs == 48000);
  CHECK(linear.plan().parameters[0].shape == Shape{120, 400});
  CHECK(linear.plan().parameters[0].fan_in == 400);
  CHECK(linear.plan().parameters[0].fan_out == 120);
  CHECK(LayerHarness("{linear: 5}", {{3, 7}}).plan().macs == 105);
}

TEST_CASE("linear's impossible inputs are explained") {
  CHECK(setup_error("{linear: 10}", {{16, 5, 5}})
            .find("linear expects [C] or [T,F], found [16,5,5]; add 'flatten' before it") !=
        std::string::npos);
  CHECK(setup_error("{linear: 0}", {{4}}).find("'out' must be at least 1") != std::string::npos);
  SECTION("row 23: a BLAS dimension beyond INT_MAX") {
    CHECK(setup_error("{linear: 3000000000}", {{1}}).find("beyond BLAS") != std::string::npos);
    CHECK(setup_error("{linear: 1}", {{3000000000}}).find("beyond BLAS") != std::string::npos);
  }
}

}  // namespace cnn
