#include "base/json.h"

#include <cmath>

#include "support/catch.h"

namespace cnn {
namespace {

std::string error_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const JsonError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("JSON is written as it was put together, keys in the order of writing") {
  const std::vector<std::string> words = {"b", "a"};
  Json json = {{"z", 1}, {"a", {1, -2, 2.5}}, {"words", words}, {"pair", {"x", "y"}}};
  CHECK(json.dump() == R"({"z":1,"a":[1,-2,2.5],"words":["b","a"],"pair":["x","y"]})");
  json["m"]["inner"] = nullptr;
  json["z"] = true;
  json["list"].push_back({{"unit", size_t{3}}});
  json["list"].push_back(Json{0.1f});
  CHECK(json.dump() ==
        R"({"z":true,"a":[1,-2,2.5],"words":["b","a"],"pair":["x","y"],"m":{"inner":null},)"
        R"("list":[{"unit":3},[0.10000000149011612]]})");
  CHECK(Json({{"a", Json::array()}, {"b", Json::object()}}).dump() == R"({"a":[],"b":{}})");
  CHECK(Json({{"a", {1}}}).dump(2) == "{\n  \"a\": [\n    1\n  ]\n}");
}

TEST_CASE("bytes that are no UTF-8 are replaced") {
  CHECK(Json("a\xff").dump() == "\"a\xef\xbf\xbd\"");
}

TEST_CASE("JSON that is read gives back what was written") {
  const std::string text =
      R"({"n":null,"b":false,"i":-3,"u":18446744073709551615,"d":1e-7,"s":"\u00e4","l":[1,[]]})";
  const Json json = Json::parse(text);
  CHECK(json.dump() == R"({"n":null,"b":false,"i":-3,"u":18446744073709551615,"d":1e-07,)"
                       "\"s\":\"\xc3\xa4\",\"l\":[1,[]]}");
  CHECK(Json::parse(json.dump()) == json);
  CHECK(json["u"].get<uint64_t>() == 18446744073709551615u);
  CHECK(json["i"].get<double>() == -3);
  CHECK(json["l"][0].get<int>() == 1);
  CHECK(json.value("i", int64_t{5}) == -3);
  CHECK(json.value("none", std::string("else")) == "else");
  std::string keys;
  for (const auto& [key, value] : json.items()) keys += key;
  CHECK(keys == "nbiudsl");
}

TEST_CASE("numbers are equal whatever their type, maps in the order of their keys") {
  CHECK(Json(3) == 3.0);
  CHECK(Json(3u) == 3);
  CHECK(Json(3) != "3");
  CHECK(Json(3) > 2.5);
  CHECK_FALSE(Json("3") > 2);
  CHECK(Json({1, 2}) == std::vector<double>{1, 2});
  CHECK(Json({{"a", 1}, {"b", 2}}) != Json({{"b", 2}, {"a", 1}}));
}

TEST_CASE("a moved value leaves null, a copy is its own") {
  Json a = {{"x", 1}};
  Json b = a;
  b["x"] = 2;
  CHECK(a["x"] == 1);
  const Json c = std::move(a);
  CHECK(c["x"] == 1);
  b = b["x"];
  CHECK(b == 2);
}

TEST_CASE("what is missing or of another type is said") {
  const Json json = Json::parse(R"({"a":"text","l":[1]})");
  CHECK(error_of([&] { json.at("b"); }).find("key 'b' not found") != std::string::npos);
  CHECK(error_of([&] { json["a"].get<int>(); }).find("must be number, but is string") !=
        std::string::npos);
  CHECK(error_of([&] { json["a"].get<std::vector<int>>(); }).find("must be array") !=
        std::string::npos);
  CHECK(error_of([&] { json["l"].get<std::string>(); }).find("must be string") !=
        std::string::npos);
  CHECK(error_of([&] { json["l"].at(1); }).find("out of range") != std::string::npos);
  CHECK(error_of([] { Json::parse("{"); }).find("line 1, column 2") != std::string::npos);
  CHECK(Json::parse_or_null("{").is_null());
}

}  // namespace cnn
