// raster: a drawing as pixels, on white. The same bits for any number of threads.
#pragma once

#include <string>

#include "viz/drawing/drawing.h"

namespace cnn {

// RGB; `scale` pixels of the image a pixel of the drawing. Exit::kResource if that is too large.
Image rasterized(const Drawing& drawing, int scale);

}  // namespace cnn
