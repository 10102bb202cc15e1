#include "spec/yaml.h"

#include <yaml-cpp/anchor.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <sstream>
#include <unordered_map>

#include "base/files.h"
#include "base/text.h"
#include "spec/limits.h"
#include "spec/positions.h"
#include "spec/scalar.h"
#include "spec/yaml_scan.h"

namespace cnn {
namespace {

// Behind the ')' that closes the '$(' at the start; texts in quotes are skipped.
std::optional<size_t> expression_end(std::string_view text) {
  int open = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\'' || text[i] == '"') i = text.find(text[i], i + 1);
    if (i == std::string_view::npos) return std::nullopt;
    if (text[i] == '(') ++open;
    if (text[i] == ')' && --open == 0) return i + 1;
  }
  return std::nullopt;
}

// Throws the one error that ends a parse.
[[noreturn]] void stop(const Mark& mark, std::string problem, std::string remedy = "") {
  Diagnostics diagnostics;
  diagnostics.report(mark, std::move(problem), std::move(remedy));
  diagnostics.throw_if_any();
  bug("a reported error throws", __FILE__, __LINE__);
}

// Builds the tree from the parser's events, bounded in nodes and depth.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(Positions& positions, Diagnostics& diagnostics)
      : positions_(positions), diagnostics_(diagnostics) {}

  Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ == 0) return;
    const size_t offset = offset_of(mark);
    stop(positions_.mark(offset), "a second document starts; one file is one document",
         "remove the '---'");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const size_t offset = skip_properties(offset_of(mark));
    const size_t length = word_length(offset);
    const bool written = length > 0 && is_null_word(positions_.text().substr(offset, length));
    Mark place = mark_of(offset, written ? length : 1);
    const Frame* frame = frames_.empty() ? nullptr : &frames_.back();
    if (!written && frame && frame->has_key) {
      check_valueless(*frame);
      place = frame->key_mark;
    } else if (!written && frame && frame->node.is_list() && positions_.at(offset) == ',') {
      diagnostics_.report(place, "an empty item in a list", "remove the comma, or write ~");
    }
    add(Node::null(std::move(place)), anchor, 1);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const size_t offset = offset_of(mark);
    const Mark place = mark_of(offset, word_length(offset));
    for (const Frame& frame : frames_) {
      if (frame.anchor == anchor) stop(place, "alias cycle: this value would contain itself");
    }
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) stop(place, "an alias without its anchor");
    if (static_cast<int>(frames_.size()) + found->second.depth > kMaxDepth) {
      stop(place, fmt::format("nested too deeply: depth {} > {}",
                              static_cast<int>(frames_.size()) + found->second.depth, kMaxDepth));
    }
    count(found->second.weight, place);  // before the copy is made
    Node node = found->second.node;
    node.set_mark(place);
    finish(std::move(node));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    const size_t offset = skip_properties(offset_of(mark));
    const bool plain = tag == "?";
    const size_t end = plain ? plain_end(offset, value) : quoted_end(offset);
    scalar_end_ = end;
    Mark place = positions_.mark(offset, end);
    if (plain) check_unbalanced(value, offset, place);
    if (plain && !expects_key()) check_number(value, place);
    add(Node::scalar(value, std::move(place), !plain), anchor, scalar_weight(value.size()));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    open(mark, anchor, style, Node::list({}));
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    open(mark, anchor, style, Node::map({}));
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    Node node;
    YAML::anchor_t anchor = 0;
    bool is_flow = false;
    bool has_key = false;  // read, its value not yet
    std::string key;
    Mark key_mark;
    size_t key_end = 0;
    std::unordered_map<std::string, size_t> index;  // of the entries, by key
  };
  struct Anchored {
    Node node;
    size_t weight = 0;
    int depth = 0;
  };

  size_t offset_of(const YAML::Mark& mark) const {
    return positions_.offset(mark.line, mark.column);
  }
  Mark mark_of(size_t offset, size_t bytes) { return positions_.mark(offset, offset + bytes); }

  bool expects_key() const {
    return !frames_.empty() && frames_.back().node.is_map() && !frames_.back().has_key;
  }

  void open(const YAML::Mark& mark, YAML::anchor_t anchor, YAML::EmitterStyle::value style,
            Node node) {
    const size_t offset = skip_properties(offset_of(mark));
    node.set_mark(mark_of(offset, 1));
    if (expects_key()) stop(node.mark(), "a key must be a word, found " + node.describe());
    if (frames_.size() == static_cast<size_t>(kMaxDepth)) {
      stop(node.mark(), fmt::format("nested too deeply: depth {} > {}", kMaxDepth + 1, kMaxDepth));
    }
    count(1, node.mark());
    Frame& frame = frames_.emplace_back();
    frame.node = std::move(node);
    frame.anchor = anchor;
    frame.is_flow = style == YAML::EmitterStyle::Flow;
  }

  void close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    remember(frame.node, frame.anchor);
    finish(std::move(frame.node));
  }

  void add(Node node, YAML::anchor_t anchor, size_t weight) {
    count(weight, node.mark());
    remember(node, anchor);
    finish(std::move(node));
  }

  // What an alias will copy. The copies count too: anchors within anchors multiply.
  void remember(const Node& node, YAML::anchor_t anchor) {
    if (anchor == 0) return;
    const size_t size = weight(node);
    count(size, node.mark());
    anchors_[anchor] = {node, size, depth(node)};
  }

  // Puts a whole value where it belongs: as a key, an item or the root.
  void finish(Node node) {
    if (frames_.empty()) {
      root_ = std::move(node);
    } else if (frames_.back().node.is_list()) {
      frames_.back().node.items().push_back(std::move(node));
    } else if (!frames_.back().has_key) {
      take_key(frames_.back(), node);
    } else {
      Frame& frame = frames_.back();
      frame.has_key = false;
      const bool added = frame.index.emplace(frame.key, frame.node.entries().size()).second;
      if (added) {
        frame.node.entries().push_back({std::move(frame.key), frame.key_mark, std::move(node)});
      }
    }
  }

  void take_key(Frame& frame, const Node& node) {
    if (!node.is_scalar()) stop(node.mark(), "a key must be a word, found " + node.describe());
    frame.has_key = true;
    frame.key = node.text();
    frame.key_mark = node.mark();
    frame.key_end = scalar_end_;
    if (frame.key == "<<" && !node.quoted()) {
      diagnostics_.report(node.mark(), "merge keys are not part of YAML 1.2",
                          "use 'include: FILE', or a block");
    }
    const auto first = frame.index.find(frame.key);
    if (first == frame.index.end()) return;
    const Mark& other = frame.node.entries()[first->second].mark;
    diagnostics_.report(
        node.mark(), fmt::format("duplicate key '{}'", frame.key),
        other.line == node.mark().line ? "" : fmt::format("also in line {}", other.line),
        {fmt::format("the first is at {}:{}:{}", other.source->name, other.line, other.column)});
  }

  void count(size_t weight, const Mark& mark) {
    nodes_ += weight;
    if (nodes_ > kMaxNodes) {
      stop(mark, fmt::format("the file expands to more than {} nodes", with_commas(kMaxNodes)));
    }
  }

  // Past `&anchor`; a tag is refused.
  size_t skip_properties(size_t offset) {
    const std::string& text = positions_.text();
    while (offset < text.size()) {
      const char c = text[offset];
      if (c == '!') {
        stop(mark_of(offset, word_length(offset)), "YAML tags have no meaning here",
             "remove the tag");
      } else if (c == '&') {
        offset += word_length(offset);
      } else if (c == '#') {
        offset = std::min(text.find('\n', offset), text.size());
      } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        ++offset;
      } else {
        break;
      }
    }
    return offset;
  }

  size_t word_length(size_t offset) const {
    const size_t end = positions_.text().find_first_of(" \t\r\n,[]{}", offset);
    return std::min(end, positions_.text().size()) - offset;
  }

  // A plain scalar's text stands in the file as it is, unless it spans lines.
  size_t plain_end(size_t offset, const std::string& value) const {
    const std::string& text = positions_.text();
    const auto differs = std::mismatch(
        value.begin(), value.end(), text.begin() + static_cast<std::ptrdiff_t>(offset), text.end());
    return offset + static_cast<size_t>(differs.first - value.begin());
  }

  // Past the closing quote, or the end of the first line; a quote that never closes is an error
  // that the parser overlooks at the end of a file.
  size_t quoted_end(size_t offset) {
    const std::string& text = positions_.text();
    const char quote = positions_.at(offset);
    if (quote != '"' && quote != '\'') return offset + 1;  // a block scalar's '|' or '>'
    for (size_t i = offset + 1; i < text.size(); ++i) {
      if (text[i] == '\\' && quote == '"') {
        ++i;
      } else if (text[i] == quote && quote == '\'' && positions_.at(i + 1) == '\'') {
        ++i;
      } else if (text[i] == quote) {
        const size_t line_end = text.find('\n', offset);
        return std::min(i + 1, line_end);
      }
    }
    stop(mark_of(offset, 1), "this quote is never closed");
  }

  void check_number(const std::string& value, const Mark& mark) {
    if (is_ambiguous_octal(value)) {
      const size_t digit = std::min(value.find_first_not_of("+-0"), value.size() - 1);
      diagnostics_.report(mark, fmt::format("ambiguous octal '{}'", value),
                          fmt::format("write {}, or \"{}\" for text", value.substr(digit), value));
    } else if (is_non_finite(value)) {
      diagnostics_.report(mark, fmt::format("finite number required, found '{}'", value));
    }
  }

  // `{conv: $(max(a, b))}`: YAML ends the scalar at the comma.
  void check_unbalanced(const std::string& value, size_t offset, const Mark& mark) {
    if (!value.starts_with("$(") || expression_end(value)) return;
    const std::string& text = positions_.text();
    const size_t line_end = std::min(text.find_first_of("\r\n", offset), text.size());
    const std::string rest = text.substr(offset, line_end - offset);
    if (const std::optional<size_t> end = expression_end(rest)) {
      diagnostics_.report(mark,
                          fmt::format("YAML ends this expression at the '{}'",
                                      positions_.at(offset + value.size())),
                          fmt::format("quote it: \"{}\"", rest.substr(0, *end)));
    } else {
      diagnostics_.report(mark, fmt::format("'$(' without its ')' in '{}'", value));
    }
  }

  // A key that got no ':', or one that is glued to its value.
  void check_valueless(const Frame& frame) {
    const size_t colon = frame.key.find(':');
    const size_t next = std::min(positions_.text().find_first_not_of(" \t", frame.key_end),
                                 positions_.text().size());
    if (colon != std::string::npos && colon > 0) {
      diagnostics_.report(frame.key_mark, fmt::format("no value for the key '{}'", frame.key),
                          fmt::format("write a space behind the ':': {}: {}",
                                      frame.key.substr(0, colon), frame.key.substr(colon + 1)));
    } else if (!frame.is_flow && positions_.at(next) != ':') {
      diagnostics_.report(frame.key_mark, fmt::format("expected ':' behind '{}'", frame.key));
    }
  }

  Positions& positions_;
  Diagnostics& diagnostics_;
  std::vector<Frame> frames_;
  std::unordered_map<YAML::anchor_t, Anchored> anchors_;
  Node root_;
  size_t nodes_ = 0;
  size_t scalar_end_ = 0;  // of the last scalar
  int documents_ = 0;
};

