// What tests/support holds for layers alone, built with their test program.
#include "support/allocations.cpp"
#include "support/check_layer.cpp"
#include "support/layer_harness.cpp"
