#include "predict/outputs.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/files.h"
#include "model/inputs.h"
#include "tensor/tensor.h"

namespace cnn {

std::string unique_name(const std::string& path, std::map<std::string, int>& used) {
  const std::string name = std::filesystem::path(path).stem().string();
  const int count = ++used[name];
  return count == 1 ? name : fmt::format("{}-{}", name, count);
}

OutputFiles::OutputFiles(const Graph& graph, const std::string& folder, int64_t samples,
                         const Standards& standards) {
  make_directories(folder);
  for (const NamedOutput& output : graph.outputs) {
    const Value& value = graph.value(output.value);
    File file{output.value, value.shape};
    file.standard = standard_of(graph, standards, output.value);
    std::vector<int64_t> sizes = {samples};
    if (value.length >= 0) {
      const ListLength& length = graph.lengths[static_cast<size_t>(value.length)];
      file.most = length.most;
      file.varies = length.varies;
      sizes.push_back(length.most);
    }
    for (int axis = 0; axis < value.shape.rank(); ++axis) sizes.push_back(value.shape[axis]);
    paths_.push_back(folder + "/" + output.name + ".npy");
    file.writers.push_back(std::make_unique<NpyWriter>(paths_.back(), sizes));
    if (file.varies) {
      const std::string counts = output.name + "_items";
      for (const NamedOutput& other : graph.outputs) {
        if (other.name != counts) continue;
        fail(Exit::kUsage, "", "'{}' has an output '{}', but that file counts the items of '{}'",
             graph.name, counts, output.name);
      }
      paths_.push_back(folder + "/" + counts + ".npy");
      file.writers.push_back(
          std::make_unique<NpyWriter>(paths_.back(), std::vector<int64_t>{samples}));
    }
    files_.push_back(std::move(file));
  }
}

void OutputFiles::append(int64_t n, const std::function<ConstView(int value)>& value) {
  for (File& file : files_) {
    const ConstView view = value(file.value);
    const int64_t count = file.shape.count();
    std::vector<float> ordered(static_cast<size_t>(view.batch * count));
    to_channels_first(view.data, ordered.data(), view.batch, file.shape);
    if (file.standard.is_set()) {  // of no pictures: channels stand last
      for (size_t i = 0; i < ordered.size(); ++i) {
        ordered[i] = static_cast<float>(file.standard.undone(
            static_cast<double>(ordered[i]), static_cast<int64_t>(i) % file.shape.channels()));
      }
    }
    if (!file.varies) {
      file.writers[0]->append(ordered);
      continue;
    }
    for (int64_t i = 0; i < n; ++i) {
      const int64_t items = view.items_of(i);
      const auto begin = ordered.begin() + view.first_item(i) * count;
      std::vector<float> filled(begin, begin + items * count);
      filled.resize(static_cast<size_t>(file.most * count), 0);
      file.writers[0]->append(filled);
      const auto counted = static_cast<float>(items);
      file.writers[1]->append({&counted, 1});
    }
  }
}

std::vector<std::string> OutputFiles::commit() {
  for (const File& file : files_) {
    for (const auto& writer : file.writers) writer->commit();
  }
  return paths_;
}

}  // namespace cnn
