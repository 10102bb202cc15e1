#include "io/torch_file.h"

#include <algorithm>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/error.h"
#include "io/torch_state.h"
#include "io/zip_index.h"

namespace cnn {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kArchive = "PK\3\4"sv;
constexpr unsigned char kPickle = 0x80;  // then its protocol
constexpr std::string_view kMagic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"sv;  // little-endian
constexpr int64_t kVersion = 1001;
constexpr uint64_t kCountBytes = 8;

// The value of a dict's key; null if it has none.
const PickleValue* entry(const Pickle& pickle, std::string_view key) {
  const std::vector<PickleId>& items = pickle.root().items;
  for (size_t i = 0; pickle.root().is(PickleKind::kDict) && i + 1 < items.size(); i += 2) {
    if (pickle.at(items[i]).text == key) return &pickle.at(items[i + 1]);
  }
  return nullptr;
}

[[noreturn]] void fail_big_endian(const std::string& path, uint64_t at) {
  fail(Exit::kInput, path,
       "at byte {}: the numbers are of a big-endian machine; save the file on another one", at);
}

}  // namespace

bool is_torch_file(std::string_view head) {
  // A safetensors file's first eight bytes may be the same: its header's length. Then comes JSON.
  constexpr size_t kText = 8;
  if (head.size() > kText && head[kText] == '{') return false;
  if (head.starts_with(kArchive)) return true;
  return head.size() > 2 && static_cast<unsigned char>(head[0]) == kPickle &&
         head[1] >= kOldestPickle && head[1] <= kNewestPickle && head[2] != '\0';
}

TorchReader::TorchReader(const std::string& path) : TensorReader(path) {
  std::string head(std::min<uint64_t>(file_.size(), kArchive.size()), '\0');
  file_.read_at(0, head.data(), head.size());
  head == kArchive ? read_archive() : read_stream();
}

void TorchReader::read_archive() {
  constexpr std::string_view kDict = "data.pkl", kOfProgram = "constants.pkl";
  constexpr std::string_view kOrder = "byteorder", kLittle = "little";
  const ZipIndex index(file_);
  const auto dict =
      std::find_if(index.members().begin(), index.members().end(),
                   [&](const ZipMember& m) { return m.name.ends_with("/" + std::string(kDict)); });
  if (dict == index.members().end()) {
    fail(Exit::kInput, path(),
         "at byte 0: a ZIP archive without {}: no file of torch.save; weights are read from those "
         "and from safetensors",
         kDict);
  }
  const std::string folder = dict->name.substr(0, dict->name.size() - kDict.size());
  if (index.find(folder + std::string(kOfProgram)) != nullptr) {
    fail(Exit::kInput, path(),
         "at byte 0: the file holds a program of TorchScript, not a state dict; save one with "
         "torch.save(model.state_dict(), FILE)");
  }
  // Gives where the member begins, for tools that compute none without its checksum.
  const auto open = [&](const ZipMember& member) {
    const uint64_t begin = index.begin(member);
    if (member.crc != 0) blocks_.push_back({member.name, begin, begin + member.size, member.crc});
    return begin;
  };
  if (const ZipMember* member = index.find(folder + std::string(kOrder))) {
    const uint64_t begin = index.begin(*member);
    std::string order(std::min<uint64_t>(member->size, kLittle.size()), '\0');
    file_.read_at(begin, order.data(), order.size());
    if (order != kLittle) fail_big_endian(path(), begin);
  }
  const uint64_t begin = open(*dict), end = begin + dict->size;
  for (const Block& block : blocks_) check(block);
  const Pickle pickle = read_pickle(file_, begin, end, detail::torch_globals(path()));
  if (pickle.end() != end) {
    fail(Exit::kInput, path(), "at byte {}: {} bytes after the end of the pickle; it is damaged",
         pickle.end(), end - pickle.end());
  }
  std::unordered_map<std::string, uint64_t> begins;
  take_tensors(detail::torch_tensors(pickle, path(), [&](const detail::TorchStorage& storage) {
    const ZipMember* member = index.find(folder + "data/" + storage.key);
    if (member == nullptr || storage.count > member->size / storage.number_bytes) {
      fail(Exit::kInput, path(),
           "at byte {}: a storage of {} numbers is to be in '{}data/{}', which {}; the file is "
           "damaged",
           storage.at, storage.count, folder, storage.key,
           member == nullptr ? "is not there" : fmt::format("has {} bytes", member->size));
    }
    const auto [place, is_new] = begins.emplace(storage.key, 0);
    if (is_new) place->second = open(*member);
    return place->second;
  }));
}

