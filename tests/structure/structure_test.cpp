// The rules of the house, read from the sources themselves.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "support/catch.h"
#include "support/process.h"

using cnn::Process;
using cnn::TemporaryFolder;
namespace fs = std::filesystem;

namespace {

const fs::path kRoot = CNN_SOURCE_DIR;

struct SourceFile {
  fs::path path;  // relative to the root
  std::vector<std::string> lines;
};

std::vector<SourceFile> sources_under(const std::vector<std::string>& folders) {
  const std::set<std::string> kEndings = {".cpp", ".h", ".def"};
  std::vector<SourceFile> files;
  for (const std::string& folder : folders) {
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
      if (!entry.is_regular_file() || !kEndings.count(entry.path().extension().string())) continue;
      SourceFile file{fs::relative(entry.path(), kRoot), {}};
      std::ifstream in(entry.path());
      for (std::string line; std::getline(in, line);) file.lines.push_back(line);
      files.push_back(std::move(file));
    }
  }
  return files;
}

// What each folder of lib/ may include: itself and everything that its arrows reach.
const std::map<std::string, std::set<std::string>>& allowed_includes() {
  static const auto reachable = [] {
    const std::map<std::string, std::set<std::string>> arrows = {
        {"base", {}},
        {"tensor", {"base"}},
        {"kernels", {"tensor"}},
        {"spec", {"base"}},
        {"layers", {"kernels", "spec"}},
        {"graph", {"layers"}},
        {"io", {"tensor"}},
        {"data", {"io", "spec", "kernels"}},
        {"metrics", {"graph"}},
        {"model", {"metrics", "data"}},
        {"predict", {"model"}},
        {"train", {"predict"}},
        {"report", {"train"}},
        {"viz", {"report"}},
    };
    auto closed = arrows;
    for (size_t round = 0; round < arrows.size(); ++round) {
      for (auto& [folder, reached] : closed) {
        for (const std::string& next : std::set<std::string>(reached)) {
          reached.insert(closed.at(next).begin(), closed.at(next).end());
        }
      }
    }
    for (auto& [folder, reached] : closed) reached.insert(folder);
    return closed;
  }();
  return reachable;
}

std::string folder_in_lib(const fs::path& path) {
  auto part = path.begin();
  return (++part)->string();
}

// Files of apps/, lib/ and tests/ with a line that matches, except those under `exempt`.
std::vector<std::string> offenders(const std::string& pattern, const std::string& exempt) {
  const std::regex expression(pattern);
  std::vector<std::string> found;
  for (const SourceFile& file : sources_under({"apps", "lib"})) {
    if (file.path.string().rfind(exempt, 0) == 0) continue;
    for (size_t i = 0; i < file.lines.size(); ++i) {
      if (std::regex_search(file.lines[i], expression)) {
        found.push_back(file.path.string() + ":" + std::to_string(i + 1));
      }
    }
  }
  return found;
}

// The names in layers.def.
std::set<std::string> layer_names() {
  const std::regex entry("^CNN_LAYER\\(\\w+, (\\w+)\\)");
  std::set<std::string> names;
  std::ifstream in(kRoot / "lib/layers/layers.def");
  for (std::string line; std::getline(in, line);) {
    std::smatch match;
    if (std::regex_search(line, match, entry)) names.insert(match[1]);
  }
  return names;
}

std::string without_comment(const std::string& line) {
  bool in_text = false;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\') {
      ++i;
    } else if (line[i] == '"' && (i == 0 || line[i - 1] != '\'')) {
      in_text = !in_text;
    } else if (!in_text && line.compare(i, 2, "//") == 0) {
      return line.substr(0, i);
    }
  }
  return line;
}

}  // namespace

