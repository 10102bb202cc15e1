// Exif: what a camera's JPEG says of how it was held.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace cnn {

// The orientation, 1 to 8, in an APP1 segment ("Exif\0\0", then a TIFF header and its directory;
// CIPA DC-008, tag 0x0112). 1, upright, where there is none or it makes no sense.
int exif_orientation(std::span<const uint8_t> segment);

// True if the picture is upright only when its rows have become columns.
inline bool swaps_sides(int orientation) { return orientation >= 5; }

// The pixels, `channels` bytes each, of a stored picture turned upright.
std::vector<uint8_t> turned(const std::vector<uint8_t>& stored, int64_t height, int64_t width,
                            int64_t channels, int orientation);

}  // namespace cnn