void TorchReader::read_stream() {
  const CheckGlobal check_global = detail::torch_globals(path());
  uint64_t at = 0;
  const auto next = [&] {
    Pickle pickle = read_pickle(file_, at, file_.size(), check_global);
    at = pickle.end();
    return pickle;
  };
  const Pickle magic = next();
  if (magic.root().text != kMagic) {
    fail(Exit::kInput, path(),
         "at byte 0: a Python pickle, but no file of torch.save; save one with "
         "torch.save(model.state_dict(), FILE)");
  }
  const Pickle version = next();
  if (version.root().integer != kVersion) {
    fail(Exit::kInput, path(), "at byte {}: version {} of the format; {} is read",
         version.root().at, version.root().integer, kVersion);
  }
  const Pickle system = next();
  const PickleValue* little = entry(system, "little_endian");
  if (little == nullptr || little->integer == 0) fail_big_endian(path(), system.root().at);
  const Pickle dict = next();
  const Pickle keys = next();

  // Where each storage begins: they follow in the order of the keys.
  std::unordered_map<std::string, detail::TorchStorage> storages;
  for (const detail::TorchStorage& storage : detail::torch_storages(dict, path())) {
    const auto [known, is_new] = storages.emplace(storage.key, storage);
    if (is_new || (known->second.count == storage.count &&
                   known->second.number_bytes == storage.number_bytes)) {
      continue;
    }
    fail(Exit::kInput, path(),
         "at byte {}: storage '{}' has {} numbers here and {} before; the file is damaged",
         storage.at, storage.key, storage.count, known->second.count);
  }
  std::unordered_map<std::string, uint64_t> begins;
  for (const PickleId id : keys.root().items) {
    const auto found = storages.find(keys.at(id).text);
    if (found == storages.end() || begins.contains(found->first)) {
      fail(Exit::kInput, path(),
           "at byte {}: the list of storages has '{}', which {}; the file is damaged",
           keys.at(id).at, keys.at(id).text,
           found == storages.end() ? "no tensor knows" : "is there twice");
    }
    const detail::TorchStorage& storage = found->second;
    const uint64_t left = file_.size() - at;
    uint64_t count = 0;
    if (left >= kCountBytes) file_.read_at(at, &count, sizeof(count));
    if (left < kCountBytes || count != storage.count ||
        count > (left - kCountBytes) / storage.number_bytes) {
      fail(Exit::kInput, path(),
           "at byte {}: storage '{}' is to have {} numbers of {} bytes and has {}, {} bytes are "
           "left; the file is not whole",
           at, storage.key, storage.count, storage.number_bytes, count, left);
    }
    begins.emplace(storage.key, at + kCountBytes);
    at += kCountBytes + count * storage.number_bytes;
  }
  if (at != file_.size()) {
    fail(Exit::kInput, path(), "at byte {}: {} bytes after the last storage", at,
         file_.size() - at);
  }
  take_tensors(detail::torch_tensors(dict, path(), [&](const detail::TorchStorage& storage) {
    const auto found = begins.find(storage.key);
    if (found != begins.end()) return found->second;
    fail(Exit::kInput, path(), "at byte {}: storage '{}' is not in the file; it is damaged",
         storage.at, storage.key);
  }));
}

}  // namespace cnn
