#include "report/known_weights.h"

#include <algorithm>
#include <filesystem>

#include "base/share.h"
#include "base/text.h"
#include "report/reference_text.h"
#include "spec/loading.h"

namespace cnn {
namespace {

namespace fs = std::filesystem;

std::string text_at(const Node& map, std::string_view key) {
  const Node* node = map.find(key);
  return node != nullptr && node->is_scalar() ? node->text() : "";
}

std::string first_of(const Node& map, std::string_view key) {
  const Node* list = map.find(key);
  return list != nullptr && !list->items().empty() ? list->items()[0].text() : "";
}

KnownWeights read(const fs::path& path) {
  const Node map = load_merged_file(path.string(), {});
  KnownWeights known;
  known.name = path.stem().string();
  known.model = text_at(map, "model");
  known.about = text_at(map, "about");
  known.source = text_at(map, "source");
  if (const Node* files = map.find("files"); files != nullptr && !files->items().empty()) {
    const Node& file = files->items()[0];
    known.url =
        first_of(map, "mirrors") + "/" + fs::path(text_at(file, "path")).filename().string();
    known.sha256 = text_at(file, "sha256");
  }
  if (const Node* data = map.find("data")) {
    for (const Node& item : data->items()) known.overrides.push_back(item.text());
  }
  return known;
}

}  // namespace

std::vector<KnownWeights> known_weights() {
  std::vector<KnownWeights> all;
  for (const std::string& share : shared_folders()) {
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(fs::path(share) / "data/weights", none)) {
      if (entry.path().extension() == ".yaml") all.push_back(read(entry.path()));
    }
    if (!all.empty()) break;
  }
  std::sort(all.begin(), all.end(),
            [](const KnownWeights& a, const KnownWeights& b) { return a.name < b.name; });
  return all;
}

std::string weights_help() {
  std::string text =
      "Examples:\n"
      "  cnn data get weights/efficientnet-lite0          fetch trained weights, check them\n"
      "  cnn predict efficientnet-lite0 --weights FILE.pth cat.jpg\n"
      "  cnn train resnet18 --weights FILE.pth --partial vars.classes=5 --data pictures/\n\n" +
      wrapped(
          "--weights takes safetensors, and PyTorch's files of a state dict (.pth, .pt) whose "
          "names "
          "are the model's. These are known to fit; the sum is sha256, or the beginning of it that "
          "the file's name has. $CNN_DATA/weights is where they go, else data/weights.",
          "");
  for (const KnownWeights& known : known_weights()) {
    text += fmt::format("\n  weights/{}: {} ({})\n", known.name, known.about, known.source);
    text += fmt::format("    {}\n    sha256 {}\n", known.url, known.sha256);
    text += fmt::format("    cnn predict {} --weights FILE {}IMAGE\n", known.model,
                        known.overrides.empty() ? "" : join(known.overrides, " ") + " ");
  }
  return text;
}

}  // namespace cnn
