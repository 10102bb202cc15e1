#include "viz/drawing/axes.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace cnn {
namespace {

constexpr double kTickSize = 11, kLabelSize = 12;

// The distance of round numbers.
double nice_step(double low, double high, int wanted) {
  CNN_ASSERT(high > low && wanted > 0);
  const double rough = (high - low) / wanted;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  double step = power;
  for (const double factor : {2.0, 5.0, 10.0}) {
    if (step < rough * 0.9999) step = factor * power;
  }
  return step;
}

}  // namespace

std::vector<double> nice_ticks(double low, double high, int wanted) {
  const double step = nice_step(low, high, wanted);
  std::vector<double> ticks;
  const double first = std::ceil(low / step - 1e-9), last = std::floor(high / step + 1e-9);
  for (double i = first; i <= last; ++i) ticks.push_back(i == 0 ? 0.0 : i * step);
  return ticks;
}

std::vector<double> log_ticks(double low, double high) {
  CNN_ASSERT(low > 0 && high > low);
  const double first = std::floor(std::log10(low)), last = std::ceil(std::log10(high));
  const double decades = std::log10(high / low);
  const int every = std::max(1, static_cast<int>(std::ceil(decades / 8)));
  std::vector<double> factors = {1};
  if (decades < 3) factors = {1, 2, 5};
  if (decades < 0.7) return nice_ticks(low, high, 5);
  std::vector<double> ticks;
  for (double power = first; power <= last; power += every) {
    for (const double factor : factors) {
      const double tick = factor * std::pow(10, power);
      if (tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9)) ticks.push_back(tick);
    }
  }
  return ticks;
}

namespace {

// So many decimals tell evenly spaced ticks apart: 0.90, 0.95, 1.00. -1: not evenly spaced.
int decimals_of(const std::vector<double>& ticks) {
  if (ticks.size() < 2) return -1;
  const double step = ticks[1] - ticks[0];
  size_t most = 0;
  for (size_t i = 0; i < ticks.size(); ++i) {
    if (i > 0 && std::abs(ticks[i] - ticks[i - 1] - step) > 1e-6 * step) return -1;
    const std::string text = fmt::format("{:.6g}", ticks[i]);
    const size_t point = text.find('.');
    if (text.find('e') != std::string::npos) return -1;
    if (point != std::string::npos) most = std::max(most, text.size() - point - 1);
  }
  return static_cast<int>(most);
}

}  // namespace

std::vector<std::string> tick_labels(const std::vector<double>& ticks) {
  double largest = 0;
  for (const double tick : ticks) largest = std::max(largest, std::abs(tick));
  const bool thousands =
      largest >= 20000 && std::all_of(ticks.begin(), ticks.end(), [](double tick) {
        return std::abs(std::remainder(tick, 100)) < 1e-6;
      });
  const int decimals = thousands ? -1 : decimals_of(ticks);
  std::vector<std::string> labels;
  for (const double tick : ticks) {
    const double shown = thousands ? tick / 1000 : tick;
    const bool tiny = tick != 0 && std::abs(tick) < 1e-3 && largest < 1e-2;
    // Six digits hide what is left of sums like 0.1 + 0.2.
    std::string text = tiny           ? fmt::format("{:.3e}", tick)
                       : decimals > 0 ? fmt::format("{:.{}f}", shown, decimals)
                                      : fmt::format("{:.6g}", shown);
    if (tiny) {  // 5.000e-05 to 5e-5
      const size_t e = text.find('e');
      std::string digits = text.substr(0, e);
      while (digits.back() == '0') digits.pop_back();
      if (digits.back() == '.') digits.pop_back();
      text = fmt::format("{}e{}", digits, std::stoi(text.substr(e + 1)));
    }
    labels.push_back(thousands && tick != 0 ? text + " k" : text);
  }
  return labels;
}

AxisScale::AxisScale(const Axis& axis, double low, double high, int ticks, bool ends_on_ticks)
    : log_(axis.log), low_(axis.low.value_or(low)), high_(axis.high.value_or(high)) {
  if (log_) low_ = std::max(low_, 1e-12);
  if (!(high_ > low_)) {  // one number, or none
    const double middle = std::isfinite(low_) ? low_ : 0;
    const double half = middle != 0 ? 0.1 * std::abs(middle) : 0.5;
    low_ = axis.low.value_or(middle - half);
    high_ = std::max(low_ + half, axis.high.value_or(middle + half));
  }
  if (ends_on_ticks && !log_) {
    const double step = nice_step(low_, high_, ticks);
    if (!axis.low) low_ = step * std::floor(low_ / step + 1e-9);
    if (!axis.high) high_ = step * std::ceil(high_ / step - 1e-9);
  } else if (ends_on_ticks) {
    if (!axis.low) low_ /= 1.15;
    if (!axis.high) high_ *= 1.15;
  }
  ticks_ = log_ ? log_ticks(low_, high_) : nice_ticks(low_, high_, ticks);
  if (axis.whole) {
    std::erase_if(ticks_, [](double tick) { return tick != std::round(tick); });
  }
  labels_ = tick_labels(ticks_);
}

double AxisScale::place(double value) const {
  if (!log_) return (value - low_) / (high_ - low_);
  return std::log(std::max(value, 1e-300) / low_) / std::log(high_ / low_);
}

double y_axis_width(const AxisScale& y, const Axis& axis) {
  double widest = 0;
  for (const std::string& label : y.labels()) {
    widest = std::max(widest, text_width(label, kTickSize));
  }
  return widest + 10 + (axis.label.empty() ? 0 : kLabelSize + 8);
}

void draw_axes(Drawing& drawing, const AxisFrame& f, const Axis& x, const Axis& y) {
  const double bottom = f.top + f.height, right = f.left + f.width;
  const Stroke faint{Paint::grid(), 1};
  double end = -1e9;  // of the label before
  for (size_t i = 0; i < f.x.ticks().size(); ++i) {
    const double at = f.left + f.x.place(f.x.ticks()[i]) * f.width;
    drawing.line({at, f.top}, {at, bottom}, faint);
    const double half = text_width(f.x.labels()[i], kTickSize) / 2;
    if (at - half < end + 6) continue;
    end = at + half;
    drawing.text({at, bottom + kTickSize + 5}, f.x.labels()[i],
                 {kTickSize, Anchor::kMiddle, Paint::muted()});
  }
  for (size_t i = 0; i < f.y.ticks().size(); ++i) {
    const double at = f.top + (1 - f.y.place(f.y.ticks()[i])) * f.height;
    drawing.line({f.left, at}, {right, at}, faint);
    drawing.text({f.left - 7, at + 0.36 * kTickSize}, f.y.labels()[i],
                 {kTickSize, Anchor::kEnd, Paint::muted()});
  }
  const Stroke firm{Paint::muted(), 1};
  drawing.line({f.left, bottom}, {right, bottom}, firm);
  drawing.line({f.left, f.top}, {f.left, bottom}, firm);
  drawing.text({f.left + f.width / 2, bottom + kXAxisHeight - 7}, x.label,
               {kLabelSize, Anchor::kMiddle});
  drawing.text({f.left - y_axis_width(f.y, y) + kLabelSize, f.top + f.height / 2}, y.label,
               {kLabelSize, Anchor::kMiddle, Paint::ink(), false, -90});
}

}  // namespace cnn
