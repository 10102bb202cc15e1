// What the tests of this folder share: data maps from text, small IDX and npy files.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "data/dataset.h"
#include "io/npy.h"
#include "spec/yaml.h"
#include "support/environment.h"
#include "support/process.h"

namespace cnn {

// The data map of a YAML text that stands in `folder`.
inline Node data_map(const std::string& text, const std::string& folder,
                     bool is_command_line = false) {
  return parse_yaml(
      std::make_shared<const Source>(Source{"data.yaml", text, folder, is_command_line}));
}

inline std::string idx_file(const std::vector<uint32_t>& sizes, const std::string& bytes) {
  std::string content = {0, 0, 8, static_cast<char>(sizes.size())};
  for (const uint32_t size : sizes) {
    for (int shift = 24; shift >= 0; shift -= 8) content += static_cast<char>(size >> shift & 255);
  }
  return content + bytes;
}

// An int64 array, which the project itself never writes.
inline std::string npy_int64(const std::string& shape, const std::vector<int64_t>& values) {
  const std::string dict = "{'descr': '<i8', 'fortran_order': False, 'shape': " + shape + ", }\n";
  std::string content = "\x93NUMPY";
  content += {1, 0, static_cast<char>(dict.size()), 0};
  return content + dict +
         std::string(reinterpret_cast<const char*>(values.data()), values.size() * 8);
}

// What is noted while this lives.
struct Notes {
  Notes() {
    set_log_sink([this](std::string_view line) { text += std::string(line) + "\n"; });
  }
  ~Notes() { set_log_sink({}); }
  bool say(const std::string& part) const { return text.find(part) != std::string::npos; }
  std::string text;
};

// The error of a call: its code and text; kOk if there was none.
struct Outcome {
  Exit code = Exit::kOk;
  std::string text;
  bool says(const std::string& part) const { return text.find(part) != std::string::npos; }
};

inline Outcome outcome(const std::function<void()>& call) {
  try {
    call();
    return {};
  } catch (const Error& error) {
    return {error.code(), error.what()};
  }
}

// One sample of a data set, field by field.
inline std::vector<std::vector<float>> sample_of(const Dataset& dataset, int64_t index) {
  std::vector<std::vector<float>> values;
  std::vector<float*> out;
  for (const Field& f : dataset.fields()) {
    values.emplace_back(static_cast<size_t>(f.shape.count()), -999.0f);
  }
  for (std::vector<float>& v : values) out.push_back(v.data());
  dataset.read(index, out);
  return values;
}

}  // namespace cnn
