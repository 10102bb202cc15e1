// The drawing of a network that mirrors itself.

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/error.h"
#include "viz/network/forms.h"
#include "viz/network/grid.h"
#include "viz/network/routes.h"

namespace cnn {
namespace {

using Side = Mirror::Side;

constexpr GridGaps kGaps{22, 18};      // of the upright form
constexpr GridGaps kFlatGaps{40, 24};  // of the one on its side
constexpr double kMiddle = 40;         // more between left and right there
constexpr double kTrack = 10;          // between lines side by side

constexpr int kBetweenRegion = -1;

class UForm {
 public:
  UForm(NetworkLayout& layout, const std::vector<LayoutBlock>& blocks, const Mirror& mirror)
      : layout_(layout), mirror_(mirror) {
    for (size_t i = 0; i < layout.boxes.size(); ++i) {
      if (mirror.sides[i] != Side::kBetween) lanes_ = std::max(lanes_, box(i).lane + 1);
      rows_ = std::max(rows_, row(i) + 1);
    }
    level_of_row_.assign(static_cast<size_t>(rows_), 0);
    for (size_t i = 0; i < layout.boxes.size(); ++i) {
      if (mirror.sides[i] == Side::kBetween) continue;
      int& level = level_of_row_[static_cast<size_t>(row(i))];
      level = std::max(level, mirror.levels[i]);
    }
    regions_.assign(layout.boxes.size(), 0);
    blocks_ = blocks;
  }

  // False where boxes would lie over one another.
  bool arrange(bool is_flat) {
    is_flat ? find_places() : find_slots();
    if (!are_apart()) return false;
    split_blocks();
    grid_ = place_on_grid(layout_, cells_, pieces_, is_flat ? kFlatGaps : kGaps);
    layout_.width = grid_.width;
    layout_.height = grid_.height;
    is_flat ? route_flat() : route_upright();
    fit();
    return true;
  }

 private:
  const LayoutBox& box(size_t i) const { return layout_.boxes[i]; }
  int row(size_t i) const { return layout_.boxes[i].row; }
  int skip_from(size_t i) const { return row(mirror_.skips[i].from); }
  int skip_to(size_t i) const { return row(mirror_.skips[i].to); }
  int level(int at_row) const { return level_of_row_[static_cast<size_t>(at_row)]; }
  size_t count() const { return mirror_.skips.size(); }

  void put(size_t i, int at_row, int column, int region, double shift = 0) {
    cells_.push_back({i, at_row, column, shift});
    regions_[i] = region;
  }

  bool are_apart() const {
    std::set<std::pair<int, int>> taken;
    return std::all_of(cells_.begin(), cells_.end(), [&](const GridCell& cell) {
      return cell.row >= 0 && cell.column >= 0 && taken.emplace(cell.row, cell.column).second;
    });
  }

  // A frame goes around boxes that stand together; of a block in several places those with two
  // boxes or more.
  void split_blocks() {
    for (const LayoutBlock& block : blocks_) {
      std::map<int, std::vector<size_t>> parts;
      for (const size_t i : block.boxes) parts[regions_[i]].push_back(i);
      for (const auto& [region, part] : parts) {
        if (part.size() > 1) pieces_.push_back({block.name, block.label, part});
      }
    }
  }

  // --- Upright: a slot is a row of the grid; both ends of a link have one slot. ---

  void find_slots() {
    const size_t outer = count() - 1;
    std::vector<int> anchors(count());
    anchors[outer] = std::max(skip_from(outer), rows_ - 1 - skip_to(outer));
    for (size_t i = outer; i-- > 0;) {
      anchors[i] =
          anchors[i + 1] + std::max(skip_from(i) - skip_from(i + 1), skip_to(i + 1) - skip_to(i));
    }
    int deepest = 0;
    for (int r = skip_from(0) + 1; r < skip_to(0); ++r) deepest = std::max(deepest, level(r));
    int first = skip_from(0) + 1, last = skip_to(0) - 1;  // rows of the bottom
    while (first < last && level(first) < deepest) ++first;
    while (last > first && level(last) < deepest) --last;
    const int bottom = anchors[0] + 1 + (first - skip_from(0) - 1);
    for (size_t i = 0; i < layout_.boxes.size(); ++i) {
      const int r = row(i), lane = box(i).lane;
      if (mirror_.sides[i] == Side::kBetween) {
        put(i, anchors[link_through(i)], lanes_, kBetweenRegion);
      } else if (r < first) {
        put(i, left_slot(anchors, r), lanes_ - 1 - lane, 0);
      } else if (r <= last) {
        put(i, bottom + r - first, lanes_ + lane, 1);
      } else {
        put(i, right_slot(anchors, r), 2 * lanes_ + lane, 2);
      }
    }
  }

  // The link that passes a box.
  size_t link_through(size_t i) const {
    size_t link = 0;
    while (mirror_.skips[link].via != static_cast<int>(i)) ++link;
    return link;
  }

