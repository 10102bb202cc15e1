#include "train/run_dir.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <tuple>

#include "base/log.h"
#include "spec/model_spec.h"
#include "train/json.h"

namespace cnn {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMostInfoBytes = 1 << 20;
constexpr const char* kFolders[] = {"state", "weights", "plots", "tb", "test"};
constexpr const char* kFiles[] = {"spec.yaml", "run.json", "results.csv", "log.txt"};

// A run's name is one path component.
void check_name(const std::string& name) {
  if (name.empty() || name == "." || name == ".." || name == "latest" || name.size() > 200 ||
      name.find_first_of(std::string_view("/\0", 2)) != std::string::npos) {
    fail(Exit::kUsage, "", "'{}' cannot be a run's name: it is the name of one folder", name);
  }
}

// Makes the folder; false if something of that name exists.
bool make_folder(const std::string& path) {
  if (mkdir(path.c_str(), 0777) == 0) return true;
  if (errno == EEXIST) return false;
  fail(Exit::kResource, path, "cannot be created: {}", std::strerror(errno));
}

// OUT/latest -> NAME, in one step. A convenience: what hinders it does not hinder the run.
void link_latest(const std::string& out, const std::string& name) {
  const std::string latest = out + "/latest";
  struct stat status {};
  const bool exists = lstat(latest.c_str(), &status) == 0;
  if (exists && !S_ISLNK(status.st_mode)) {
    note("{} is no link, so it does not point to the newest run", latest);
    return;
  }
  const std::string temporary = fmt::format("{}.{}", latest, getpid());
  unlink(temporary.c_str());
  if (symlink(name.c_str(), temporary.c_str()) != 0 ||
      rename(temporary.c_str(), latest.c_str()) != 0) {
    note("{} cannot be made: {}", latest, std::strerror(errno));
    unlink(temporary.c_str());
  }
}

bool is_empty_folder(const std::string& path) {
  std::error_code error;
  return fs::is_empty(path, error) && !error;
}

Json json_of(const std::vector<Resumption>& resumptions) {
  Json list = Json::array();
  for (const Resumption& r : resumptions) {
    list.push_back({{"time", r.time},
                    {"command", r.command},
                    {"epochs", r.epochs},
                    {"steps", r.steps},
                    {"overrides", r.overrides}});
  }
  return list;
}

std::vector<Resumption> resumptions_of(const Json& list) {
  std::vector<Resumption> resumptions;
  for (const Json& json : list) {
    Resumption& r = resumptions.emplace_back();
    json.at("time").get_to(r.time);
    json.at("command").get_to(r.command);
    json.at("epochs").get_to(r.epochs);
    json.at("steps").get_to(r.steps);
    json.at("overrides").get_to(r.overrides);
  }
  return resumptions;
}

}  // namespace

std::string RunInfo::json() const {
  return json_text({{"schema", 1},
                    {"command", command},
                    {"version", version},
                    {"model", model},
                    {"weights", weights},
                    {"cpu", cpu},
                    {"blas", blas},
                    {"blas_core", blas_core},
                    {"instruction_set", instruction_set},
                    {"kernels", kernels},
                    {"threads", threads},
                    {"seed", seed},
                    {"data_hash", data_hash},
                    {"status", status},
                    {"message", message},
                    {"best", json_of(best)},
                    {"epochs", epochs},
                    {"steps", steps},
                    {"seconds", seconds},
                    {"resumed", resumed},
                    {"resumptions", json_of(resumptions)},
                    {"started", started},
                    {"ended", ended}},
                   2) +
         "\n";
}

RunInfo RunInfo::parse(const std::string& path) {
  const std::string text = read_file(path, kMostInfoBytes);
  try {
    const Json j = Json::parse(text);
    RunInfo info;
    j.at("command").get_to(info.command);
    j.at("version").get_to(info.version);
    j.at("model").get_to(info.model);
    j.at("weights").get_to(info.weights);
    j.at("cpu").get_to(info.cpu);
    j.at("blas").get_to(info.blas);
    info.blas_core = j.value("blas_core", info.blas_core);
    info.instruction_set = j.value("instruction_set", info.instruction_set);
    j.at("kernels").get_to(info.kernels);
    j.at("threads").get_to(info.threads);
    j.at("seed").get_to(info.seed);
    j.at("data_hash").get_to(info.data_hash);
    j.at("status").get_to(info.status);
    j.at("message").get_to(info.message);
    info.best = best_of(j.at("best"));
    j.at("epochs").get_to(info.epochs);
    j.at("steps").get_to(info.steps);
    j.at("seconds").get_to(info.seconds);
    j.at("resumed").get_to(info.resumed);
    if (const Json* list = j.find("resumptions")) info.resumptions = resumptions_of(*list);
    j.at("started").get_to(info.started);
    j.at("ended").get_to(info.ended);
    return info;
  } catch (const JsonError& error) {
    fail(Exit::kInput, path, "is not what a run writes there: {}", error.what());
  }
}

RunInfo read_run_info(const std::string& run) {
  RunInfo info = RunInfo::parse(run + "/run.json");
  if (info.status == "running" && !FileLock::is_held(run + "/.lock")) info.status = "killed";
  return info;
}

