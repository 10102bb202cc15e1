// pairs: pictures and masks of the same names in two folders.
//
//   format: pairs
//   train: {images: cells/images, masks: cells/masks, slice: [0, 25]}
//   val: {images: cells/images, masks: cells/masks, slice: [25, 30]}   # or a number of samples
//   test: ...
//   mask_values: {0: 0, 255: 1}
//
// A picture and its mask have the same path below their folders but for the ending: cells/images/
// a/7.jpg and cells/masks/a/7.png; `mask_suffix: _mask` pairs 7.jpg with 7_mask.png. Samples stand
// in the order of their names, numbers by their value (2 before 10); `slice` takes those from the
// first to before the second. Masks are PNG, grey or with a palette, whose indices then count.

#include <algorithm>
#include <map>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "data/format.h"
#include "data/paths.h"
#include "data/picture_set.h"

namespace cnn {

struct PairFolders {
  DataPath images;
  DataPath masks;
  std::vector<int64_t> slice;
};
CNN_OPTION_TYPE(PairFolders);

std::string OptionType<PairFolders>::name() { return "map of 'images' and 'masks'"; }
OptionSchema OptionType<PairFolders>::schema() { return OptionSchema::any(); }
bool OptionType<PairFolders>::read(const Node& node, PairFolders& out, Diagnostics& d) {
  Options o;
  o("images", out.images, "the folder of pictures").required();
  o("masks", out.masks, "the folder of masks");
  o("slice", out.slice, "[first, end] of the sorted names").at_least(0);
  if (!node.is_map()) {
    d.report(node.mark(), "expected a map of 'images' and 'masks', found " + node.describe());
    return false;
  }
  if (!o.read_map(node, "a data split", d)) return false;
  const bool is_range = out.slice.size() == 2 && out.slice[0] < out.slice[1];
  if (!out.slice.empty() && !is_range) {
    d.report(node.find("slice")->mark(),
             "expected the first sample and the one behind the last, "
             "[0, 25]");
    return false;
  }
  return true;
}
Node OptionType<PairFolders>::write(const PairFolders& value) {
  if (value.images.empty()) return Node();
  Node map = Node::map({});
  map.set("images", Node::scalar(value.images.text));
  if (!value.masks.empty()) map.set("masks", Node::scalar(value.masks.text));
  if (!value.slice.empty()) map.set("slice", OptionType<std::vector<int64_t>>::write(value.slice));
  return map;
}

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Runs of digits count as numbers: "a2" before "a10".
bool natural_less(const std::string& a, const std::string& b) {
  size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (!is_digit(a[i]) || !is_digit(b[j])) {
      if (a[i] != b[j]) return a[i] < b[j];
      ++i, ++j;
      continue;
    }
    const auto run = [](const std::string& text, size_t& at) {
      while (at + 1 < text.size() && text[at] == '0' && is_digit(text[at + 1])) ++at;
      const size_t first = at;
      while (at < text.size() && is_digit(text[at])) ++at;
      return text.substr(first, at - first);
    };
    const std::string x = run(a, i), y = run(b, j);
    if (x.size() != y.size()) return x.size() < y.size();
    if (x != y) return x < y;
  }
  if (i == a.size() && j == b.size()) return a < b;  // 7 and 07
  return i == a.size() && j < b.size();
}

// Path below the folder, without the ending and the suffix -> path below the folder.
using Names = std::map<std::string, std::string, decltype(&natural_less)>;

Names names_in(const std::string& folder, const std::string& suffix) {
  Names names(natural_less);
  for (const std::string& path : files_under(folder)) {
    const std::string file = path.substr(folder.size() + 1);
    const size_t dot = file.rfind('.'), slash = file.rfind('/');
    const bool has_ending = dot != std::string::npos && (slash == std::string::npos || dot > slash);
    std::string name = has_ending ? file.substr(0, dot) : file;
    if (name.ends_with(suffix)) name.resize(name.size() - suffix.size());
    const auto [there, is_new] = names.emplace(name, file);
    if (!is_new) {
      fail(Exit::kInput, folder, "'{}' and '{}' have the same name", there->second, file);
    }
  }
  if (names.empty()) fail(Exit::kInput, folder, "has no images");
  return names;
}

