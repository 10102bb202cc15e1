// Columns of words as categories: one number each.
#include "data/catalogue.h"
#include "data/recognise.h"
#include "data/standardise.h"
#include "data/table_rows.h"
#include "support.h"
#include "support/catch.h"

using namespace cnn;

namespace {

using Words = std::vector<std::string>;

constexpr const char* kTable =
    "age,colour,price\n1,red,10\n2,green,20\n3,blue,30\n4,red,40\n5,,50\n6,green,60\n";
constexpr const char* kColumns =
    "columns: {inputs: [age, colour], categories: [colour], targets: [price]}";

Node csv_map(const TemporaryFolder& folder, const std::string& more) {
  return data_map("{format: csv, train: t.csv, " + more + "}", folder.str());
}

TEST_CASE("a number that is missing gets another advice in an input than in a target") {
  const TemporaryFolder folder;
  folder.file("t.csv", "a,price\n1,2\n,3\n");
  folder.file("u.csv", "a,price\n1,2\n2,\n");
  folder.file("w.csv", "a,price\n1,2\n2,dear\n");
  const auto problem = [&](const std::string& file) {
    return outcome([&] {
      open_dataset(
          data_map("{format: csv, train: " + file + ", columns: {targets: [price]}}", folder.str()),
          Split::kTrain, 1);
    });
  };
  CHECK(problem("t.csv").says("leave the column out: columns: {inputs: [...]} without 'a'"));
  CHECK(problem("u.csv").says("what is to be told must be known"));
  CHECK(problem("w.csv").says("classes are told apart by columns: {label: price}"));
}

}  // namespace

TEST_CASE("a column of words becomes a number a category, in the order of the words") {
  const TemporaryFolder folder;
  folder.file("t.csv", kTable);
  const DataView view = open_dataset(csv_map(folder, kColumns), Split::kTrain, 1);
  const Field& field = view.dataset->fields()[0];
  CHECK(field.shape == Shape{4});
  CHECK(field.value_names == Words{"age", "colour=blue", "colour=green", "colour=red"});
  CHECK(field.categories == std::vector<CategoryColumn>{{"colour", {"blue", "green", "red"}, 1}});
  CHECK(sample_of(*view.dataset, 0)[0] == std::vector<float>{1, 0, 0, 1});
  CHECK(sample_of(*view.dataset, 2)[0] == std::vector<float>{3, 1, 0, 0});
  CHECK(sample_of(*view.dataset, 4)[0] == std::vector<float>{5, 0, 0, 0});  // an empty cell
  CHECK(columns_of(field.value_names, field.categories) == Words{"age", "colour"});
  // All columns but the targets.
  const DataView all = open_dataset(
      csv_map(folder, "columns: {categories: colour, targets: [price]}"), Split::kTrain, 1);
  CHECK(all.dataset->fields()[0].value_names == field.value_names);
}

TEST_CASE("categories are not standardised, the numbers beside them are") {
  const TemporaryFolder folder;
  folder.file("t.csv", kTable);
  const DataView view = open_dataset(csv_map(folder, std::string(kColumns) + ", standardise: true"),
                                     Split::kTrain, 1);
  const Standard& standard = view.dataset->fields()[0].standard;
  CHECK(standard.mean == std::vector<double>{3.5, 0, 0, 0});
  CHECK(standard.deviation[0] == Approx(std::sqrt(35.0 / 12)));
  CHECK(std::vector<double>(standard.deviation.begin() + 1, standard.deviation.end()) ==
        std::vector<double>{1, 1, 1});
  CHECK(columns_text(*view.dataset) ==
        "1 standardised number and 3 categories of 'colour'; standardised to tell: 'price' (mean "
        "35, deviation 17.08)");
}

TEST_CASE("a word that training has not seen is no category, and one warning says where it is") {
  const TemporaryFolder folder;
  folder.file("t.csv", kTable);
  folder.file("u.csv", "price,colour,age\n1,red,7\n2,mauve,8\n3,pink,9\n");
  const Notes notes;
  const DataView test =
      open_dataset(csv_map(folder, std::string("test: u.csv, ") + kColumns), Split::kTest, 1);
  CHECK(sample_of(*test.dataset, 0)[0] == std::vector<float>{7, 0, 0, 1});
  CHECK(sample_of(*test.dataset, 1)[0] == std::vector<float>{8, 0, 0, 0});
  CHECK(
      notes.say("u.csv:3:3: column 'colour' has 'mauve', which the training table does not: it "
                "is read as none of the 3 categories; likewise 1 cell more"));
  CHECK(notes.text.find("pink") == std::string::npos);
}