// The parser's message in words that say what to do.
std::pair<std::string, std::string> explain(const std::string& message) {
  struct Explanation {
    const char* message;
    const char* problem;
    const char* remedy;
  };
  static constexpr Explanation kExplanations[] = {
      {"illegal map value", "a ':' where no value can start",
       "is a space missing behind an earlier ':', or the indentation uneven? text with ': ' needs "
       "quotes"},
      {"end of map not found", "expected 'key: value' here",
       "is the line indented as those above?"},
      {"end of sequence not found", "expected '- item' here",
       "is the line indented as those above?"},
      {"end of map flow not found", "expected ',' or '}' here", ""},
      {"end of sequence flow not found", "expected ',' or ']' here", ""},
      {"illegal flow end", "a closing bracket that was never opened", ""},
      {"unknown token", "no value starts with this character", "quote the text"},
      {"illegal block entry", "a '- ' where no list item can stand", "start a new line"},
      {"the referenced anchor is not defined", "an alias without its anchor",
       "'&name' must stand before '*name'"},
      {"illegal EOF in scalar", "this quote is never closed", ""},
      {"illegal tab when looking for indentation", "a tab in the indentation",
       "indent with spaces"},
  };
  for (const Explanation& e : kExplanations) {
    if (message == e.message) return {e.problem, e.remedy};
  }
  return {"not valid YAML: " + message, ""};
}

