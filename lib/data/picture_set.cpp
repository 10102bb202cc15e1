#include "data/picture_set.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/parallel.h"
#include "data/byte_dataset.h"

namespace cnn {
namespace {

class PictureSet final : public Dataset {
 public:
  PictureSet(PictureSetParts parts, const PictureSettings& settings, const DataOptions& options)
      : pictures_(std::move(parts.pictures), settings),
        targets_(std::move(parts.targets)),
        origin_(std::move(parts.origin)),
        skips_bad_(settings.skip_bad) {
    if (parts.masks) masks_.emplace(std::move(*parts.masks), parts.mask_values, options);
    if (size() > 0) target_size_ = static_cast<int64_t>(targets_.size()) / size();
    if (skips_bad_) leave_out_bad();
    if (size() == 0) fail(Exit::kInput, root(), "has no images");
    prepare(settings, options);
    const Shape shape = pictures_.shape();
    fields_ = {{options.input_name, shape, FieldKind::kValues, 0}};
    if (masks_) fields_.push_back(class_field({1, shape.height(), shape.width()}, options));
    if (target_size_ > 0 && parts.is_class) fields_.push_back(class_field({1}, options));
    if (target_size_ > 0 && !parts.is_class) {
      const std::string name = options.target_name.empty() ? "target" : options.target_name;
      fields_.push_back({name, {target_size_}, FieldKind::kValues, 0});
    }
    class_names_ = options.classes.names;
    ignored_class_ = options.ignore;
    normalization_ = options.normalization(settings.channels);
    stamp();
  }

  int64_t size() const override { return pictures_.files().size(); }
  std::string origin(int field) const override {
    if (field == 0) return root();
    if (masks_) return masks_->files().root();
    return origin_.empty() ? root() : origin_;
  }
  std::string fingerprint() const override { return fingerprint_; }
  uint64_t memory_bytes() const override {
    return pictures_.cache_bytes() + (masks_ ? masks_->cache_bytes() : 0);
  }

  void read(int64_t index, std::span<float* const> out) const override {
    CNN_ASSERT(index >= 0 && index < size() && out.size() == fields_.size());
    if (out.size() > 1 && out[1] != nullptr) {
      masks_ ? masks_->read(index, pictures_.files().path(index), out[1])
             : static_cast<void>(
                   std::copy_n(targets_.begin() + index * target_size_, target_size_, out[1]));
    }
    if (out[0] == nullptr) return;
    try {
      pictures_.read(index, out[0]);
    } catch (const Error& error) {
      if (skips_bad_ || error.code() != Exit::kInput) throw;
      Diagnostic d = error.diagnostics()[0];
      d.notes.push_back("--skip-bad leaves out images that cannot be read, up to 1 in 100");
      throw Error(error.code(), {d});
    }
  }

 private:
  const std::string& root() const { return pictures_.files().root(); }

  // Both are kept in memory, or neither.
  void prepare(const PictureSettings& settings, const DataOptions& options) {
    const Normalization normalization = options.normalization(settings.channels);
    pictures_.prepare(normalization, false);
    const Shape shape = pictures_.shape();
    const int64_t mask_bytes = masks_ ? 2 * shape.positions() : 0;
    const int64_t sample = pictures_.image_bytes() + mask_bytes;
    const bool cached = size() <= settings.cache_mib * (int64_t{1} << 20) / sample;
    if (cached) pictures_.prepare(normalization, true);
    if (masks_) masks_->prepare({shape.height(), shape.width()}, cached);
  }

  void stamp() {
    const Shape shape = pictures_.shape();
    uint64_t hash = pictures_.files().stamp();
    if (masks_) hash ^= 31 * masks_->files().stamp();
    for (const float t : targets_) hash = 31 * hash + std::hash<float>()(t);
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
    std::vector<float> targets;
    for (size_t i = 0; i < problems.size(); ++i) {
      good.push_back(problems[i].empty());
      if (!problems[i].empty()) {
        bad.push_back(std::move(problems[i]));
      } else {
        const auto first = targets_.begin() + static_cast<int64_t>(i) * target_size_;
        targets.insert(targets.end(), first, first + target_size_);
      }
    }
    if (bad.empty()) return;
    targets_ = std::move(targets);
    pictures_.keep(good);
    if (masks_) masks_->keep(good);
    report_bad(bad);
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
    warn("{}: {} of {} images cannot be read and are left out", root(), count, all);
    for (const std::string& problem : bad) warn("{}", problem);
  }

  PictureFiles pictures_;
  std::optional<MaskFiles> masks_;
  std::vector<float> targets_;
  int64_t target_size_ = 0;  // numbers of one sample
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
