#include "support/check_layer.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "support/catch.h"
#include "support/drawn_numbers.h"

namespace cnn {
namespace {

constexpr int64_t kBatches[] = {1, 2, 3, 5};
constexpr int64_t kBooked = 5;
constexpr double kLossScale = 0.7;

class Checker {
 public:
  Checker(const LayerCase& layer_case, const LayerType* type, Phase phase)
      : case_(layer_case),
        phase_(phase),
        harness_(type != nullptr
                     ? LayerHarness(*type, layer_case.item, layer_case.inputs, phase, named())
                     : LayerHarness(layer_case.item, layer_case.inputs, phase, named())),
        plan_(harness_.plan()) {
    pass_.phase = phase;
    reads_.assign(plan_.fields.size(), 0);
    pass_.gradients =
        phase == Phase::kTrain ? Pass::Gradients::kParameters : Pass::Gradients::kInput;
  }

  std::vector<std::string> run() {
    for (const int64_t batch : kBatches) {
      // One batch will do where only the phase differs.
      if (phase_ == Phase::kTest && batch != 2) continue;
      draw(batch);
      const RunResult base = check_values();
      check_variants(base);
      if (phase_ == Phase::kTrain) look_for_reads(base);
      if (!problems_.empty()) break;  // the rest would say the same
    }
    if (phase_ == Phase::kTrain && problems_.empty()) report_needless_reads();
    return std::move(problems_);
  }

 private:
  const NamedItem* named() const { return case_.named ? &*case_.named : nullptr; }

  template <class... Args>
  void report(fmt::format_string<Args...> format, Args&&... args) {
    constexpr size_t kMost = 12;
    if (problems_.size() >= kMost) return;
    std::string shapes;
    for (const Shape& shape : harness_.shapes()) shapes += " " + shape.str();
    problems_.push_back(fmt::format("{} on{}, batch {}{}: {}", case_.item, shapes, batch_,
                                    phase_ == Phase::kTest ? ", testing" : "",
                                    fmt::format(format, std::forward<Args>(args)...)));
  }

  void draw(int64_t batch) {
    batch_ = batch;
    call_ = {};
    call_.batch = batch;
    call_.phase = phase_;
    call_.shapes = harness_.shapes();
    for (const Form& form : harness_.forms()) {
      call_.starts.push_back(harness_.batch_of(form.items, batch));
    }
    uint64_t stream = static_cast<uint64_t>(batch) * 100;
    for (size_t i = 0; i < call_.shapes.size(); ++i) {
      const auto count = static_cast<size_t>(call_.rows(i) * call_.shapes[i].count());
      call_.inputs.push_back(classes_of(i) > 0 ? class_numbers(count, classes_of(i), ++stream)
                                               : distinct_numbers(count, ++stream));
    }
    if (named() != nullptr) {
      const auto count = static_cast<size_t>(batch * named()->input.count());
      call_.named_input = distinct_numbers(count, ++stream);
    }
    if (case_.prepare) case_.prepare(call_.inputs);
    for (int64_t n = 0; case_.is_mixed && n < batch; ++n) {
      const int64_t pair = std::min(n, batch - 1 - n);
      call_.shares.push_back(2 * n == batch - 1 ? 1.0f : 0.6f + 0.125f * static_cast<float>(pair));
    }
    for (const ParameterRequest& request : plan_.parameters) {
      Numbers values = distinct_numbers(static_cast<size_t>(request.shape.count()), ++stream);
      const double scale = 1 / std::sqrt(static_cast<double>(std::max<int64_t>(1, request.fan_in)));
      for (double& x : values) {
        x = static_cast<float>(x * scale);
        if (request.name.ends_with("_var")) x = static_cast<float>(std::abs(x) + 0.1);
      }
      call_.parameters.push_back(std::move(values));
    }
    int64_t count = 0;
    for (const OutputPlan& output : plan_.outputs) {
      count += harness_.batch_of(output.items, batch).back() * output.shape.count();
    }
    grad_out_ = distinct_numbers(static_cast<size_t>(count), ++stream);
    for_each_output([&](const OutputPlan& output, size_t first, size_t count) {
      if (!output.passes_gradients) clear(grad_out_, first, count);
    });
  }

