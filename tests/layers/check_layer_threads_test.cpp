// check_layer must find layers that work on one thread alone, whatever the threads of a run do.
#include <fmt/format.h>

#include <array>
#include <set>

#include "base/parallel.h"
#include "support/catch.h"
#include "support/check_layer.h"
#include "support/text.h"

namespace cnn {
namespace {

constexpr int64_t kCount = 205, kGrain = 16;
constexpr int64_t kKept = 5;  // sums of a layer: the gradients of its weights

enum class Fault {
  kNone,
  kSharedFloats,        // chunks add to the gradients themselves
  kSharedDoubles,       // chunks add to doubles in backward's frame
  kSumsPerWorker,       // added at the end, in the order of workers
  kExactSumsPerWorker,  // the same in double: the bits are right nearly always
  kOneScratch,          // booked once, for all threads
  kFirstScratch,        // booked for every thread, but all use the first
  kStaysWithItsWorker,  // a second loop finds what the same chunk of the first has left
  kReadsOtherChunk,     // a chunk reads what the one before it has written
};

// y_i = w_(i mod 5) x_i. Backward sums g x for every weight.
template <Fault kFault>
class Faulty final : public Layer {
 public:
  void setup(Setup& s) override {
    s.output(s.input());
    weight_ = s.parameter({.name = "weight", .shape = {kKept}, .layout = {}, .init = {}});
    const bool once = kFault == Fault::kOneScratch;
    scratch_ = s.scratch_forward(once ? Per::kOnce : Per::kThread, kGrain);
    sums_ = s.scratch_backward(Per::kThread, 2 * kKept);  // doubles
    const int64_t most = kBooked * s.input().count();
    partials_ = s.scratch_backward(Per::kOnce, kKept * chunk_count(most, kGrain));
    s.plan().backward_reads_output = false;
  }

  void forward(const ForwardCall& call) const override {
    const float* x = call.input().data;
    const float* w = call.parameter(weight_);
    float* y = call.out.data;
    const int64_t count = call.out.count();
    const auto scratch_of = [&](int worker) {
      const bool first = kFault == Fault::kOneScratch || kFault == Fault::kFirstScratch;
      return call.scratch(scratch_) + (first ? 0 : worker * kGrain);
    };
    const auto factors = [&](int64_t begin, int64_t end, float* to) {
      for (int64_t i = begin; i < end; ++i) to[i - begin] = w[i % kKept];
    };
    if (kFault == Fault::kStaysWithItsWorker) {
      parallel_for(count, kGrain, [&](int64_t begin, int64_t end, int worker) {
        factors(begin, end, scratch_of(worker));
      });
    }
    parallel_for(count, kGrain, [&](int64_t begin, int64_t end, int worker) {
      float* mine = scratch_of(worker);
      if (kFault != Fault::kStaysWithItsWorker) factors(begin, end, mine);
      for (int64_t i = begin; i < end; ++i) y[i] = x[i] * mine[i - begin];
    });
  }

  void backward(const BackwardCall& call) const override {
    if (float* gradient = call.gradient(weight_)) {
      if (!call.adds_parameter(weight_)) std::fill_n(gradient, kKept, 0.0f);
      sum(call, gradient);
    }
    if (!call.grad_input()) return;
    const float* w = call.parameter(weight_);
    const float* g = call.grad_out.data;
    float* dx = call.grad_input().data;
    parallel_for(call.grad_out.count(), kGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        dx[i] = (call.adds() ? dx[i] : 0) + w[i % kKept] * g[i];
      }
    });
  }

 private:
  static constexpr int64_t kBooked = 5;

  // Adds a chunk's products to `sums`.
  template <class Sum>
  static void add_chunk(const BackwardCall& call, int64_t begin, int64_t end, Sum* sums) {
    for (int64_t i = begin; i < end; ++i) {
      sums[i % kKept] += static_cast<Sum>(call.input().data[i]) * call.grad_out.data[i];
    }
  }

