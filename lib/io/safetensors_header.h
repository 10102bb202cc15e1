// The header of a safetensors file as text: parsed strictly, and written.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "io/tensor_reader.h"

namespace cnn::detail {

struct SafetensorsHeader {
  std::vector<SafeTensor> tensors;  // begin and end count from the start of the data
  std::map<std::string, std::string> metadata;
};

// Exit::kInput at `path`, with byte numbers of the file (the text begins at byte 8).
SafetensorsHeader parse_safetensors_header(std::string_view text, const std::string& path);

// Padded with spaces to a multiple of 8 bytes, so that the data are aligned.
std::string write_safetensors_header(const SafetensorsHeader& header);

// What a checksum covers beside the bytes: another name, type or shape gives another sum.
std::string checksum_prefix(const SafeTensor& tensor);
uint32_t metadata_checksum(const std::map<std::string, std::string>& metadata);

inline constexpr std::string_view kChecksumPrefix = "crc32.";
inline constexpr std::string_view kMetadataChecksum = "crc32.__metadata__";

}  // namespace cnn::detail
