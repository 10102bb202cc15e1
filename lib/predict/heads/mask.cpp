// mask: scores of classes for every pixel, as the share of each class, a mask and an overlay.
#include "base/text.h"
#include "io/csv.h"
#include "predict/head.h"
#include "predict/maps.h"

namespace cnn {
namespace {

class Mask final : public Head {
 public:
  Mask(const HeadContext& context, const MapOutput& map)
      : Head(map.value), context_(context), map_(map) {}

  std::vector<std::string> columns() const override {
    return {"height", "width", "class", "share"};
  }

  Answer answer(const Sample& sample) const override {
    const Image classes = class_map(float_image(sample.output, 0), map_);
    const bool is_binary = map_.kind == MapOutput::Kind::kBinary;
    std::vector<int64_t> counts(is_binary ? 2 : static_cast<size_t>(sample.output.shape.channels()),
                                0);
    for (const uint8_t c : classes.values) ++counts[c];

    Answer answer;
    answer.text = fmt::format(" {} x {}", classes.width, classes.height);
    answer.json = {{"height", classes.height}, {"width", classes.width}};
    Json shares = Json::array();
    for (size_t c = 0; c < counts.size(); ++c) {
      const std::string name = context_.class_name(c);
      const double share =
          static_cast<double>(counts[c]) / static_cast<double>(classes.values.size());
      answer.text += fmt::format("  {} {:.1f}%", escaped(name), 100 * share);
      answer.rows.push_back(
          {std::to_string(classes.height), std::to_string(classes.width), name, csv_number(share)});
      shares.push_back({{"name", name}, {"share", share}});
    }
    if (!sample.base.empty()) answer.files = draw(sample, classes);
    answer.json["classes"] = std::move(shares);
    answer.json["files"] = answer.files;
    return answer;
  }

 private:
  static std::vector<std::string> draw(const Sample& sample, const Image& classes) {
    std::vector<std::string> files = {sample.base + "_mask.png"};
    write_palette_png(files[0], classes, class_colours());
    if (sample.picture != nullptr) {
      files.push_back(sample.base + "_overlay.png");
      write_png(files[1], overlay(*sample.picture, classes));
    }
    return files;
  }

  HeadContext context_;
  MapOutput map_;
};

std::unique_ptr<Head> make(const HeadContext& context, const MainOutput*) {
  const std::optional<MapOutput> map = map_output(context.graph);
  if (!map || map->kind == MapOutput::Kind::kPicture) return nullptr;
  return std::make_unique<Mask>(context, *map);
}

}  // namespace

extern const HeadType mask_head = {
    .name = "mask",
    .summary = "scores [C,H,W] of every pixel's class: a mask, an overlay, the classes' shares",
    .is_map = true,
    .make = make};

}  // namespace cnn
