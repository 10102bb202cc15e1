#include "io/pickle.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "base/error.h"

namespace cnn {
namespace {

constexpr size_t kMaxValues = 2'000'000;
constexpr size_t kMaxItems = 8'000'000;    // of all tuples, lists and dicts
constexpr uint64_t kMaxText = 64'000'000;  // bytes of all texts of a pickle
constexpr size_t kMaxName = 1000;          // of a module, a function
constexpr size_t kBuffer = size_t{1} << 16;

// Bytes of a part of a file, forwards.
class Source {
 public:
  Source(const InputFile& file, uint64_t begin, uint64_t end)
      : file_(file), at_(begin), end_(end) {}

  uint64_t at() const { return at_; }

  template <class T>
  T number() {
    T value;
    take(reinterpret_cast<char*>(&value), sizeof(T));
    return value;
  }

  std::string text(uint64_t size) {
    if (size > end_ - at_) fail_short(size);
    if (size > kMaxText - text_) {
      fail(Exit::kInput, file_.path(), "at byte {}: the pickle has more than {} MB of texts", at_,
           kMaxText / 1'000'000);
    }
    text_ += size;
    std::string text(size, '\0');
    take(text.data(), text.size());
    return text;
  }

  std::string line() {
    std::string line;
    for (char c = number<char>(); c != '\n'; c = number<char>()) {
      if (line.size() == kMaxName) {
        fail(Exit::kInput, file_.path(),
             "at byte {}: a name of more than {} bytes; the file is damaged", at_, kMaxName);
      }
      line += c;
    }
    return line;
  }

 private:
  void take(char* out, size_t size) {
    if (size > end_ - at_) fail_short(size);
    while (size > 0) {
      if (next_ == buffer_.size()) {
        buffer_.resize(std::min<uint64_t>(kBuffer, end_ - at_));
        file_.read_at(at_, buffer_.data(), buffer_.size());
        next_ = 0;
      }
      const size_t part = std::min(size, buffer_.size() - next_);
      std::memcpy(out, buffer_.data() + next_, part);
      out += part;
      size -= part;
      next_ += part;
      at_ += part;
    }
  }

  [[noreturn]] void fail_short(uint64_t wanted) const {
    fail(
        Exit::kInput, file_.path(),
        "at byte {}: the pickle ends in the middle: {} bytes are to follow, {} are there; the file "
        "is not whole",
        at_, wanted, end_ - at_);
  }

  const InputFile& file_;
  uint64_t at_, end_;
  uint64_t text_ = 0;
  std::vector<char> buffer_;
  size_t next_ = 0;  // in the buffer
};

}  // namespace

class PickleMachine {
 public:
  PickleMachine(const InputFile& file, uint64_t begin, uint64_t end, const CheckGlobal& check)
      : path_(file.path()), in_(file, begin, end), check_global_(check) {}

  Pickle run() {
    while (!done_) {
      at_ = in_.at();
      step(in_.number<uint8_t>());
    }
    out_.end_ = in_.at();
    return std::move(out_);
  }

 private:
  using Kind = PickleKind;