  void sum(const BackwardCall& call, float* gradient) const {
    if (kFault == Fault::kSharedFloats) {
      parallel_for(call.grad_out.count(), kGrain,
                   [&](int64_t begin, int64_t end) { add_chunk(call, begin, end, gradient); });
    } else if (kFault == Fault::kSharedDoubles) {
      std::array<double, kKept> sums{};
      parallel_for(call.grad_out.count(), kGrain,
                   [&](int64_t begin, int64_t end) { add_chunk(call, begin, end, sums.data()); });
      for (size_t k = 0; k < kKept; ++k) gradient[k] += static_cast<float>(sums[k]);
    } else if (kFault == Fault::kSumsPerWorker) {
      sum_per_worker(call, call.scratch(sums_), gradient);
    } else if (kFault == Fault::kExactSumsPerWorker) {
      sum_per_worker(call, reinterpret_cast<double*>(call.scratch(sums_)), gradient);
    } else {
      sum_per_chunk(call, gradient);
    }
  }

  template <class Sum>
  static void sum_per_worker(const BackwardCall& call, Sum* sums, float* gradient) {
    std::fill_n(sums, kKept * threads(), Sum{0});
    parallel_for(call.grad_out.count(), kGrain, [&](int64_t begin, int64_t end, int worker) {
      add_chunk(call, begin, end, sums + kKept * worker);
    });
    for (int64_t i = 0; i < kKept * threads(); ++i) {
      gradient[i % kKept] += static_cast<float>(sums[i]);
    }
  }

  // As it should be.
  void sum_per_chunk(const BackwardCall& call, float* gradient) const {
    float* partials = call.scratch(partials_);
    const int64_t count = call.grad_out.count();
    parallel_for(count, kGrain, [&](int64_t begin, int64_t end) {
      float* mine = partials + begin / kGrain * kKept;
      const bool reads = kFault == Fault::kReadsOtherChunk && begin > 0;
      for (int64_t k = 0; k < kKept; ++k) mine[k] = reads ? mine[k - kKept] : 0;
      add_chunk(call, begin, end, mine);
    });
    const int64_t chunks = chunk_count(count, kGrain);
    const int64_t first = kFault == Fault::kReadsOtherChunk ? chunks - 1 : 0;
    for (int64_t i = first * kKept; i < chunks * kKept; ++i) gradient[i % kKept] += partials[i];
  }

  int weight_ = -1, scratch_ = -1, sums_ = -1, partials_ = -1;
};

Numbers naive(const ReferenceCall& call) {
  Numbers y = call.inputs[0];
  for (size_t i = 0; i < y.size(); ++i) y[i] *= call.parameters[0][i % kKept];
  return y;
}

template <Fault kFault>
std::vector<std::string> problems() {
  const LayerType type = {
      .name = "faulty", .summary = "", .example = "", .make = make_layer<Faulty<kFault>>};
  return layer_problems({"faulty", {{kCount}}, naive}, type);
}

// All findings as one text.
template <Fault kFault>
std::string findings() {
  std::string text;
  for (const std::string& problem : problems<kFault>()) text += problem + "\n";
  return text;
}

}  // namespace

TEST_CASE("check_layer finds nothing in a layer that keeps its threads apart") {
  CHECK(findings<Fault::kNone>() == "");
}

#if !defined(__SANITIZE_THREAD__)  // which finds them by itself
TEST_CASE("check_layer finds chunks that add to the same numbers") {
  const std::string floats = findings<Fault::kSharedFloats>();
  CHECK(contains(floats, "of one loop both write the gradient of 'weight' at float"));
  CHECK(contains(floats, "with 2 threads, last chunks first: gradient of 'weight'"));
#if !defined(__SANITIZE_ADDRESS__)  // it hides the stack
  CHECK(contains(findings<Fault::kSharedDoubles>(), "of one loop both write a variable"));
#endif
}

