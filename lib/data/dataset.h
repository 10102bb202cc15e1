// Dataset: numbered samples, each with the same named fields; DataView: some samples of one;
// DataSource: the splits that a data map describes. See lib/data/README.md for the maps.
//
//   DataSource source(load_data(spec), seed);
//   DataView train = source.open(Split::kTrain);
//   std::vector<int> fields = bind_fields(train, wanted);   // what the graph reads
//   Loader loader(train, fields, {.batch_size = 64, ...});
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/transforms.h"
#include "spec/node.h"
#include "tensor/field.h"

namespace cnn {

class PictureWindows;
class TextVocabulary;

enum class Split { kTrain, kValidation, kTest };
std::string_view split_name(Split split);  // "train", "val", "test"

// Immutable once opened; read() may be called from any thread.
class Dataset {
 public:
  virtual ~Dataset() = default;

  virtual int64_t size() const = 0;
  const std::vector<Field>& fields() const { return fields_; }  // inputs first
  // Writes field i of sample `index` to out[i], channels-last, normalised; a null is skipped.
  virtual void read(int64_t index, std::span<float* const> out) const = 0;
  // The same, with the random changes that the data map asks for in training (`augment`). They
  // depend on (seed, epoch, index) alone.
  struct Draw {
    uint64_t seed = 0;
    uint64_t epoch = 0;
    bool is_stream = false;  // sample follows sample as one text: none may be moved
  };
  virtual void read_drawn(int64_t index, [[maybe_unused]] const Draw& draw,
                          std::span<float* const> out) const {
    read(index, out);
  }

  // The same for data sets with lists whose length varies: items[i] becomes the number of items of
  // field i that were written to out[i], which has room for the field's most. `draw` null: no
  // random changes. Data sets without such lists need not know it.
  virtual void read_items(int64_t index, const Draw* draw, std::span<float* const> out,
                          std::span<int64_t> items) const;

  // Whether read_drawn() or read_items() with a draw may give other numbers of field i than
  // without.
  virtual bool draws(int /*field*/) const { return false; }
  // What field i of the sample is read from: samples of the same source have the same numbers there
  // unless they are drawn. From 0 on.
  virtual int64_t source(int64_t index, int /*field*/) const { return index; }

  // Numbers of field i as read() gives them, but in double: what `standardise` measures. Data sets
  // whose files have doubles give these. Of fields that nothing is drawn for.
  virtual void read_exact(int64_t index, int field, std::span<double> out) const;

  // Null unless samples are windows cut out of larger pictures (windows.h).
  virtual const PictureWindows* windows() const { return nullptr; }

  // The file that field i comes from, for messages ("digits" where there is none).
  virtual std::string origin(int field) const = 0;
  // The file that is sample `index`, where each has one of its own; else "".
  virtual std::string file(int64_t /*index*/) const { return ""; }
  // What the class numbers of field i stand for where they are words or characters; else null.
  virtual std::shared_ptr<const TextVocabulary> vocabulary(int /*field*/) const { return nullptr; }
  // The texts that are right answers to sample `index`, as the files have them (in small letters
  // where all are read so); none where the answer is no text.
  virtual std::vector<std::string> references(int64_t /*index*/) const { return {}; }
  // What it may come to hold in memory beside batches: decoded images and the like.
  virtual uint64_t memory_bytes() const { return 0; }
  // A word that changes with the files and with what the format reads of them; cheap.
  virtual std::string fingerprint() const = 0;

  // What the class numbers of field i stand for: names, words, characters; empty if not known.
  std::vector<std::string> class_names(int field) const;
  const Normalization& normalization() const { return normalization_; }  // of field 0
  std::optional<int64_t> ignored_class() const { return ignored_class_; }

  int field(std::string_view name) const;  // -1 if there is none

