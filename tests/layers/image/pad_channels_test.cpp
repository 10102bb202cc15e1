#include "support/catch.h"
#include "support/check_layer.h"

namespace cnn {

TEST_CASE("pad_channels appends zeros") {
  struct Row {
    Shape in;
    int64_t out;
  };
  const Row rows[] = {{{1, 1, 1}, 1}, {{1, 2, 3}, 2}, {{16, 5, 3}, 33}, {{17, 19, 21}, 40}};
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.in.str() << " to " << row.out) {
      check_layer(
          {fmt::format("{{pad_channels: {}}}", row.out), {row.in}, [&](const ReferenceCall& call) {
             Numbers out;
             const int64_t count = row.in.count();
             for (int64_t n = 0; n < call.batch; ++n) {
               const auto begin = call.inputs[0].begin() + n * count;
               out.insert(out.end(), begin, begin + count);
               out.resize(static_cast<size_t>((n + 1) * row.out * row.in.positions()), 0.0);
             }
             return out;
           }});
    }
  }
}

TEST_CASE("pad_channels takes none away, and needs an image") {
  CHECK(setup_error("{pad_channels: 3}", {{4, 2, 2}})
            .find("pad_channels: 4 channels are more than 3") != std::string::npos);
  CHECK(setup_error("{pad_channels: 8}", {{4}}).find("expects an image") != std::string::npos);
  CHECK(setup_error("pad_channels", {{4, 2, 2}}).find("out") != std::string::npos);
}

}  // namespace cnn