TEST_CASE("includes follow the arrows between the folders of lib") {
  const std::regex include("^\\s*#\\s*include \"([a-z_]+)/");
  for (const SourceFile& file : sources_under({"lib"})) {
    const auto& allowed = allowed_includes().at(folder_in_lib(file.path));
    for (const std::string& line : file.lines) {
      std::smatch match;
      if (!std::regex_search(line, match, include)) continue;
      INFO(file.path.string() << " includes " << line);
      CHECK(allowed.count(match[1]) == 1);
    }
  }
}

TEST_CASE("only base/parallel knows OpenMP") {
  CHECK(offenders("#\\s*pragma\\s+omp|omp\\.h|\\bomp_[a-z]+_", "lib/base/parallel") ==
        std::vector<std::string>{});
}

TEST_CASE("only kernels/gemm calls BLAS") {
  CHECK(offenders("cblas|openblas_", "lib/kernels/gemm") == std::vector<std::string>{});
}

TEST_CASE("only spec/yaml sees yaml-cpp") {
  CHECK(offenders("yaml-cpp/|YAML::", "lib/spec/yaml") == std::vector<std::string>{});
}

TEST_CASE("only viz/drawing/cairo sees Cairo") {
  CHECK(offenders("cairo\\.h|cairo_", "lib/viz/drawing/cairo") == std::vector<std::string>{});
}

TEST_CASE("only the builder knows what the item of a folded activation is called") {
  CHECK(offenders("\"\\.act\"", "lib/graph/builder/expander") == std::vector<std::string>{});
}

TEST_CASE("outside lib/layers nobody knows a layer by its name") {
  // What a caller needs to know is a fact in LayerType or LayerPlan. These words mean other things
  // too (splits of data, options of augmentation, metrics, kinds of pictures), so that alone they
  // may stand anywhere.
  const std::set<std::string> kOtherWords = {"split", "slice", "crop", "pad",      "shift",
                                             "noise", "dice",  "mse",  "attention"};
  const std::set<std::string> layers = layer_names();
  REQUIRE(layers.size() > 60);
  std::string any, own;
  for (const std::string& name : layers) {
    any += (any.empty() ? "" : "|") + name;
    if (kOtherWords.count(name) == 0) own += (own.empty() ? "" : "|") + name;
  }
  const std::string literal = "\"(?:" + any + ")\"";
  const std::regex names_layer("\"(?:" + own + ")\"");
  const std::regex compares("type\\S*\\s*[!=]=\\s*" + literal + "|" + literal + "\\s*[!=]=.*type");
  const std::regex lists("\\{\\s*" + literal + "(?:\\s*,\\s*" + literal + ")+\\s*,?\\s*\\}");
  std::vector<std::string> found;
  for (const SourceFile& file : sources_under({"apps", "lib"})) {
    if (file.path.string().rfind("lib/layers/", 0) == 0) continue;
    std::string all;
    for (size_t i = 0; i < file.lines.size(); ++i) {
      const std::string code = without_comment(file.lines[i]);
      all += code + "\n";
      if (std::regex_search(code, names_layer) || std::regex_search(code, compares)) {
        found.push_back(file.path.string() + ":" + std::to_string(i + 1));
      }
    }
    if (std::regex_search(all, lists)) found.push_back(file.path.string() + ": a list of layers");
  }
  CHECK(found == std::vector<std::string>{});
}

TEST_CASE("only apps read argv or exit") {
  std::vector<std::string> in_lib;
  for (const std::string& place : offenders("\\bargv\\b|[^_.a-z]exit\\(", "apps")) {
    in_lib.push_back(place);
  }
  CHECK(in_lib == std::vector<std::string>{});
}

