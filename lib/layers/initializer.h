// Initializer: how a parameter gets its first values. In YAML an op: `he_normal`,
// {he_normal: fan_out}, {normal: 0.01}, {normal: 0.01, mean: 1}, {uniform: 0.1}, {constant: 0.5},
// {values: [[1, 2, 1], [2, 4, 2], [1, 2, 1]], scale: 0.0625},
// or a map by parameter name: {weight: {normal: 0.01}, bias: {constant: 1}}.
//
// He et al. 2015 ("Delving deep into rectifiers"), Glorot & Bengio 2010 (Xavier).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "spec/options.h"
#include "tensor/shape.h"

namespace cnn {

// Numbers as a model file nests them: [[1, 2], [3, 4]] is of form [2,2].
struct NumberGrid {
  std::vector<float> numbers = {};
  Shape form = {};
};
CNN_OPTION_TYPE(NumberGrid);

struct Initializer {
  enum class Kind {
    kConstant,
    kNormal,
    kUniform,
    kHeNormal,
    kHeUniform,
    kXavierNormal,
    kXavierUniform,
    kValues,  // the numbers of `grid`, over and over, times `value`
    kGiven,   // by layers alone: the numbers of `given`
    kSigns,   // by layers alone: 1 or -1 with equal chance
  };
  enum class Fan { kIn, kOut, kAverage };
  struct Fans {  // connections of a unit, of an input
    int64_t in = 1, out = 1;
  };

  Kind kind = Kind::kConstant;
  double value = 0;  // constant, standard deviation, half width, or scale
  double mean = 0;   // normal and uniform
  Fan fan = Fan::kIn;
  std::vector<float> given = {};
  NumberGrid grid = {};

  static Initializer constant(double value) { return {Kind::kConstant, value, 0, Fan::kIn}; }
  static Initializer he_normal() { return {Kind::kHeNormal, 0, 0, Fan::kIn}; }
  static Initializer signs() { return {Kind::kSigns, 0, 0, Fan::kIn}; }
  static Initializer from(std::vector<float> numbers) {
    return {Kind::kGiven, 0, 0, Fan::kIn, std::move(numbers)};
  }

  // Fills `out` with numbers `first`, `first` + 1 ... in the order of files (`first` is a multiple
  // of 4); they depend on (seed, name) and their index alone.
  void fill(std::span<float> out, int64_t first, const Fans& fans, uint64_t seed,
            const std::string& name) const;

  // What is wrong with it for a parameter of this shape; empty if nothing. `values` fill the whole
  // parameter, or one filter of it, the last axes, which all the others then repeat.
  std::string misfit(const Shape& shape) const;

  static std::vector<std::string> names();
};

// What `cnn help initialisers` says of each.
struct InitializerHelp {
  std::string name, formula, fan, example;  // `fan`: the one that is meant if none is named
};
std::vector<InitializerHelp> initializer_help();

CNN_OPTION_TYPE(Initializer);

}  // namespace cnn
