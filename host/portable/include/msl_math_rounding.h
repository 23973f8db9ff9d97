// msl_math_rounding.h: remainders, parts of a float, and its neighbours: all exact.
#pragma once

#include "msl_math_base.h"

#pragma float_control(precise, on, push)

namespace msl {

// x - y trunc(x / y), exact: a long division in double, 2^46 a digit. An estimated digit may be one off; the next one,
// and in the end one addition, make up for it.
MSL_FUNC float fmod(float x, float y) {
  constexpr double minus_place[] = {bits<double>(0xce50000000000000ull), bits<double>(0xcb70000000000000ull),
                                    bits<double>(0xc890000000000000ull), bits<double>(0xc5b0000000000000ull),
                                    bits<double>(0xc2d0000000000000ull), bits<double>(0xbff0000000000000ull)};
  constexpr double digit_of[] = {bits<double>(0x3190000000000000ull), bits<double>(0x3470000000000000ull),
                                 bits<double>(0x3750000000000000ull), bits<double>(0x3a30000000000000ull),
                                 bits<double>(0x3d10000000000000ull), bits<double>(0x3ff0000000000000ull)};
  const float a = magnitude_of(x), b = magnitude_of(y);
  const double divisor = static_cast<double>(b), reciprocal = 1.0 / divisor;
  double rest = static_cast<double>(a);
#pragma clang loop unroll(full)
  for (int i = 0; i < 6; ++i) {
    const double digit = __builtin_trunc(rest * (reciprocal * digit_of[i]));
    rest = fma(digit, divisor * minus_place[i], rest);
  }
  rest = choose(rest < 0, rest + divisor, rest);
  rest = choose(rest >= divisor, rest - divisor, rest);
  const float value = with_sign(choose(b == infinity, a, static_cast<float>(rest)), x);
  return choose((a < infinity) & (b > 0.0f), value, not_a_number);
}
MSL_FUNC float frexp(float x, int32_t &exponent) {
  const bool tiny = magnitude_of(x) < 0x1p-126f;
  const float scaled = choose(tiny, x * 0x1p25f, x);
  const uint32_t word = bits<uint32_t>(scaled);
  const bool special = (x == 0.0f) | !(magnitude_of(x) < infinity);
  exponent = choose(special, 0, static_cast<int32_t>(word >> 23 & 0xff) - choose(tiny, 151, 126));
  return choose(special, x, bits<float>((word & 0x807fffffu) | 0x3f000000u));
}
// In double the product is exact, so that it is rounded once.
MSL_FUNC float ldexp(float x, int32_t n) {
  const int64_t exponent = choose(n > 300, 300, choose(n < -300, -300, n));
  const double factor = bits<double>((exponent + 1023) << 52);
  return static_cast<float>(static_cast<double>(x) * factor);
}
MSL_FUNC int32_t ilogb(float x) {
  int32_t exponent;
  frexp(x, exponent);
  const int32_t special = choose(magnitude_of(x) == infinity, 0x7fffffff, -0x7fffffff - 1);
  return choose((x == 0.0f) | !(magnitude_of(x) < infinity), special, exponent - 1);
}
MSL_FUNC float modf(float x, float &whole) {
  whole = __builtin_truncf(x);
  return with_sign(choose(magnitude_of(x) == infinity, 0.0f, x - whole), x);
}
// Magnitudes in order are integers in order.
MSL_FUNC float nextafter(float x, float to) {
  const int32_t step = choose((to > x) == (x > 0.0f), 1, -1);
  const float next = choose(x == 0.0f, with_sign(0x1p-149f, to), bits<float>(bits<int32_t>(x) + step));
  return choose((x == x) & (to == to), choose(x == to, to, next), not_a_number);
}

} // namespace msl

#pragma float_control(pop)