  // visit(output, where its numbers begin among those of all, how many they are).
  template <class Visit>
  void for_each_output(Visit visit) const {
    size_t first = 0;
    for (const OutputPlan& output : plan_.outputs) {
      const auto count = static_cast<size_t>(harness_.batch_of(output.items, batch_).back() *
                                             output.shape.count());
      visit(output, first, count);
      first += count;
    }
  }

  template <class T>
  static void clear(std::vector<T>& numbers, size_t first, size_t count) {
    std::fill_n(numbers.begin() + static_cast<ptrdiff_t>(first), count, T(0));
  }

  // Of an input or target that holds class numbers; else 0.
  int64_t classes_of(size_t i) const {
    const Field& field = plan_.fields[i];
    const Form& form = harness_.forms()[i];
    if (field.kind == FieldKind::kClass) return field.classes;
    return form.kind == FieldKind::kClass ? form.classes : 0;
  }

  RunSettings settings() const {
    RunSettings settings;
    settings.pass = pass_;
    settings.scale = static_cast<float>(kLossScale);
    settings.named_input = call_.named_input;
    settings.shares = call_.shares;
    return settings;
  }

  RunResult run_layer(const RunSettings& settings, const char* how) {
    RunResult result =
        harness_.run(settings, batch_, kBooked, call_.inputs, call_.parameters, grad_out_);
    for (const std::string& fault : result.faults) report("{}: {}", how, fault);
    return result;
  }

  // The number that backward differentiates: of a loss its value, else a random projection.
  double scalar(const ReferenceCall& call) const {
    const Numbers out = case_.reference(call);
    double sum = 0;
    if (!harness_.is_loss()) {
      for (size_t i = 0; i < out.size(); ++i) sum += out[i] * grad_out_[i];
      return sum;
    }
    double denominator = 0;
    for (size_t i = 0; i < out.size(); i += 2) {
      sum += out[i];
      denominator += out[i + 1];
    }
    return denominator > 0 ? kLossScale * sum / denominator : 0;
  }

  void compare(const std::string& what, const std::vector<float>& ours, const Numbers& reference,
               const Shape& shape, double tolerance) {
    if (ours.size() != reference.size()) {
      report("{}: {} numbers, reference {}", what, ours.size(), reference.size());
      return;
    }
    const double allowed = tolerance * largest(reference);
    size_t worst = 0, wrong = 0;
    double worst_error = -1;
    for (size_t i = 0; i < ours.size(); ++i) {
      double error = std::abs(static_cast<double>(ours[i]) - reference[i]);
      if (std::isnan(error)) error = INFINITY;
      if (error > allowed) ++wrong;
      if (error > worst_error) {
        worst_error = error;
        worst = i;
      }
    }
    if (wrong == 0) return;
    report("{}: {} of {} wrong, worst at {}: ours {}, reference {} (allowed error {:.2g})", what,
           wrong, ours.size(), coordinates(worst, shape), ours[worst], reference[worst], allowed);
  }

  RunResult check_values() {
    RunResult base = run_layer(settings(), "plain run");
    const Numbers reference = case_.reference(call_);
    compare("forward", base.out, reference, plan_.output(), case_.tolerance);
    check_parameters_after(base);
    for (size_t i = 0; i < call_.inputs.size(); ++i) {
      if (base.grad_in[i].empty()) continue;
      check_gradient(fmt::format("gradient of input {}", i), base.grad_in[i], call_.inputs[i],
                     call_.shapes[i]);
    }
    for (size_t i = 0; i < call_.parameters.size(); ++i) {
      if (base.gradients[i].empty()) continue;
      check_gradient(fmt::format("gradient of '{}'", plan_.parameters[i].name), base.gradients[i],
                     call_.parameters[i], plan_.parameters[i].shape);
    }
    return base;
  }

