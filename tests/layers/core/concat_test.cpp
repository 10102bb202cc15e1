#include "layers/catalog.h"
#include "reference/index.h"
#include "support/catch.h"
#include "support/check_layer.h"

namespace cnn {
namespace {

Numbers naive(const ReferenceCall& call) {
  Numbers out;
  for (int64_t n = 0; n < call.batch; ++n) {
    if (call.shapes[0].rank() != 2) {  // whole samples, one after another
      for (size_t i = 0; i < call.inputs.size(); ++i) {
        const auto begin = call.inputs[i].begin() + n * call.shapes[i].count();
        out.insert(out.end(), begin, begin + call.shapes[i].count());
      }
      continue;
    }
    for (int64_t t = 0; t < call.shapes[0][0]; ++t) {
      for (size_t i = 0; i < call.inputs.size(); ++i) {
        for (int64_t f = 0; f < call.shapes[i][1]; ++f) {
          out.push_back(call.inputs[i][reference::file_index(call.shapes[i], n, f, t)]);
        }
      }
    }
  }
  return out;
}

struct Row {
  std::vector<LayerInput> inputs;
  Shape out;
};

}  // namespace

TEST_CASE("concat joins channels, at every rank") {
  const Row rows[] = {
      {{{1}, {1}}, {2}},
      {{{5}, {1}, {7}}, {13}},
      {{{3, 5}, {3, 2}}, {3, 7}},
      {{{3, 5, 7}, {1, 5, 7}}, {4, 5, 7}},
      {{{2, 3, 3}, {1, 3, 3}, {4, 3, 3}, {3, 3, 3}}, {10, 3, 3}},
      {{{2, 3, 4, 5}, {3, 3, 4, 5}}, {5, 3, 4, 5}},
      {{{16, 33, 35}, {3, 33, 35}}, {19, 33, 35}},
  };
  for (const Row& row : rows) {
    check_layer({"concat", row.inputs, naive});
    CHECK(LayerHarness("concat", row.inputs).plan().output() == row.out);
  }
}

TEST_CASE("row 26: concat of different positions names shapes and axes") {
  CHECK(setup_error("concat", {{256, 64, 64}, {512, 32, 32}})
            .find("concat [256,64,64] and [512,32,32]: H,W differ") != std::string::npos);
  CHECK(setup_error("concat", {{3, 5}, {4, 5}}).find("T differs") != std::string::npos);
  CHECK(setup_error("concat", {{3, 5}, {4}}).find("number of axes") != std::string::npos);
}

TEST_CASE("errors name the inputs where the caller knows their names") {
  const std::unique_ptr<Layer> layer = find_layer_type("concat")->make();
  const Form shapes[] = {Shape{256, 64, 64}, Shape{512, 32, 32}};
  const std::string names[] = {"enc3", "prev"};
  try {
    set_up(*layer, shapes, Phase::kTrain, names);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.diagnostics()[0].problem ==
          "concat 'enc3' [256,64,64] and 'prev' [512,32,32]: H,W differ");
    CHECK(error.code() == Exit::kSpec);
  }
}

}  // namespace cnn
