#include "data/picture_set.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "data/byte_dataset.h"
#include "data/image_fit.h"

namespace cnn {
namespace {

class PictureSet final : public Dataset {
 public:
  PictureSet(PictureSetParts parts, const PictureSettings& settings, const DataOptions& options)
      : pictures_(std::move(parts.pictures), settings),
        targets_(std::move(parts.targets)),
        origin_(std::move(parts.origin)),
        skips_bad_(settings.skip_bad) {
    const DataOptions mask_options = options_of_masks(options);
    if (parts.masks) masks_.emplace(std::move(*parts.masks), parts.mask_values, mask_options);
    if (skips_bad_) leave_out_bad();
    if (size() == 0) fail(Exit::kInput, root(), "has no images");
    prepare(settings, options);
    const Shape shape = pictures_.shape();
    fields_ = {{options.input_name, shape, FieldKind::kValues, 0}};
    if (masks_) fields_.push_back(class_field({1, shape.height(), shape.width()}, mask_options));
    for (const FieldNumbers& target : targets_) fields_.push_back(target.field);
    ignored_class_ = options.ignore;
    normalization_ = options.normalization(settings.channels);
    stamp(options.background);
  }

  int64_t size() const override { return pictures_.files().size(); }
  std::string origin(int field) const override {
    if (field == 0) return root();
    if (masks_ && field == 1) return masks_->files().root();
    return origin_.empty() ? root() : origin_;
  }
  std::string file(int64_t index) const override { return pictures_.files().path(index); }
  std::string fingerprint() const override { return fingerprint_; }
  uint64_t memory_bytes() const override {
    return pictures_.cache_bytes() + (masks_ ? masks_->cache_bytes() : 0);
  }

  void read(int64_t index, std::span<float* const> out) const override {
    CNN_ASSERT(index >= 0 && index < size() && out.size() == fields_.size());
    if (out[0] != nullptr) read_picture(index, out[0]);
    if (masks_ && out[1] != nullptr) {
      masks_->read(index, pictures_.files().path(index), out[1]);
    }
    const size_t first = masks_ ? 2 : 1;
    for (size_t t = 0; t < targets_.size(); ++t) {
      if (out[first + t] != nullptr) read_target(index, targets_[t], out[first + t]);
    }
  }

 private:
  const std::string& root() const { return pictures_.files().root(); }

  DataOptions options_of_masks(DataOptions options) const {
    for (const FieldNumbers& target : targets_) {
      if (target.field.kind == FieldKind::kClass) options.classes = {};
    }
    return options;
  }

  void read_picture(int64_t index, float* out) const {
    try {
      pictures_.read(index, out);
    } catch (const Error& error) {
      if (skips_bad_ || error.code() != Exit::kInput) throw;
      Diagnostic d = error.diagnostics()[0];
      d.notes.push_back("--skip-bad leaves out images that cannot be read, up to 1 in 100");
      throw Error(error.code(), {d});
    }
  }

  void read_target(int64_t index, const FieldNumbers& target, float* out) const {
    target.read(index, out);
    if (target.field.coordinates == Coordinates::kNone) return;
    const PictureSize size{pictures_.shape().height(), pictures_.shape().width()};
    move_coordinates(target.field.coordinates, fit_map(pictures_.size_in_file(index), size), size,
                     {out, static_cast<size_t>(target.field.shape.count())});
  }

  // Both are kept in memory, or neither.
  void prepare(const PictureSettings& settings, const DataOptions& options) {
    const Normalization normalization = options.normalization(settings.channels);
    pictures_.prepare(normalization, options.background, false);
    const Shape shape = pictures_.shape();
    const int64_t mask_bytes = masks_ ? 2 * shape.positions() : 0;
    const int64_t sample = pictures_.image_bytes() + mask_bytes;
    const bool cached = size() <= settings.cache_mib * (int64_t{1} << 20) / sample;
    if (cached) pictures_.prepare(normalization, options.background, true);
    if (masks_) masks_->prepare({shape.height(), shape.width()}, cached);
  }

  void stamp(Colour background) {
    const Shape shape = pictures_.shape();
    uint64_t hash = pictures_.files().stamp();
    if (masks_) hash ^= 31 * masks_->files().stamp();
    if (background != Colour::white()) {
      hash = 31 * hash + hash_name(fmt::format("background {} {} {}", background.red,
                                               background.green, background.blue));
    }
    for (const FieldNumbers& target : targets_) {
      if (targets_.size() > 1) hash = 31 * hash + hash_name(target.field.name);
      for (const double t : target.values) {
        hash = 31 * hash + std::hash<float>()(static_cast<float>(t));
      }
    }
    fingerprint_ =
        fmt::format("{:016x} {}x{}x{}", hash, shape.channels(), shape.height(), shape.width());
  }

  // Decodes every image once: which ones are left out must not depend on who reads them when.
  void leave_out_bad() {
    std::vector<std::string> problems(static_cast<size_t>(size()));
    constexpr int64_t kGrain = 16;
    parallel_for(size(), kGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        try {
          pictures_.check(i);
          if (masks_) masks_->check(i);
        } catch (const Error& error) {
          if (error.code() != Exit::kInput) throw;
          const Diagnostic& d = error.diagnostics()[0];
          problems[static_cast<size_t>(i)] = d.place + ": " + d.problem;
        }
      }
    });
    std::vector<char> good;
    std::vector<std::string> bad;
    for (std::string& problem : problems) {
      good.push_back(problem.empty());
      if (!problem.empty()) bad.push_back(std::move(problem));
    }
    if (bad.empty()) return;
    for (FieldNumbers& target : targets_) keep_targets(good, target);
    pictures_.keep(good);
    if (masks_) masks_->keep(good);
    report_bad(bad);
  }

  static void keep_targets(const std::vector<char>& wanted, FieldNumbers& target) {
    const int64_t count = target.field.shape.count();
    std::vector<double> kept;
    for (size_t i = 0; i < wanted.size(); ++i) {
      const auto first = target.values.begin() + static_cast<int64_t>(i) * count;
      if (wanted[i] != 0) kept.insert(kept.end(), first, first + count);
    }
    target.values = std::move(kept);
  }

  void report_bad(std::vector<std::string> bad) const {
    constexpr size_t kMostListed = 10, kOneIn = 100;
    const size_t count = bad.size(), all = static_cast<size_t>(size()) + count;
    if (count > kMostListed) {
      bad.resize(kMostListed);
      bad.push_back(fmt::format("and {} more", count - kMostListed));
    }
    if (count * kOneIn > all) {
      throw Error(Exit::kInput,
                  {{root(),
                    fmt::format("{} of {} images cannot be read; 'skip_bad' leaves out 1 in {}",
                                count, all, kOneIn),
                    "", bad}});
    }
    const std::string what =
        fmt::format("{}: {} of {} images cannot be read and are left out", root(), count, all);
    if (!is_news(what)) return;
    warn("{}", what);
    for (const std::string& problem : bad) warn("{}", problem);
  }

  PictureFiles pictures_;
  std::optional<MaskFiles> masks_;
  std::vector<FieldNumbers> targets_;
  std::string origin_;
  bool skips_bad_;
  std::string fingerprint_;
};

}  // namespace

std::shared_ptr<const Dataset> open_picture_set(PictureSetParts parts,
                                                const PictureSettings& settings,
                                                const DataOptions& options) {
  return std::make_shared<PictureSet>(std::move(parts), settings, options);
}

}  // namespace cnn
