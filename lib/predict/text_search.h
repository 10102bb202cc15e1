// What a Writer writes: the likeliest texts, or one that is drawn.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "predict/writer.h"

namespace cnn {

using Symbols = std::vector<int64_t>;

// The answers to the n samples whose inputs are bound, each up to <s> (symbol 0, left out) or
// `most` symbols (0: writer.most()). With one beam the likeliest symbol each time; with several the
// likeliest texts are kept side by side, and that with the largest mean logarithm of its symbols'
// probabilities wins (beam search).
std::vector<Symbols> write_answers(Writer& writer, int64_t n, int64_t most = 0);

struct SymbolDraw {
  double temperature = 1;  // scores are divided by it; 0: the likeliest symbol
  int64_t top = 0;         // only so many of the likeliest; 0: all
  uint64_t seed = 0;
};

// Symbol `index` of a text, from its scores: depends on (seed, index) and the scores alone.
int64_t draw_symbol(std::span<const float> scores, const SymbolDraw& draw, uint64_t index);

// Goes on behind `prompt` (not empty) for `length` symbols, each told as soon as it is drawn; false
// ends it.
void go_on(Writer& writer, std::span<const int64_t> prompt, int64_t length, const SymbolDraw& draw,
           const std::function<bool(int64_t symbol)>& tell);

}  // namespace cnn