namespace {

bool is_empty_or_missing(const std::string& folder) {
  std::error_code error;
  return !fs::exists(folder, error) || is_empty_folder(folder);
}

// Whether a run of that folder ended before it had weights, a checkpoint, or anything that was made
// of these.
bool came_to_nothing(const std::string& path) {
  if (fs::is_symlink(path) || !file_exists(path + "/.lock")) return false;
  if (FileLock::is_held(path + "/.lock")) return false;
  for (const char* folder : {"state", "weights", "plots", "test"}) {
    if (!is_empty_or_missing(path + "/" + folder)) return false;
  }
  if (!file_exists(path + "/run.json")) return true;
  try {
    const std::string status = read_run_info(path).status;
    return status == "failed" || status == "killed";
  } catch (const Error&) {
    return false;  // somebody else's file: it keeps its name
  }
}

}  // namespace

RunDirectory::RunDirectory(std::string path)
    : path_(std::move(path)), lock_(path_ + "/.lock", path_) {}

std::unique_ptr<RunDirectory> RunDirectory::create(const std::string& out, const std::string& name,
                                                   bool overwrite) {
  check_name(name);
  make_directories(out);
  std::string chosen = name;
  bool fresh = make_folder(out + "/" + chosen);
  bool failed = false;  // its place is taken
  for (int number = 2; !fresh && !overwrite; ++number) {
    failed = came_to_nothing(out + "/" + chosen);
    if (failed) break;
    chosen = fmt::format("{}-{}", name, number);
    fresh = make_folder(out + "/" + chosen);
  }
  const std::string path = out + "/" + chosen;
  if (!fresh && !failed) {
    if (fs::is_symlink(path)) fail(Exit::kResource, path, "is a link; --overwrite takes a folder");
    // The lock is the first file of a run and stays when the others are removed.
    if (!file_exists(path + "/.lock") && !is_run_directory(path) && !is_empty_folder(path)) {
      fail(Exit::kResource, path, "exists and is no run; choose another --name");
    }
  }
  std::unique_ptr<RunDirectory> run(new RunDirectory(path));
  if (failed) run->set_aside();
  if (!fresh) run->remove_run();
  for (const char* folder : kFolders) make_directories(run->file(folder));
  link_latest(out, chosen);
  return run;
}

std::unique_ptr<RunDirectory> RunDirectory::open(const std::string& path) {
  std::error_code error;
  const fs::path resolved = fs::canonical(path, error);
  if (error) fail(Exit::kInput, path, "cannot be opened: {}", error.message());
  if (!is_run_directory(resolved)) {
    fail(Exit::kInput, path, "is no run directory (it has no run.json and spec.yaml)");
  }
  std::unique_ptr<RunDirectory> run(new RunDirectory(resolved));
  for (const char* folder : kFolders) make_directories(run->file(folder));
  return run;
}

void RunDirectory::set_aside() const {
  make_directories(file("failed"));
  std::error_code error;
  for (const char* name : kFiles) {
    if (!error && file_exists(file(name))) fs::rename(file(name), file("failed/") + name, error);
  }
  if (error) fail(Exit::kResource, path_, "the failed run cannot be moved: {}", error.message());
  note("{}: the run there ended before its first checkpoint; its files are in {} now", path_,
       file("failed"));
}

void RunDirectory::remove_run() const {
  // What makes it a run goes last, so that an interrupted removal can be repeated.
  std::error_code error;
  for (const char* name : kFolders) {
    if (!error) fs::remove_all(file(name), error);
  }
  for (auto name = std::rbegin(kFiles); name != std::rend(kFiles); ++name) {
    if (!error) fs::remove(file(*name), error);
  }
  if (error) fail(Exit::kResource, path_, "the old run cannot be removed: {}", error.message());
}

std::vector<std::string> newer_runs(const std::string& run) {
  // Those of one second by their numbers: net, net-2, net-10.
  struct Begun {
    std::string started, name, path;
    bool operator<(const Begun& other) const {
      const auto key = [](const Begun& b) { return std::tuple(b.started, b.name.size(), b.name); };
      return key(*this) < key(other);
    }
  };
  std::error_code error;
  const fs::path real = fs::canonical(run, error);
  if (error) return {};
  const RunInfo own = RunInfo::parse(run + "/run.json");
  const Begun self{own.started, real.filename().string(), ""};
  const fs::path beside = fs::path(run).parent_path();
  std::vector<Begun> newer;
  for (const auto& entry : fs::directory_iterator(real.parent_path(), error)) {
    const std::string path = entry.path().string();
    if (entry.is_symlink() || !is_run_directory(path)) continue;
    try {
      const RunInfo info = RunInfo::parse(path + "/run.json");
      const std::string name = entry.path().filename().string();
      const Begun other{info.started, name, (beside / name).string()};
      if (info.model == own.model && self < other) newer.push_back(other);
    } catch (const Error&) {  // one that cannot be read is no reason not to use this one
    }
  }
  std::sort(newer.begin(), newer.end());
  std::vector<std::string> paths;
  for (const Begun& b : newer) paths.push_back(b.path);
  return paths;
}

bool is_run_directory(const std::string& path) {
  return is_directory(path) && file_exists(path + "/run.json") && file_exists(path + "/spec.yaml");
}

std::string model_file_of(const std::string& path) {
  return is_run_directory(path) ? path + "/spec.yaml" : require_model_file(path);
}

std::string weights_of_run(const std::string& run) {
  for (const char* name : {"/weights/best.safetensors", "/weights/last.safetensors"}) {
    if (file_exists(run + name)) return run + name;
  }
  fail(Exit::kInput, run, "has no weights yet; continue it with 'cnn train --resume {}'", run);
}

}  // namespace cnn
