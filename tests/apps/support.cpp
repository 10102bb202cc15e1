#include "apps/support.h"

#include <cstring>

namespace cnn {

std::string small_model() {
  return R"(name: small
input: {image: [1, 28, 28]}
layers:
  - {conv: 4, kernel: 5, stride: 2, act: relu, name: c1}
  - {bn, name: n1}
  - {maxpool: 2}
  - flatten
  - {dropout: 0.1}
  - {linear: 10, name: out}
loss: {cross_entropy: out, target: label}
metrics: [accuracy]
data: {format: digits, train: 400, test: 100, val: 50}
train:
  epochs: 3
  batch_size: 20
  optimizer: {sgd: 0.05, momentum: 0.9}
  seed: 7
)";
}

std::map<std::string, std::string> tensors_of(const std::string& safetensors) {
  const std::string bytes = read_text(safetensors);
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof(length));
  const auto header = Json::parse(bytes.substr(8, length));
  std::map<std::string, std::string> tensors;
  for (const auto& [name, tensor] : header.items()) {
    if (name == "__metadata__") continue;
    const auto begin = tensor["data_offsets"][0].get<uint64_t>();
    const auto end = tensor["data_offsets"][1].get<uint64_t>();
    tensors[name] = bytes.substr(8 + length + begin, end - begin);
  }
  return tensors;
}

Json last_json(const std::string& text) {
  const std::string trimmed = text.substr(0, text.find_last_not_of('\n') + 1);
  return Json::parse(trimmed.substr(trimmed.rfind('\n') + 1));
}

}  // namespace cnn
