// Head: what a network's main output means to people: it prints it, writes it as JSON and CSV, and
// draws it. A meaning is one file in heads/, NAME.cpp, which defines
//
//   extern const HeadType classes_head = {.name = "classes", ..., .make = make};
//
// a line in heads.def, and tests/predict/heads/NAME_test.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "graph/main_output.h"
#include "io/image.h"
#include "model/weights.h"
#include "predict/answer.h"
#include "tensor/view.h"

namespace cnn {

// What heads are made from; outlives them.
struct HeadContext {
  const Graph& graph;
  const WeightsInfo& weights;
  int64_t top = 5;  // classes of each sample

  std::string class_name(size_t number) const {
    const std::vector<std::string>& names = weights.class_names;
    return number < names.size() ? names[number] : std::to_string(number);
  }
};

class Head {
 public:
  explicit Head(int value) : value_(value) {}
  virtual ~Head() = default;

  int value() const { return value_; }  // what it reads
  // Columns of CSV, behind the input and the sample.
  virtual std::vector<std::string> columns() const = 0;

  struct Sample {
    ConstView output;                // one row; of a list the sample's items
    const Image* picture = nullptr;  // what the network was shown, RGB, if it was a picture
    std::string base = "";           // of the files to draw, "DIR/cat"; empty: none are wanted
  };
  // Text, JSON, rows and files of one sample.
  virtual Answer answer(const Sample& sample) const = 0;

 private:
  int value_;
};

struct HeadType {
  const char* name;
  const char* summary;  // one line: "the likeliest classes of each sample"
  // Answers are about pictures of their own size, pixel by pixel: JSON lists them as "maps".
  bool is_map = false;
  // Null if the graph's main output (null without a loss) means something else.
  std::unique_ptr<Head> (*make)(const HeadContext& context, const MainOutput* output) = nullptr;
};

// In the order in which they are asked: that of heads.def.
std::span<const HeadType* const> head_types();

struct FoundHead {
  const HeadType* type = nullptr;
  std::unique_ptr<Head> head;
};
// The first that takes the graph's main output; the last takes any.
FoundHead find_head(const HeadContext& context);
// The numbers of a layer or a named output, whatever they mean: codes, features. Exit::kUsage if
// there is none of that name.
FoundHead head_of_layer(const HeadContext& context, const std::string& layer);

}  // namespace cnn
