#include "base/json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/error.h"

namespace cnn {
namespace {

using Library = nlohmann::ordered_json;

bool is_pair(const Json& json) {
  return json.is_array() && json.size() == 2 && json.begin()->is_string();
}

// Runs `read`, whose errors become ours.
template <class Read>
auto guarded(const Read& read) {
  try {
    return read();
  } catch (const Library::exception& error) {
    throw JsonError(error.what());
  }
}

}  // namespace

struct Json::Content {
  std::string text;
  std::vector<Json> items;
  std::vector<JsonEntry> entries;
};

struct Json::Converter {
  static Library to_library(const Json& json) {
    switch (json.kind_) {
      case Kind::kNull:
        return nullptr;
      case Kind::kBool:
        return json.whole_ != 0;
      case Kind::kSigned:
        return static_cast<int64_t>(json.whole_);
      case Kind::kUnsigned:
        return json.whole_;
      case Kind::kReal:
        return json.real_;
      case Kind::kText:
        return json.content_->text;
      case Kind::kArray: {
        Library::array_t items;
        for (const Json& item : json.list()) items.push_back(to_library(item));
        return items;
      }
      case Kind::kObject: {
        Library map = Library::object();
        auto& entries = map.get_ref<Library::object_t&>();
        for (const auto& [key, value] : json.items()) {
          // Keys are different: emplace() would look through all of them each time.
          entries.Library::object_t::Container::emplace_back(key, to_library(value));
        }
        return map;
      }
    }
    CNN_ASSERT(false);
  }

  static Json from_library(const Library& json) {
    if (json.is_boolean()) return json.get<bool>();
    if (json.is_number_unsigned()) return json.get<uint64_t>();
    if (json.is_number_integer()) return json.get<int64_t>();
    if (json.is_number()) return json.get<double>();
    if (json.is_string()) return json.get_ref<const std::string&>();
    if (json.is_array()) {
      Json list = Json::array();
      for (const Library& item : json) list.push_back(from_library(item));
      return list;
    }
    if (json.is_object()) {
      Json map = Json::object();
      for (const auto& [key, value] : json.items()) {
        map.content_->entries.push_back({key, from_library(value)});
      }
      return map;
    }
    return nullptr;
  }

  // Of a value that is not T: says so in the library's words.
  template <class T>
  [[noreturn]] static void fail(const Json& json) {
    guarded([&] { to_library(json).get<T>(); });
    throw JsonError("out of range");
  }

  template <class T>
  static void number(const Json& json, T& out) {
    switch (json.kind_) {
      case Kind::kSigned:
        out = static_cast<T>(static_cast<int64_t>(json.whole_));
        return;
      case Kind::kUnsigned:
        out = static_cast<T>(json.whole_);
        return;
      case Kind::kReal:
        out = static_cast<T>(json.real_);
        return;
      default:
        fail<double>(json);
    }
  }
};

Json::Json(std::string text) : kind_(Kind::kText), content_(new Content) {
  content_->text = std::move(text);
}

Json::Json(std::initializer_list<Json> items) : kind_(Kind::kArray), content_(new Content) {
  if (std::all_of(items.begin(), items.end(), is_pair)) {
    kind_ = Kind::kObject;
    for (const Json& pair : items) {
      std::vector<Json>& both = pair.content_->items;
      if (!find(both[0].content_->text)) {
        content_->entries.push_back({std::move(both[0].content_->text), std::move(both[1])});
      }
    }
    return;
  }
  content_->items.reserve(items.size());
  for (const Json& item : items) content_->items.push_back(std::move(const_cast<Json&>(item)));
}

Json Json::of_kind(Kind kind) {
  Json json;
  json.kind_ = kind;
  json.content_.reset(new Content);
  return json;
}

Json Json::array() { return of_kind(Kind::kArray); }
Json Json::object() { return of_kind(Kind::kObject); }

Json::Json(const Json& other)
    : kind_(other.kind_),
      whole_(other.whole_),
      content_(other.content_ ? new Content(*other.content_) : nullptr) {}

Json::Json(Json&& other) noexcept
    : kind_(std::exchange(other.kind_, Kind::kNull)),
      whole_(other.whole_),
      content_(std::move(other.content_)) {}

Json& Json::operator=(Json other) noexcept {
  kind_ = std::exchange(other.kind_, Kind::kNull);
  whole_ = other.whole_;
  content_.swap(other.content_);
  return *this;
}

Json::~Json() = default;

void Json::Delete::operator()(Content* content) const { delete content; }

size_t Json::size() const {
  if (is_array()) return content_->items.size();
  if (is_object()) return content_->entries.size();
  return is_null() ? 0 : 1;
}

void Json::push_back(Json item) {
  if (is_null()) *this = array();
  CNN_ASSERT(is_array());
  content_->items.push_back(std::move(item));
}

const Json* Json::find(std::string_view key) const {
  for (const JsonEntry& entry : items()) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

Json& Json::operator[](std::string_view key) {
  if (is_null()) *this = object();
  CNN_ASSERT(is_object());
  if (const Json* found = find(key)) return const_cast<Json&>(*found);
  return content_->entries.emplace_back(std::string(key), Json()).value;
}

void Json::update(const Json& other) {
  for (const auto& [key, value] : other.items()) (*this)[key] = value;
}

const Json& Json::at(std::string_view key) const {
  if (const Json* found = find(key)) return *found;
  guarded([&] { Converter::to_library(*this).at(std::string(key)); });
  CNN_ASSERT(false);
}

const Json& Json::at(size_t i) const {
  if (i < list().size()) return list()[i];
  guarded([&] { Converter::to_library(*this).at(i); });
  CNN_ASSERT(false);
}

std::span<const Json> Json::list() const {
  return is_array() ? std::span<const Json>(content_->items) : std::span<const Json>();
}

std::span<const JsonEntry> Json::items() const {
  return is_object() ? std::span<const JsonEntry>(content_->entries) : std::span<const JsonEntry>();
}

void Json::get_to(bool& out) const {
  if (kind_ != Kind::kBool) Converter::fail<bool>(*this);
  out = whole_ != 0;
}

void Json::get_to(std::string& out) const {
  if (!is_string()) Converter::fail<std::string>(*this);
  out = content_->text;
}

void Json::get_to(int& out) const { Converter::number(*this, out); }
void Json::get_to(int64_t& out) const { Converter::number(*this, out); }
void Json::get_to(uint64_t& out) const { Converter::number(*this, out); }
void Json::get_to(float& out) const { Converter::number(*this, out); }
void Json::get_to(double& out) const { Converter::number(*this, out); }

void Json::require_array() const {
  if (!is_array()) Converter::fail<std::vector<int>>(*this);
}

std::string Json::dump(int indent) const {
  return Converter::to_library(*this).dump(indent, ' ', false, Library::error_handler_t::replace);
}

Json Json::parse(std::string_view text) {
  return guarded([&] { return Converter::from_library(Library::parse(text)); });
}

Json Json::parse_or_null(std::string_view text) {
  const Library json = Library::parse(text, nullptr, false);
  return json.is_discarded() ? Json() : Converter::from_library(json);
}

bool operator==(const Json& a, const Json& b) {
  return Json::Converter::to_library(a) == Json::Converter::to_library(b);
}

std::partial_ordering operator<=>(const Json& a, const Json& b) {
  if (!a.is_number() || !b.is_number()) return std::partial_ordering::unordered;
  return a.get<double>() <=> b.get<double>();
}

std::ostream& operator<<(std::ostream& out, const Json& json) { return out << json.dump(); }

}  // namespace cnn