TEST_CASE("the map keeps the categories, whatever becomes of the training table") {
  const TemporaryFolder folder;
  folder.file("t.csv", kTable);
  folder.file("u.csv", "price,colour,age\n1,red,7\n");
  DataSource source(csv_map(folder, std::string("test: u.csv, ") + kColumns), 1);
  source.open(Split::kTrain);
  const Node kept = parse_yaml(std::make_shared<const Source>(
      Source{"spec.yaml", to_yaml(source.map()), folder.str(), false}));
  folder.file("t.csv", "age,colour,price\n1,white,1\n");
  CHECK(sample_of(*open_dataset(kept, Split::kTest, 1).dataset, 0)[0] ==
        std::vector<float>{7, 0, 0, 1});
}

TEST_CASE("mistakes about categories are named") {
  const TemporaryFolder folder;
  std::string many = "a,name,price\n";
  for (int i = 0; i < 300; ++i) many += fmt::format("1,n{},2\n", i);
  folder.file("t.csv", many);
  const auto problem = [&](const std::string& columns) {
    return outcome([&] {
      open_dataset(csv_map(folder, "columns: {targets: [price], " + columns + "}"), Split::kTrain,
                   1);
    });
  };
  CHECK(problem("categories: [name]").code == Exit::kInput);
  CHECK(problem("categories: [name]")
            .says("column 'name' has 300 different words; at most 256 become categories"));
  CHECK(problem("categories: [price]")
            .says("'categories' says which of the inputs hold words, and 'price' is none of them"));
  CHECK(problem("categories: [nome]").says("'nome' is none of them"));
  CHECK(problem("inputs: [a], categories: [name]").says("the inputs are a"));
  CHECK(problem("categories: [name, name]").says("column 'name' is there twice"));
  CHECK(
      problem("categories: {name: [x, x]}").says("the categories of 'name' are words, each once"));
  const Outcome words = problem("inputs: [a, name]");
  CHECK(words.says("t.csv:2:3: error: expected a number, found 'n0' in column 'name'"));
  CHECK(words.says("columns: {categories: [name]}"));
  folder.file("t.csv", "a,name,price\n,x,2\n");
  const Outcome gap = problem("inputs: [a]");
  CHECK(gap.says("t.csv:2:1: error: expected a finite number, found nothing in column 'a'"));
  CHECK(gap.says("take the row out, or leave the column out"));
}

TEST_CASE("columns of words that come again are found in a table that nobody has described") {
  const TemporaryFolder folder;
  std::string text = "id,area,district,remark,gaps,price\n";
  for (int i = 0; i < 12; ++i) {
    text += fmt::format("{},{},{},r{},{},{}\n", i, 30 + i * i % 7, i % 3 == 0 ? "north" : "south",
                        i, i == 4 ? "" : "1", 1000 + 7 * i);
  }
  const std::string path = folder.file("t.csv", text);
  const Notes notes;
  Node map = recognise_data(path, {.tells_any_number = true});
  CHECK(
      notes.say("12 rows: 1 number and the categories of 'district' to the number 'price'; left "
                "out: id, remark, gaps (some cells are empty)"));
  const DataView view = open_dataset(map, Split::kTrain, 1);
  CHECK(view.dataset->fields()[0].value_names == Words{"area", "district=north", "district=south"});
  CHECK(view.dataset->fields()[0].standard.is_set());
  CHECK(view.dataset->fields()[1].standard.is_set());
  // Where something bounds what the network says, its targets stay.
  map = recognise_data(path, {});
  CHECK_FALSE(open_dataset(map, Split::kTrain, 1).dataset->fields()[1].standard.is_set());
  // Weights know better.
  const TableKnowledge known{{"district", "area"},
                             {{"district", {"east", "north"}, 0}},
                             {"price"},
                             {{"image", {{0, 0, 30}, {1, 1, 2}}}}};
  map = recognise_data(path, {.known = known});
  const DataView again = open_dataset(map, Split::kTrain, 1);
  CHECK(again.dataset->fields()[0].value_names == Words{"district=east", "district=north", "area"});
  CHECK(sample_of(*again.dataset, 0)[0] == std::vector<float>{0, 1, 0});
  CHECK_FALSE(again.dataset->fields()[1].standard.is_set());
}
