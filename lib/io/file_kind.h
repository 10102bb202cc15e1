// What a file is by its first bytes, whatever its name says; for messages about what cannot be
// read.
#pragma once

#include <string>
#include <string_view>

namespace cnn {

// "a BMP image", "a PDF document", "text"; empty if nothing is known of such bytes.
std::string_view kind_of_content(std::string_view head);

// Of what is none of the formats of inputs: "is a BMP image; JPEG and PNG images, npy arrays, IDX
// files and CSV tables are read, BMP, GIF, WebP and TIFF are not". Exit::kInput.
[[noreturn]] void fail_unreadable(const std::string& path);

// The first bytes of a file, at most `size` of them.
std::string head_of_file(const std::string& path, size_t size);

}  // namespace cnn
