// Loops over contiguous numbers on all threads, for layers whose output element i depends on input
// element i alone. Bound by memory: the bodies must vectorise, also when input and output are the
// same memory (in place); hence ivdep, which is true because only equal indices can meet. Give
// lambdas: a pointer to a function would be called for every element.
#pragma once

#include <algorithm>

#include "base/parallel.h"
#include "layers/layer.h"

namespace cnn {

// out[i] = f(in[i]).
template <class F>
void map_elements(const float* in, float* out, int64_t count, int64_t unit_cost, F f) {
  parallel_for(count, grain_for(count, unit_cost), [=](int64_t begin, int64_t end) {
    const F body = f;  // its constants into registers
#pragma GCC ivdep
    for (int64_t i = begin; i < end; ++i) out[i] = body(in[i]);
  });
}

// out[i] = f(a[i], b[i]), or += if `add`.
template <class F>
void map_elements(const float* a, const float* b, float* out, int64_t count, bool add,
                  int64_t unit_cost, F f) {
  parallel_for(count, grain_for(count, unit_cost), [=](int64_t begin, int64_t end) {
    const F body = f;  // its constants into registers
    if (add) {
#pragma GCC ivdep
      for (int64_t i = begin; i < end; ++i) out[i] += body(a[i], b[i]);
    } else {
#pragma GCC ivdep
      for (int64_t i = begin; i < end; ++i) out[i] = body(a[i], b[i]);
    }
  });
}

// out[i] = in[i], or += if `add`. Nothing to do when they are the same memory.
inline void copy_elements(const float* in, float* out, int64_t count, bool add) {
  if (in == out) {
    CNN_ASSERT(!add);
    return;
  }
  parallel_for(count, grain_for(count, 1), [=](int64_t begin, int64_t end) {
    if (add) {
#pragma GCC ivdep
      for (int64_t i = begin; i < end; ++i) out[i] += in[i];
    } else {
      std::copy(in + begin, in + end, out + begin);
    }
  });
}

// The gradient of input i where nothing depends on it, if it is wanted.
inline void zero_gradient(const BackwardCall& call, int i) {
  const View& gradient = call.grad_input(i);
  if (gradient && !call.adds(i)) std::fill_n(gradient.data, gradient.count(), 0.0f);
}

// An activation y = f(x) whose derivative is a function of y: it works in place and keeps nothing.
inline void set_up_activation(Setup& setup) {
  setup.output(setup.input());
  setup.plan().in_place = true;
  setup.plan().backward_reads_input = false;
}

// The same where the derivative is a function of x.
inline void set_up_activation_of_input(Setup& setup) {
  setup.output(setup.input());
  setup.plan().in_place = true;
  setup.plan().backward_reads_output = false;
}

template <class F>
void forward_activation(const ForwardCall& call, int64_t unit_cost, F f) {
  map_elements(call.input().data, call.out.data, call.out.count(), unit_cost, f);
}

// gradient_of(g, y) = g f'(x).
template <class F>
void backward_activation(const BackwardCall& call, int64_t unit_cost, F gradient_of) {
  if (!call.grad_input()) return;
  map_elements(call.grad_out.data, call.out.data, call.grad_input().data, call.out.count(),
               call.adds(), unit_cost, gradient_of);
}

// gradient_of(g, x) = g f'(x).
template <class F>
void backward_activation_of_input(const BackwardCall& call, int64_t unit_cost, F gradient_of) {
  if (!call.grad_input()) return;
  map_elements(call.grad_out.data, call.input().data, call.grad_input().data, call.out.count(),
               call.adds(), unit_cost, gradient_of);
}

}  // namespace cnn