  // One instruction; the letters are the format's.
  void step(uint8_t code) {
    switch (code) {
      case 0x80:
        return protocol();
      case 0x95:
        return static_cast<void>(in_.number<uint64_t>());  // a frame: for faster reading
      case '.':
        return stop();
      // Numbers.
      case 'N':
        return push(Kind::kNone);
      case 0x88:
        return push_integer(1, Kind::kBool);
      case 0x89:
        return push_integer(0, Kind::kBool);
      case 'J':
        return push_integer(in_.number<int32_t>());
      case 'K':
        return push_integer(in_.number<uint8_t>());
      case 'M':
        return push_integer(in_.number<uint16_t>());
      case 0x8a:
        return push_long(in_.number<uint8_t>());
      case 0x8b:
        return push_long(in_.number<uint32_t>());
      case 'G':
        return push_real();
      // Texts and bytes.
      case 'X':
        return push_text(in_.number<uint32_t>());
      case 0x8c:
        return push_text(in_.number<uint8_t>());
      case 0x8d:
        return push_text(in_.number<uint64_t>());
      case 'T':
        return push_text(in_.number<uint32_t>());  // of Python 2
      case 'U':
        return push_text(in_.number<uint8_t>());
      case 'B':
        return push_text(in_.number<uint32_t>(), Kind::kBytes);
      case 'C':
        return push_text(in_.number<uint8_t>(), Kind::kBytes);
      case 0x8e:
        return push_text(in_.number<uint64_t>(), Kind::kBytes);
      case 0x96:
        return push_text(in_.number<uint64_t>(), Kind::kBytes);
      // Tuples, lists, dicts.
      case '(':
        return mark();
      case ')':
        return push(Kind::kTuple);
      case 't':
        return push_items(Kind::kTuple, pop_to_mark());
      case 0x85:
        return push_items(Kind::kTuple, pop_last(1));
      case 0x86:
        return push_items(Kind::kTuple, pop_last(2));
      case 0x87:
        return push_items(Kind::kTuple, pop_last(3));
      case ']':
        return push(Kind::kList);
      case 'l':
        return push_items(Kind::kList, pop_to_mark());
      case 'a':
        return extend(Kind::kList, pop_last(1));
      case 'e':
        return extend(Kind::kList, pop_to_mark());
      case '}':
        return push(Kind::kDict);
      case 'd':
        return push_dict();
      case 's':
        return extend(Kind::kDict, pop_last(2));
      case 'u':
        return extend(Kind::kDict, pop_to_mark());
      // The stack and the memo.
      case '0':
        return static_cast<void>(pop());
      case '1':
        return static_cast<void>(pop_to_mark());
      case '2':
        return push_again(top());
      case 'q':
        return put(in_.number<uint8_t>());
      case 'r':
        return put(in_.number<uint32_t>());
      case 0x94:
        return put(memo_.size());
      case 'h':
        return get(in_.number<uint8_t>());
      case 'j':
        return get(in_.number<uint32_t>());
      // Objects.
      case 'c':
        return push_global();
      case 0x93:
        return push_stacked_global();
      case 'R':
        return call();
      case 0x81:
        return call();
      case 'b':
        return build();
      case 'Q':
        return push_items(Kind::kPersistent, pop_last(1));
      default:
        fail_here("has the unknown instruction {:#04x}", code);
    }
  }

  template <class... Args>
  [[noreturn]] void fail_here(fmt::format_string<Args...> format, Args&&... args) const {
    fail(Exit::kInput, path_, "at byte {}: the pickle {}; the file is damaged", at_,
         fmt::format(format, std::forward<Args>(args)...));
  }

  void protocol() {
    const int version = in_.number<uint8_t>();
    if (version < kOldestPickle || version > kNewestPickle) {
      fail(Exit::kInput, path_, "at byte {}: a pickle of protocol {}; {} to {} are read", at_,
           version, kOldestPickle, kNewestPickle);
    }
  }

  void stop() {
    out_.root_ = pop();
    if (!stack_.empty()) fail_here("leaves {} values over", stack_.size());
    done_ = true;
  }

  PickleValue& make(Kind kind) {
    if (out_.values_.size() == kMaxValues) {
      fail(Exit::kInput, path_, "at byte {}: the pickle has more than {} values", at_, kMaxValues);
    }
    stack_.push_back(static_cast<PickleId>(out_.values_.size()));
    PickleValue& value = out_.values_.emplace_back();
    value.kind = kind;
    value.at = at_;
    return value;
  }

  void push(Kind kind) { make(kind); }

  void push_again(PickleId id) {
    if (stack_.size() > kMaxItems) fail_here("piles up too many values");
    stack_.push_back(id);
  }

  void push_integer(int64_t number, Kind kind = Kind::kInteger) { make(kind).integer = number; }

  // Little-endian, as short as can be; the last byte has the sign.
  void push_long(uint64_t size) {
    std::string bytes = in_.text(size);
    if (size > sizeof(int64_t)) {
      make(Kind::kLong).text = std::move(bytes);
      return;
    }
    int64_t number = !bytes.empty() && (bytes.back() & 0x80) != 0 ? -1 : 0;
    std::memcpy(&number, bytes.data(), bytes.size());
    push_integer(number);
  }

  void push_real() {
    uint64_t bits = 0;
    for (size_t i = 0; i < sizeof(bits); ++i) bits = bits << 8 | in_.number<uint8_t>();
    make(Kind::kReal).real = std::bit_cast<double>(bits);
  }

  void push_text(uint64_t size, Kind kind = Kind::kText) {
    std::string text = in_.text(size);
    make(kind).text = std::move(text);
  }

  void push_items(Kind kind, std::vector<PickleId> items) {
    count_items(items.size());
    make(kind).items = std::move(items);
  }

  void count_items(size_t more) {
    items_ += more;
    if (items_ > kMaxItems) {
      fail(Exit::kInput, path_, "at byte {}: the pickle has more than {} items", at_, kMaxItems);
    }
  }

