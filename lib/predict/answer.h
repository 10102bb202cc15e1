// Answer: what is said of one sample, for people, as JSON, as rows of CSV, as files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"

namespace cnn {

struct Answer {
  std::string input;                           // a file, or a text
  int64_t sample = 0;                          // within it
  bool is_whole = false;                       // the input is this one sample
  std::string text;                            // one line, to stand behind the input's name
  Json json = Json::object();                  // what stands in the map behind "input" and "sample"
  std::vector<std::vector<std::string>> rows;  // of CSV, behind the input and the sample
  std::vector<std::string> files;              // written
};

struct PredictReport {
  std::string model;
  int64_t samples = 0;
  std::string list = "predictions";  // what JSON calls the answers
  bool counts_samples = true;        // answers have a number within their input
  bool names_inputs = true;          // text() puts each answer's input before it
  std::vector<std::string> columns;  // of CSV, behind the input and the sample
  std::vector<Answer> answers;
  std::vector<std::string> files;  // written, those of the answers too

  std::string json() const;  // one line
  std::string csv() const;
  std::string text() const;
};

}  // namespace cnn
