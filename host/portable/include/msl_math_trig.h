// msl_math_trig.h: sine, cosine and tangent: x = (quadrant + r) pi / 2. They come in two reductions: fast::, which is
// for angles below 2^50, and precise::, which is for all.
#pragma once

#include "msl_math_base.h"

#pragma float_control(precise, on, push)

namespace msl {

struct Angle {
  float r; // radians, |r| <= pi / 4
  int32_t quadrant;
};
// Reduced in double: pi / 2 in two parts is enough for every float below 2^50. Beyond, the angle counts as 0.
MSL_FUNC Angle reduce_angle(float x) {
  constexpr double two_over_pi = bits<double>(0x3fe45f306dc9c883ull), shifter = bits<double>(0x4338000000000000ull);
  constexpr double pi_2_high = bits<double>(0x3ff921fb54442d18ull), pi_2_low = bits<double>(0x3c91a62633145c07ull);
  const double wide = choose(magnitude_of(x) < 0x1p50f, static_cast<double>(x), static_cast<double>(0));
  const double shifted = fma(wide, two_over_pi, shifter);
  const double minus_n = shifter - shifted;
  const double r = fma(minus_n, pi_2_low, fma(minus_n, pi_2_high, wide));
  return {static_cast<float>(r), static_cast<int32_t>(bits<int64_t>(shifted))};
}
// Exact for every float: x 2/pi in quarter turns, one 27-bit piece of 2/pi after the other. Each product is exact in
// double, and whole turns of it are dropped before it is added; a sum that rounds is never one that cancels later.
MSL_FUNC Angle reduce_any_angle(float x) {
  // 1/(2 pi) in five pieces, and what is left of 2/pi.
  constexpr double piece[] = {bits<double>(0x3fc45f306c000000ull), bits<double>(0x3e0c9c8828000000ull),
                              bits<double>(0x3c529fc270000000ull), bits<double>(0x3ab5f47d4c000000ull),
                              bits<double>(0x38f3770368000000ull)};
  constexpr double rest = bits<double>(0x3776295993c43904ull), shifter = bits<double>(0x4338000000000000ull);
  constexpr double pi_2_wide = bits<double>(0x3ff921fb54442d18ull);
  const double wide = static_cast<double>(choose(magnitude_of(x) < infinity, x, 0.0f));
  constexpr double quarters_of_a_turn = 4;
  double r = 0, whole = 0;
#pragma clang loop unroll(full)
  for (int i = 0; i < 5; ++i) {
    const double turns = wide * piece[i];
    r = fma(quarters_of_a_turn, turns - __builtin_rint(turns), r);
    const double quarters = __builtin_rint(r);
    r -= quarters;
    whole += quarters;
  }
  r = fma(wide, rest, r);
  return {static_cast<float>(r * pi_2_wide), static_cast<int32_t>(bits<int64_t>(whole + shifter))};
}
MSL_FUNC float sine_core(float r, float square) {
  constexpr float c[] = {-0x1.555546p-3f, 0x1.11077ep-7f, -0x1.9956b2p-13f};
  return fma(r * square, polynomial(square, c), r);
}
MSL_FUNC float cosine_core(float square) {
  constexpr float c[] = {0x1.55554ap-5f, -0x1.6c0c1ap-10f, 0x1.99e0ecp-16f};
  return fma(square, fma(square, polynomial(square, c), -0.5f), 1.0f);
}
// The sine of the angle `quarters` quadrants further on.
MSL_FUNC float sine_at(Angle angle, int32_t quarters) {
  const int32_t quadrant = angle.quadrant + quarters;
  const float square = angle.r * angle.r;
  const float s = sine_core(angle.r, square), c = cosine_core(square);
  const float value = choose((quadrant & 1) != 0, c, s);
  return bits<float>(bits<uint32_t>(value) ^ (static_cast<uint32_t>(quadrant & 2) << 30));
}
// NaN for infinities and NaN.
MSL_FUNC float if_finite(float x, float value) { return choose(magnitude_of(x) < infinity, value, not_a_number); }
MSL_FUNC float tangent_at(Angle angle) {
  const float square = angle.r * angle.r;
  const float s = sine_core(angle.r, square), c = cosine_core(square);
  const bool odd = angle.quadrant & 1;
  return choose(odd, c, s) / choose(odd, 0.0f - s, c);
}
MSL_FUNC float sine_of(float x, Angle angle) { return if_finite(x, choose(x == 0.0f, x, sine_at(angle, 0))); }
MSL_FUNC float cosine_of(float x, Angle angle) { return if_finite(x, sine_at(angle, 1)); }
MSL_FUNC float tangent_of(float x, Angle angle) { return if_finite(x, choose(x == 0.0f, x, tangent_at(angle))); }

namespace fast {
MSL_FUNC float sin(float x) { return sine_of(x, reduce_angle(x)); }
MSL_FUNC float cos(float x) { return cosine_of(x, reduce_angle(x)); }
MSL_FUNC float tan(float x) { return tangent_of(x, reduce_angle(x)); }
} // namespace fast
namespace precise {
MSL_FUNC float sin(float x) { return sine_of(x, reduce_any_angle(x)); }
MSL_FUNC float cos(float x) { return cosine_of(x, reduce_any_angle(x)); }
MSL_FUNC float tan(float x) { return tangent_of(x, reduce_any_angle(x)); }
} // namespace precise

constexpr float pi = 0x1.921fb6p1f, pi_low = -0x1.777a5cp-24f;
// x pi, by way of the remainder of x to 2, which is exact.
MSL_FUNC Angle reduce_half_turns(float x) {
  const float part = x - 2.0f * __builtin_rintf(0.5f * x);
  const Rounded n = round_small(2.0f * part);
  const float r = fma(n.minus_value, 0.5f, part);
  return {fma(r, pi_low, r * pi), n.integer};
}
MSL_FUNC float sinpi(float x) {
  const float value = sine_at(reduce_half_turns(x), 0);
  return if_finite(x, choose(__builtin_truncf(x) == x, with_sign(0.0f, x), value));
}
MSL_FUNC float cospi(float x) {
  const float value = sine_at(reduce_half_turns(x), 1);
  return if_finite(x, choose(value == 0.0f, 0.0f, value));
}
// At odd multiples of 1/2 infinite, at integers zero; the signs alternate from one to the next.
MSL_FUNC float tanpi(float x) {
  const Angle angle = reduce_half_turns(x);
  const bool odd = angle.quadrant & 1, whole = __builtin_truncf(x) == x;
  const uint32_t other_sign = static_cast<uint32_t>(angle.quadrant & 2) << 30;
  const float zero = bits<float>((bits<uint32_t>(x) & 0x80000000u) ^ other_sign);
  const float pole = bits<float>(bits<uint32_t>(infinity) | other_sign);
  const float regular = choose(whole, zero, tangent_at(angle));
  return if_finite(x, choose((angle.r == 0.0f) & odd, pole, regular));
}

} // namespace msl

#pragma float_control(pop)
