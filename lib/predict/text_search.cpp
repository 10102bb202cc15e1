#include "predict/text_search.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "base/rng.h"
#include "kernels/vector_math.h"

namespace cnn {
namespace {

constexpr int64_t kEdge = 0;  // <s>

int64_t likeliest(const float* scores, int64_t count) {
  return std::max_element(scores, scores + count) - scores;
}

std::vector<Symbols> write_likeliest(Writer& writer, int64_t n, int64_t most) {
  std::vector<Symbols> texts(static_cast<size_t>(n));
  Symbols newest(texts.size(), kEdge);
  std::vector<char> ended(texts.size(), 0);
  for (int64_t i = 0; i < most; ++i) {
    const ConstView scores = writer.step(newest);
    for (size_t row = 0; row < texts.size(); ++row) {
      newest[row] = ended[row] != 0
                        ? kEdge
                        : likeliest(scores.sample(static_cast<int64_t>(row)), writer.symbols());
      ended[row] = ended[row] != 0 || newest[row] == kEdge;
      if (ended[row] == 0) texts[row].push_back(newest[row]);
    }
    if (std::find(ended.begin(), ended.end(), 0) == ended.end()) break;
  }
  return texts;
}

// The beams of one sample.
class Beams {
 public:
  explicit Beams(int64_t count) : count_(count), open_{{}} {}

  bool has_ended() const { return open_.empty() || static_cast<int64_t>(closed_.size()) >= count_; }

  // The newest symbol of each row, and the row of this sample that it goes on from.
  void rows(std::span<int64_t> newest, std::span<int> from) const {
    for (size_t b = 0; b < newest.size(); ++b) {
      const bool is_there = b < open_.size();
      newest[b] = is_there && !open_[b].text.empty() ? open_[b].text.back() : kEdge;
      from[b] = is_there ? open_[b].row : 0;
    }
  }

  // scores: [rows, symbols] behind the newest symbols.
  void grow(const float* scores, int64_t symbols) {
    std::vector<Candidate> candidates;
    for (size_t b = 0; b < open_.size(); ++b) {
      add_candidates(b, scores + static_cast<int64_t>(b) * symbols, symbols, candidates);
    }
    std::sort(candidates.begin(), candidates.end());
    std::vector<Beam> open;
    for (const Candidate& c : candidates) {
      if (static_cast<int64_t>(open.size()) == count_) break;
      Beam beam{open_[c.beam].text, c.sum, static_cast<int>(c.beam)};
      if (c.symbol == kEdge) {
        close(beam, 1);
      } else {
        beam.text.push_back(c.symbol);
        open.push_back(std::move(beam));
      }
    }
    open_ = std::move(open);
  }

  Symbols best() {
    for (const Beam& beam : open_) close(beam, 0);  // there was no room for their ends
    return closed_.empty() ? Symbols{} : best_;
  }

 private:
  struct Beam {
    Symbols text;
    double sum = 0;  // of the logarithms of its symbols' probabilities
    int row = 0;     // among those of the sample, in the step before
  };
  struct Candidate {
    double sum;
    size_t beam;
    int64_t symbol;
    bool operator<(const Candidate& o) const {
      if (sum != o.sum) return sum > o.sum;
      return beam != o.beam ? beam < o.beam : symbol < o.symbol;
    }
  };

  // The likeliest symbols of a beam: one more than there are beams, as one may be the end.
  void add_candidates(size_t b, const float* scores, int64_t symbols,
                      std::vector<Candidate>& to) const {
    const float largest = row_max(scores, symbols);
    const double total = static_cast<double>(
        row_sum(symbols, [=](int64_t i) { return fast_exp(scores[i] - largest); }));
    const double norm = static_cast<double>(largest) + std::log(total);
    std::vector<int64_t> order(static_cast<size_t>(symbols));
    std::iota(order.begin(), order.end(), 0);
    const auto kept = std::min<int64_t>(symbols, count_ + 1);
    std::partial_sort(order.begin(), order.begin() + kept, order.end(), [=](int64_t a, int64_t c) {
      return scores[a] != scores[c] ? scores[a] > scores[c] : a < c;
    });
    for (int64_t i = 0; i < kept; ++i) {
      const int64_t symbol = order[static_cast<size_t>(i)];
      to.push_back({open_[b].sum + static_cast<double>(scores[symbol]) - norm, b, symbol});
    }
  }

