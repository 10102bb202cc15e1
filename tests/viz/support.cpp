#include "viz/support.h"

#include <cctype>

#include "base/log.h"
#include "model/vocabulary.h"
#include "support/catch.h"
#include "support/files.h"
#include "support/models.h"
#include "train/run_dir.h"
#include "train/trainer.h"
#include "viz/kinds.h"

namespace cnn {
namespace {

// One tag's inside, "rect x=\"1\"/": its attributes are quoted and their names differ.
std::optional<std::string> tag_fault(const std::string& tag) {
  size_t i = tag.find_first_of(" \n/");
  std::vector<std::string> names;
  while (i != std::string::npos && i < tag.size()) {
    if (tag[i] == '/' || std::isspace(static_cast<unsigned char>(tag[i]))) {
      ++i;
      continue;
    }
    const size_t equals = tag.find('=', i);
    if (equals == std::string::npos || equals + 1 >= tag.size() || tag[equals + 1] != '"') {
      return "an attribute without a quoted value in <" + tag + ">";
    }
    const std::string name = tag.substr(i, equals - i);
    for (const std::string& other : names) {
      if (other == name) return "'" + name + "' twice in <" + tag + ">";
    }
    names.push_back(name);
    i = tag.find('"', equals + 2);
    if (i == std::string::npos) return "an open quote in <" + tag + ">";
    ++i;
  }
  return std::nullopt;
}

std::optional<std::string> text_fault(const std::string& text) {
  for (size_t i = text.find('&'); i != std::string::npos; i = text.find('&', i + 1)) {
    const size_t end = text.find(';', i);
    if (end == std::string::npos || end - i > 8) return "a bare '&' in '" + text + "'";
  }
  if (text.find('>') != std::string::npos) return "a bare '>' in '" + text + "'";
  return std::nullopt;
}

}  // namespace

std::optional<std::string> xml_fault(const std::string& text) {
  std::vector<std::string> open;
  size_t i = 0;
  while (i < text.size()) {
    const size_t begin = text.find('<', i);
    const bool in_style = !open.empty() && open.back() == "style";
    if (const auto fault = text_fault(text.substr(i, begin - i)); fault && !in_style) return fault;
    if (begin == std::string::npos) break;
    const size_t end = text.find('>', begin);
    if (end == std::string::npos) return "an open tag at the end";
    const std::string tag = text.substr(begin + 1, end - begin - 1);
    i = end + 1;
    if (tag.starts_with("?") || tag.starts_with("!")) continue;
    if (tag.find('<') != std::string::npos) return "'<' within <" + tag + ">";
    if (tag.starts_with("/")) {
      if (open.empty() || open.back() != tag.substr(1)) return "unexpected <" + tag + ">";
      open.pop_back();
      continue;
    }
    if (const auto fault = tag_fault(tag)) return fault;
    if (!tag.ends_with("/")) open.push_back(tag.substr(0, tag.find_first_of(" \n")));
  }
  if (!open.empty()) return "<" + open.back() + "> is never closed";
  return std::nullopt;
}

size_t count_of(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t i = text.find(part); i != std::string::npos; i = text.find(part, i + part.size())) {
    ++count;
  }
  return count;
}

std::vector<std::string> texts_of(const Drawing& drawing) {
  std::vector<std::string> texts;
  for (const Drawing::Element& element : drawing.elements()) {
    if (const auto* text = std::get_if<Drawing::Text>(&element)) texts.push_back(text->text);
  }
  return texts;
}

std::vector<Image> pictures_of(const Drawing& drawing) {
  std::vector<Image> pictures;
  for (const Drawing::Element& element : drawing.elements()) {
    if (const auto* picture = std::get_if<Drawing::Picture>(&element)) {
      pictures.push_back(picture->image);
    }
  }
  return pictures;
}

std::string train_in(const TemporaryFolder& folder, const std::string& yaml) {
  TrainRequest request;
  request.out = folder.str("runs");
  StopFlags flags;
  TrainObserver observer;
  set_log_sink([](std::string_view) {});
  const TrainReport report =
      train(load_model(folder.file("m.yaml", yaml), {}, vocabulary()), request, observer, flags);
  set_log_sink({});
  return report.run;
}

VizRequest request_for_run(const std::string& run) {
  VizRequest request;
  request.subjects.push_back(
      {run, run, load_model(model_file_of(run), {}, vocabulary()), weights_of_run(run)});
  return request;
}

const std::string& trained_run() {
  static const TemporaryFolder folder;
  static const std::string run = train_in(folder, R"(name: small
input: {image: [1, 28, 28]}
layers:
  - {conv: 6, kernel: 5, stride: 2, act: relu, name: c1}
  - {maxpool: 2, name: s1}
  - flatten
  - {linear: 20, act: relu, name: f2}
  - {linear: 10, name: out}
loss: {cross_entropy: out, target: label}
metrics: [accuracy]
data: {format: digits, train: 600, test: 150, val: 50, augment: {pad: 2, crop: 28}}
train:
  epochs: 4
  batch_size: 20
  optimizer: {sgd: 0.05, momentum: 0.9}
  seed: 7
)");
  return run;
}

VizRequest trained_request() { return request_for_run(trained_run()); }

VizRequest request_of(const std::string& yaml) {
  VizRequest request;
  request.subjects.push_back({"m.yaml", "", spec_of(yaml), ""});
  return request;
}

VizResult run_kind(std::string_view name, const VizRequest& request,
                   const std::vector<VizFlag>& flags) {
  const VizKindType* type = find_viz_kind(name);
  REQUIRE(type != nullptr);
  return run_kind(*type, request, flags);
}

}  // namespace cnn