TEST_CASE("every type and constant that another file may see has a name of its own") {
  // Two of one name break the rule of one definition: the linker mixes them without a word.
  const std::regex space("^(?:inline )?namespace ?([\\w:]*) ?\\{");
  const std::regex name(
      "^(?:template <.*> )?(?:struct|class|union|enum class) (\\w+)(?![\\w<;:])[^;]*$|"
      "^inline constexpr [^=(]*\\b(k[A-Z]\\w*)(?: =|\\{)");
  std::map<std::string, std::set<std::string>> homes;
  for (const SourceFile& file : sources_under({"apps", "lib", "tests"})) {
    std::vector<std::string> open;
    for (const std::string& line : file.lines) {
      std::smatch match;
      if (std::regex_search(line, match, space)) {
        open.push_back(match[1]);
      } else if (line.rfind("}  // namespace", 0) == 0) {
        REQUIRE(!open.empty());
        open.pop_back();
      } else if (std::regex_search(line, match, name)) {
        if (std::find(open.begin(), open.end(), "") != open.end()) continue;
        std::string full;
        for (const std::string& part : open) full += part + "::";
        homes[full + match[1].str() + match[2].str()].insert(file.path.string());
      }
    }
  }
  CHECK(homes.size() > 100);
  for (const auto& [full, files] : homes) {
    INFO(full);
    CHECK(files == std::set<std::string>{*files.begin()});
  }
}

TEST_CASE("files stay under 500 lines") {
  for (const SourceFile& file : sources_under({"apps", "lib", "tests"})) {
    INFO(file.path.string());
    CHECK(file.lines.size() <= 500);
  }
}

TEST_CASE("ctest can run every test: no name begins like an option or has a semicolon") {
  const std::regex test_case("TEST_CASE\\(\\s*\"([^\"]*)\"");
  int names = 0;
  for (const SourceFile& file : sources_under({"tests"})) {
    std::string all;
    for (const std::string& line : file.lines) all += line + "\n";
    for (std::sregex_iterator match(all.begin(), all.end(), test_case), end; match != end;
         ++match) {
      const std::string name = (*match)[1];
      INFO(file.path.string() << ": " << name);
      CHECK(name.rfind("-", 0) != 0);
      CHECK(name.find(';') == std::string::npos);
      ++names;
    }
  }
  CHECK(names > 1000);
}

TEST_CASE("no build file asks for fast-math") {
  for (const char* name :
       {"lib/CMakeLists.txt", "apps/CMakeLists.txt", "tests/CMakeLists.txt", "CMakePresets.json"}) {
    std::ifstream in(kRoot / name);
    std::stringstream text;
    text << in.rdbuf();
    INFO(name);
    CHECK(text.str().find("fast-math") == std::string::npos);
  }
}

TEST_CASE("row 77: configure refuses fast-math") {
  const TemporaryFolder folder;
  const auto result = Process({"/usr/bin/env", "cmake", "-G", "Ninja", "-S", kRoot.string(), "-B",
                               folder.str("b"), "-DCMAKE_CXX_FLAGS=-ffast-math"})
                          .wait();
  CHECK(result.exit == 1);
  CHECK(result.err.find("must not be built with -ffast-math") != std::string::npos);
}

TEST_CASE("the top level holds nothing but the agreed folders and files") {
  const std::set<std::string> agreed = {"apps",
                                        "lib",
                                        "models",
                                        "data",
                                        "scripts",
                                        "tests",
                                        "CMakeLists.txt",
                                        "README.md",
                                        "LICENSE",
                                        "CMakePresets.json",
                                        "runs"};
  for (const auto& entry : fs::directory_iterator(kRoot)) {
    const std::string name = entry.path().filename().string();
    if (name[0] == '.' || name.rfind("build", 0) == 0) continue;
    INFO(name);
    CHECK(agreed.count(name) == 1);
  }
}

TEST_CASE("every folder of the house has its README") {
  std::vector<fs::path> folders = {"apps", "lib", "models", "data", "scripts", "tests"};
  for (const auto& [folder, reached] : allowed_includes()) {
    if (fs::exists(kRoot / "lib" / folder)) folders.push_back(fs::path("lib") / folder);
  }
  for (const fs::path& folder : folders) {
    INFO(folder.string());
    CHECK(fs::exists(kRoot / folder / "README.md"));
  }
}
