// Schema: a JSON Schema (draft 2020-12) of model files, for editors that complete and check YAML.
// Made from the same option tables as reader and help: layers, losses, initialisers, optimizers,
// schedules, metrics, data formats and the train section.
//
// It accepts every model file that cnn accepts (unless an argument of a block is called like a
// layer) and finds misspelt keys and wrong kinds of values. What needs the network (shapes, names,
// expressions) is left to `cnn summary`.
#pragma once

#include <string>

namespace cnn {

std::string model_schema();  // indented JSON

}  // namespace cnn
