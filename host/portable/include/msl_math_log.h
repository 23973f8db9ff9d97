// msl_math_log.h: logarithms: x = 2^e (1 + f), and log(1 + f) as a polynomial.
#pragma once

#include "msl_math_base.h"
#include "msl_math_exp.h"

#pragma float_control(precise, on, push)

namespace msl {

struct Logarithm {
  float exponent, f, tail; // exponent log(2) + log(1 + f); log(1 + f) = f + tail
};
// The tail of log(1 + f), sqrt(1/2) <= 1 + f < sqrt(2).
MSL_FUNC float logarithm_tail(float f) {
  constexpr float c[] = {0x1.555554p-2f, -0x1.000226p-2f, 0x1.99a01ap-3f, -0x1.547288p-3f,
                         0x1.22d96ap-3f, -0x1.0d829cp-3f, 0x1.055d18p-3f, -0x1.38c38p-4f};
  return f * f * fma(f, polynomial(f, c), -0.5f);
}
// x = 2^exponent mantissa, sqrt(1/2) <= mantissa < sqrt(2), for a normal x.
struct Parts {
  int32_t exponent;
  float mantissa;
};
MSL_FUNC Parts parts_of(float x) {
  const int32_t word = bits<int32_t>(x) - 0x3f3504f3;
  return {word >> 23, bits<float>((word & 0x007fffff) + 0x3f3504f3)};
}
MSL_FUNC Logarithm split_logarithm(float x) {
  const bool tiny = x < 0x1p-126f;
  const Parts parts = parts_of(choose(tiny, x * 0x1p25f, x));
  const float f = parts.mantissa - 1.0f;
  return {static_cast<float>(parts.exponent - choose(tiny, 25, 0)), f, logarithm_tail(f)};
}
// What a logarithm is outside of the positive finite numbers.
MSL_FUNC float logarithm_of_special(float x, float regular) {
  const float outside = choose(x == 0.0f, -infinity, not_a_number);
  return choose(x > 0.0f, choose(x < infinity, regular, x), outside);
}
constexpr float ln2_high = 0x1.62e4p-1f, ln2_low = 0x1.7f7d1cp-20f;
MSL_FUNC float natural(Logarithm l) { return fma(l.exponent, ln2_high, l.f + fma(l.exponent, ln2_low, l.tail)); }
MSL_FUNC float log(float x) { return logarithm_of_special(x, natural(split_logarithm(x))); }
MSL_FUNC float log2(float x) {
  const Logarithm l = split_logarithm(x);
  const float y = l.f + l.tail;
  return logarithm_of_special(x, l.exponent + fma(y, log2_e, y * log2_e_low + ((l.f - y) + l.tail) * log2_e));
}
MSL_FUNC float log10(float x) {
  const Logarithm l = split_logarithm(x);
  constexpr float log10_2_high = 0x1.344p-2f, log10_2_low = 0x1.3509f8p-18f, log10_e = 0x1.bcb7b2p-2f;
  const float y = l.f + l.tail;
  return logarithm_of_special(x, fma(l.exponent, log10_2_high, fma(y, log10_e, l.exponent * log10_2_low)));
}
// log(1 + x) for finite x >= 0; plus log(2) if `doubled`. What the rounded sum lacks is put back in front of the tail.
MSL_FUNC float log_1_plus(float x, bool doubled = false) {
  const float sum = 1.0f + x;
  const float lacks = choose(x < 1.0f, x - (sum - 1.0f), 1.0f - (sum - x));
  const Parts parts = parts_of(sum);
  const int32_t down = choose(parts.exponent > 126, 126, parts.exponent);
  const float f = fma(lacks, power_of_two(0 - down), parts.mantissa - 1.0f);
  const float exponent = static_cast<float>(parts.exponent + choose(doubled, 1, 0));
  return natural({exponent, f, logarithm_tail(f)});
}

} // namespace msl

#pragma float_control(pop)