TEST_CASE("check_layer finds sums that depend on who ran which chunk") {
  CHECK(contains(findings<Fault::kSumsPerWorker>(),
                 "with 2 threads, last chunks first: gradient of 'weight'"));
  CHECK(contains(findings<Fault::kExactSumsPerWorker>(),
                 "with 2 threads, last chunks first: gradient of 'weight'"));
  CHECK(contains(findings<Fault::kStaysWithItsWorker>(), "last chunks first: output at"));
  CHECK(contains(findings<Fault::kReadsOtherChunk>(), "last chunks first: gradient of 'weight'"));
}

TEST_CASE("check_layer finds scratch that threads share") {
  CHECK(contains(findings<Fault::kOneScratch>(), "of one loop both write memory 0 at float"));
  CHECK(contains(findings<Fault::kFirstScratch>(), "of one loop both write memory 0 at float"));
}
#endif

namespace {

// True if several threads give other bits than one.
template <Fault kFault>
bool threads_find(ChunkOrder order) {
  const LayerType type = {
      .name = "faulty", .summary = "", .example = "", .make = make_layer<Faulty<kFault>>};
  const LayerHarness harness(type, "faulty", {{kCount}});
  for (const int64_t batch : {1, 2, 3, 5}) {
    Numbers x, g;
    const Rng rng(1, "numbers");
    for (uint64_t i = 0; i < static_cast<uint64_t>(batch * kCount); ++i) {
      x.push_back(rng.uniform(2 * i));
      g.push_back(rng.uniform(2 * i + 1));
    }
    const auto run = [&](int count) {
      RunSettings settings;
      settings.threading = {count, order};
      return harness.run(settings, batch, 5, {x}, {Numbers(kKept, 0.5)}, g);
    };
    const RunResult plain = run(1);
    for (const int count : {2, 3}) {
      const RunResult result = run(count);
      if (result.out != plain.out || result.gradients != plain.gradients) return true;
    }
  }
  return false;
}

// How many of 20 runs of check_layer find the fault at all, by the order of chunks, and by looking
// who wrote what; and how many would find it by the bits of real threads alone.
template <Fault kFault>
void count_findings(const char* name) {
  constexpr int kRuns = 20;
  int any = 0, order = 0, writes = 0, own = 0, chance = 0;
  for (int run = 0; run < kRuns; ++run) {
    const std::string text = findings<kFault>();
    any += !text.empty();
    order += contains(text, "last chunks first: gradient") ||
             contains(text, "last chunks first: output");
    writes += contains(text, "of one loop both");
    own += threads_find<kFault>(ChunkOrder::kOwnThreads);
    chance += threads_find<kFault>(ChunkOrder::kAny);
  }
  fmt::print("| {} | {} | {} | {} | {} | {} |\n", name, any, order, writes, own, chance);
}

}  // namespace

// The table of tests/README.md.
TEST_CASE("planted faults of threads, and how many of 20 runs find them", "[.][planted]") {
  fmt::print(
      "| fault | found | by the order | by who wrote what | threads of its own | threads |\n");
  fmt::print("|---|---|---|---|---|---|\n");
  count_findings<Fault::kSharedFloats>("chunks add to shared floats");
  count_findings<Fault::kSharedDoubles>("chunks add to shared doubles");
  count_findings<Fault::kSumsPerWorker>("sums kept by worker, added at the end");
  count_findings<Fault::kOneScratch>("scratch booked once instead of per thread");
}

// For the thread sanitizer: one run of check_layer over one fault, chosen by -c.
TEST_CASE("planted faults of threads, once", "[.][planted-once]") {
  SECTION("none") { findings<Fault::kNone>(); }
  SECTION("floats") { findings<Fault::kSharedFloats>(); }
  SECTION("doubles") { findings<Fault::kSharedDoubles>(); }
  SECTION("sums") { findings<Fault::kSumsPerWorker>(); }
  SECTION("scratch") { findings<Fault::kOneScratch>(); }
}

}  // namespace cnn