  // Between two links boxes stand next to the one of their level.
  int left_slot(const std::vector<int>& anchors, int r) const {
    for (size_t i = 0; i < count(); ++i) {
      const bool is_outermost = i + 1 == count();
      if (r > skip_from(i)) return anchors[i] + r - skip_from(i);
      if (!is_outermost && r <= skip_from(i + 1)) continue;
      if (!is_outermost && level(r) == level(skip_from(i + 1))) {
        return anchors[i + 1] + r - skip_from(i + 1);
      }
      return anchors[i] - (skip_from(i) - r);
    }
    return 0;
  }
  int right_slot(const std::vector<int>& anchors, int r) const {
    for (size_t i = 0; i < count(); ++i) {
      const bool is_outermost = i + 1 == count();
      if (r < skip_to(i)) return anchors[i] + skip_to(i) - r;
      if (!is_outermost && r >= skip_to(i + 1)) continue;
      if (!is_outermost && level(r) != level(skip_to(i))) {
        return anchors[i + 1] + skip_to(i + 1) - r;
      }
      return anchors[i] - (r - skip_to(i));
    }
    return 0;
  }

  std::vector<StepRouter::Step> steps_of(int region, int sign) const {
    std::vector<StepRouter::Step> steps;
    for (const GridCell& cell : cells_) {
      if (regions_[cell.box] == region) steps.push_back({cell.box, sign * cell.row});
    }
    return steps;
  }

  void route_upright() {
    std::vector<StepRouter::Step> down = steps_of(0, 1);
    const std::vector<StepRouter::Step> middle = steps_of(1, 1), up = steps_of(2, -1);
    StepRouter left(layout_, StepRouter::Flow::kDown, down, -1);
    StepRouter bottom(layout_, StepRouter::Flow::kDown, middle);
    StepRouter right(layout_, StepRouter::Flow::kUp, up);
    std::vector<StepRouter::Step> both = middle;
    for (const StepRouter::Step& step : down) {
      if (step.box == mirror_.skips[0].from || row(step.box) > skip_from(0)) both.push_back(step);
    }
    StepRouter in(layout_, StepRouter::Flow::kDown, both);
    for_each_edge([&](size_t from, size_t to) {
      const int a = regions_[from], b = regions_[to];
      if (a == b) {
        (a == 0 ? left : a == 1 ? bottom : right).connect(from, to);
      } else if (a == 0 && b == 1) {
        in.connect(from, to);
      } else if (a == 1) {
        rise(from, to);
      } else {
        link(from, to);
      }
    });
    widest_ = right.reach();
    leftmost_ = std::min(0.0, left.reach() - 10);
  }

  // From the bottom's side up into the lowest box on the right; into others from beside.
  void rise(size_t from, size_t to) {
    const LayoutBox &a = box(from), &b = box(to);
    const double y = a.y + a.height / 2;
    bool is_lowest = true;
    double beside = b.x + b.width;
    for (size_t i = 0; i < layout_.boxes.size(); ++i) {
      if (regions_[i] != 2) continue;
      is_lowest = is_lowest && (i == to || box(i).y <= b.y || box(i).lane != b.lane);
      beside = std::max(beside, box(i).x + box(i).width);
    }
    const Point start{a.x + a.width, y};
    if (is_lowest && y > b.y + b.height + kHead) {
      const double x = b.x + b.width / 2;
      return add(from, to, Way(start).along({{x, y}}, {x, b.y + b.height + kHead}));
    }
    const double x = beside + kTrack * static_cast<double>(++rising_), in = b.y + b.height / 2;
    outer_ = std::max(outer_, x);
    add(from, to,
        Way({a.x + a.width, y + 6}).along({{x, y + 6}, {x, in}}, {b.x + b.width + kHead, in}));
  }

  // From left to right; between different heights through the middle.
  void link(size_t from, size_t to) {
    const LayoutBox &a = box(from), &b = box(to);
    const double y = a.y + a.height / 2, in = b.y + b.height / 2;
    const Point start{a.x + a.width, y}, end{b.x - kHead, in};
    if (std::abs(y - in) < 0.5) return add(from, to, Way(start).line_to(end));
    const double x = b.x - 2 * kTrack - kTrack * static_cast<double>(turning_++ % 8);
    add(from, to, Way(start).along({{x, y}, {x, in}}, end));
  }

  // --- On its side: a level is a row of the grid; links leave the left side's last box. ---

