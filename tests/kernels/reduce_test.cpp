#include "kernels/reduce.h"

#include "kernels/numbers.h"
#include "support/catch.h"

namespace cnn {

TEST_CASE("column sums match the reference on any number of threads") {
  for (const int64_t columns : {1, 6, 64, 65, 300}) {
    for (const int64_t rows : {1, 2, 77, 5000}) {
      const Floats values = random_floats(rows * columns, "values");
      Doubles expected(static_cast<size_t>(columns), 0.25);
      for (size_t i = 0; i < values.size(); ++i) {
        expected[i % static_cast<size_t>(columns)] += values[i];
      }
      Floats first;
      for (const Threading& threading : kThreadings) {
        const WithThreads with(threading);
        Floats partials = poisoned(column_sum_partials(columns));
        Floats sums(static_cast<size_t>(columns), 0.25f);
        column_sums(values.data(), rows, columns, true, sums.data(), partials.data());
        CHECK(relative_error(doubles(sums), expected) < 1e-5);
        if (first.empty()) first = sums;
        CHECK(same_bits(first, sums));
      }
      Floats partials = poisoned(column_sum_partials(columns)), sums = poisoned(columns);
      column_sums(values.data(), rows, columns, false, sums.data(), partials.data());
      for (double& x : expected) x -= 0.25;
      CHECK(relative_error(doubles(sums), expected) < 1e-4);
    }
  }
}

TEST_CASE("rows are filled with a bias, or with zeros") {
  const Floats row = {1, 2, 3};
  Floats out = {9, 9, 9, 9, 9, 9, 9, 9};
  fill_rows(out.data(), 2, 3, 4, row.data());
  CHECK(out == Floats{1, 2, 3, 9, 1, 2, 3, 9});
  fill_rows_parallel(out.data(), 2, 3, nullptr);
  CHECK(out == Floats{0, 0, 0, 0, 0, 0, 3, 9});
}

}  // namespace cnn
