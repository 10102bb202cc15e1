#pragma once

namespace cnn {

inline constexpr const char* kVersion = CNN_VERSION;

}  // namespace cnn
