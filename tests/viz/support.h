// Looking at drawings in tests.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "support/files.h"
#include "viz/kind.h"

namespace cnn {

// What is wrong with an XML (or SVG) text: tags that do not match, bare ampersands, attributes
// without quotes; nothing where it is well-formed.
std::optional<std::string> xml_fault(const std::string& text);

// How often `part` stands in `text`.
size_t count_of(const std::string& text, const std::string& part);

// The texts of a drawing, in order.
std::vector<std::string> texts_of(const Drawing& drawing);

// The pictures of a drawing, in order.
std::vector<Image> pictures_of(const Drawing& drawing);

// A small classifier of the built-in digits, trained once for all tests of a process: its run
// directory, and a request that looks at it with its best weights.
const std::string& trained_run();
VizRequest trained_request();
// Trains a model file into a folder, without a word, and gives its run directory; and a request
// that looks at such a run.
std::string train_in(const TemporaryFolder& folder, const std::string& yaml);
VizRequest request_for_run(const std::string& run);
// A request that looks at a model file without weights.
VizRequest request_of(const std::string& yaml);

// Runs a kind as the command would: flags as {"layer", {"c1"}}.
VizResult run_kind(std::string_view name, const VizRequest& request,
                   const std::vector<VizFlag>& flags = {});

}  // namespace cnn
