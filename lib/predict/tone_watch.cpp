#include "predict/tone_watch.h"

#include "base/log.h"
#include "base/text.h"

namespace cnn {

void ToneWatch::look_at(const std::string& name, const float* picture, const Shape& shape) {
  if (!reading_.look.tone || !is_picture(reading_.field)) return;
  ++pictures_;
  const double seen =
      brightness(picture, shape.positions(), shape.channels(), reading_.normalization);
  if (!reading_.look.tone->is_unlike(seen)) return;
  if (unlike_++ > 0) return;
  first_ = name;
  brightness_ = seen;
}

void ToneWatch::report() const {
  if (unlike_ == 0) return;
  const Tone& tone = *reading_.look.tone;
  const char* how = brightness_ > tone.mean ? "brighter" : "darker";
  const std::string seen = fmt::format("{:.2f} of white; theirs are {:.2f} +- {:.2f}", brightness_,
                                       tone.mean, tone.deviation);
  std::string text =
      pictures_ == 1
          ? fmt::format("{} is much {} than the pictures of training ({})", escaped(first_), how,
                        seen)
          : fmt::format("{} of {} pictures {} much {} than those of training ({} has {})", unlike_,
                        pictures_, unlike_ == 1 ? "is" : "are", how, escaped(first_), seen);
  if (reading_.look.invert == Invert::kNo && !tone.is_unlike(1 - brightness_)) {
    text += "; negatives would be like them: --invert, or --invert=auto where others are right";
  }
  warn("{}", text);
}

}  // namespace cnn
