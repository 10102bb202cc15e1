#include "train/checkpoint.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/log.h"
#include "io/safetensors.h"
#include "model/weights.h"
#include "train/json.h"

namespace cnn {

namespace {

constexpr const char* kWeights = "model.";
constexpr const char* kOptimizer = "optimizer.";
constexpr const char* kAverage = "average.";
constexpr const char* kCarried = "carried";
constexpr const char* kFormat = "cnn-state-1";

std::string last_path(const std::string& run) { return run + "/state/last.safetensors"; }
std::string previous_path(const std::string& run) { return run + "/state/previous.safetensors"; }

std::string name_of(const Optimizer::StateArray& array, const ParameterStore& store) {
  return kOptimizer + array.slot + "." + store.at(array.parameter).name;
}

// Numbers keep all their bits: JSON text is the shortest that reads back the same.
std::string to_text(const TrainPosition& p) {
  Json sizes = Json::object();
  for (const auto& [name, size] : p.sizes) sizes[name] = size;
  const Json j = {{"seed", p.seed},
                  {"epoch", p.epoch},
                  {"batch", p.batch},
                  {"step", p.step},
                  {"epoch_first_step", p.epoch_first_step},
                  {"forwards", p.forwards},
                  {"batches_per_epoch", p.batches_per_epoch},
                  {"accumulate", p.accumulate},
                  {"lr", p.lr},
                  {"seconds", p.seconds},
                  {"clipped", p.clipped},
                  {"stale_epochs", p.stale_epochs},
                  {"best", json_of(p.best)},
                  {"last", json_of(p.last)},
                  {"numerators", p.sums.numerators},
                  {"denominators", p.sums.denominators},
                  {"metrics", p.metrics},
                  {"samples", p.samples},
                  {"epoch_seconds", p.epoch_seconds},
                  {"sizes", sizes}};
  return json_text(j);
}

TrainPosition from_text(const std::string& text) {
  const Json j = Json::parse(text);
  TrainPosition p;
  j.at("seed").get_to(p.seed);
  j.at("epoch").get_to(p.epoch);
  j.at("batch").get_to(p.batch);
  j.at("step").get_to(p.step);
  j.at("epoch_first_step").get_to(p.epoch_first_step);
  j.at("forwards").get_to(p.forwards);
  j.at("batches_per_epoch").get_to(p.batches_per_epoch);
  j.at("accumulate").get_to(p.accumulate);
  j.at("lr").get_to(p.lr);
  j.at("seconds").get_to(p.seconds);
  j.at("clipped").get_to(p.clipped);
  j.at("stale_epochs").get_to(p.stale_epochs);
  p.best = best_of(j.at("best"));
  p.last = scores_of(j.at("last"));
  j.at("numerators").get_to(p.sums.numerators);
  j.at("denominators").get_to(p.sums.denominators);
  if (j.contains("metrics")) j.at("metrics").get_to(p.metrics);
  j.at("samples").get_to(p.samples);
  j.at("epoch_seconds").get_to(p.epoch_seconds);
  for (const auto& [name, size] : j.at("sizes").items()) size.get_to(p.sizes[name]);
  return p;
}

// `last` also becomes `previous`, without a moment in which one of the names is missing.
void rotate(const std::string& run) {
  const std::string last = last_path(run), previous = previous_path(run);
  if (!file_exists(last)) return;
  const std::string temporary = previous + ".tmp";
  unlink(temporary.c_str());
  // Where the file system has no hard links, `previous` alone stands until the new `last` does.
  const bool linked = link(last.c_str(), temporary.c_str()) == 0;
  if (rename(linked ? temporary.c_str() : last.c_str(), previous.c_str()) != 0) {
    fail(Exit::kResource, previous, "cannot be replaced: {}", std::strerror(errno));
  }
  // Where both names are one file already, rename does nothing and leaves the third.
  if (linked) unlink(temporary.c_str());
}

TrainPosition read_position(const SafetensorsReader& file) {
  const auto format = file.metadata().find("format");
  if (format == file.metadata().end() || format->second != kFormat) {
    fail(Exit::kInput, file.path(), "is no checkpoint of this program's version");
  }
  try {
    return from_text(file.metadata().at("position"));
  } catch (const std::exception& error) {
    fail(Exit::kInput, file.path(), "the position in its metadata cannot be read: {}",
         error.what());
  }
}

// A checkpoint that has been read to the end once and found whole.
struct WholeFile {
  std::unique_ptr<SafetensorsReader> file;
  TrainPosition position;
};

WholeFile open_whole(const std::string& path) {
  WholeFile whole;
  whole.file = std::make_unique<SafetensorsReader>(path);
  whole.position = read_position(*whole.file);
  whole.file->verify();
  return whole;
}

void check_optimizer(const SafetensorsReader& file, const ParameterStore& store,
                     const Optimizer& optimizer) {
  for (const Optimizer::StateArray& array : optimizer.state()) {
    const std::string name = name_of(array, store);
    const SafeTensor* tensor = file.find(name);
    if (!tensor || tensor->count != store.at(array.parameter).count()) {
      fail(Exit::kInput, file.path(),
           "has no '{}' of {}; resume with the optimizer and the frozen layers of the run, or "
           "start a new one with --weights",
           array.slot, store.at(array.parameter).name);
    }
  }
}

// A run that did not average until now begins to.
void read_average(const SafetensorsReader& file, const ParameterStore& store,
                  WeightAverage& average) {
  if (!average.is_active()) return;
  average.begin();
  for (size_t id = 0; id < store.all().size(); ++id) {
    const SafeTensor* tensor = file.find(kAverage + store.all()[id].name);
    if (!tensor || tensor->count != store.all()[id].count()) continue;
    file.read(*tensor, [&](int64_t first, std::span<const float> values) {
      average.import_values(static_cast<int>(id), first, values);
    });
  }
}

void read_carried(const SafetensorsReader& file, std::span<float> carried) {
  const SafeTensor* tensor = file.find(kCarried);
  if (!tensor || tensor->count != static_cast<int64_t>(carried.size())) {
    fail(Exit::kInput, file.path(),
         "does not have what the layers of this model carry from batch to batch; resume with the "
         "batch size of the run");
  }
  file.read(*tensor, [&](int64_t first, std::span<const float> values) {
    std::copy(values.begin(), values.end(), carried.begin() + first);
  });
}

}  // namespace

bool has_checkpoint(const std::string& run) {
  return file_exists(last_path(run)) || file_exists(previous_path(run));
}

void save_checkpoint(const std::string& run, const TrainState& state, const TrainPosition& position,
                     bool keep_previous) {
  const ParameterStore& store = state.store;
  const Optimizer& optimizer = state.optimizer;
  SafetensorsWriter writer;
  writer.set_metadata("format", kFormat);
  writer.set_metadata("position", to_text(position));
  add_weights(writer, store, kWeights);
  for (const Optimizer::StateArray& array : optimizer.state()) {
    writer.add(name_of(array, store), file_sizes(store.at(array.parameter)),
               [&optimizer, array](int64_t first, std::span<float> out) {
                 optimizer.export_state(array, first, out);
               });
  }
  for (size_t id = 0; state.average.is_active() && id < store.all().size(); ++id) {
    writer.add(kAverage + store.all()[id].name, file_sizes(store.all()[id]),
               [&state, id](int64_t first, std::span<float> out) {
                 state.average.export_values(static_cast<int>(id), first, out);
               });
  }
  const std::span<const float> carried = state.carried;
  if (!carried.empty()) {
    writer.add(kCarried, {static_cast<int64_t>(carried.size())},
               [carried](int64_t first, std::span<float> out) {
                 std::copy_n(carried.begin() + first, out.size(), out.begin());
               });
  }
  if (keep_previous) rotate(run);
  writer.write(last_path(run));
}

LoadedCheckpoint load_checkpoint(const std::string& run, const TrainState& state) {
  ParameterStore& store = state.store;
  Optimizer& optimizer = state.optimizer;
  LoadedCheckpoint loaded;
  WholeFile whole;
  try {
    whole = open_whole(last_path(run));
  } catch (const Error& error) {
    if (error.code() != Exit::kInput || !file_exists(previous_path(run))) throw;
    loaded.last_was_bad = true;
    whole = open_whole(previous_path(run));
    const Diagnostic& d = error.diagnostics().front();
    warn("the newest checkpoint is damaged ({}: {}); going on from the one before it", d.place,
         d.problem);
  }
  check_weights(*whole.file, store, kWeights);
  check_optimizer(*whole.file, store, optimizer);
  read_weights(*whole.file, store, {kWeights, ""});
  for (const Optimizer::StateArray& array : optimizer.state()) {
    whole.file->read(*whole.file->find(name_of(array, store)),
                     [&](int64_t first, std::span<const float> values) {
                       optimizer.import_state(array, first, values);
                     });
  }
  read_average(*whole.file, store, state.average);
  // An epoch begins with nothing carried.
  if (!state.carried.empty() && whole.position.batch > 0) read_carried(*whole.file, state.carried);
  optimizer.set_steps(whole.position.step);
  loaded.position = std::move(whole.position);
  return loaded;
}

}  // namespace cnn
