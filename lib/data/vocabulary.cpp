#include "data/vocabulary.h"

#include <algorithm>
#include <limits>
#include <mutex>
#include <set>

#include "base/error.h"
#include "base/text.h"

namespace cnn {
namespace {

constexpr const char *kEdgeName = "<s>", *kUnknownName = "<unk>";

std::string byte_name(int64_t byte) {
  return byte > 0x20 && byte < 0x7F ? std::string(1, static_cast<char>(byte))
                                    : fmt::format("\\x{:02x}", byte);
}

void count_unknown(std::string_view unit, UnknownUnits* unknown) {
  if (unknown == nullptr) return;
  constexpr size_t kMostNamed = 5;
  ++unknown->unknown;
  const bool is_new =
      std::find(unknown->first.begin(), unknown->first.end(), unit) == unknown->first.end();
  if (is_new && unknown->first.size() < kMostNamed) unknown->first.emplace_back(unit);
}

}  // namespace

std::string UnknownUnits::text(TextUnit unit, std::string_view whose) const {
  std::vector<std::string> named;
  for (const std::string& one : first) named.push_back("'" + escaped(one) + "'");
  const bool is_whole = static_cast<int64_t>(first.size()) == unknown;
  const TextUnit counted_as = unit == TextUnit::kPairs ? TextUnit::kCharacter : unit;
  return fmt::format("{} of {} {} not in {} vocabulary: {}{}", with_commas(unknown),
                     counted_units(units, counted_as), unknown == 1 ? "is" : "are", whose,
                     join(named, ", "), is_whole ? "" : " ...");
}

struct TextVocabulary::Cache {
  std::mutex mutex;
  std::unordered_map<std::string, std::vector<int64_t>> numbers;
};

TextVocabulary::TextVocabulary(TextUnit unit, bool lowers, bool has_edge)
    : unit_(unit), lowers_(lowers), has_edge_(has_edge) {
  if (unit == TextUnit::kPairs) cache_ = std::make_shared<Cache>();
  if (has_edge) symbols_ = {kEdgeName, kUnknownName};
}

TextVocabulary::TextVocabulary(std::span<const std::string> symbols, TextUnit unit, bool lowers)
    : TextVocabulary(unit, lowers, true) {
  add(symbols);
}

void TextVocabulary::add(std::span<const std::string> symbols) {
  symbols_.insert(symbols_.end(), symbols.begin(), symbols.end());
  for (const std::string& symbol : symbols_) {
    const bool is_new = numbers_.emplace(symbol, static_cast<int64_t>(numbers_.size())).second;
    CNN_ASSERT(is_new);
  }
  has_lines_ = numbers_.count("\n") > 0;
}

TextVocabulary TextVocabulary::plain(std::span<const std::string> symbols, TextUnit unit,
                                     bool lowers) {
  TextVocabulary vocabulary(unit, lowers, false);
  vocabulary.add(symbols);
  return vocabulary;
}

TextVocabulary TextVocabulary::bytes(bool has_edge, bool lowers) {
  TextVocabulary vocabulary(TextUnit::kByte, lowers, has_edge);
  std::vector<std::string> names;
  for (int64_t byte = 0; byte < kBytes; ++byte) names.push_back(byte_name(byte));
  vocabulary.add(names);
  return vocabulary;
}

std::optional<TextVocabulary> TextVocabulary::of_symbols(std::span<const std::string> symbols,
                                                         TextUnit unit, bool lowers) {
  const std::set<std::string> distinct(symbols.begin(), symbols.end());
  if (symbols.empty() || distinct.size() != symbols.size()) return std::nullopt;
  const bool has_edge =
      symbols.size() >= 2 && symbols[kEdge] == kEdgeName && symbols[kUnknown] == kUnknownName;
  const auto own = symbols.subspan(has_edge ? 2 : 0);
  if (unit == TextUnit::kByte) {
    if (std::ssize(own) != kBytes) return std::nullopt;
    return bytes(has_edge, lowers);
  }
  if (has_edge) return TextVocabulary(own, unit, lowers);
  const bool is_plain = unit == TextUnit::kCharacter && distinct.count(kEdgeName) == 0 &&
                        distinct.count(kUnknownName) == 0;
  if (!is_plain) return std::nullopt;
  return plain(own, unit, lowers);
}

TextVocabulary TextVocabulary::of_words(std::span<const std::string> words, TextUnit unit) {
  std::set<std::string> symbols;
  for (const std::string& word : words) {
    for (const std::string_view symbol : units_of(word, unit)) symbols.emplace(symbol);
  }
  if (unit == TextUnit::kCharacter) symbols.emplace(" ");
  return {std::vector<std::string>(symbols.begin(), symbols.end()), unit};
}

int64_t TextVocabulary::number(std::string_view symbol) const {
  const int64_t none = has_edge_ ? kUnknown : -1;
  if (unit_ == TextUnit::kByte && symbol.size() == 1) {
    return static_cast<unsigned char>(symbol[0]) + (has_edge_ ? 2 : 0);
  }
  const auto found = numbers_.find(std::string(symbol));
  return found == numbers_.end() ? none : found->second;
}

void TextVocabulary::encode_unit(std::string_view unit, UnknownUnits* unknown,
                                 std::vector<int64_t>& out) const {
  if (unknown != nullptr) ++unknown->units;
  const int64_t found = number(unit);
  const bool is_known = has_edge_ ? found != kUnknown : found >= 0;
  if (!is_known) count_unknown(unit, unknown);
  if (is_known || has_edge_) out.push_back(found);
}

std::vector<int64_t> TextVocabulary::encode(std::string_view text, UnknownUnits* unknown) const {
  std::string small;
  if (lowers_) text = small = lowered(text);
  std::vector<int64_t> numbers;
  if (unit_ == TextUnit::kPairs) {
    encode_pairs(text, unknown, numbers);
    return numbers;
  }
  const bool takes_lines = unit_ == TextUnit::kWord && has_lines_;
  const auto units = takes_lines ? words_with_lines(text) : units_of(text, unit_);
  numbers.reserve(units.size());
  for (const std::string_view unit : units) encode_unit(unit, unknown, numbers);
  return numbers;
}

// A sentence is cut as if it stood behind a blank, so that its first word is a word as any other.
void TextVocabulary::encode_pairs(std::string_view text, UnknownUnits* unknown,
                                  std::vector<int64_t>& out) const {
  constexpr size_t kMostKept = 1'000'000;
  std::string behind_blank;
  if (!has_lines_ && !text.empty()) text = behind_blank = " " + std::string(text);
  const std::lock_guard lock(cache_->mutex);
  for (const std::string_view word : units_of(text, TextUnit::kPairs)) {
    std::string key(word);
    const auto kept = cache_->numbers.find(key);
    if (kept != cache_->numbers.end()) {
      if (unknown != nullptr) unknown->units += std::ssize(units_of(word, TextUnit::kCharacter));
      out.insert(out.end(), kept->second.begin(), kept->second.end());
      continue;
    }
    UnknownUnits own;
    const std::vector<int64_t> numbers = merged(word, &own);
    out.insert(out.end(), numbers.begin(), numbers.end());
    if (unknown != nullptr) {
      unknown->units += own.units;
      for (int64_t i = 0; i < own.unknown; ++i) {
        const auto named = std::min<size_t>(static_cast<size_t>(i), own.first.size() - 1);
        count_unknown(own.first[named], unknown);
      }
    }
    if (own.any()) continue;  // told anew each time
    if (cache_->numbers.size() >= kMostKept) cache_->numbers.clear();
    cache_->numbers.emplace(std::move(key), numbers);
  }
}

// The neighbours whose union was learned first are merged, until no two neighbours are a symbol.
std::vector<int64_t> TextVocabulary::merged(std::string_view word, UnknownUnits* unknown) const {
  std::vector<std::string_view> parts = units_of(word, TextUnit::kCharacter);
  std::vector<int64_t> numbers;
  for (const std::string_view part : parts) encode_unit(part, unknown, numbers);
  constexpr int64_t kNone = std::numeric_limits<int64_t>::max();
  const auto joint = [&](size_t i) {  // of parts i and i + 1
    const bool is_known = numbers[i] > kUnknown && numbers[i + 1] > kUnknown;
    if (!is_known) return kNone;
    const std::string_view whole{parts[i].data(), parts[i].size() + parts[i + 1].size()};
    const int64_t found = number(whole);
    return found > kUnknown ? found : kNone;
  };
  for (;;) {
    size_t at = 0;
    int64_t first = kNone;
    for (size_t i = 0; i + 1 < parts.size(); ++i) {
      const int64_t found = joint(i);
      if (found < first) {
        first = found;
        at = i;
      }
    }
    if (first == kNone) return numbers;
    parts[at] = {parts[at].data(), parts[at].size() + parts[at + 1].size()};
    numbers[at] = first;
    parts.erase(parts.begin() + static_cast<int64_t>(at) + 1);
    numbers.erase(numbers.begin() + static_cast<int64_t>(at) + 1);
  }
}

std::string TextVocabulary::decode(std::span<const int64_t> numbers) const {
  std::vector<std::string_view> parts;
  std::string bytes;
  for (const int64_t number : numbers) {
    if (has_edge_ && number == kEdge) break;
    if (unit_ == TextUnit::kByte) {
      const int64_t byte = number - (has_edge_ ? 2 : 0);
      CNN_ASSERT(byte < kBytes);
      if (byte >= 0) bytes += static_cast<char>(byte);
    } else {
      parts.emplace_back(symbols_.at(static_cast<size_t>(number)));
    }
  }
  if (unit_ == TextUnit::kByte) return bytes;
  if (unit_ == TextUnit::kWord) return joined_words(parts);
  std::string text;
  for (const std::string_view part : parts) text += part;
  const bool begins_with_blank = unit_ == TextUnit::kPairs && !has_lines_ && text.starts_with(' ');
  return begins_with_blank ? text.substr(1) : text;
}

std::string TextVocabulary::difference(const TextVocabulary& other) const {
  const auto kind = [](const TextVocabulary& v) {
    return std::string(unit_name(v.unit_)) + (v.lowers_ ? ", lower" : "");
  };
  const bool is_same =
      unit_ == other.unit_ && lowers_ == other.lowers_ && symbols_ == other.symbols_;
  if (is_same) return "";
  std::string text = fmt::format("{} symbols ({}) against {} ({})", with_commas(size()),
                                 kind(*this), with_commas(other.size()), kind(other));
  const auto [mine, theirs] =
      std::mismatch(symbols_.begin(), symbols_.end(), other.symbols_.begin(), other.symbols_.end());
  const bool is_prefix = mine == symbols_.end() && theirs == other.symbols_.end();
  if (is_prefix) return text;
  const auto name = [](auto place, const std::vector<std::string>& all) {
    return place == all.end() ? std::string("not there") : "'" + escaped(*place) + "'";
  };
  return text + fmt::format("; the first difference: number {} is {} against {}",
                            mine - symbols_.begin(), name(mine, symbols_),
                            name(theirs, other.symbols_));
}

}  // namespace cnn
