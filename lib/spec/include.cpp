// Files that a model file is made of: `include` and `extends`.

#include <filesystem>
#include <unordered_set>

#include "base/files.h"
#include "base/text.h"
#include "spec/limits.h"
#include "spec/loading.h"
#include "spec/yaml.h"

namespace cnn {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail_at(Exit code, const Mark& mark, std::string problem,
                          std::string_view remedy = "") {
  throw Error(code, {{mark.place(), std::move(problem), mark.excerpt(remedy), {}}});
}

// The same file under whatever name.
std::string identity(const std::string& path) {
  std::error_code error;
  const fs::path canonical = fs::weakly_canonical(path, error);
  return error ? path : canonical.string();
}

class Files {
 public:
  explicit Files(const Vocabulary& vocabulary) : vocabulary_(vocabulary) {}

  Node merged(const std::string& path) {
    Node root = opened(path, 0);
    if (const Entry* entry = root.entry("extends")) {
      const Entry extends = *entry;
      const Opening opening(*this, extends, "extends");
      Node base = merged(opening.path());
      root.erase("extends");
      merge(base, root, vocabulary_);
      base.set_mark(root.mark());
      root = std::move(base);
    }
    return root;
  }

  // The first file, which nothing includes.
  Node first(const std::string& path) {
    stack_.push_back({identity(path), path});
    return merged(path);
  }

 private:
  struct Opened {
    std::string identity;
    std::string path;
  };

  // The file that an `include` or `extends` names is open while this is alive.
  class Opening {
   public:
    Opening(Files& files, const Entry& entry, std::string_view how) : files_(files) {
      const Mark& mark = entry.value.mark();
      if (!entry.value.is_scalar() || entry.value.text().empty()) {
        fail_at(Exit::kSpec, mark,
                fmt::format("'{}' expects a file name, found {}", how, entry.value.describe()));
      }
      path_ = path_from(entry.value);
      if (!file_exists(path_)) {
        const std::string named = find_model_file(entry.value.text());
        if (file_exists(named)) path_ = named;
      }
      const std::string id = identity(path_);
      std::vector<std::string> chain;
      bool cycle = false;
      for (const Opened& opened : files_.stack_) {
        cycle = cycle || opened.identity == id;
        if (cycle) chain.push_back(opened.path);
      }
      chain.push_back(path_);
      if (cycle) {
        fail_at(Exit::kSpec, mark, fmt::format("'{}' in a cycle: {}", how, join(chain, " -> ")));
      }
      if (!file_exists(path_)) fail_at(Exit::kInput, mark, fmt::format("no file '{}'", path_));
      if (++files_.opened_ > kMaxFiles) {
        fail_at(Exit::kSpec, mark, fmt::format("more than {} files are included", kMaxFiles));
      }
      files_.stack_.push_back({id, path_});
    }
    ~Opening() { files_.stack_.pop_back(); }
    Opening(const Opening&) = delete;
    Opening& operator=(const Opening&) = delete;
    const std::string& path() const { return path_; }

   private:
    Files& files_;
    std::string path_;
  };

  static constexpr int kMaxFiles = 1000;

  // Relative to the file that the name stands in.
  static std::string path_from(const Node& name) {
    const fs::path path = name.text();
    const auto& source = name.mark().source;
    if (path.is_absolute() || !source || source->directory == ".") return path.string();
    return (fs::path(source->directory) / path).string();
  }

  // `level`: how deep the file's map will stand.
  Node opened(const std::string& path, int level) {
    Node root = load_yaml(path);
    if (!root.is_map()) {
      fail_at(Exit::kSpec, root.mark(),
              fmt::format("expected 'key: value' pairs, found {}", root.describe()));
    }
    nodes_ += weight(root);
    if (nodes_ > kMaxNodes) {
      fail_at(Exit::kSpec, root.mark(),
              fmt::format("with the files that it includes and extends, the model has more than {} "
                          "nodes",
                          with_commas(kMaxNodes)));
    }
    splice(root, level);
    return root;
  }

  // Replaces `include` by the entries of its file, in every map at any depth.
  void splice(Node& node, int level) {
    if (level > kMaxDepth) {
      fail_at(Exit::kSpec, node.mark(),
              fmt::format("nested too deeply: depth {} > {}", level, kMaxDepth));
    }
    if (node.entry("include")) splice_map(node, level);
    for (Node& item : node.items()) splice(item, level + 1);
    for (Entry& e : node.entries()) splice(e.value, level + 1);
  }

  void splice_map(Node& map, int level) {
    std::unordered_set<std::string> own;
    for (const Entry& e : map.entries()) own.insert(e.key);
    std::vector<Entry> entries;
    for (Entry& e : map.entries()) {
      if (e.key != "include") {
        entries.push_back(std::move(e));
        continue;
      }
      Node included = included_map(e, level);
      for (Entry& other : included.entries()) {
        if (!own.contains(other.key)) entries.push_back(std::move(other));
      }
    }
    map.entries() = std::move(entries);
  }

  // With its own includes already spliced.
  Node included_map(const Entry& entry, int level) {
    const Opening opening(*this, entry, "include");
    try {
      return opened(opening.path(), level);
    } catch (const Error& e) {
      std::vector<Diagnostic> diagnostics = e.diagnostics();
      const std::string place = entry.value.mark().place();
      for (Diagnostic& d : diagnostics) d.notes.push_back("included at " + place);
      throw Error(e.code(), std::move(diagnostics));
    }
  }

  const Vocabulary& vocabulary_;
  std::vector<Opened> stack_;
  int opened_ = 0;
  size_t nodes_ = 0;
};

}  // namespace

Node load_merged_file(const std::string& path, const Vocabulary& vocabulary) {
  return Files(vocabulary).first(path);
}

}  // namespace cnn
