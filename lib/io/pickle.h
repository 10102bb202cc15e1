// Python's pickles (protocols 2 to 5) as plain values. A pickle is a program for a small stack
// machine; ours builds values and runs nothing: a name of Python's is kept as a text, a call of it
// as what is called and with what. Layout: Python's pickletools.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"

namespace cnn {

inline constexpr int kOldestPickle = 2, kNewestPickle = 5;  // protocols that are read

using PickleId = uint32_t;  // a value's place in Pickle::values()

enum class PickleKind {
  kNone,
  kBool,     // integer: 0 or 1
  kInteger,  // integer
  kLong,     // of more than 64 bits; text: its bytes, little-endian
  kReal,
  kText,
  kBytes,       // text
  kTuple,       // items
  kList,        // items
  kDict,        // items: key, value, key, value ...; a collections.OrderedDict, too
  kGlobal,      // text: "torch.FloatStorage"
  kCall,        // items: what is called, the tuple of its arguments
  kPersistent,  // items: the one value by which the object is known outside
};

struct PickleValue {
  PickleKind kind = PickleKind::kNone;
  uint64_t at = 0;  // the byte of the file where it is made
  int64_t integer = 0;
  double real = 0;
  std::string text = {};
  std::vector<PickleId> items = {};

  bool is(PickleKind wanted) const { return kind == wanted; }
};

class Pickle {
 public:
  const PickleValue& at(PickleId id) const { return values_[id]; }
  const PickleValue& root() const { return values_[root_]; }
  const std::vector<PickleValue>& values() const { return values_; }  // all that were made
  uint64_t end() const { return end_; }  // the byte after its last instruction

 private:
  friend class PickleMachine;
  std::vector<PickleValue> values_;
  PickleId root_ = 0;
  uint64_t end_ = 0;
};

// The pickle from byte `begin` of the file on, which ends before `end`. `check_global` is asked for
// each name of Python's ("torch.Size", at byte n) and throws if it is not to be there. Exit::kInput
// at "FILE: at byte N" for all that is no whole pickle, or one of more than 2 million values or 64
// MB of texts.
using CheckGlobal = std::function<void(const std::string& name, uint64_t at)>;
Pickle read_pickle(const InputFile& file, uint64_t begin, uint64_t end,
                   const CheckGlobal& check_global);

}  // namespace cnn
