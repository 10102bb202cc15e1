#include "viz/rate_plot.h"

#include <cmath>

#include "support/catch.h"
#include "support/text.h"

namespace cnn {
namespace {

TEST_CASE("a search for a learning rate becomes a curve and a table and a sentence") {
  RateSearch search;
  search.model = "net";
  for (int i = 0; i < 60; ++i) {
    const double loss = 3 - 2 * std::exp(-std::pow((i - 40) / 15.0, 2)) + (i > 55 ? 100 : 0);
    search.points.push_back({1e-6 * std::pow(10, i / 10.0), loss, loss});
  }
  search.ended = "the loss runs away from 0.4 on";
  suggest_rate(search);
  const VizResult result = rate_search_result(search);
  CHECK(contains(result.text, "net: 60 updates from 1e-06 to 0.79; the loss runs away"));
  CHECK(contains(result.text, "is lowest at 0.01; try a tenth of that: --lr 0.001\n"));
  REQUIRE(result.figures.size() == 1);
  CHECK(result.figures[0].name == "find_lr");
  REQUIRE(result.files.size() == 1);
  CHECK(result.files[0].first == "find_lr.csv");
  CHECK(contains(result.files[0].second, "lr,loss,smooth\n1e-06,"));
}

TEST_CASE("without a suggestion the sentence says why") {
  RateSearch few;
  few.points.resize(10);
  suggest_rate(few);
  CHECK(contains(rate_search_result(few).text, "too few updates"));
  RateSearch flat;
  for (int i = 0; i < 60; ++i) flat.points.push_back({1e-6 * (i + 1), 2, 2});
  suggest_rate(flat);
  CHECK(contains(rate_search_result(flat).text, "does not fall at any"));
}

}  // namespace
}  // namespace cnn
