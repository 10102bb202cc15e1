// Json: a JSON value that is built, written and read. Maps keep the order of writing.
//
//   Json report = {{"schema", 1}, {"classes", Json::array()}};
//   report["classes"].push_back({{"name", "cat"}, {"share", 0.5}});
//   report.dump();  // {"schema":1,"classes":[{"name":"cat","share":0.5}]}
//
// What stands in braces is a map if all of it is pairs that begin with a text, else a list. Nothing
// here is a template that others must compile: json.cpp alone knows the library that reads and
// writes the text.
#pragma once

#include <compare>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cnn {

// Text that is no JSON, or a value that is not there or of another type.
struct JsonError : std::runtime_error {
  using runtime_error::runtime_error;
};

struct JsonEntry;

class Json {
 public:
  Json(std::nullptr_t = nullptr) {}
  template <std::same_as<bool> T>
  Json(T value) : kind_(Kind::kBool), whole_(value) {}
  template <std::signed_integral T>
  Json(T value) : kind_(Kind::kSigned), whole_(static_cast<uint64_t>(int64_t{value})) {}
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) Json(T value) : kind_(Kind::kUnsigned), whole_(value) {}
  Json(double value) : kind_(Kind::kReal), real_(value) {}
  Json(float value) : Json(static_cast<double>(value)) {}
  Json(std::string text);
  Json(std::string_view text) : Json(std::string(text)) {}
  Json(const char* text) : Json(std::string(text)) {}
  template <class T>
  Json(const std::vector<T>& items) : Json(array()) {
    for (const T& item : items) push_back(Json(item));
  }
  Json(std::initializer_list<Json> items);
  static Json array();
  static Json object();

  Json(const Json& other);
  Json(Json&& other) noexcept;
  Json& operator=(Json other) noexcept;
  ~Json();

  bool is_null() const { return kind_ == Kind::kNull; }
  bool is_number() const { return kind_ >= Kind::kSigned && kind_ <= Kind::kReal; }
  bool is_string() const { return kind_ == Kind::kText; }
  bool is_array() const { return kind_ == Kind::kArray; }
  bool is_object() const { return kind_ == Kind::kObject; }

  // Of arrays and objects; else 0 for null and 1.
  size_t size() const;
  bool empty() const { return size() == 0; }
  // Null becomes an array or a map by these.
  void push_back(Json item);
  Json& operator[](std::string_view key);
  // Takes over the entries of another map.
  void update(const Json& other);

  bool contains(std::string_view key) const { return find(key) != nullptr; }
  const Json* find(std::string_view key) const;  // null: no such key, or no map
  const Json& at(std::string_view key) const;    // JsonError
  const Json& at(size_t i) const;
  const Json& operator[](std::string_view key) const { return at(key); }
  const Json& operator[](const char* key) const { return at(std::string_view(key)); }
  Json& operator[](const char* key) { return (*this)[std::string_view(key)]; }
  template <std::integral I>
  const Json& operator[](I i) const {
    return at(static_cast<size_t>(i));
  }
  template <std::integral I>
  const Json& operator[](I i) {  // for else a literal 0 could be text too
    return at(static_cast<size_t>(i));
  }

  // The items of an array, the entries of a map; none of anything else.
  std::span<const Json> list() const;
  const Json* begin() const { return list().data(); }
  const Json* end() const { return begin() + list().size(); }
  std::span<const JsonEntry> items() const;

  // Any number is taken for a number; else JsonError for another type.
  void get_to(bool& out) const;
  void get_to(int& out) const;
  void get_to(int64_t& out) const;
  void get_to(uint64_t& out) const;
  void get_to(float& out) const;
  void get_to(double& out) const;
  void get_to(std::string& out) const;
  template <class T>
  void get_to(std::vector<T>& out) const {
    require_array();
    out.clear();
    for (const Json& item : list()) item.get_to(out.emplace_back());
  }
  template <class T>
  T get() const {
    T value{};
    get_to(value);
    return value;
  }
  // What stands under the key of a map, else `otherwise`.
  template <class T>
  T value(std::string_view key, T otherwise) const {
    if (const Json* found = find(key)) found->get_to(otherwise);
    return otherwise;
  }

  // One line, or a line a value with so many blanks a level. Bytes that are no UTF-8 are replaced,
  // so that a path can never break a report.
  std::string dump(int indent = -1) const;
  // JsonError, which says where the text breaks off.
  static Json parse(std::string_view text);
  static Json parse_or_null(std::string_view text);

  // Numbers of one value are equal, of any type; maps are by their entries in order.
  friend bool operator==(const Json& a, const Json& b);
  friend std::partial_ordering operator<=>(const Json& a, const Json& b);  // of numbers
  friend std::ostream& operator<<(std::ostream& out, const Json& json);

 private:
  enum class Kind { kNull, kBool, kSigned, kUnsigned, kReal, kText, kArray, kObject };
  struct Content;    // of texts, arrays and maps
  struct Converter;  // to the library's values and back

  static Json of_kind(Kind kind);
  void require_array() const;

  Kind kind_ = Kind::kNull;
  union {
    uint64_t whole_ = 0;
    double real_;
  };
  struct Delete {
    void operator()(Content* content) const;
  };
  using Contents = std::unique_ptr<Content, Delete>;
  mutable Contents content_;  // what stands in braces moves into the new value
};

struct JsonEntry {
  std::string key;
  Json value;
};

}  // namespace cnn
