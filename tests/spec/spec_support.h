// Helpers of the tests of lib/spec: texts as files, errors as values.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "spec/model_spec.h"
#include "spec/node.h"
#include "support/files.h"
#include "support/text.h"

namespace cnn {

// Parses a text that is called "test.yaml".
Node parse_text(const std::string& text);

// The error that a call throws; one without diagnostics if it throws none.
Error error_of(const std::function<void()>& call);

// Every key, text and kind is the same; places are not compared.
bool same_tree(const Node& a, const Node& b);

Vocabulary test_vocabulary();

}  // namespace cnn
