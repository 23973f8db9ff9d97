// msl_math_base.h: what the elementary functions on one float are made of. They are inline and free of branches, calls
// and tables, so that a loop over threads, or a SIMD-group, of them is vector code. Coefficients of all families:
// weighted minimax fits, rounded to float one after the other from the lowest order up (msl/minimax.py).
#pragma once

#include <stdint.h>

#include "msl_keywords.h"

#pragma float_control(precise, on, push)

namespace msl {

// Constants split in two, and a + b - a, mean nothing under reassociation: hence the pragma above, in every family. It
// does not reach unary minus, which would drag its operand back into reassociation: what is negated is a constant, or
// written as a difference. Contraction stays: fma is what the splittings count on.

template <class To, class From> MSL_FUNC constexpr To bits(From x) { return __builtin_bit_cast(To, x); }
MSL_FUNC float fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
MSL_FUNC double fma(double a, double b, double c) { return __builtin_fma(a, b, c); }
MSL_FUNC float magnitude_of(float x) { return __builtin_fabsf(x); }
MSL_FUNC float with_sign(float x, float sign) { return __builtin_copysignf(x, sign); }
// The pragma makes __builtin_sqrtf a call that may set errno.
MSL_FUNC float square_root(float x) { return __builtin_elementwise_sqrt(x); }
// Comparisons with NaN fail, so a NaN x stays.
MSL_FUNC float at_most(float x, float bound) { return x > bound ? bound : x; }
MSL_FUNC float at_least(float x, float bound) { return x < bound ? bound : x; }
// Both values are computed: a conditional expression would be a branch where one of them is costly.
template <class T> MSL_FUNC T choose(bool condition, T a, T b) { return condition ? a : b; }
constexpr float infinity = __builtin_inff();
constexpr float not_a_number = __builtin_nanf("");

// c[0] + c[1] x + ...
template <class T, int N> MSL_FUNC T polynomial(T x, const T (&c)[N]) {
  T sum = c[N - 1];
#pragma clang loop unroll(full)
  for (int i = N - 2; i >= 0; --i)
    sum = fma(sum, x, c[i]);
  return sum;
}

// Adding 1.5 * 2^23 rounds to an integer that then stands in the low bits: no conversion, hence no special case for
// NaN.
struct Rounded {
  float minus_value;
  int32_t integer;
};
MSL_FUNC Rounded round_small(float x) {
  constexpr float shifter = 0x1.8p23f;
  const float shifted = x + shifter;
  return {shifter - shifted, bits<int32_t>(shifted) - bits<int32_t>(shifter)};
}
MSL_FUNC float power_of_two(int32_t n) {
  return bits<float>(static_cast<int32_t>(static_cast<uint32_t>(n + 127) << 23));
}
// x 2^n for n in [-252, 254], in two factors so that results below the smallest normal and overflows come out right.
MSL_FUNC float scale(float x, int32_t n) {
  const int32_t part = n >> 1;
  return x * power_of_two(part) * power_of_two(n - part);
}

} // namespace msl

#pragma float_control(pop)
