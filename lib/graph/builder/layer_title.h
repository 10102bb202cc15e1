// How messages call a layer and its inputs.
#pragma once

#include <string>
#include <vector>

#include "graph/builder/graph_writer.h"

namespace cnn::build {

// "'enc3' [256,64,64] and 'prev' [512,32,32]".
std::string describe(const std::vector<Input>& inputs, const std::vector<Form>& forms);
// "conv 'c1'", or "conv" for an item without a name.
std::string title(const NewLayer& request);
// What a layer's setup threw, with the layer's name and its inputs, unless it has told of them.
std::string locate(const NewLayer& request, const std::vector<Form>& forms, std::string problem);

}  // namespace cnn::build
