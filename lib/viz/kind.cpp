#include "viz/kind.h"

#include <memory>

#include "base/files.h"
#include "viz/drawing/raster.h"
#include "viz/drawing/svg.h"

namespace cnn {
namespace {

constexpr int kPngScale = 2;  // sharp on the screens of today

// A value as if it stood in a model file, with its place on the command line for messages.
Node node_of(const std::string& flag, const std::string& value) {
  const std::string before = "--" + flag + " ";
  auto source = std::make_shared<Source>(Source{"command line", before + value, ".", true});
  Mark mark;
  mark.source = std::move(source);
  mark.line = 1;
  mark.column = static_cast<int>(before.size()) + 1;
  mark.length = static_cast<int>(std::max<size_t>(value.size(), 1));
  return Node::scalar(value, mark);
}

}  // namespace

bool takes_list(const Option& option) { return option.schema.kind == OptionSchema::Kind::kList; }

void read_viz_flags(const VizKindType& type, VizKind& kind, std::span<const VizFlag> flags) {
  Options options;
  kind.options(options);
  Diagnostics diagnostics;
  std::vector<Entry> entries;
  for (const VizFlag& flag : flags) {
    std::vector<Node> values;
    for (const std::string& value : flag.values) values.push_back(node_of(flag.name, value));
    CNN_ASSERT(!values.empty());
    const Mark mark = values.front().mark();
    const Option* option = options.find(flag.name);
    const bool is_list = option != nullptr && takes_list(*option);
    entries.push_back(
        {flag.name, mark, is_list ? Node::list(std::move(values), mark) : values.back()});
  }
  options.read_map(Node::map(std::move(entries)), fmt::format("'viz {}'", type.name), diagnostics);
  diagnostics.throw_if_any();
}

VizResult run_kind(const VizKindType& type, const VizRequest& request,
                   std::span<const VizFlag> flags) {
  const std::unique_ptr<VizKind> kind = type.make();
  read_viz_flags(type, *kind, flags);
  return kind->run(request);
}

std::vector<std::string> write_result(const VizResult& result, const std::string& folder,
                                      bool as_svg) {
  std::vector<std::string> paths;
  if (!result.figures.empty() || !result.files.empty()) make_directories(folder);
  for (const Figure& figure : result.figures) {
    paths.push_back(fmt::format("{}/{}.{}", folder, figure.name, as_svg ? "svg" : "png"));
    if (as_svg) {
      write_file_atomically(paths.back(), svg_file(figure.drawing));
    } else {
      write_png(paths.back(), rasterized(figure.drawing, kPngScale));
    }
  }
  for (const auto& [name, content] : result.files) {
    paths.push_back(folder + "/" + name);
    write_file_atomically(paths.back(), content);
  }
  return paths;
}

}  // namespace cnn
