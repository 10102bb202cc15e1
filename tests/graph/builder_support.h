// Helpers of the builder's tests: graphs and errors of model files written as text.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/log.h"
#include "graph/builder.h"
#include "support/catch.h"
#include "support/models.h"
#include "support/text.h"

namespace cnn {

// Lines that are logged while it lives.
class LogCapture {
 public:
  LogCapture() {
    set_log_sink([this](std::string_view line) { lines.emplace_back(line); });
  }
  ~LogCapture() { set_log_sink({}); }
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  std::vector<std::string> lines;
};

struct Built {
  ParameterStore store;
  std::vector<std::string> log;  // what was said during the build
  Graph graph;

  explicit Built(const std::string& yaml, Phase phase = Phase::kTrain,
                 const std::vector<std::string>& overrides = {})
      : graph(build(spec_of(yaml, overrides), phase)) {}

  Graph build(const ModelSpec& spec, Phase phase) {
    const LogCapture capture;
    Graph built = build_graph(spec, phase, store);
    log = capture.lines;
    return built;
  }
  // "c1.weight [6,1,5,5]" in order of execution; statistics too.
  std::vector<std::string> weights() const {
    std::vector<std::string> lines;
    for (const Parameter& p : store.all()) lines.push_back(p.name + " " + p.request.shape.str());
    return lines;
  }
  // "c1 conv", "c1.act relu".
  std::vector<std::string> layers() const {
    std::vector<std::string> lines;
    for (const GraphNode& node : graph.nodes) lines.push_back(node.name + " " + node.type->name);
    return lines;
  }
  const GraphNode& node(const std::string& name) const {
    for (const GraphNode& node : graph.nodes) {
      if (node.name == name) return node;
    }
    FAIL("no layer '" + name + "'");
    return graph.nodes.front();
  }
  // The names of the values that a layer reads.
  std::vector<std::string> inputs(const std::string& name) const {
    std::vector<std::string> names;
    for (const int v : node(name).inputs) {
      names.push_back(graph.value(v).name);
    }
    return names;
  }
  std::string shape(const std::string& name) const {
    const int value = graph.find_value(name);
    return value < 0 ? "none" : graph.value(value).shape.str();
  }
  // The layer whose value `name` means.
  std::string meaning(const std::string& name) const {
    const int value = graph.find_value(name);
    return value < 0 ? "none" : graph.value(value).name;
  }
  const Parameter& parameter(const std::string& name) const {
    const int id = store.find(name);
    if (id < 0) FAIL("no parameter '" + name + "'");
    return store.at(id);
  }
};

// The rendered errors of a model file, its path shortened to "model.yaml"; "" if there are none.
inline std::string errors_of(const std::string& yaml, Phase phase = Phase::kTrain,
                             const std::vector<std::string>& overrides = {}) {
  std::string text;
  try {
    const Built built(yaml, phase, overrides);
  } catch (const Error& error) {
    CHECK(error.code() == Exit::kSpec);
    text = error.what();
  }
  const std::string folder_end = "/model.yaml";
  for (size_t end = text.find(folder_end); end != std::string::npos;
       end = text.find(folder_end, end)) {
    size_t begin = end;
    while (begin > 0 && text[begin - 1] != ' ' && text[begin - 1] != '\n') --begin;
    text.erase(begin, end + 1 - begin);
    end = begin;
  }
  return text;
}

}  // namespace cnn
