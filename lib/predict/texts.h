// What a network that writes is asked for on a command line: to go on with a text, or to answer
// sentences or pictures.
#pragma once

#include "predict/predict.h"

namespace cnn {

// Whether `cnn predict` gets texts of this model: it answers samples (graph/stepping.h).
bool answers_with_texts(const ModelSpec& spec);

PredictReport predict_answers(const ModelSpec& spec, const PredictRequest& request);

// Exit::kUsage if the network does not tell what comes next, Exit::kInput for a prompt that has
// nothing in it that it knows.
PredictReport go_on_with_prompt(const ModelSpec& spec, const PredictRequest& request);

}  // namespace cnn
