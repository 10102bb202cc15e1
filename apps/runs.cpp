// cnn-runs: what runs there are, and how they compare.

#include "report/runs.h"

#include "base/log.h"
#include "base/text.h"
#include "command.h"

namespace cnn {
namespace {

constexpr const char* kExamples =
    "  cnn runs list                                    the runs in runs/\n"
    "  cnn runs list experiments --csv\n"
    "  cnn runs compare runs/lenet5 runs/adam           settings that differ, results\n"
    "  cnn runs compare runs/sgd-* runs/adam-*          mean and spread over the seeds of each";

constexpr const char* kDescription =
    "list shows the run directories in a folder (default: runs); 'killed' is a run whose process "
    "ended without a word. compare shows, for each run, the settings that are not the same in all "
    "of them and the scores of its best epoch; runs that differ in nothing but their seed are "
    "also shown as mean and standard deviation.";

// A run that cannot be read is no reason not to show the others.
RunReport read_folder(const std::string& folder) {
  RunReport report;
  for (const std::string& path : runs_in(folder)) {
    try {
      report.runs.push_back(read_run(path));
    } catch (const Error& error) {
      warn("left out: {}", error.diagnostics().front().problem);
    }
  }
  return report;
}

std::string result_of(const std::string& action, const std::vector<std::string>& paths, bool json,
                      bool csv) {
  const bool utf8 = locale_is_utf8(), color = wants_color();
  if (action == "list") {
    if (paths.size() > 1)
      fail(Exit::kUsage, "", "runs list takes one folder, found {}", paths.size());
    const RunReport report = read_folder(paths.empty() ? "runs" : paths[0]);
    if (json) return report.list_json() + "\n";
    if (csv) return report.list_csv();
    return report.runs.empty() ? "no runs\n" : report.list_table(utf8, color);
  }
  if (action == "compare") {
    if (paths.size() < 2) fail(Exit::kUsage, "", "runs compare takes two runs or more");
    const RunReport report{read_runs(paths)};
    if (report.runs.size() < 2)
      fail(Exit::kUsage, "", "these are one run; compare takes two or more");
    return json  ? report.comparison_json() + "\n"
           : csv ? report.comparison_csv()
                 : report.comparison_table(utf8, color);
  }
  const std::vector<std::string> actions = {"list", "compare"};
  const auto near = nearest(action, actions);
  fail(Exit::kUsage, "", "unknown action '{}'; {}", action,
       near ? "did you mean '" + *near + "'?" : "there are " + quoted_list(actions));
}

int main(int argc, char** argv) {
  std::string action;
  std::vector<std::string> paths;
  bool csv = false;
  Command command("runs", kExamples, kDescription);
  command.add("ACTION", action, "list or compare").required().type("");
  command.add("RUN", paths, "run directories; of list the folder they are in").type("");
  Flag table = command.add("--csv", csv, "print the result as CSV");
  table.excludes(command.add_common("print the result as one JSON line"));

  return command.run(argc, argv, [&] {
    print_result(result_of(action, paths, command.json(), csv));
    return Exit::kOk;
  });
}

}  // namespace
}  // namespace cnn

int main(int argc, char** argv) { return cnn::main(argc, argv); }
