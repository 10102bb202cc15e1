// picture: a picture, made of another or of itself: a reconstruction, as PNG.
#include "model/inputs.h"
#include "predict/head.h"
#include "predict/maps.h"

namespace cnn {
namespace {

class Picture final : public Head {
 public:
  Picture(const HeadContext& context, const MapOutput& map)
      : Head(map.value), context_(context), map_(map) {}

  std::vector<std::string> columns() const override { return {"height", "width"}; }

  Answer answer(const Sample& sample) const override {
    const Shape& shape = sample.output.shape;
    Answer answer;
    answer.text = fmt::format(" {} x {}", shape.width(), shape.height());
    answer.rows = {{std::to_string(shape.height()), std::to_string(shape.width())}};
    if (!sample.base.empty()) {
      answer.files = {fmt::format("{}_{}.png", sample.base, map_.name)};
      write_png(answer.files[0], picture_of(float_image(sample.output, 0), map_,
                                            byte_normalization(context_.weights)));
    }
    answer.json = {{"height", shape.height()},
                   {"width", shape.width()},
                   {"classes", Json::array()},
                   {"files", answer.files}};
    return answer;
  }

 private:
  HeadContext context_;
  MapOutput map_;
};

std::unique_ptr<Head> make(const HeadContext& context, const MainOutput*) {
  const std::optional<MapOutput> map = map_output(context.graph);
  if (!map || map->kind != MapOutput::Kind::kPicture) return nullptr;
  return std::make_unique<Picture>(context, *map);
}

}  // namespace

extern const HeadType picture_head = {
    .name = "picture",
    .summary = "a picture [1|3|4,H,W] that comes near to another, or to the input",
    .is_map = true,
    .make = make};

}  // namespace cnn
