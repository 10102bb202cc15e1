// The parts that inputs.h is made of, one a kind of argument.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/inputs.h"

namespace cnn {

std::unique_ptr<InputPart> npy_part(const NamedFile& file, const InputReading& reading);
std::unique_ptr<InputPart> idx_part(const NamedFile& file, const InputReading& reading);
// Numbers in the columns of a CSV table, a sample a row.
std::unique_ptr<InputPart> table_part(const NamedFile& file, const InputReading& reading);
// Null if `skip_bad` leaves none.
std::unique_ptr<InputPart> picture_part(std::vector<NamedFile> files, const InputReading& reading);
std::unique_ptr<InputPart> text_part(std::vector<std::string> texts, const InputReading& reading);

// Pictures larger than the network's [C,H,W] that windows are cut from.
Shape with_spare(const Shape& shape);

}  // namespace cnn
