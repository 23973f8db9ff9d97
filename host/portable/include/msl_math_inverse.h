// msl_math_inverse.h: inverse sine, cosine and tangent, on arguments folded to [0, 1/2] or [0, 1].
#pragma once

#include "msl_math_trig.h"

#pragma float_control(precise, on, push)

namespace msl {

constexpr float pi_2 = 0x1.921fb6p0f, pi_2_low = -0x1.777a5cp-25f;
// atan(t) for 0 <= t <= 1.
MSL_FUNC float arc_tangent(float t) {
  constexpr float c[] = {-0x1.55553ep-2f, 0x1.9991e6p-3f,  -0x1.2420b6p-3f, 0x1.c08f64p-4f,  -0x1.58155cp-4f,
                         0x1.da5ebep-5f,  -0x1.fdfbc4p-6f, 0x1.64c134p-7f,  -0x1.d496bap-10f};
  const float square = t * t;
  return fma(t * square, polynomial(square, c), t);
}
MSL_FUNC float atan(float x) {
  const float a = magnitude_of(x);
  const bool steep = a > 1.0f;
  const float t = arc_tangent(choose(steep, 1.0f, a) / choose(steep, a, 1.0f));
  return with_sign(choose(steep, pi_2 - (t - pi_2_low), t), x);
}
MSL_FUNC float atan2(float y, float x) {
  const float ay = magnitude_of(y), ax = magnitude_of(x);
  const bool steep = ay > ax;
  const float low = choose(steep, ax, ay), high = choose(steep, ay, ax);
  const float ends = choose(high == 0.0f, 0.0f, 1.0f);
  const float t = arc_tangent(choose(low == high, ends, low / high));
  const float acute = choose(steep, pi_2 - (t - pi_2_low), t);
  const float angle = choose(bits<int32_t>(x) < 0, pi - (acute - pi_low), acute);
  return choose((x == x) & (y == y), with_sign(angle, y), not_a_number);
}
// asin(t) for 0 <= t <= 1/2, from t and its square.
MSL_FUNC float arc_sine(float t, float square) {
  constexpr float c[] = {0x1.5555cap-3f, 0x1.330164p-4f, 0x1.748b32p-5f, 0x1.8ba79ep-6f, 0x1.59da5ep-5f};
  return fma(t * square, polynomial(square, c), t);
}
MSL_FUNC float asin(float x) {
  const float a = magnitude_of(x);
  const bool outer = a > 0.5f;
  const float square = choose(outer, 0.5f * (1.0f - a), a * a);
  const float s = arc_sine(choose(outer, square_root(square), a), square);
  return with_sign(choose(outer, pi_2 - (2.0f * s - pi_2_low), s), x);
}
MSL_FUNC float acos(float x) {
  const float a = magnitude_of(x);
  const bool outer = a > 0.5f;
  const float square = choose(outer, 0.5f * (1.0f - a), a * a);
  const float s = arc_sine(choose(outer, square_root(square), a), square);
  const float inner = pi_2 - (with_sign(s, x) - pi_2_low);
  const float near_end = choose(x > 0.0f, 2.0f * s, pi - (2.0f * s - pi_low));
  return choose(outer, near_end, inner);
}

} // namespace msl

#pragma float_control(pop)