  void check_parameters_after(const RunResult& base) {
    const bool moves = phase_ == Phase::kTrain && case_.statistics != nullptr;
    const std::vector<Numbers> after = moves ? case_.statistics(call_) : call_.parameters;
    for (size_t i = 0; i < after.size(); ++i) {
      compare(fmt::format("'{}' after forward", plan_.parameters[i].name), base.parameters[i],
              after[i], plan_.parameters[i].shape, moves ? case_.tolerance : 0);
    }
  }

  // `values` is the entry of call_ that `ours` is the gradient of.
  void check_gradient(const std::string& what, const std::vector<float>& ours, Numbers& values,
                      const Shape& shape) {
    if (const size_t bad = first_not_finite(ours); bad < ours.size()) {
      report("{}: {} at {}", what, ours[bad], coordinates(bad, shape));
      return;
    }
    const double size = largest(ours);
    check_elements(what, ours, values, shape, case_.gradient_tolerance * size);
    // All elements at once; the error of a sum grows with the root of their number.
    constexpr int kDirections = 3;
    for (int k = 0; k < kDirections; ++k) {
      const Rng rng(3, "direction", static_cast<uint64_t>(k));
      Numbers direction(values.size());
      double expected = 0;
      for (size_t i = 0; i < values.size(); ++i) {
        direction[i] = 2 * static_cast<double>(rng.uniform(i)) - 1;
        expected += direction[i] * static_cast<double>(ours[i]);
      }
      const double slope = difference(values, direction, 1e-6);
      const double allowed =
          case_.gradient_tolerance * size * std::sqrt(static_cast<double>(values.size())) + 1e-8;
      if (!(std::abs(slope - expected) <= allowed)) {
        report("{}: along random direction {}: ours {}, reference {} (allowed error {:.2g})", what,
               k, expected, slope, allowed);
      }
    }
  }

  static size_t first_not_finite(const std::vector<float>& values) {
    const auto found =
        std::find_if(values.begin(), values.end(), [](float x) { return !std::isfinite(x); });
    return static_cast<size_t>(found - values.begin());
  }

  // Central difference of scalar(call_) along `direction`.
  double difference(Numbers& values, const Numbers& direction, double step) {
    const Numbers before = values;
    for (size_t i = 0; i < values.size(); ++i) values[i] = before[i] + step * direction[i];
    const double above = scalar(call_);
    for (size_t i = 0; i < values.size(); ++i) values[i] = before[i] - step * direction[i];
    const double below = scalar(call_);
    values = before;
    return (above - below) / (2 * step);
  }

  void check_elements(const std::string& what, const std::vector<float>& ours, Numbers& values,
                      const Shape& shape, double allowed) {
    constexpr size_t kMost = 32;
    constexpr double kStep = 1e-5;
    const Rng rng(4, "elements", ours.size());
    const size_t checks = std::min(kMost, ours.size());
    for (size_t k = 0; k < checks; ++k) {
      const size_t i = ours.size() <= kMost ? k : rng.below(k, ours.size());
      const double before = values[i];
      values[i] = before + kStep;
      const double above = scalar(call_);
      values[i] = before - kStep;
      const double below = scalar(call_);
      values[i] = before;
      const double reference = (above - below) / (2 * kStep);
      if (!(std::abs(static_cast<double>(ours[i]) - reference) <= allowed + 1e-8)) {
        report("{} at {}: ours {}, reference {} (allowed error {:.2g})", what,
               coordinates(i, shape), ours[i], reference, allowed);
        return;
      }
    }
  }

  void check_variants(const RunResult& base) {
    for (const Threading& threading : kThreadings) {
      if (threading.threads == 1) continue;
      const char* order = threading.order == ChunkOrder::kReversed     ? ", last chunks first"
                          : threading.order == ChunkOrder::kOwnThreads ? " of its own"
                                                                       : "";
      RunSettings variant = settings();
      variant.threading = threading;
      expect_same_bits(fmt::format("with {} threads{}", threading.threads, order), variant, base);
    }
    if (plan_.in_place) {
      RunSettings variant = settings();
      variant.in_place = true;
      expect_same_bits("in place", variant, base);
    }
    RunSettings forward_only = settings();
    forward_only.pass.gradients = Pass::Gradients::kNone;
    const RunResult forward = run_layer(forward_only, "without gradients");
    same_bits("without gradients", "output", forward.out, base.out, plan_.output());
    if (!plan_.draws) {
      RunSettings later = settings();
      later.later = 1;
      expect_same_bits("another step, as it says that it draws nothing", later, base);
    }
    check_added(base);
    check_unwanted(base);
    check_unread_outputs();
  }