 protected:
  std::vector<Field> fields_;
  Normalization normalization_;
  std::optional<int64_t> ignored_class_;
};

// Reads one field of samples, and nothing of the others. Of one thread at a time.
class FieldReader {
 public:
  FieldReader(const Dataset& dataset, int field)
      : dataset_(dataset),
        field_(static_cast<size_t>(field)),
        out_(dataset.fields().size(), nullptr) {}

  void read(int64_t index, float* out) {
    out_[field_] = out;
    dataset_.read(index, out_);
  }

 private:
  const Dataset& dataset_;
  size_t field_;
  std::vector<float*> out_;
};

// A field whose numbers are held in memory, one sample after another.
struct FieldNumbers {
  Field field;
  std::vector<double> values;

  void read(int64_t index, float* out) const {
    const int64_t count = field.shape.count();
    std::transform(values.begin() + index * count, values.begin() + (index + 1) * count, out,
                   [](double value) { return static_cast<float>(value); });
  }
};

// Samples `indices` of a data set, in ascending order.
struct DataView {
  std::shared_ptr<const Dataset> dataset;
  std::vector<int64_t> indices;

  int64_t size() const { return static_cast<int64_t>(indices.size()); }
  bool empty() const { return indices.empty(); }
  // 16 hexadecimal digits for run.json and for the check at resume.
  std::string hash() const;
};

class DataFormat;

// The splits of a data map. Reading the map reports located errors (Exit::kSpec, Exit::kUsage);
// files are opened by the first open() that needs them (Exit::kInput), train and validation share
// theirs.
class DataSource {
 public:
  // `data` is a map without expressions (see load_data); `seed` chooses the samples held out.
  // `wanted`: what a network reads, if there is one; generated samples are made to fit it, and a
  // note says how.
  DataSource(const Node& data, uint64_t seed, std::span<const Field> wanted = {});
  ~DataSource();
  DataSource(DataSource&&) noexcept;
  DataSource& operator=(DataSource&&) noexcept;

  // With what was added to fit the network, and what open() has found in the training data: figures
  // of `standardise`, the categories of columns of words.
  const Node& map() const { return map_; }
  bool shuffle() const;  // `shuffle:` of the map, for training's loader
  bool has_test() const;
  // Samples are checked: equal counts, labels in range, at least one sample (a split with nothing
  // held out is an empty validation view); a class without samples is a warning. A missing test
  // split is Exit::kInput.
  DataView open(Split split);

 private:
  std::shared_ptr<const Dataset> open_whole(Split split);
  DataView open_plain(Split split);
  void keep_columns(const Dataset& dataset);
  std::shared_ptr<const Dataset> standardised(std::shared_ptr<const Dataset> dataset);
  std::vector<int64_t> strata(const std::shared_ptr<const Dataset>& dataset, int64_t patches) const;

  uint64_t seed_;
  Node map_;
  std::unique_ptr<DataFormat> format_;
  std::array<int64_t, 3> patches_ = {1, 1, 1};            // samples of one picture
  std::array<std::shared_ptr<const Dataset>, 3> opened_;  // by Split; train with what is held out
  std::map<const Dataset*, std::shared_ptr<const Dataset>> standardised_;  // by what is opened
};

// For a single split.
DataView open_dataset(const Node& data, Split split, uint64_t seed);

// How often each of `classes` stands in a label field of the view. A label outside of them that is
// not the ignored one is Exit::kInput, "FILE: sample N: ..."; `whose` classes they are: "the
// model".
std::vector<int64_t> count_classes(const DataView& view, int field, int64_t classes,
                                   std::string_view whose);

// Finds, for every wanted field, the data set's field of that name: its number for Loader. Shapes
// and kinds must agree (Exit::kSpec; what the data set has is listed). A wanted class field with
// `classes` set is checked against every label of the view (Exit::kInput, "FILE: sample N: label
// 10: the model has classes 0 to 9"); masks are not read here.
std::vector<int> bind_fields(const DataView& view, std::span<const Field> wanted);

}  // namespace cnn
