#include "spec/render.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/text.h"

namespace cnn {
namespace {

constexpr size_t kWidest = 96;  // of a line without its comment
constexpr int kCommentAt = 56;  // at most: longer lines have theirs right behind

// "models/lenet5.yaml:9", or the words of the command line; "" for a value that cnn has added.
std::string origin_of(const Mark& mark) {
  if (!mark.source) return "";
  if (mark.source->is_command_line) return "command line: " + escaped(mark.source->text);
  return escaped(fmt::format("{}:{}", mark.source->name, mark.line));
}

bool is_collection(const Node& node) {
  return (node.is_list() && !node.items().empty()) || (node.is_map() && !node.entries().empty());
}

// The origin of everything in the node, if it is one and the same.
std::optional<std::string> common_origin(const Node& node) {
  if (!is_collection(node)) return origin_of(node.mark());
  std::optional<std::string> common;
  const auto agrees = [&](const std::optional<std::string>& origin) {
    if (!origin || (common && *common != *origin)) return false;
    common = origin;
    return true;
  };
  for (const Node& item : node.items()) {
    if (!agrees(common_origin(item))) return std::nullopt;
  }
  for (const Entry& e : node.entries()) {
    if (!agrees(common_origin(e.value))) return std::nullopt;
  }
  return common;
}

class Renderer {
 public:
  std::string str(const Node& root) {
    write_children(root, 0);
    int column = 0;
    for (const Line& line : lines_) {
      const int width = display_width(line.text);
      if (!line.origin.empty() && width <= kCommentAt) column = std::max(column, width + 2);
    }
    std::string text;
    for (const Line& line : lines_) {
      text += line.text;
      if (!line.origin.empty()) {
        const int gap = std::max(column - display_width(line.text), 2);
        text += std::string(static_cast<size_t>(gap), ' ') + "# " + line.origin;
      }
      text += "\n";
    }
    return text;
  }

 private:
  struct Line {
    std::string text;
    std::string origin;
  };

  void write_children(const Node& node, size_t indent) {
    for (const Node& item : node.items()) {
      const size_t first = lines_.size();
      write(std::string(indent, ' ') + "-", item, indent + 2);
      if (lines_[first].text.size() > indent + 1) continue;
      // A long collection begins right behind its dash.
      lines_.erase(lines_.begin() + static_cast<std::ptrdiff_t>(first));
      lines_[first].text[indent] = '-';
    }
    for (const Entry& e : node.entries()) {
      write(std::string(indent, ' ') + to_yaml(Node::scalar(e.key)) + ":", e.value, indent + 2);
    }
  }

  // The value behind "key:" or "-": on that line if all of it comes from one place, else below.
  void write(const std::string& head, const Node& node, size_t indent) {
    const std::optional<std::string> origin = common_origin(node);
    const std::string flow = origin ? to_yaml(node) : "";
    const bool fits = head.size() + 1 + flow.size() <= kWidest;
    if (!is_collection(node) || (origin && flow.find('\n') == std::string::npos && fits)) {
      lines_.push_back({head + " " + to_yaml(node), origin_of_whole(node)});
      return;
    }
    lines_.push_back({head, ""});
    write_children(node, indent);
  }

  static std::string origin_of_whole(const Node& node) { return common_origin(node).value_or(""); }

  std::vector<Line> lines_;
};

}  // namespace

std::string render_with_origins(const Node& root) {
  CNN_ASSERT(root.is_map());
  return Renderer().str(root);
}

}  // namespace cnn
