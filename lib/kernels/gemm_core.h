// OpenBLAS brings kernels for many processors and calls each set a core. It knows processors by
// their numbers and gives those that are newer than itself the kernels of very old ones.
#pragma once

#include <string>
#include <string_view>

namespace cnn {

// The core to ask for in the place of `core` on a machine that offers this instruction set
// (offered_instruction_set()); "" where `core` makes use of it, or is unknown here.
std::string_view better_core(std::string_view core, std::string_view offered);

// Whether the kernels of `core` use instructions that such a machine does not have.
bool is_beyond(std::string_view core, std::string_view offered);

}  // namespace cnn
