// Words, characters, bytes and pairs by number; how texts are cut and joined.
#include "data/vocabulary.h"

#include <algorithm>

#include "data/vocabulary_learning.h"
#include "support.h"
#include "support/catch.h"

using namespace cnn;

namespace {

std::vector<std::string> words_of(const std::string& text) {
  const std::vector<std::string_view> units = units_of(text, TextUnit::kWord);
  return {units.begin(), units.end()};
}

TextVocabulary learned(const std::vector<std::string>& texts, TextUnit unit,
                       std::optional<int64_t> symbols = std::nullopt, bool lowers = false) {
  return learn_vocabulary(texts, {unit, lowers, symbols});
}

std::vector<std::string> own_symbols(const TextVocabulary& vocabulary) {
  return {vocabulary.symbols().begin() + 2, vocabulary.symbols().end()};
}

}  // namespace

TEST_CASE("words and punctuation marks stand apart") {
  using Words = std::vector<std::string>;
  CHECK(words_of("Ein Mann, der schläft.") == Words{"Ein", "Mann", ",", "der", "schläft", "."});
  CHECK(words_of("don't stop-and-go 'now'") == Words{"don't", "stop-and-go", "'", "now", "'"});
  CHECK(words_of("1,000.5 Euro, um 9:30 - 17+25=42") ==
        Words{"1,000.5", "Euro", ",", "um", "9:30", "-", "17", "+", "25", "=", "42"});
  CHECK(words_of("„Größe“ … naïve\u00a0café\n») ☺") ==
        Words{"„", "Größe", "“", "…", "naïve", "café", "»", ")", "☺"});
  CHECK(words_of(" \t\r\n").empty());
  CHECK(words_of("a\xff"
                 "b") == Words{"a", "\xff", "b"});
  CHECK(words_of("Привет, мир! 日本") == Words{"Привет", ",", "мир", "!", "日本"});
}

TEST_CASE("joined words read as people write them") {
  for (const std::string text :
       {"Ein Mann, der (sehr müde) schläft.", "He said \"no way\" to me, twice!",
        "Er sagt: „Halt“; sie geht weiter?", "She says “wait” and pays $5 (or 90%).", "stop-and-go",
        ""}) {
    const std::vector<std::string_view> words = units_of(text, TextUnit::kWord);
    CHECK(joined_words(words) == text);
  }
}

TEST_CASE("small letters are made by rule umlauts Greek and Cyrillic too") {
  CHECK(lowered("ÄÖÜ ẞ ÀÉÎÕØÞ × ß ÿŸ") == "äöü ß àéîõøþ × ß ÿÿ");
  CHECK(lowered("ĀĄĆČĐĘĞİŁŃŐŒŘŚŠŢŮŹŻŽ") == "āąćčđęğiłńőœřśšţůźżž");
  CHECK(lowered("ΑΒΓΔΩ Άλφα Έ Ή Ί Ό Ύ Ώ") == "αβγδω άλφα έ ή ί ό ύ ώ");
  CHECK(lowered("ЁЙ Привет МИР ҐЎЉ") == "ёй привет мир ґўљ");
  CHECK(lowered("ABCxyz 123 [\\]^_` 日本 ☺") == "abcxyz 123 [\\]^_` 日本 ☺");
  CHECK(lowered("\xc3\xff") == "\xc3\xff");  // what is no UTF-8 stays
}

TEST_CASE("a text that ceases to be UTF-8 says where") {
  CHECK(!first_bad_byte("Löwe ☺ 😀"));
  CHECK(first_bad_byte("L\xf6we") == 1u);
  CHECK(first_bad_byte("Löw\xc3") == 4u);
  CHECK(first_bad_byte("ab\xed\xa0\x80") == 2u);  // a surrogate
}

TEST_CASE("the most frequent words are kept equal ones by the alphabet") {
  const std::vector<std::string> texts = {"b a c c.", "C b a d."};
  CHECK(own_symbols(learned(texts, TextUnit::kWord)) ==
        std::vector<std::string>{".", "a", "b", "c", "C", "d"});
  const TextVocabulary five = learned(texts, TextUnit::kWord, 6, true);
  CHECK(five.size() == 6);
  CHECK(own_symbols(five) == std::vector<std::string>{"c", ".", "a", "b"});
  CHECK(five.encode("A C, D.") == std::vector<int64_t>{4, 2, 1, 1, 3});
  CHECK(five.decode(std::vector<int64_t>{4, 2, 1, 3, 0, 2}) == "a c <unk>.");
}

TEST_CASE("ends of lines are words of a running text alone") {
  const std::vector<std::string> text = {"to be,\nor not\n"};
  const TextVocabulary lines =
      learn_vocabulary(text, {TextUnit::kWord, false, std::nullopt, true, true});
  const std::vector<int64_t> numbers = lines.encode(text[0]);
  CHECK(numbers.size() == 7);
  CHECK(lines.decode(numbers) == text[0]);
  CHECK(learned(text, TextUnit::kWord).encode("to\nbe\n").size() == 2);
}

