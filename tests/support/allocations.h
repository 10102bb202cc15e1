// How often operator new ran, to catch layers that allocate in forward or backward.
#pragma once

#include <cstdint>

namespace cnn {

// Always 0 in sanitizer builds, which bring their own operator new.
int64_t allocation_count();

}  // namespace cnn
