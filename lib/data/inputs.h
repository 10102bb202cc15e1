// Inputs: what a command line names, as a data set: pictures, folders of them, arrays, texts. It
// has one field, as a network reads it; nothing is drawn, shuffled or held out.
//
//   const auto inputs = open_inputs({"cat.jpg", "holiday/"}, reading);
//   Feed feed(graph, inputs->view(), loader, Feed::Reads::kInputs);
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/tone.h"
#include "data/vocabulary.h"
#include "data/windows.h"

namespace cnn {

// How a network reads what it is shown.
struct InputReading {
  Field field;
  Normalization normalization;  // of bytes: pictures and idx files
  PictureLook look = {};        // likewise
  bool is_guess = false;        // nobody has said how bytes are normalised: a warning, once
  std::shared_ptr<const TextVocabulary> vocabulary = nullptr;  // null: it reads no texts
  bool refuses_long = false;  // texts that are longer than its list; else they are cut
  // Pictures are brought to 8/7 of the network's size, so that windows can be cut out of them
  // (ten_crops.h).
  bool spare = false;
  bool skip_bad = false;  // pictures that cannot be read are left out, with a warning
  // Of tables: the columns that the network reads, where they are known, and what becomes of them.
  std::vector<std::string> columns = {};
  std::vector<CategoryColumn> categories = {};  // those of them that hold words
  Normalization numbers = {};
  Standard standard = {};  // of tables and arrays, in its place
};

// A file, and what people call it.
struct NamedFile {
  std::string path;
  std::string name;
};

// Samples of one argument, or of several in a row.
class InputPart {
 public:
  virtual ~InputPart() = default;
  virtual int64_t size() const = 0;
  // Sample i, channels-last; gives the number of its items.
  virtual int64_t read(int64_t i, float* out) const = 0;
  virtual std::string origin() const = 0;  // the file; "images", "texts" where there are several
  // True if samples go by names of their own: a picture's file, a text. Else they are numbers of
  // the origin.
  virtual bool has_names() const { return false; }
  virtual std::string name(int64_t /*i*/) const { return ""; }
  virtual std::string path(int64_t /*i*/) const { return ""; }  // of a picture
  virtual bool is_pictures() const { return false; }
  // Normalised here, from bytes: pictures, idx files.
  virtual bool has_bytes() const { return is_pictures(); }
  virtual std::string fingerprint() const = 0;
};

class Inputs final : public Dataset, public PictureWindows {
 public:
  struct Part {
    int64_t first = 0;  // sample
    std::unique_ptr<InputPart> samples;
  };
  Inputs(std::vector<Part> parts, const InputReading& reading);

  const std::vector<Part>& parts() const { return parts_; }
  // The part that sample `index` is of.
  const Part& part_of(int64_t index) const;

  int64_t size() const override;
  void read(int64_t index, std::span<float* const> out) const override;
  void read_items(int64_t index, const Draw* draw, std::span<float* const> out,
                  std::span<int64_t> items) const override;
  const PictureWindows* windows() const override { return has_spare_ ? this : nullptr; }
  PictureSize spare() const override;
  void read_window(int64_t index, const WindowPlace& place,
                   std::span<float* const> out) const override;
  std::string origin(int) const override { return parts_.front().samples->origin(); }
  std::string file(int64_t index) const override;
  std::string fingerprint() const override;

 private:
  std::vector<Part> parts_;
  bool has_spare_ = false;
};

// By content: .npy arrays [N,...] as they are, or standardised as those of training (class numbers:
// whole ones; lists: [N,T,...]); idx files, JPEG and PNG images as bytes, normalised; folders stand
// for the images in them. Where the network reads texts, any other file is one of lines, and what
// names no file is a text itself (an empty one is Exit::kInput; notes say what is not in the
// vocabulary and how many are cut); where it reads pictures, a text file names them or folders of
// them, one a line or in a column of a table; where it reads plain numbers, it is a table of them.
// `-` is standard input, likewise by content (standard_input.h). Pictures in a row are one part,
// texts likewise. All headers and shapes are checked: Exit::kInput; Exit::kUsage for what is no
// picture where `spare` wants such.
std::shared_ptr<const Inputs> open_inputs(const std::vector<std::string>& arguments,
                                          const InputReading& reading);

// `samples` of them from `first` on; all by default.
DataView view_of(std::shared_ptr<const Inputs> inputs, int64_t first = 0, int64_t samples = -1);

}  // namespace cnn