  // Of several outputs one at a time has no gradient, which then counts as 0; one that is computed
  // only if it is read is not there at all.
  void check_unread_outputs() {
    int k = 0;
    for_each_output([&](const OutputPlan& output, size_t first, size_t count) {
      if (plan_.outputs.size() < 2) return;
      const Numbers all = grad_out_;
      clear(grad_out_, first, count);
      RunResult zero = run_layer(settings(), "with a gradient of 0");
      if (output.only_if_read) clear(zero.out, first, count);
      RunSettings variant = settings();
      variant.unread_output = k;
      expect_same_bits(fmt::format("where nobody reads output {}", k++), variant, zero);
      grad_out_ = all;
    });
  }

  bool asks_for_input(size_t i) const {
    return plan_.backward_reads_input && static_cast<int>(i) != plan_.backward_spares_input;
  }

  // Gives backward other numbers than it asked for, one thing at a time. What changes nothing in
  // any batch it has asked for in vain.
  void look_for_reads(const RunResult& base) {
    for (const bool far : {true, false}) {
      for (size_t i = 0; i < call_.inputs.size(); ++i) {
        if (reads_[i] != 0 || !asks_for_input(i)) continue;
        RunSettings variant = settings();
        variant.backward_inputs = call_.inputs;
        for (double& x : variant.backward_inputs[i]) {
          x = classes_of(i) > 0 ? static_cast<double>((static_cast<int64_t>(x) + 1) % classes_of(i))
                                : other(x, far);
        }
        reads_[i] = changes(variant, base);
      }
      if (reads_output_ || !plan_.backward_reads_output) continue;
      RunSettings variant = settings();
      for (const float y : base.out) variant.backward_output.push_back(other(y, far));
      reads_output_ = changes(variant, base);
    }
  }

  // Far: on another piece of a function made of pieces, unless that was an outer one.
  static double other(double x, bool far) { return far ? -1000 * x - 1 : x / 2 + 0.1; }

  bool changes(const RunSettings& variant, const RunResult& base) {
    const RunResult result = run_layer(variant, "with other values in backward");
    return result.grad_in != base.grad_in || result.gradients != base.gradients;
  }

  void report_needless_reads() {
    if (case_.may_ask_in_vain) return;
    if (plan_.backward_reads_output && !reads_output_) {
      report("asks for its output in backward and does not read it");
    }
    for (size_t i = 0; i < reads_.size(); ++i) {
      // The plan has words for one input that is spared, or all.
      const bool could_say =
          plan_.backward_spares_input < 0 || std::count(reads_.begin(), reads_.end(), 1) == 0;
      if (!asks_for_input(i) || reads_[i] != 0 || !could_say) continue;
      report("asks for its input {} in backward and does not read it", i);
    }
  }

  void check_added(const RunResult& base) {
    for (const bool inputs : {true, false}) {
      RunSettings variant = settings();
      variant.add_inputs = inputs;
      variant.add_parameters = !inputs;
      const RunResult result = run_layer(variant, "adding");
      for (size_t i = 0; i < base.grad_in.size(); ++i) {
        compare(fmt::format("gradient of input {}, {}", i, inputs ? "added" : "overwritten"),
                result.grad_in[i], plus(base.grad_in[i], inputs ? variant.before : 0),
                call_.shapes[i], case_.tolerance);
      }
      for (size_t i = 0; i < base.gradients.size(); ++i) {
        compare(fmt::format("gradient of '{}', {}", plan_.parameters[i].name,
                            inputs ? "overwritten" : "added"),
                result.gradients[i], plus(base.gradients[i], inputs ? 0 : variant.before),
                plan_.parameters[i].shape, case_.tolerance);
      }
    }
  }

