// Expected figures are sacrebleu 2.6's, by
//
//   BLEU(max_ngram_order=n).corpus_score(texts, streams).score
//
// where streams[i] holds the i-th reference of every text, None where it has fewer.
#include "metrics/bleu.h"

#include <cmath>

#include "support/catch.h"

namespace cnn {
namespace {

struct Corpus {
  const char* what;
  std::vector<std::pair<std::string, std::vector<std::string>>> texts;  // with their references
  double scores[4];                                                     // BLEU-1 to 4
};

const std::vector<Corpus>& corpora() {
  static const std::vector<Corpus> kCorpora = {
      {"one sentence, one reference",
       {{"the cat sat on the mat", {"the cat is sitting on the mat"}}},
       {70.5401437408845, 59.8552967820638, 42.3240862445307, 32.1593510911901}},
      {"punctuation and numbers",
       {{"He said: \"1,000.5 & more,\" didn't he?",
         {"He said : \" 1,000.5 &amp; more , \" didn't he ?"}},
        {"2-3 e-mails...", {"2 - 3 e-mails . . ."}}},
       {100, 100, 100, 100}},
      {"several references, the closest length",
       {{"a man in a hat", {"a man wears an orange hat", "man in hat", "a man with a hat on"}},
        {"two dogs run", {"two dogs are running on grass", "two dogs run fast", "dogs"}}},
       {77.8800783071405, 71.0944594484827, 46.1685215139717, 37.2049797374345}},
      {"equally close lengths: the shorter",
       {{"a b c d", {"a b c d e", "a b x", "a b c d e f"}}},
       {100, 100, 100, 100}},
      {"clipped counts",
       {{"the the the the the the the", {"the cat is on the mat", "there is a cat on the mat"}}},
       {28.5714285714286, 15.4303349962092, 10.5983983294833, 7.80984984230064}},
      {"no 4-gram, no 3-gram",
       {{"a b x c d", {"a b c d e"}}},
       {80, 63.2455532033676, 40.5480133038226, 30.2137539735677}},
      {"nothing right", {{"x y z w", {"a b c d"}}}, {0, 0, 0, 0}},
      {"nothing said", {{"", {"a b c d"}}}, {0, 0, 0, 0}},
      {"something and nothing said",
       {{"a b c d e", {"a b c d e"}}, {"", {"f g"}}},
       {67.032004603564, 67.032004603564, 67.032004603564, 67.032004603564}},
      {"shorter than four words", {{"a b", {"a b"}}, {"c d e", {"c d e"}}}, {100, 100, 100, 0}},
      {"longer than the references",
       {{"a b c d e f g h", {"a b c d e"}}},
       {62.5, 59.7614304667197, 56.3123940221803, 51.6973153957171}},
      {"other alphabets",
       {{"Ein Mann schläft — auf der Straße.", {"Ein Mann schläft auf der Straße ."}},
        {"他 在 这里 睡觉 。", {"他 正 在 这里 睡觉 。"}}},
       {92.3076923076923, 81.9346490398702, 71.9815007102868, 57.1345303146371}},
      {"blanks of every kind",
       {{"a\xc2\xa0"
         "b\xe3\x80\x80"
         "c\td  e",
         {"a b c d e f"}}},
       {81.8730753077982, 81.8730753077982, 81.8730753077982, 81.8730753077982}},
      {"points beside points",
       {{"wait.. what,,no 3.,5 .5 5.", {"wait . . what , , no 3 . , 5 .5 5 ."}}},
       {100, 100, 100, 100}},
  };
  return kCorpora;
}

}  // namespace

TEST_CASE("BLEU-1 to 4 are sacrebleu's") {
  for (const Corpus& corpus : corpora()) {
    INFO(corpus.what);
    BleuCounts counts, backwards;
    for (const auto& [text, references] : corpus.texts) counts.add(text, references);
    for (auto text = corpus.texts.rbegin(); text != corpus.texts.rend(); ++text) {
      backwards.add(text->first, text->second);
    }
    for (int n = 1; n <= 4; ++n) {
      CHECK(counts.score(n) == Approx(corpus.scores[n - 1]).margin(1e-9).epsilon(0));
      CHECK(backwards.score(n) == counts.score(n));
    }
  }
}

TEST_CASE("BLEU's words: marks stand alone but for points and commas within numbers") {
  using Words = std::vector<std::string>;
  CHECK(bleu_words("He said: \"1,000.5!\"") ==
        Words{"He", "said", ":", "\"", "1,000.5", "!", "\""});
  CHECK(bleu_words("don't re-do 5-6, 3.") == Words{"don't", "re-do", "5", "-", "6", ",", "3", "."});
  CHECK(bleu_words("a&amp;b &lt;skipped> &quot;") ==
        Words{"a", "&", "b", "<", "skipped", ">", "\""});
  CHECK(bleu_words("half-\nway <skipped>\nhome-\n") == Words{"halfway", "home-"});
  CHECK(bleu_words(" \xe2\x80\xa8 \xc2\x85").empty());
  CHECK(bleu_words("don't. 5-6", BleuTokens::kBlank) == Words{"don't.", "5-6"});
  CHECK(bleu_words("\xa0 \xe2 \xe2\x80").size() == 3);  // no UTF-8: bytes like any others
}

TEST_CASE("BLEU's penalty is of texts that are too short") {
  BleuCounts counts;
  CHECK(counts.score() == 0);
  counts.add("a b c d e f", std::vector<std::string>{"a b c d"});
  CHECK(counts.brevity_penalty() == 1);
  counts.add("", std::vector<std::string>{"e f g h i j"});
  CHECK(counts.words == 6);
  CHECK(counts.expected == 10);
  CHECK(counts.brevity_penalty() == Approx(std::exp(1 - 10.0 / 6)));
}

}  // namespace cnn