// Passes `text`, whose positions are those of `source`, through the parser.
Node parse(const std::shared_ptr<const Source>& source, const std::string& text) {
  Positions positions(source);
  const ScanResult scan = scan_yaml(text);
  if (scan.fatal) stop(positions.mark(scan.fatal->offset), scan.fatal->problem, scan.fatal->remedy);
  Diagnostics diagnostics;
  TreeBuilder builder(positions, diagnostics);
  std::istringstream stream(text);
  bool found = false;
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) found = true;
  } catch (const YAML::Exception& e) {
    if (scan.unclosed) stop(positions.mark(scan.unclosed->offset), scan.unclosed->problem);
    const auto [problem, remedy] = explain(e.msg);
    const size_t offset = positions.offset(e.mark.line, e.mark.column);
    stop(positions.mark(offset), problem, remedy);
  } catch (const Error&) {
    if (scan.unclosed) stop(positions.mark(scan.unclosed->offset), scan.unclosed->problem);
    throw;
  }
  diagnostics.throw_if_any();
  Node root = builder.take();
  if (!found || (root.is_null() && !source->is_command_line)) {
    stop(positions.mark(0), "empty document");
  }
  return root;
}

}  // namespace

Node parse_yaml(std::shared_ptr<const Source> source, size_t skip) {
  if (source->text.size() > kMaxFileBytes) {
    fail(Exit::kSpec, source->name, "larger than 4 MB, the limit for a model file");
  }
  std::string text = source->text;
  std::fill_n(text.begin(), std::min(skip, text.size()), ' ');
  return parse(source, text);
}

Node load_yaml(const std::string& path) {
  std::error_code error;
  const bool regular = std::filesystem::is_regular_file(path, error);
  if (regular && std::filesystem::file_size(path, error) > kMaxFileBytes && !error) {
    fail(Exit::kSpec, path, "larger than 4 MB, the limit for a model file");
  }
  auto source = std::make_shared<Source>();
  source->name = path;
  source->text = read_file(path, kMaxFileBytes);
  if (source->text.starts_with("\xEF\xBB\xBF")) source->text.erase(0, 3);  // byte order mark
  source->directory = std::filesystem::path(path).parent_path().string();
  if (source->directory.empty()) source->directory = ".";
  return parse_yaml(std::move(source));
}

}  // namespace cnn
