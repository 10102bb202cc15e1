// to_yaml: the writer of model files. Flow style where a value fits on its line, else block style.

#include <algorithm>

#include "base/text.h"
#include "spec/node.h"
#include "spec/scalar.h"

namespace cnn {
namespace {

constexpr size_t kLineWidth = 96;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

// True if `text` read as a plain scalar, in flow or block context, is this text again.
bool is_plain_safe(std::string_view text) {
  static constexpr std::string_view kIndicators = "-?:,[]{}#&*!|>'\"%@`=<";
  if (text.empty() || text.front() == ' ' || text.back() == ' ') return false;
  if (text.starts_with("---") || text.starts_with("...")) return false;
  if (kIndicators.find(text.front()) != std::string_view::npos) {
    // -5 and -x are plain; a dash followed by a space or by nothing is a list item.
    if (text.front() != '-' || text.size() == 1 || text[1] == ' ') return false;
  }
  if (text.find_first_of(",[]{}?") != std::string_view::npos)
    return false;  // yaml-cpp stops at '?'
  if (text.find(": ") != std::string_view::npos || text.find(" #") != std::string_view::npos) {
    return false;
  }
  if (text.back() == ':') return false;
  return escaped(text) == text;
}

std::string quote(std::string_view text) {
  const bool printable = std::none_of(text.begin(), text.end(), is_control);
  const bool needs_escape = text.find_first_of("\"\\") != std::string_view::npos;
  if (printable && needs_escape && text.find('\'') == std::string_view::npos) {
    return fmt::format("'{}'", text);
  }
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (c == '\n') {
      result += "\\n";
    } else if (c == '\t') {
      result += "\\t";
    } else if (is_control(c)) {
      result += fmt::format("\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      result += c;
    }
  }
  return result + "\"";
}

std::string key_text(std::string_view key) {
  return is_plain_safe(key) && !is_null_word(key) ? std::string(key) : quote(key);
}

std::string scalar_text(const Node& node) {
  const bool plain = !node.quoted() && is_plain_safe(node.text()) && !is_null_word(node.text());
  return plain ? node.text() : quote(node.text());
}

// Appends the node on one line; false once the line is longer than `room`.
bool write_flow(const Node& node, size_t room, std::string& out) {
  const auto comma = [&out](bool first) {
    if (!first) out += ", ";
  };
  switch (node.kind()) {
    case Node::Kind::kNull:
      out += "~";
      break;
    case Node::Kind::kScalar:
      out += scalar_text(node);
      break;
    case Node::Kind::kList:
      out += "[";
      for (const Node& item : node.items()) {
        comma(&item == node.items().data());
        if (!write_flow(item, room, out)) return false;
      }
      out += "]";
      break;
    case Node::Kind::kMap:
      out += "{";
      for (const Entry& e : node.entries()) {
        comma(&e == node.entries().data());
        out += key_text(e.key) + ": ";
        if (!write_flow(e.value, room, out)) return false;
      }
      out += "}";
      break;
  }
  return out.size() <= room;
}

bool is_collection(const Node& node) {
  return (node.is_list() && !node.items().empty()) || (node.is_map() && !node.entries().empty());
}

void write_block(const Node& node, size_t indent, std::string& out);

// The value behind "key:" or "-": on the same line if it fits. `is_item`: a long collection starts
// right behind its dash.
void write_value(const Node& node, size_t used, size_t indent, bool is_item, std::string& out) {
  std::string line;
  const size_t room = kLineWidth > used + 1 ? kLineWidth - used - 1 : 0;
  if (!is_collection(node) || write_flow(node, room, line)) {
    if (line.empty()) write_flow(node, std::string::npos, line);
    out += " " + line + "\n";
  } else if (is_item) {
    std::string block;
    write_block(node, indent, block);
    out += " " + block.substr(indent);  // the dash stands where the first line's indentation ends
  } else {
    out += "\n";
    write_block(node, indent, out);
  }
}

void write_block(const Node& node, size_t indent, std::string& out) {
  const std::string margin(indent, ' ');
  for (const Node& item : node.items()) {
    out += margin + "-";
    write_value(item, indent + 1, indent + 2, true, out);
  }
  for (const Entry& e : node.entries()) {
    const std::string head = margin + key_text(e.key) + ":";
    out += head;
    write_value(e.value, head.size(), indent + 2, false, out);
  }
}

}  // namespace

std::string to_yaml(const Node& node) {
  std::string out;
  if (!is_collection(node)) {
    write_flow(node, std::string::npos, out);
    return out;
  }
  if (write_flow(node, kLineWidth, out)) return out;
  out.clear();
  write_block(node, 0, out);
  return out;
}

}  // namespace cnn
