// msl_math_power.h: powers and reciprocal roots.
#pragma once

#include "msl_math_exp.h"
#include "msl_math_log.h"

#pragma float_control(precise, on, push)

namespace msl {

namespace fast {
MSL_FUNC float rsqrt(float x) { return 1.0f / square_root(x); }
} // namespace fast
namespace precise {
// One step of third order on the residual e = 1 - x y y: correctly rounded for all floats.
MSL_FUNC float rsqrt(float x) {
  const bool tiny = x < 0x1p-100f;
  const float scaled = choose(tiny, x * 0x1p24f, x);
  const float y = fast::rsqrt(scaled);
  const float product = scaled * y, minus_error = fma(0.0f - scaled, y, product);
  const float residual = fma(minus_error, y, fma(0.0f - product, y, 1.0f));
  const float correction = fma(0.75f * residual, residual, residual);
  const float better = choose((x > 0.0f) & (x < infinity), fma(0.5f * y, correction, y), y);
  return better * choose(tiny, 0x1p12f, 1.0f);
}
} // namespace precise

// log2(|x|) in double, within 2^-45 of its value; -infinity and infinity at the ends.
MSL_FUNC double wide_log2(float x) {
  const bool tiny = x < 0x1p-126f;
  const int32_t word = bits<int32_t>(choose(tiny, x * 0x1p25f, x)) - 0x3f3504f3;
  const double exponent = static_cast<double>((word >> 23) - choose(tiny, 25, 0));
  const double m = static_cast<double>(bits<float>((word & 0x007fffff) + 0x3f3504f3));
  const double s = (m - 1.0) / (m + 1.0);
  constexpr double c[] = {bits<double>(0x40071547652b8250ull), bits<double>(0x3feec709dc53d2bfull),
                          bits<double>(0x3fe2776c292cb2c8ull), bits<double>(0x3fda61a2f03db628ull),
                          bits<double>(0x3fd47954f05bfdf6ull), bits<double>(0x3fd21b147fac82cfull)};
  const double regular = fma(s, polynomial(s * s, c), exponent);
  const double at_ends = static_cast<double>(choose(x == 0.0f, -infinity, x));
  return choose((x > 0.0f) & (x < infinity), regular, at_ends);
}
MSL_FUNC float pow(float x, float y) {
  double t = static_cast<double>(y) * wide_log2(magnitude_of(x));
  constexpr double overflows = 140, vanishes = -160;
  t = choose(t > overflows, overflows, t);
  t = choose(t < vanishes, vanishes, t);
  const Rounded n = round_small(static_cast<float>(t));
  const float size = exp2_of({static_cast<float>(t + static_cast<double>(n.minus_value)), n.integer});
  const bool whole = __builtin_truncf(y) == y;
  const bool odd = whole & (__builtin_truncf(0.5f * y) != 0.5f * y);
  const uint32_t sign = choose(odd, bits<uint32_t>(x) & 0x80000000u, 0u);
  const float signed_size = bits<float>(bits<uint32_t>(size) | sign);
  const bool no_value = (x < 0.0f) & (x > -infinity) & !whole;
  const bool number = (x == x) & (y == y);
  const bool one = (y == 0.0f) | (x == 1.0f) | ((x == -1.0f) & (magnitude_of(y) == infinity));
  return choose(one, 1.0f, choose(number & !no_value, signed_size, not_a_number));
}
MSL_FUNC float powr(float x, float y) { return choose(x < 0.0f, not_a_number, pow(x, y)); }

} // namespace msl

#pragma float_control(pop)
