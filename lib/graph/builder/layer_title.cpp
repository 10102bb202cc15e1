#include "graph/builder/layer_title.h"

#include <algorithm>

#include "base/text.h"

namespace cnn::build {

std::string describe(const std::vector<Input>& inputs, const std::vector<Form>& forms) {
  std::vector<std::string> parts;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const std::string form =
        inputs[i].is_target ? "" : " " + describe(forms[i].shape, forms[i].items);
    parts.push_back(fmt::format("'{}'{}", inputs[i].label, form));
  }
  if (parts.empty()) return "no input";
  const std::string last = parts.back();
  parts.pop_back();
  return parts.empty() ? last : join(parts, ", ") + " and " + last;
}

std::string title(const NewLayer& request) {
  const size_t dot = request.path.rfind('.');
  const char first = request.path[dot == std::string::npos ? 0 : dot + 1];
  const bool is_numbered = first >= '0' && first <= '9';
  const bool is_loss = request.type->role == LayerType::Role::kLoss;
  return is_numbered || is_loss ? request.type->name
                                : fmt::format("{} '{}'", request.type->name, request.path);
}

std::string locate(const NewLayer& request, const std::vector<Form>& forms, std::string problem) {
  const std::string name = title(request);
  const std::string op = request.type->name;
  if (problem.starts_with(op + ": ")) problem.erase(0, op.size() + 2);
  if (problem.starts_with(op + " ")) {
    const std::string rest = problem.substr(op.size() + 1);
    const bool names_input = rest.starts_with("'");
    return name + (names_input && name.ends_with("'") ? " of " : " ") + rest;
  }
  const bool tells_shape = std::any_of(forms.begin(), forms.end(), [&](const Form& form) {
    return problem.find(form.shape.str()) != std::string::npos;
  });
  if (tells_shape || forms.empty()) return name + ": " + problem;
  const std::string of = name.ends_with("'") ? " of " : " ";
  return name + of + describe(request.inputs, forms) + ": " + problem;
}

}  // namespace cnn::build
