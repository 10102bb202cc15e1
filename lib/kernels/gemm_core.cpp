#include "kernels/gemm_core.h"

#include <algorithm>
#include <cctype>
#include <iterator>

namespace cnn {
namespace {

// Instruction sets, in families, each member better than those before it, and the core that makes
// use of it on processors of every maker.
struct Level {
  std::string_view name;
  std::string_view family;
  std::string_view core;
};
constexpr Level kLevels[] = {{"x86-64", "x86", ""},
                             {"x86-64-v3", "x86", "Haswell"},
                             {"x86-64-v4", "x86", "SkylakeX"},
                             {"aarch64", "arm", ""},
                             {"aarch64-sve", "arm", "ARMV8SVE"}};

// What the kernels of a core are written for. Cores that are missing here are never replaced.
struct Core {
  std::string_view name;  // in small letters
  std::string_view level;
};
constexpr Core kCores[] = {
    {"katmai", "x86-64"},        {"coppermine", "x86-64"},   {"northwood", "x86-64"},
    {"prescott", "x86-64"},      {"banias", "x86-64"},       {"atom", "x86-64"},
    {"core2", "x86-64"},         {"penryn", "x86-64"},       {"dunnington", "x86-64"},
    {"nehalem", "x86-64"},       {"sandybridge", "x86-64"},  {"athlon", "x86-64"},
    {"opteron", "x86-64"},       {"opteron_sse3", "x86-64"}, {"barcelona", "x86-64"},
    {"nano", "x86-64"},          {"bobcat", "x86-64"},       {"bulldozer", "x86-64"},
    {"piledriver", "x86-64"},    {"steamroller", "x86-64"},  {"excavator", "x86-64-v3"},
    {"haswell", "x86-64-v3"},    {"zen", "x86-64-v3"},       {"skylakex", "x86-64-v4"},
    {"cooperlake", "x86-64-v4"}, {"armv8", "aarch64"},       {"sapphirerapids", "x86-64-v4"},
    {"armv8sve", "aarch64-sve"}};

const Level* find_level(std::string_view name) {
  const auto found = std::find_if(std::begin(kLevels), std::end(kLevels),
                                  [&](const Level& level) { return level.name == name; });
  return found == std::end(kLevels) ? nullptr : found;
}

const Level* level_of_core(std::string_view core) {
  std::string small(core);
  std::transform(small.begin(), small.end(), small.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const Core& known : kCores) {
    if (known.name == small) return find_level(known.level);
  }
  return nullptr;
}

bool are_comparable(const Level* a, const Level* b) { return a && b && a->family == b->family; }

}  // namespace

std::string_view better_core(std::string_view core, std::string_view offered) {
  const Level* has = level_of_core(core);
  const Level* could = find_level(offered);
  return are_comparable(has, could) && has < could ? could->core : std::string_view();
}

bool is_beyond(std::string_view core, std::string_view offered) {
  const Level* has = level_of_core(core);
  const Level* could = find_level(offered);
  return are_comparable(has, could) && has > could;
}

}  // namespace cnn
