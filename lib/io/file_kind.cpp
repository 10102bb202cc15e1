#include "io/file_kind.h"

#include <algorithm>

#include "base/error.h"
#include "base/files.h"

namespace cnn {
namespace {

using namespace std::string_view_literals;

struct Kind {
  std::string_view begin;  // the first bytes
  std::string_view name;
  size_t at = 0;               // where these stand, too
  std::string_view then = {};  // in the file
};

constexpr Kind kKinds[] = {
    {"\x89PNG\r\n\x1a\n"sv, "a PNG image"},
    {"\xff\xd8\xff"sv, "a JPEG image"},
    {"BM"sv, "a BMP image", 6, "\0\0\0\0"sv},
    {"GIF8"sv, "a GIF image"},
    {"RIFF"sv, "a WebP image", 8, "WEBP"sv},
    {"II*\0"sv, "a TIFF image"},
    {"MM\0*"sv, "a TIFF image"},
    {""sv, "a HEIC or AVIF image", 4, "ftyp"sv},
    {"\0\0\1\0"sv, "an icon"},
    {"8BPS"sv, "a Photoshop image"},
    {"P5"sv, "a PGM image", 2, "\n"sv},
    {"P6"sv, "a PPM image", 2, "\n"sv},
    {"\x93NUMPY"sv, "an npy array"},
    {"%PDF"sv, "a PDF document"},
    {"PK\3\4"sv, "a ZIP archive (as .npz and .pt files are)"},
    {"\x1f\x8b"sv, "gzipped"},
    {"BZh"sv, "a bzip2 archive"},
    {"\xfd"
     "7zXZ"sv,
     "an xz archive"},
    {"7z\xbc\xaf"sv, "a 7z archive"},
    {"\x89HDF"sv, "an HDF5 file"},
    {"\x80\2"sv, "a Python pickle (as old .pt files are)"},
    {"\x80\4"sv, "a Python pickle"},
    {"\x7f"
     "ELF"sv,
     "a program"},
};

bool is_text(std::string_view head) {
  return !head.empty() && std::all_of(head.begin(), head.end(), [](unsigned char c) {
    return c >= ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f';
  });
}

}  // namespace

std::string_view kind_of_content(std::string_view head) {
  for (const Kind& kind : kKinds) {
    if (head.starts_with(kind.begin) && head.size() >= kind.at &&
        head.substr(kind.at).starts_with(kind.then)) {
      return kind.name;
    }
  }
  return is_text(head) ? "text"sv : ""sv;
}

void fail_unreadable(const std::string& path) {
  constexpr size_t kHead = 512, kShown = 8;
  const std::string head = head_of_file(path, kHead);
  std::string what = head.empty() ? "empty" : std::string(kind_of_content(head));
  if (what.empty()) {
    what = "nothing that is known here: it begins with the bytes";
    for (const char c : head.substr(0, kShown)) {
      what += fmt::format(" {:02x}", static_cast<unsigned char>(c));
    }
  }
  throw Error(Exit::kInput,
              {{path,
                "is " + what,
                {},
                {"JPEG and PNG images, npy arrays, IDX files and CSV tables are read; "
                 "BMP, GIF, WebP and TIFF are not"}}});
}

std::string head_of_file(const std::string& path, size_t size) {
  const InputFile file(path);
  std::string head(std::min<uint64_t>(file.size(), size), '\0');
  file.read_at(0, head.data(), head.size());
  return head;
}

}  // namespace cnn
