#include "support/check_layer.h"