// What `names` has and `others` has not.
void list_missing(const Names& names, const Names& others, const std::string& what,
                  std::vector<std::string>& notes) {
  constexpr int64_t kMostListed = 5;
  int64_t missing = 0;
  for (const auto& [name, file] : names) {
    if (others.count(name) != 0 || ++missing > kMostListed) continue;
    notes.push_back(fmt::format("'{}' has no {}", file, what));
  }
  if (missing > kMostListed) notes.push_back(fmt::format("and {} more", missing - kMostListed));
}

class PairsFormat final : public DataFormat {
 public:
  PairsFormat() { common.scale = 1.0 / 255; }

  void declare(Options& o) override {
    o("train", train_, "the folders of the training pictures and masks").required();
    o("test", test_, "the folders of the test pictures and masks");
    o("mask_values", mask_values_, "the class of each value in the masks: {0: 0, 255: 1}");
    o("mask_suffix", mask_suffix_, "what masks' names have behind those of their pictures");
    settings_.declare(o);
  }

  bool has_test() const override { return !test_.images.empty(); }
  bool read_validation(Diagnostics& d) override {
    if (!common.val.files.is_map()) return false;
    OptionType<PairFolders>::read(common.val.files, validation_, d);
    return true;
  }

  std::shared_ptr<const Dataset> open(Split split) const override {
    const PairFolders& folders = split == Split::kTrain  ? train_
                                 : split == Split::kTest ? test_
                                                         : validation_;
    const std::string images = find_data_folder(folders.images, common);
    const Names pictures = names_in(images, "");
    PictureSetParts parts;
    parts.mask_values = mask_values_;
    parts.pictures = FileList(images, sliced(pictures, pictures, folders.slice, images));
    if (!folders.masks.empty()) {
      const std::string root = find_data_folder(folders.masks, common);
      const Names masks = names_in(root, mask_suffix_);
      check_pairs(pictures, images, masks, root);
      parts.masks = FileList(root, sliced(pictures, masks, folders.slice, root));
    }
    return open_picture_set(std::move(parts), settings_, common);
  }

 private:
  static void check_pairs(const Names& pictures, const std::string& images, const Names& masks,
                          const std::string& root) {
    std::vector<std::string> notes;
    list_missing(pictures, masks, "mask", notes);
    list_missing(masks, pictures, "picture", notes);
    if (notes.empty()) return;
    throw Error(Exit::kInput, {{root,
                                fmt::format("{} masks and the {} pictures in '{}' have not all "
                                            "the same names",
                                            masks.size(), pictures.size(), images),
                                {},
                                notes}});
  }

  // The files of `names` under the keys of `keys`, those of the slice.
  static std::vector<std::string> sliced(const Names& keys, const Names& names,
                                         const std::vector<int64_t>& slice,
                                         const std::string& folder) {
    std::vector<std::string> files;
    for (const auto& [key, file] : keys) files.push_back(names.at(key));
    if (slice.empty()) return files;
    if (slice[1] > static_cast<int64_t>(files.size())) {
      fail(Exit::kInput, folder, "has {} images, 'slice' is [{}, {}]", files.size(), slice[0],
           slice[1]);
    }
    return {files.begin() + slice[0], files.begin() + slice[1]};
  }

  PairFolders train_;
  PairFolders test_;
  PairFolders validation_;
  MaskValues mask_values_;
  std::string mask_suffix_;
  PictureSettings settings_;
};

}  // namespace

extern const DataFormatType pairs_format = {
    "pairs", "pictures and masks of the same names in two folders",
    [] { return std::unique_ptr<DataFormat>(new PairsFormat()); }};

}  // namespace cnn