  static Numbers plus(const std::vector<float>& values, float offset) {
    Numbers sum;
    for (const float x : values) sum.push_back(static_cast<double>(x) + offset);
    return sum;
  }

  // Leaves out one gradient at a time, then all of the parameters (frozen).
  void check_unwanted(const RunResult& base) {
    const size_t inputs = base.grad_in.size(), parameters = base.gradients.size();
    for (size_t i = 0; i < inputs; ++i) {
      RunSettings variant = settings();
      variant.wants_inputs.assign(inputs, 1);
      variant.wants_inputs[i] = 0;
      expect_same_bits(fmt::format("without the gradient of input {}", i), variant, base);
    }
    for (size_t i = 0; i < parameters; ++i) {
      RunSettings variant = settings();
      variant.wants_parameters.assign(parameters, 1);
      variant.wants_parameters[i] = 0;
      expect_same_bits(fmt::format("without the gradient of '{}'", plan_.parameters[i].name),
                       variant, base);
    }
    if (parameters > 1) {
      RunSettings variant = settings();
      variant.wants_parameters.assign(parameters, 0);
      expect_same_bits("with frozen parameters", variant, base);
    }
  }

  void expect_same_bits(const std::string& how, const RunSettings& variant, const RunResult& base) {
    const RunResult result = run_layer(variant, how.c_str());
    same_bits(how, "output", result.out, base.out, plan_.output());
    for (size_t i = 0; i < base.grad_in.size(); ++i) {
      if (result.grad_in[i].empty()) continue;
      same_bits(how, fmt::format("gradient of input {}", i), result.grad_in[i], base.grad_in[i],
                call_.shapes[i]);
    }
    for (size_t i = 0; i < base.gradients.size(); ++i) {
      const std::string& name = plan_.parameters[i].name;
      const Shape& shape = plan_.parameters[i].shape;
      same_bits(how, fmt::format("'{}' after forward", name), result.parameters[i],
                base.parameters[i], shape);
      if (result.gradients[i].empty()) continue;
      same_bits(how, fmt::format("gradient of '{}'", name), result.gradients[i], base.gradients[i],
                shape);
    }
  }

  void same_bits(const std::string& how, const std::string& what, const std::vector<float>& ours,
                 const std::vector<float>& base, const Shape& shape) {
    CNN_ASSERT(ours.size() == base.size());
    for (size_t i = 0; i < ours.size(); ++i) {
      // The plain run is finite, so equality is equality of bits, but for the sign of 0.
      if (ours[i] == base[i]) continue;
      report("{}: {} at {} is {}, in the plain run {}", how, what, coordinates(i, shape), ours[i],
             base[i]);
      return;
    }
  }

  const LayerCase& case_;
  const Phase phase_;
  const LayerHarness harness_;
  const LayerPlan& plan_;
  Pass pass_;
  int64_t batch_ = 0;
  ReferenceCall call_;
  Numbers grad_out_;
  std::vector<char> reads_;  // by input: backward does
  bool reads_output_ = false;
  std::vector<std::string> problems_;
};

std::vector<std::string> problems_of(const LayerCase& layer_case, const LayerType* type) {
  std::vector<std::string> problems;
  for (const Phase phase : {Phase::kTrain, Phase::kTest}) {
    std::vector<std::string> found = Checker(layer_case, type, phase).run();
    problems.insert(problems.end(), found.begin(), found.end());
  }
  return problems;
}

}  // namespace

std::vector<std::string> layer_problems(const LayerCase& layer_case) {
  return problems_of(layer_case, nullptr);
}

std::vector<std::string> layer_problems(const LayerCase& layer_case, const LayerType& type) {
  return problems_of(layer_case, &type);
}

void check_layer(const LayerCase& layer_case) {
  std::string text;
  for (const std::string& problem : layer_problems(layer_case)) text += problem + "\n";
  INFO(text);
  CHECK(text.empty());
}

std::vector<Shape> shapes_of_every_rank() {
  return {{1}, {7}, {19}, {3, 5}, {3, 5, 7}, {17, 1, 1}, {1, 4, 3}, {2, 3, 4, 5}, {5, 33, 35}};
}

}  // namespace cnn
