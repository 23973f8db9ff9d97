// msl_math_hyperbolic.h: hyperbolic functions and their inverses, by way of exp(x) - 1 and log(1 + x).
#pragma once

#include "msl_math_exp.h"
#include "msl_math_log.h"

#pragma float_control(precise, on, push)

namespace msl {

// Beyond 10, tanh rounds to 1.
MSL_FUNC float tanh(float x) {
  const float e = exp_minus_1(2.0f * at_most(magnitude_of(x), 10.0f), 0);
  return with_sign(e / (e + 2.0f), x);
}
// With e = exp(x) - 1: (e + e / (e + 1)) / 2.
MSL_FUNC float sinh(float x) {
  const float a = magnitude_of(x), e = exp_minus_1(at_most(a, 89.5f), 2);
  const float value = 2.0f * (e + e / fma(4.0f, e, 1.0f));
  return with_sign(choose(a < 0x1p-12f, a, value), x);
}
MSL_FUNC float cosh(float x) {
  const float h = half_exp(magnitude_of(x));
  return h + 0.25f / h;
}
// From here on asinh(x) and acosh(x) are log(2 x).
constexpr float far_out = 0x1p30f;
MSL_FUNC float asinh(float x) {
  const float a = magnitude_of(x), square = a * a;
  const bool far = a >= far_out;
  const float near = a + square / (1.0f + square_root(square + 1.0f));
  const float value = log_1_plus(choose(far, a, near), far);
  return with_sign(choose(a < infinity, value, a), x);
}
MSL_FUNC float acosh(float x) {
  const float t = x - 1.0f;
  const bool far = x >= far_out;
  const float near = t + square_root(fma(t, t, 2.0f * t));
  const float value = log_1_plus(choose(far, x, near), far);
  return choose(x >= 1.0f, choose(x < infinity, value, x), not_a_number);
}
MSL_FUNC float atanh(float x) {
  const float a = magnitude_of(x);
  const float inside = 0.5f * log_1_plus(2.0f * a / (1.0f - a));
  return with_sign(choose(a < 1.0f, inside, choose(a == 1.0f, infinity, not_a_number)), x);
}

} // namespace msl

#pragma float_control(pop)