  void close(const Beam& beam, int64_t ends) {
    const auto length = std::max<int64_t>(1, static_cast<int64_t>(beam.text.size()) + ends);
    const double mean = beam.sum / static_cast<double>(length);
    if (closed_.empty() || mean > best_mean_) {
      best_mean_ = mean;
      best_ = beam.text;
    }
    closed_.push_back(mean);
  }

  int64_t count_;
  std::vector<Beam> open_;
  std::vector<double> closed_;
  double best_mean_ = 0;
  Symbols best_;
};

std::vector<Symbols> search(Writer& writer, int64_t n, int64_t most) {
  const int64_t beams = writer.beams();
  std::vector<Beams> samples(static_cast<size_t>(n), Beams(beams));
  const auto rows = static_cast<size_t>(n * beams);
  Symbols newest(rows);
  std::vector<int> from(rows);
  for (int64_t i = 0; i < most; ++i) {
    for (int64_t s = 0; s < n; ++s) {
      const auto first = static_cast<size_t>(s * beams), count = static_cast<size_t>(beams);
      samples[static_cast<size_t>(s)].rows(std::span(newest).subspan(first, count),
                                           std::span(from).subspan(first, count));
      for (size_t b = 0; b < count; ++b) from[first + b] += static_cast<int>(first);
    }
    if (i > 0) writer.take_rows(from);
    const ConstView scores = writer.step(newest);
    bool goes_on = false;
    for (int64_t s = 0; s < n; ++s) {
      Beams& sample = samples[static_cast<size_t>(s)];
      if (sample.has_ended()) continue;
      sample.grow(scores.sample(s * beams), writer.symbols());
      goes_on = goes_on || !sample.has_ended();
    }
    if (!goes_on) break;
  }
  std::vector<Symbols> texts;
  for (Beams& sample : samples) texts.push_back(sample.best());
  return texts;
}

}  // namespace

std::vector<Symbols> write_answers(Writer& writer, int64_t n, int64_t most) {
  CNN_ASSERT(writer.answers());
  const int64_t limit = most > 0 ? std::min(most, writer.most()) : writer.most();
  writer.begin(n);
  return writer.beams() == 1 ? write_likeliest(writer, n, limit) : search(writer, n, limit);
}

int64_t draw_symbol(std::span<const float> scores, const SymbolDraw& draw, uint64_t index) {
  const auto count = static_cast<int64_t>(scores.size());
  if (draw.temperature <= 0 || draw.top == 1) return likeliest(scores.data(), count);
  std::vector<int64_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  const int64_t kept = draw.top > 0 ? std::min(draw.top, count) : count;
  if (kept < count) {
    std::partial_sort(order.begin(), order.begin() + kept, order.end(), [&](int64_t a, int64_t b) {
      const float x = scores[static_cast<size_t>(a)], y = scores[static_cast<size_t>(b)];
      return x != y ? x > y : a < b;
    });
    order.resize(static_cast<size_t>(kept));
  }
  const float largest = *std::max_element(scores.begin(), scores.end());
  std::vector<double> sums;
  double sum = 0;
  for (const int64_t symbol : order) {
    const auto score = static_cast<double>(scores[static_cast<size_t>(symbol)] - largest);
    sums.push_back(sum += std::exp(score / draw.temperature));
  }
  const double drawn = Rng(draw.seed, "text", 0, index).uniform(0) * sum;
  const auto place = std::upper_bound(sums.begin(), sums.end(), drawn) - sums.begin();
  return order[static_cast<size_t>(std::min<int64_t>(place, kept - 1))];
}

void go_on(Writer& writer, std::span<const int64_t> prompt, int64_t length, const SymbolDraw& draw,
           const std::function<bool(int64_t symbol)>& tell) {
  CNN_ASSERT(!prompt.empty() && !writer.answers());
  writer.begin(1);
  ConstView scores;
  for (const int64_t& symbol : prompt) scores = writer.step({&symbol, 1});
  for (int64_t i = 0; i < length; ++i) {
    const int64_t symbol = draw_symbol({scores.data, static_cast<size_t>(writer.symbols())}, draw,
                                       static_cast<uint64_t>(i));
    if (!tell(symbol)) return;
    scores = writer.step({&symbol, 1});
  }
}

}  // namespace cnn
