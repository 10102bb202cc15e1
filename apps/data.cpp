// cnn-data: data sets, listed and fetched by the script that does the same without cnn.

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "base/share.h"
#include "command.h"

namespace cnn {
namespace {

constexpr const char* kExamples =
    "  cnn data list                                    what there is\n"
    "  cnn data get mnist                               fetched, and checked by sha256\n"
    "  cnn data get cifar10 ~/sets                      into a folder: then export CNN_DATA=~/sets";

constexpr const char* kDescription =
    "Files go to FOLDER, by default $CNN_DATA, else beside the descriptions that came with cnn. "
    "What "
    "is there and whole is left alone. CNN_MIRROR=URL is tried before the mirrors of the "
    "description. The built-in sets, digits and sentences, need no files.";

[[noreturn]] void run_script(std::vector<std::string> words) {
  const std::string script = find_shared("scripts/get_data.sh");
  if (script.empty()) {
    fail(Exit::kInput, "scripts/get_data.sh",
         "is not there; CNN_SHARE=FOLDER says where what came with cnn stands");
  }
  words.insert(words.begin(), {"/bin/sh", script});
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  setenv("CNN_SELF", "cnn data get", 1);
  execv("/bin/sh", arguments.data());
  fail(Exit::kInput, "/bin/sh", "{}", std::strerror(errno));
}

int main(int argc, char** argv) {
  std::string action;
  std::vector<std::string> words;
  Command command("data", kExamples, kDescription);
  command.add("ACTION", action, "list or get").required().one_of({"list", "get"}).type("");
  command.add("NAME", words, "the data set, and a folder for its files").type("");
  return command.run(argc, argv, [&]() -> Exit {
    if (action == "list" && !words.empty()) fail(Exit::kUsage, "", "'cnn data list' takes no name");
    if (action == "get" && (words.empty() || words.size() > 2)) {
      fail(Exit::kUsage, "", "expected a name, and perhaps a folder: cnn data get mnist [FOLDER]");
    }
    run_script(words);
  });
}

}  // namespace
}  // namespace cnn

int main(int argc, char** argv) { return cnn::main(argc, argv); }
