// What boxes say, in lines.

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "tensor/items.h"
#include "viz/drawing/drawing.h"
#include "viz/network/boxes.h"

namespace cnn {
namespace {

constexpr double kEdge = 7;                          // between a text and its box
constexpr double kLeastWide = 190, kMostWide = 236;  // of boxes, but for long words
constexpr double kLeastTall = 96, kMostTall = 134;
constexpr double kBetween = 8;  // of a note and the volume behind it

struct Said {
  std::string title;
  std::vector<std::string> notes;
};

Said said_by(const LayoutBox& box) {
  if (box.type == "input") return {escaped(box.name), {"input"}};
  if (box.is_block) {
    Said said{escaped(box.label), {}};
    if (!box.operation.empty()) said.notes.push_back(escaped(box.operation));
    std::string size = counted(box.layers, "layer");
    if (box.parameters > 0) size += ", " + counted(box.parameters, "parameter");
    said.notes.push_back(size);
    return said;
  }
  std::string note = escaped(box.label);
  if (!box.folded.empty()) note += (note.empty() ? "+ " : " + ") + join(box.folded, ", ");
  return {escaped(box.operation), note.empty() ? std::vector<std::string>{} : std::vector{note}};
}

double longest_word(const std::string& text, double size, bool bold) {
  double longest = 0;
  for (const std::string& word : split(text, ' ')) {
    longest = std::max(longest, text_width(word, size, bold));
  }
  return longest;
}

// Broken behind commas, so that "pad 1" and "64 -> 128" stay together; at spaces where a part is
// too long by itself.
std::vector<std::string> lines_of(const std::string& text, double size, double room, bool bold) {
  std::vector<std::string> lines;
  std::string line;
  for (size_t begin = 0; begin < text.size();) {
    const size_t comma = text.find(", ", begin);
    const size_t end = comma == std::string::npos ? text.size() : comma + 1;
    const std::string part = text.substr(begin, end - begin);
    begin = end + 1;
    const std::string longer = line.empty() ? part : line + " " + part;
    if (text_width(longer, size, bold) <= room) {
      line = longer;
      continue;
    }
    if (!line.empty()) lines.push_back(line);
    const std::vector<std::string> broken = broken_lines(part, size, room, bold);
    lines.insert(lines.end(), broken.begin(), broken.end());
    line = lines.back();
    lines.pop_back();
  }
  if (!line.empty()) lines.push_back(line);
  return lines;
}

}  // namespace

void write_texts(NetworkLayout& layout, const std::vector<LayoutBlock>& blocks) {
  const double beside = layout.is_tall ? 2 * kEdge : kGlyphWidth + kEdge;
  double wish = 0, need = 0;
  for (const LayoutBlock& block : blocks) {
    need = std::max(need, text_width(escaped(block.label), kNoteSize) - beside);
  }
  for (LayoutBox& box : layout.boxes) {
    box.volume = volume_text(box.output, box.items, "\xc3\x97");
    const double volume = text_width(box.volume, kNoteSize);
    const Said said = said_by(box);
    wish = std::max({wish, text_width(said.title, kTitleSize, true), volume});
    need = std::max({need, longest_word(said.title, kTitleSize, true), volume});
    for (const std::string& note : said.notes) {
      const double behind = layout.is_tall || &note != &said.notes.back() ? 0 : volume + kBetween;
      wish = std::max(wish, text_width(note, kNoteSize) + behind);
      need = std::max(need, longest_word(note, kNoteSize, false));
    }
  }
  const double width =
      std::max(need + beside, std::clamp(wish + beside, layout.is_tall ? kLeastTall : kLeastWide,
                                         layout.is_tall ? kMostTall : kMostWide));
  const double room = width - beside;
  for (LayoutBox& box : layout.boxes) {
    const Said said = said_by(box);
    box.title = lines_of(said.title, kTitleSize, room, true);
    box.notes.clear();
    for (const std::string& note : said.notes) {
      for (std::string& line : lines_of(note, kNoteSize, room, false)) {
        box.notes.push_back(std::move(line));
      }
    }
    const double volume = text_width(box.volume, kNoteSize);
    box.has_volume_beside = !layout.is_tall && !box.notes.empty() &&
                            text_width(box.notes.back(), kNoteSize) + kBetween + volume <= room;
    const auto lines =
        static_cast<double>(box.title.size() + box.notes.size()) + (box.has_volume_beside ? 0 : 1);
    box.width = width;
    box.height = layout.is_tall ? kGlyphHeight + kTallPitch * lines + 6
                                : std::max(10 + kLinePitch * lines, 40.0);
  }
}

}  // namespace cnn
