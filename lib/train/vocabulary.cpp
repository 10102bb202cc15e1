#include "train/vocabulary.h"

#include "layers/catalog.h"
#include "layers/initializer.h"
#include "train/optimizer.h"
#include "train/schedule.h"

namespace cnn {

Vocabulary vocabulary() {
  return {layer_names(), Initializer::names(), optimizer_names(), schedule_names()};
}

}  // namespace cnn
