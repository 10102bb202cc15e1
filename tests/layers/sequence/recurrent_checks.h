// What rnn, lstm and gru are held to alike.
#pragma once

#include <string>
#include <vector>

#include "reference/recurrent.h"
#include "support/catch.h"
#include "support/check_layer.h"

namespace cnn {

// One layer type, by its name and its reference's cell.
struct RecurrentChecks {
  using Options = reference::RecurrentOptions;
  std::string name;
  Options::Cell cell;

  void check(const std::string& options, const std::vector<LayerInput>& inputs,
             Options naive) const {
    naive.cell = cell;
    reference::Recurrent expected(naive);
    expected.most_items = inputs[0].items.most;
    CAPTURE(options);
    check_layer({"{" + name + ": " + options + "}", inputs, expected});
  }

  void lists_of_any_length() const {
    for (const Items& items : {Items::list(1), Items::list(4), Items::up_to(7)}) {
      check("5", {list_of({3}, items)}, {.hidden = 5});
    }
    check("1", {list_of({1}, Items::up_to(3))}, {.hidden = 1});
    check("67", {list_of({2}, Items::up_to(3))}, {.hidden = 67});
  }

  void layers_and_directions() const {
    const Form list = list_of({3}, Items::up_to(5));
    check("5, layers: 2", {list}, {.hidden = 5, .layers = 2});
    check("4, bidirectional: true", {list}, {.hidden = 4, .directions = 2});
    check("3, layers: 3, bidirectional: true, bias: false", {list},
          {.hidden = 3, .layers = 3, .directions = 2, .bias = false});
    check("6, layers: 2, dropout: 0.4", {list}, {.hidden = 6, .layers = 2, .dropout = 0.4});
  }

  void given_states() const {
    const Form list = list_of({3}, Items::up_to(4));
    check("4, layers: 2, start: s", {list, Shape{4}}, {.hidden = 4, .layers = 2, .start = 1});
    check("4, layers: 2, start: s", {list, Shape{8}}, {.hidden = 4, .layers = 2, .start = 1});
    check("3, bidirectional: true, start: s", {list, Shape{6}},
          {.hidden = 3, .directions = 2, .start = 1});
    check("3, carry: true", {list}, {.hidden = 3});
  }
};

}  // namespace cnn
