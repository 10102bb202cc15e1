// Files as torch.save writes them, put together by hand: pickles from their instructions, archives
// from their records.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cnn::test {

template <class T>
std::string little(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof(T)};
}

template <class T>
std::string raw(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

inline std::string repeated(const std::string& text, size_t times) {
  std::string all;
  for (size_t i = 0; i < times; ++i) all += text;
  return all;
}

// Instructions of pickles; each gives the bytes that push one value.
inline std::string text_op(std::string_view text) {
  return "X" + little(static_cast<uint32_t>(text.size())) + std::string(text);
}
inline std::string int_op(int32_t number) { return "J" + little(number); }
inline std::string global_op(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}
inline std::string tuple_op(const std::vector<std::string>& items) {
  std::string bytes = "(";
  for (const std::string& item : items) bytes += item;
  return bytes + "t";
}
inline std::string sizes_op(const std::vector<int32_t>& numbers) {
  std::vector<std::string> items;
  for (const int32_t number : numbers) items.push_back(int_op(number));
  return tuple_op(items);
}
inline std::string call_op(const std::string& callee, const std::vector<std::string>& arguments) {
  return callee + tuple_op(arguments) + "R";
}
using PickledItems = std::vector<std::pair<std::string, std::string>>;  // name, instructions
inline std::string dict_op(const PickledItems& items, const std::string& begin = "}") {
  std::string bytes = begin + "(";
  for (const auto& [key, value] : items) bytes += text_op(key) + value;
  return bytes + "u";
}
// An OrderedDict with an attribute, as state dicts are.
inline std::string ordered_op(const PickledItems& items) {
  const std::string empty = global_op("collections", "OrderedDict") + ")R";
  return dict_op(items, empty) + dict_op({{"_metadata", empty}}) + "b";
}
inline std::string pickle(const std::string& instructions) {
  return "\x80\x02" + instructions + ".";
}

struct StoredNumbers {
  std::string key, type;  // "0", "FloatStorage"
  std::string bytes;
  size_t number_bytes = 4;

  int32_t count() const { return static_cast<int32_t>(bytes.size() / number_bytes); }
};

// A tensor that looks at the storage from number `first` on.
inline std::string tensor_op(const StoredNumbers& storage, int32_t first,
                             const std::vector<int32_t>& sizes, const std::vector<int32_t>& strides,
                             bool is_old = false) {
  std::vector<std::string> id = {text_op("storage"), global_op("torch", storage.type),
                                 text_op(storage.key), text_op("cpu"), int_op(storage.count())};
  if (is_old) id.push_back("N");
  return call_op(global_op("torch._utils", "_rebuild_tensor_v2"),
                 {tuple_op(id) + "Q", int_op(first), sizes_op(sizes), sizes_op(strides), "\x89",
                  global_op("collections", "OrderedDict") + ")R"});
}

struct ZipOptions {
  bool is_wide = false;  // all numbers in the ZIP64 parts
  bool has_sums = true;
  uint16_t method = 0;
};

// An archive of members as they are.
inline std::string zip_of(const std::vector<std::pair<std::string, std::string>>& members,
                          const ZipOptions& options = {}) {
  std::string file, directory;
  const auto limited = [&](uint64_t value) {
    return little(options.is_wide ? 0xffff'ffffu : static_cast<uint32_t>(value));
  };
  for (const auto& [name, content] : members) {
    const uint64_t at = file.size(), size = content.size();
    const auto* bytes = reinterpret_cast<const Bytef*>(content.data());
    const auto sum = static_cast<uint32_t>(crc32_z(0, bytes, content.size()));
    const auto crc = little(options.has_sums ? sum : 0u);
    const std::string padding = "FB" + little(uint16_t{3}) + "ZZZ";
    const std::string common = little(uint16_t{0x808}) + little(options.method) +
                               little(uint32_t{0}) + crc + limited(size) + limited(size) +
                               little(static_cast<uint16_t>(name.size()));
    file += "PK\3\4" + little(uint16_t{0}) + common +
            little(static_cast<uint16_t>(padding.size())) + name + padding + content;
    std::string wide;
    if (options.is_wide) {
      wide = padding + little(uint16_t{1}) + little(uint16_t{24}) + little(size) + little(size) +
             little(at);
    }
    directory += "PK\1\2" + little(uint32_t{0}) + common +
                 little(static_cast<uint16_t>(wide.size())) + std::string(10, '\0') + limited(at) +
                 name + wide;
  }
  const uint64_t begin = file.size(), count = members.size(), size = directory.size();
  file += directory;
  if (options.is_wide) {
    const uint64_t record = file.size();
    file += "PK\6\6" + little(uint64_t{44}) + std::string(12, '\0') + little(count) +
            little(count) + little(size) + little(begin);
    file += "PK\6\7" + little(uint32_t{0}) + little(record) + little(uint32_t{1});
  }
  const auto number = little(options.is_wide ? uint16_t{0xffff} : static_cast<uint16_t>(count));
  return file + "PK\5\6" + little(uint32_t{0}) + number + number + limited(size) + limited(begin) +
         little(uint16_t{0});
}

// What torch.save writes since 1.6, of an object's instructions.
inline std::string new_file(const std::string& object, const std::vector<StoredNumbers>& storages,
                            const ZipOptions& options = {}) {
  std::vector<std::pair<std::string, std::string>> members = {{"net/data.pkl", pickle(object)},
                                                              {"net/byteorder", "little"}};
  for (const StoredNumbers& s : storages) members.emplace_back("net/data/" + s.key, s.bytes);
  members.emplace_back("net/version", "3\n");
  return zip_of(members, options);
}

// What it wrote before.
inline std::string old_file(const std::string& object, const std::vector<StoredNumbers>& storages,
                            const std::string& little_endian = "\x88") {
  std::string file =
      pickle("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19") + pickle(int_op(1001)) +
      pickle(dict_op({{"protocol_version", int_op(1001)}, {"little_endian", little_endian}})) +
      pickle(object);
  std::string keys = "](";
  for (const StoredNumbers& s : storages) keys += text_op(s.key);
  file += pickle(keys + "e");
  for (const StoredNumbers& s : storages) {
    file += little(static_cast<uint64_t>(s.count())) + s.bytes;
  }
  return file;
}

}  // namespace cnn::test
