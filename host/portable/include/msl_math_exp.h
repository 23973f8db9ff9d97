// msl_math_exp.h: exponentials: x = (n + f) log(2), |f| <= 1/2.
#pragma once

#include "msl_math_base.h"

#pragma float_control(precise, on, push)

namespace msl {

// (2^f - 1) / f; 2^f comes out within 2^-28.
MSL_FUNC float exp2_slope(float f) {
  constexpr float c[] = {0x1.62e43p-1f, 0x1.ebfbdcp-3f, 0x1.c6af7cp-5f, 0x1.3b2dep-7f, 0x1.5f082ep-10f, 0x1.416b5p-13f};
  return polynomial(f, c);
}
constexpr float log2_e = 0x1.715476p0f, log2_e_low = 0x1.4ae0cp-26f;
constexpr float log2_10 = 0x1.a934fp1f, log2_10_low = 0x1.2f346ep-24f;

struct Split {
  float fraction;
  int32_t exponent;
};
// x times (high + low), as fraction and integer.
MSL_FUNC Split split_power(float x, float high, float low) {
  const Rounded n = round_small(x * high);
  return {fma(x, low, fma(x, high, n.minus_value)), n.integer};
}
MSL_FUNC float exp2_of(Split s) { return scale(fma(s.fraction, exp2_slope(s.fraction), 1.0f), s.exponent); }

MSL_FUNC float exp(float x) { return exp2_of(split_power(at_least(at_most(x, 89.0f), -104.5f), log2_e, log2_e_low)); }
MSL_FUNC float exp2(float x) { return exp2_of(split_power(at_least(at_most(x, 129.0f), -151.0f), 1.0f, 0.0f)); }
MSL_FUNC float exp10(float x) {
  return exp2_of(split_power(at_least(at_most(x, 39.0f), -46.0f), log2_10, log2_10_low));
}
// e^x / 2, which is finite where cosh(x) is.
MSL_FUNC float half_exp(float x) {
  Split s = split_power(at_least(at_most(x, 90.0f), -104.5f), log2_e, log2_e_low);
  s.exponent -= 1;
  return exp2_of(s);
}
// (e^x - 1) / 2^less for 0 <= x <= 89.5, small results to full relative accuracy. At `less` = 2 it is finite where
// sinh(x) is.
MSL_FUNC float exp_minus_1(float x, int32_t less) {
  const Split s = split_power(x, log2_e, log2_e_low);
  const float power = power_of_two(s.exponent - less);
  return fma(power, s.fraction * exp2_slope(s.fraction), power - power_of_two(0 - less));
}

} // namespace msl

#pragma float_control(pop)