  void push_dict() {
    push(Kind::kDict);
    const PickleId dict = pop();
    std::vector<PickleId> items = pop_to_mark();
    stack_.push_back(dict);
    extend(Kind::kDict, std::move(items));
  }

  void push_global() {
    const std::string module = in_.line();
    push_name(module + "." + in_.line());
  }

  void push_stacked_global() {
    const std::vector<PickleId> parts = pop_last(2);
    const PickleValue &module = out_.at(parts[0]), &name = out_.at(parts[1]);
    if (!module.is(Kind::kText) || !name.is(Kind::kText)) fail_here("has a name that is no text");
    if (module.text.size() > kMaxName || name.text.size() > kMaxName) {
      fail_here("has a name of more than {} bytes", kMaxName);
    }
    push_name(module.text + "." + name.text);
  }

  void push_name(std::string name) {
    check_global_(name, at_);
    make(Kind::kGlobal).text = std::move(name);
  }

  PickleId top() const {
    if (stack_.size() <= fence()) fail_here("takes a value where there is none");
    return stack_.back();
  }

  PickleId pop() {
    const PickleId id = top();
    stack_.pop_back();
    return id;
  }

  std::vector<PickleId> pop_last(size_t count) {
    if (stack_.size() < fence() + count) fail_here("takes a value where there is none");
    std::vector<PickleId> items(stack_.end() - static_cast<ptrdiff_t>(count), stack_.end());
    stack_.resize(stack_.size() - count);
    return items;
  }

  std::vector<PickleId> pop_to_mark() {
    if (marks_.empty()) fail_here("ends a sequence that does not begin");
    std::vector<PickleId> items = pop_last(stack_.size() - marks_.back());
    marks_.pop_back();
    return items;
  }

  void mark() {
    if (marks_.size() == kMaxValues) fail_here("nests too deeply");
    marks_.push_back(stack_.size());
  }

  size_t fence() const { return marks_.empty() ? 0 : marks_.back(); }

  void extend(Kind kind, const std::vector<PickleId>& items) {
    PickleValue& target = out_.values_[top()];
    if (!target.is(kind)) fail_here("adds items to what is no {}", name_of(kind));
    if (kind == Kind::kDict && items.size() % 2 != 0) fail_here("has a key without a value");
    count_items(items.size());
    target.items.insert(target.items.end(), items.begin(), items.end());
  }

  static std::string_view name_of(Kind kind) { return kind == Kind::kDict ? "dict" : "list"; }

  void put(uint64_t index) {
    if (memo_.size() == kMaxValues) fail_here("remembers too many values");
    memo_[index] = top();
  }

  void get(uint64_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) fail_here("asks for value {}, which it has not put by", index);
    push_again(found->second);
  }

  void call() {
    std::vector<PickleId> items = pop_last(2);
    const PickleValue &callee = out_.at(items[0]), &arguments = out_.at(items[1]);
    if (!callee.is(Kind::kGlobal) || !arguments.is(Kind::kTuple)) {
      fail_here("calls what is no function");
    }
    if (callee.text == "collections.OrderedDict") {
      push_ordered(std::vector<PickleId>(arguments.items));
    } else {
      push_items(Kind::kCall, std::move(items));
    }
  }

  // OrderedDict(), and OrderedDict([[key, value], ...]) of Python 2.
  void push_ordered(const std::vector<PickleId>& arguments) {
    std::vector<PickleId> items;
    for (const PickleId list : arguments) {
      for (const PickleId pair : out_.at(list).items) {
        const std::vector<PickleId>& both = out_.at(pair).items;
        if (both.size() != 2) fail_here("makes a dict of what are no pairs");
        count_items(2);
        items.insert(items.end(), both.begin(), both.end());
      }
    }
    push_items(Kind::kDict, std::move(items));
  }

  // Attributes of an object, as a state dict's version numbers are; nothing needs them.
  void build() {
    pop();
    const PickleValue& target = out_.at(top());
    if (!target.is(Kind::kDict) && !target.is(Kind::kCall)) {
      fail_here("gives attributes to what is no object");
    }
  }

  const std::string& path_;
  Source in_;
  const CheckGlobal& check_global_;
  Pickle out_;
  std::vector<PickleId> stack_;
  std::vector<size_t> marks_;  // sizes of the stack
  std::unordered_map<uint64_t, PickleId> memo_;
  size_t items_ = 0;
  uint64_t at_ = 0;  // of the instruction
  bool done_ = false;
};

Pickle read_pickle(const InputFile& file, uint64_t begin, uint64_t end,
                   const CheckGlobal& check_global) {
  return PickleMachine(file, begin, end, check_global).run();
}

}  // namespace cnn