  void find_places() {
    const size_t outer = count() - 1;
    std::vector<int> left(count()), right(count());  // boxes of each level
    int most_left = 0;
    for (size_t i = 0; i < count(); ++i) {
      left[i] = skip_from(i) - (i < outer ? skip_from(i + 1) : -1);
      right[i] = (i < outer ? skip_to(i + 1) : rows_) - skip_to(i);
      most_left = std::max(most_left, left[i]);
    }
    const int in_bottom = skip_to(0) - skip_from(0) - 1;
    const int middle = std::max(most_left, in_bottom / 2);  // the first column on the right
    const bool has_between = std::any_of(mirror_.skips.begin(), mirror_.skips.end(),
                                         [](const Mirror::Skip& skip) { return skip.via >= 0; });
    const int start = middle + (has_between ? 1 : 0);  // of the right side
    const double shift = has_between ? 0 : kMiddle;
    const auto row_of = [&](size_t i) { return static_cast<int>(outer - i) * lanes_; };
    for (size_t b = 0; b < layout_.boxes.size(); ++b) {
      const int r = row(b), lane = box(b).lane;
      if (mirror_.sides[b] == Side::kBottom) {
        put(b, row_of(0) + lanes_ + lane, middle - in_bottom / 2 + r - skip_from(0) - 1,
            3 * static_cast<int>(count()), kMiddle / 2);
        continue;
      }
      if (mirror_.sides[b] == Side::kBetween) {
        put(b, row_of(link_through(b)), middle, kBetweenRegion);
        continue;
      }
      size_t i = 0;
      if (mirror_.sides[b] == Side::kLeft) {
        while (i < outer && r <= skip_from(i + 1)) ++i;
        put(b, row_of(i) + lane, middle - 1 - (skip_from(i) - r), 3 * static_cast<int>(i));
      } else {
        while (i < outer && r >= skip_to(i + 1)) ++i;
        put(b, row_of(i) + lane, start + r - skip_to(i), 3 * static_cast<int>(i) + 1, shift);
      }
    }
  }

  void route_flat() {
    std::map<int, StepRouter> routers;
    for (const GridCell& cell : cells_) {
      const int region = regions_[cell.box];
      if (routers.count(region) > 0) continue;
      std::vector<StepRouter::Step> steps;
      for (const GridCell& other : cells_) {
        if (regions_[other.box] == region) steps.push_back({other.box, other.column});
      }
      routers.emplace(region, StepRouter(layout_, StepRouter::Flow::kRight, steps));
    }
    for_each_edge([&](size_t from, size_t to) {
      if (regions_[from] == regions_[to]) {
        routers.at(regions_[from]).connect(from, to);
      } else if (cell_of(from).row == cell_of(to).row) {
        link(from, to);
      } else {
        change_level(from, to);
      }
    });
  }

  // Down or up through the room between two levels.
  void change_level(size_t from, size_t to) {
    const LayoutBox &a = box(from), &b = box(to);
    const GridCell &at = cell_of(from), &goal = cell_of(to);
    const bool is_down = goal.row > at.row;
    const double x = a.x + a.width / 2, end = b.x + b.width / 2;
    // Next to the lower level, below all lanes of the upper one.
    const auto next = static_cast<size_t>(std::max(goal.row, at.row) - 1);
    const double gap = (grid_.bottom[next] + grid_.top[next + 1]) / 2;
    const double start = is_down ? a.y + a.height : a.y;
    const double in = is_down ? b.y - kHead : b.y + b.height + kHead;
    if (std::abs(x - end) < 0.5) return add(from, to, Way({x, start}).line_to({x, in}));
    add(from, to, Way({x, start}).along({{x, gap}, {end, gap}}, {end, in}));
  }

  // --- Both ---

  const GridCell& cell_of(size_t i) const {
    return *std::find_if(cells_.begin(), cells_.end(),
                         [&](const GridCell& cell) { return cell.box == i; });
  }

  template <class F>
  void for_each_edge(F&& f) const {
    for (size_t to = 0; to < layout_.boxes.size(); ++to) {
      const std::vector<int> inputs = layout_.boxes[to].inputs;
      for (const int from : inputs) f(static_cast<size_t>(from), to);
    }
  }

  void add(size_t from, size_t to, Way& way) {
    layout_.routes.push_back({static_cast<int>(from), static_cast<int>(to), way.take()});
  }
  void add(size_t from, size_t to, Way&& way) { add(from, to, way); }

  // Lines beside the boxes have their room.
  void fit() {
    layout_.width = std::max({layout_.width, widest_ + 10, outer_ + 10}) - leftmost_;
    for (LayoutBox& b : layout_.boxes) b.x -= leftmost_;
    for (LayoutGroup& g : layout_.groups) g.x -= leftmost_;
    for (LayoutRoute& route : layout_.routes) {
      for (Point& p : route.points) p.x -= leftmost_;
    }
  }

  NetworkLayout& layout_;
  const Mirror& mirror_;
  std::vector<LayoutBlock> blocks_, pieces_;
  int lanes_ = 1, rows_ = 0;
  std::vector<int> level_of_row_;
  std::vector<GridCell> cells_;
  std::vector<int> regions_;  // of each box: which of them stand together
  Grid grid_;
  int rising_ = 0, turning_ = 0;
  double widest_ = 0, outer_ = 0, leftmost_ = 0;
};

}  // namespace

bool place_as_u(NetworkLayout& layout, const std::vector<LayoutBlock>& blocks, const Mirror& mirror,
                bool across) {
  UForm form(layout, blocks, mirror);
  return form.arrange(across) && !passes_boxes(layout);
}

}  // namespace cnn
