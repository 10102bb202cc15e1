// WriteWatch: finds races without a race. It looks at memory after every chunk of a loop (of
// ChunkOrder::kReversed) and remembers which worker changed what; what two workers of one loop have
// changed, threads would have fought for. It sees lent memory and, on the stack, the variables of
// the loop's callers that the chunks hold by reference.
#pragma once

#include <string>
#include <vector>

#include "base/parallel.h"

namespace cnn {

class WriteWatch : public ChunkWatcher {
 public:
  // `per_worker`: scratch of which every worker has its own part. It holds poison at the start of
  // every chunk, whatever the worker's chunk before has left.
  void add(std::string name, float* data, int64_t count, bool per_worker = false);
  // Watches the variables of the functions between `frame` (__builtin_frame_address(0) of a caller)
  // and the loop. Not in builds with the address sanitizer, which forbids to look at them.
  void add_stack(const void* frame);
  void forget();  // all that was added

  // "workers 0 and 2 of one loop both write 'output' at float 17": at most one for a loop.
  std::vector<std::string> take_findings();

  void loop_begins(const void* frame) override;
  void chunk_begins(int worker) override;
  void chunk_ended(int worker) override;

 private:
  struct Region {
    std::string name;
    char* data;
    size_t bytes;
    bool per_worker;
    std::vector<char> before;          // what was there when the chunk began
    std::vector<unsigned char> owner;  // of every byte: 1 + the worker that changed it; 0: nobody
  };

  static Region region(std::string name, char* data, size_t bytes, bool per_worker);
  void compare(Region& region, int worker);
  void changed(Region& region, size_t byte, int worker);
  void find(std::string text);

  std::vector<Region> regions_;
  const char* stack_end_ = nullptr;
  bool has_stack_ = false;  // the last of the regions, added by loop_begins
  bool found_ = false;      // in this loop
  std::vector<std::string> findings_;
};

}  // namespace cnn