TEST_CASE("bytes are 256 and know every text") {
  const TextVocabulary plain = TextVocabulary::bytes(false);
  CHECK(plain.size() == 256);
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  const std::vector<int64_t> numbers = plain.encode(all);
  for (int64_t i = 0; i < 256; ++i) CHECK(numbers[static_cast<size_t>(i)] == i);
  CHECK(plain.decode(numbers) == all);
  const TextVocabulary ended = TextVocabulary::bytes(true);
  CHECK(ended.size() == 258);
  CHECK(ended.encode("\n") == std::vector<int64_t>{12});
  CHECK(ended.decode(std::vector<int64_t>{2 + 'a', 0, 2 + 'b'}) == "a");
  CHECK(plain.symbols()[10] == "\\x0a");
  CHECK(TextVocabulary::of_symbols(plain.symbols(), TextUnit::kByte)->size() == 256);
  CHECK(TextVocabulary::of_symbols(ended.symbols(), TextUnit::kByte)->has_edge());
}

TEST_CASE("pairs are merged by how often they stand as told by hand") {
  // low 5, lower 2, newest 6, widest 3: the example of Sennrich et al. 2016, with the blank before
  // a word in place of their sign behind it. "es" and "st" stand 9 times; by the alphabet e comes
  // first.
  std::vector<std::string> texts;
  const auto add = [&](const std::string& word, int count) {
    for (int i = 0; i < count; ++i) texts.push_back(word);
  };
  add("low", 5);
  add("lower", 2);
  add("newest", 6);
  add("widest", 3);
  const std::vector<std::string> symbols = own_symbols(learned(texts, TextUnit::kPairs, 18));
  const std::vector<std::string> characters = {" ", "d", "e", "i", "l", "n",
                                               "o", "r", "s", "t", "w"};
  REQUIRE(symbols.size() == 16);
  CHECK(std::vector<std::string>(symbols.begin(), symbols.begin() + 11) == characters);
  CHECK(std::vector<std::string>(symbols.begin() + 11, symbols.end()) ==
        std::vector<std::string>{"es", "est", " l", " lo", " low"});
}

TEST_CASE("pairs come back as the text and what is unknown is told") {
  const std::vector<std::string> texts = {"der alte Mann, der schläft.", "die alten Männer"};
  const TextVocabulary pairs = learned(texts, TextUnit::kPairs, 40);
  CHECK(pairs.size() <= 40);
  for (const std::string& text : texts) {
    CHECK(pairs.decode(pairs.encode(text)) == text);
    CHECK(pairs.encode(text).size() < text.size() - 4);
    CHECK(pairs.encode(text) == pairs.encode(text));  // from the cache
  }
  UnknownUnits unknown;
  CHECK(pairs.decode(pairs.encode("der xalte x", &unknown)) == "der <unk>alte <unk>");
  CHECK(unknown.unknown == 2);
  CHECK(unknown.first == std::vector<std::string>{"x"});
  // What the text spells is no symbol with a meaning.
  const std::vector<std::string> spelled(9, "<unk> <s>");
  const TextVocabulary signs = learned(spelled, TextUnit::kPairs, 60);
  CHECK(signs.decode(signs.encode("<unk> <s>")) == "<unk> <s>");
  const std::vector<int64_t> numbers = signs.encode("<unk> <s>");
  CHECK(*std::min_element(numbers.begin(), numbers.end()) > TextVocabulary::kUnknown);
  const auto again = TextVocabulary::of_symbols(pairs.symbols(), TextUnit::kPairs);
  REQUIRE(again);
  CHECK(again->encode(texts[0]) == pairs.encode(texts[0]));
  CHECK(again->difference(pairs).empty());
}

TEST_CASE("what a vocabulary does not know can be told to people") {
  const std::vector<std::string> known = {"ein", "Löwe"};
  const TextVocabulary words(known, TextUnit::kWord);
  UnknownUnits unknown;
  words.encode("ein Hund", &unknown);
  words.encode("kein Hund", &unknown);
  CHECK(unknown.text(TextUnit::kWord, "the model's") ==
        "3 of 4 words are not in the model's vocabulary: 'Hund', 'kein' ...");
  const std::vector<std::string> letters = {"a", "b"};
  const TextVocabulary plain = TextVocabulary::plain(letters, TextUnit::kCharacter);
  UnknownUnits left_out;
  CHECK(plain.encode("axb", &left_out) == std::vector<int64_t>{0, 1});  // there is no <unk>
  CHECK(left_out.text(TextUnit::kCharacter, "the model's") ==
        "1 of 3 characters is not in the model's vocabulary: 'x'");
}

TEST_CASE("two vocabularies say how they differ") {
  const std::vector<std::string> first = {"ein", "Mann"}, second = {"ein", "Frau", "Hund"};
  const TextVocabulary a(first, TextUnit::kWord), b(second, TextUnit::kWord);
  CHECK(a.difference(a).empty());
  CHECK(a.difference(b) ==
        "4 symbols (word) against 5 (word); the first difference: number 3 is 'Mann' against "
        "'Frau'");
  CHECK(a.difference(TextVocabulary(first, TextUnit::kWord, true)) ==
        "4 symbols (word) against 4 (word, lower)");
  const std::vector<std::string> more = {"ein", "Mann", "x"};
  CHECK(a.difference(TextVocabulary(more, TextUnit::kWord)).find("not there against 'x'") !=
        std::string::npos);
}
