// Initializer: how a parameter gets its first values. In YAML an op: `he_normal`,
// {he_normal: fan_out}, {normal: 0.01}, {normal: 0.01, mean: 1}, {uniform: 0.1}, {constant: 0.5},
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

struct Initializer {
  enum class Kind {
    kConstant,
    kNormal,
    kUniform,
    kHeNormal,
    kHeUniform,
    kXavierNormal,
    kXavierUniform,
    kGiven,  // by layers alone: the numbers of `given`
    kSigns,  // by layers alone: 1 or -1 with equal chance
  };
  enum class Fan { kIn, kOut, kAverage };
  struct Fans {  // connections of a unit, of an input
    int64_t in = 1, out = 1;
  };

  Kind kind = Kind::kConstant;
  double value = 0;  // constant, standard deviation, or half width
  double mean = 0;   // normal and uniform
  Fan fan = Fan::kIn;
  std::vector<float> given = {};

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

  static std::vector<std::string> names();
};

CNN_OPTION_TYPE(Initializer);

}  // namespace cnn
