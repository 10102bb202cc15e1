// The metrics that have files of their own, for the table in metrics.cpp, and what they share.
#pragma once

#include <memory>

#include "metrics/metrics.h"

namespace cnn {

// Throws Exit::kSpec unless the target has one number for every position of the output.
void require_positions(const MetricInputs& inputs);
// ... if the square of `classes` is too large a table.
void require_countable(int64_t classes);

// Masks (metrics_masks.cpp).
std::unique_ptr<Metric> make_pixel_accuracy();
std::unique_ptr<Metric> make_iou();
std::unique_ptr<Metric> make_dice_metric();
std::unique_ptr<Metric> make_rand_error();
std::unique_ptr<Metric> make_boundary_f1();

// Pictures and codes (metrics_images.cpp).
std::unique_ptr<Metric> make_reconstruction_error();
std::unique_ptr<Metric> make_psnr();
std::unique_ptr<Metric> make_elbo();
std::unique_ptr<Metric> make_activation();
std::unique_ptr<Metric> make_nonzeros();
std::unique_ptr<Metric> make_mean_square();

}  // namespace cnn
