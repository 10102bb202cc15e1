#include "train/rate_search.h"

#include <cmath>
#include <filesystem>

#include "base/parallel.h"
#include "io/csv.h"
#include "support/catch.h"
#include "support/training.h"

namespace cnn {
namespace {

using namespace cnn::test;

RateSearch curve(const std::function<double(double rate)>& loss) {
  RateSearch search;
  for (int i = 0; i < 100; ++i) {
    const double rate = 1e-6 * std::pow(10.0, 7.0 * i / 99);
    search.points.push_back({rate, loss(rate), loss(rate)});
  }
  suggest_rate(search);
  return search;
}

TEST_CASE("a tenth of the rate of the lowest loss is suggested") {
  // Falls around 1e-3, is lowest at 1e-1, runs away behind it.
  const RateSearch search = curve([](double rate) {
    const double x = std::log10(rate);
    return 2.3 - 1.5 / (1 + std::exp(-3 * (x + 3))) + std::exp(6 * (x - 0.2)) +
           0.05 * std::pow(x + 1, 2);
  });
  REQUIRE(search.suggestion.has_value());
  CHECK(std::log10(*search.steepest) == Approx(-3).margin(0.4));
  CHECK(std::log10(*search.lowest) == Approx(-1).margin(0.4));
  CHECK(*search.suggestion == Approx(*search.lowest / 10));
}

TEST_CASE("losses below zero are compared as they are") {
  const RateSearch search =
      curve([](double rate) { return -1 / (1 + std::exp(-3 * (std::log10(rate) + 3))); });
  REQUIRE(search.steepest.has_value());
  CHECK(std::log10(*search.steepest) == Approx(-3).margin(0.3));
}

TEST_CASE("a loss that does not fall gives no suggestion, nor do few updates") {
  CHECK_FALSE(curve([](double rate) { return 1 + rate; }).suggestion.has_value());
  RateSearch few;
  few.points.resize(10);
  suggest_rate(few);
  CHECK_FALSE(few.suggestion.has_value());
}

TEST_CASE("the rate is searched in memory, over as many epochs as it takes, with the same bits") {
  const QuietLog quiet;
  const TemporaryFolder folder;
  const ModelSpec spec = load(folder.file("m.yaml", kTinyModel), {"train.accumulate=2"});
  RateSearchRequest request;
  request.updates = 60;  // of 3 an epoch
  int64_t seen = 0;
  request.progress = [&](int64_t done, int64_t total) {
    CHECK(total == 60);
    seen = done;
  };
  StopFlags flags;
  const RateSearch first = search_rate(spec, request, flags);
  CHECK(seen == std::ssize(first.points));
  REQUIRE(first.points.size() > 40);
  CHECK(first.points.front().rate == Approx(1e-6));
  if (first.ended.empty()) CHECK(first.points.back().rate == Approx(10));
  REQUIRE(first.suggestion.has_value());
  CHECK(*first.suggestion > 1e-6);
  set_threads(1);
  const RateSearch again = search_rate(spec, request, flags);
  set_threads(0);
  CHECK(again.csv() == first.csv());
  CHECK(CsvTable::parse(first.csv(), "find_lr.csv").rows() == first.points.size());
  CHECK(std::distance(std::filesystem::directory_iterator(folder.str()), {}) == 1);
}

TEST_CASE("a search ends where the loss is not finite, or by a signal") {
  const QuietLog quiet;
  const TemporaryFolder folder;
  const ModelSpec spec = load(folder.file("m.yaml", kTinyModel));
  RateSearchRequest request;
  request.high = 1e30;
  StopFlags flags;
  const RateSearch search = search_rate(spec, request, flags);
  CHECK(search.points.size() < 200);
  CHECK((contains(search.ended, "is not finite from") || contains(search.ended, "runs away from")));
  request.progress = [&](int64_t done, int64_t) {
    if (done == 7) flags.stop_signal = 2;
  };
  const RateSearch stopped = search_rate(spec, request, flags);
  CHECK(stopped.points.size() == 7);
  CHECK(stopped.ended == "stopped by a signal");
}

}  // namespace
}  // namespace cnn
