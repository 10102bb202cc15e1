// cnn-spec: model files as text: resolved, compared, and their schema for editors.

#include "base/text.h"
#include "command.h"
#include "layers/catalog.h"
#include "model/resolve.h"
#include "report/schema.h"
#include "spec/diff.h"
#include "spec/render.h"

namespace cnn {
namespace {

constexpr const char* kExamples =
    "  cnn spec render models/resnet50.yaml             the whole file, and where each value is "
    "from\n"
    "  cnn spec render models/lenet5.yaml train.epochs=3\n"
    "  cnn spec diff models/resnet18.yaml models/resnet34.yaml\n"
    "  cnn spec diff models/lenet5.yaml runs/lenet5     what was changed for this run?\n"
    "  cnn spec schema > cnn.schema.json                for editors";

constexpr const char* kDescription =
    "render prints a model file with 'include', 'extends', the data set's file and overrides "
    "worked in; behind each value stands the line that it comes from. diff lists what two files "
    "say differently, key by key. schema prints a JSON Schema of model files, made from the option "
    "tables; in VS Code: \"yaml.schemas\": {\"cnn.schema.json\": \"models/*.yaml\"}.";

const std::vector<std::string>& actions() {
  static const std::vector<std::string> kActions = {"render", "diff", "schema"};
  return kActions;
}

void expect_files(const std::string& action, const std::vector<std::string>& files, size_t count) {
  if (files.size() == count) return;
  const char* wanted = count == 0 ? "no file" : count == 1 ? "one model file" : "two model files";
  fail(Exit::kUsage, "", "spec {} takes {}, found {}", action, wanted, files.size());
}

std::string diff_text(const Command& command, const std::vector<std::string>& files) {
  const Node first = resolved_spec(command.load(files[0]));
  const Node second = resolved_spec(command.load(files[1]));
  const std::vector<SpecDifference> differences = diff_specs(first, second, takes_branches);
  return differences.empty() ? "no difference\n" : render_differences(differences);
}

std::string result_of(const Command& command, const std::string& action,
                      const std::vector<std::string>& files) {
  if (action == "render") {
    expect_files(action, files, 1);
    return render_with_origins(resolved_spec(command.load(files[0])));
  }
  if (action == "diff") {
    expect_files(action, files, 2);
    return diff_text(command, files);
  }
  if (action == "schema") {
    expect_files(action, files, 0);
    return model_schema();
  }
  const auto near = nearest(action, actions());
  fail(Exit::kUsage, "", "unknown action '{}'; {}", action,
       near ? "did you mean '" + *near + "'?" : "there are " + quoted_list(actions()));
}

int main(int argc, char** argv) {
  std::string action;
  std::vector<std::string> files;
  Command command("spec", kExamples, kDescription);
  command.add("ACTION", action, "render, diff or schema").required().type("");
  command.add("MODEL", files, "model files or runs, and key.path=value overrides").type("");

  return command.run(argc, argv, [&] {
    command.take_overrides(files);
    print_result(result_of(command, action, files));
    return Exit::kOk;
  });
}

}  // namespace
}  // namespace cnn

int main(int argc, char** argv) { return cnn::main(argc, argv); }
