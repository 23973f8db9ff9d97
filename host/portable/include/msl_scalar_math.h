// msl_scalar_math.h: the elementary functions on one float, inline and free of branches and calls, so that a loop over
// threads stays a vector loop. Bounds are those of MSL 8.4 "precise" (exp, log, sin, cos, asin, acos 4 ulp; atan, tanh,
// atanh 5; tan, atan2 6; pow 16). Coefficients: weighted minimax fits, rounded to float one after the other from the
// lowest order up. What is no polynomial here is a call listed in msl_symbols.txt.
#pragma once

#include <stdint.h>

#include "msl_keywords.h"

// Constants split in two, and a + b - a, mean nothing under reassociation. The pragma does not reach unary minus, which
// would drag its operand back into reassociation: what is negated below is a constant, or written as a difference.
// Contraction stays: fma is what the splittings count on.
#pragma float_control(precise, on, push)

namespace msl {

template <class To, class From> MSL_FUNC constexpr To bits(From x) { return __builtin_bit_cast(To, x); }
MSL_FUNC float fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
MSL_FUNC double fma(double a, double b, double c) { return __builtin_fma(a, b, c); }
MSL_FUNC float magnitude_of(float x) { return __builtin_fabsf(x); }
MSL_FUNC float with_sign(float x, float sign) { return __builtin_copysignf(x, sign); }
// Comparisons with NaN fail, so a NaN x stays.
MSL_FUNC float at_most(float x, float bound) { return x > bound ? bound : x; }
MSL_FUNC float at_least(float x, float bound) { return x < bound ? bound : x; }
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

// --- exponentials: x = (n + f) log(2), |f| <= 1/2

// (2^f - 1) / f within 2^-26.
MSL_FUNC float exp2_slope(float f) {
  constexpr float c[] = {0x1.62e43p-1f,  0x1.ebfbdep-3f,  0x1.c6afa4p-5f,
                         0x1.3b2c3ep-7f, 0x1.5ef13cp-10f, 0x1.42958cp-13f};
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
// e^x - 1 for 0 <= x <= 88, small results to full relative accuracy.
MSL_FUNC float exp_minus_1(float x) {
  const Split s = split_power(x, log2_e, log2_e_low);
  const float power = power_of_two(s.exponent);
  return fma(power, s.fraction * exp2_slope(s.fraction), power - 1.0f);
}
// Beyond 10, tanh rounds to 1.
MSL_FUNC float tanh(float x) {
  const float e = exp_minus_1(2.0f * at_most(magnitude_of(x), 10.0f));
  return with_sign(e / (e + 2.0f), x);
}
MSL_FUNC float sinh(float x) {
  const float a = magnitude_of(x);
  const float e = exp_minus_1(at_most(a, 1.0f)), h = half_exp(a);
  return with_sign(a < 1.0f ? 0.5f * (e + e / (e + 1.0f)) : h - 0.25f / h, x);
}
MSL_FUNC float cosh(float x) {
  const float h = half_exp(magnitude_of(x));
  return h + 0.25f / h;
}

// --- logarithms: x = 2^e (1 + f), sqrt(1/2) <= 1 + f < sqrt(2)

struct Logarithm {
  float exponent, f, tail; // log(1 + f) = f + tail
};
MSL_FUNC Logarithm split_logarithm(float x) {
  const bool tiny = x < 0x1p-126f;
  const int32_t word = bits<int32_t>(tiny ? x * 0x1p25f : x) - 0x3f3504f3;
  const float exponent = static_cast<float>((word >> 23) - (tiny ? 25 : 0));
  const float f = bits<float>((word & 0x007fffff) + 0x3f3504f3) - 1.0f;
  constexpr float c[] = {0x1.555554p-2f, -0x1.000226p-2f, 0x1.99a01ap-3f, -0x1.547288p-3f,
                         0x1.22d96ap-3f, -0x1.0d829cp-3f, 0x1.055d18p-3f, -0x1.38c38p-4f};
  return {exponent, f, f * f * fma(f, polynomial(f, c), -0.5f)};
}
// What a logarithm is outside of the positive finite numbers.
MSL_FUNC float logarithm_of_special(float x, float regular) {
  const float outside = x == 0.0f ? -infinity : not_a_number;
  return x > 0.0f ? (x < infinity ? regular : x) : outside;
}
constexpr float ln2_high = 0x1.62e4p-1f, ln2_low = 0x1.7f7d1cp-20f;
MSL_FUNC float log(float x) {
  const Logarithm l = split_logarithm(x);
  const float regular = fma(l.exponent, ln2_high, l.f + fma(l.exponent, ln2_low, l.tail));
  return logarithm_of_special(x, regular);
}
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
// log(1 + x) for x >= 0, by the error of the rounded sum.
MSL_FUNC float log_1_plus(float x) {
  const float sum = 1.0f + x;
  return x < infinity ? log(sum) + (x - (sum - 1.0f)) / sum : x;
}
constexpr float ln2 = 0x1.62e43p-1f;
MSL_FUNC float asinh(float x) {
  const float a = magnitude_of(x), square = a * a;
  const float small = log_1_plus(a + square / (1.0f + __builtin_sqrtf(square + 1.0f)));
  return with_sign(a < 0x1p30f ? small : log(a) + ln2, x);
}
MSL_FUNC float acosh(float x) {
  const float t = x - 1.0f;
  const float small = log_1_plus(t + __builtin_sqrtf(fma(t, t, 2.0f * t)));
  return x < 1.0f ? not_a_number : x < 0x1p30f ? small : log(x) + ln2;
}
MSL_FUNC float atanh(float x) {
  const float a = magnitude_of(x);
  const float inside = 0.5f * log_1_plus(2.0f * a / (1.0f - a));
  return with_sign(a < 1.0f ? inside : a == 1.0f ? infinity : not_a_number, x);
}

// --- sines: x = (quadrant + r) pi / 2

struct Angle {
  float r; // radians, |r| <= pi / 4
  int32_t quadrant;
};
constexpr float largest_angle = 0x1p50f;
// Reduced in double: pi / 2 in two parts is enough for every float below 2^50. Beyond, the angle counts as 0;
// metal::precise asks libm there.
MSL_FUNC Angle reduce_angle(float x) {
  constexpr double two_over_pi = bits<double>(0x3fe45f306dc9c883ull), shifter = bits<double>(0x4338000000000000ull);
  constexpr double pi_2_high = bits<double>(0x3ff921fb54442d18ull), pi_2_low = bits<double>(0x3c91a62633145c07ull);
  const double wide = magnitude_of(x) < largest_angle ? static_cast<double>(x) : 0.0;
  const double shifted = fma(wide, two_over_pi, shifter);
  const double minus_n = shifter - shifted;
  const double r = fma(minus_n, pi_2_low, fma(minus_n, pi_2_high, wide));
  return {static_cast<float>(r), static_cast<int32_t>(bits<int64_t>(shifted))};
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
  const float value = quadrant & 1 ? c : s;
  return bits<float>(bits<uint32_t>(value) ^ (static_cast<uint32_t>(quadrant & 2) << 30));
}
// NaN for infinities and NaN.
MSL_FUNC float if_finite(float x, float value) { return magnitude_of(x) < infinity ? value : not_a_number; }
MSL_FUNC float sin(float x) {
  const float value = sine_at(reduce_angle(x), 0);
  return if_finite(x, x == 0.0f ? x : value);
}
MSL_FUNC float cos(float x) { return if_finite(x, sine_at(reduce_angle(x), 1)); }
MSL_FUNC float tangent_at(Angle angle) {
  const float square = angle.r * angle.r;
  const float s = sine_core(angle.r, square), c = cosine_core(square);
  return angle.quadrant & 1 ? c / (0.0f - s) : s / c;
}
MSL_FUNC float tan(float x) { return if_finite(x, x == 0.0f ? x : tangent_at(reduce_angle(x))); }

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
  return if_finite(x, __builtin_truncf(x) == x ? with_sign(0.0f, x) : value);
}
MSL_FUNC float cospi(float x) { return if_finite(x, sine_at(reduce_half_turns(x), 1)); }
MSL_FUNC float tanpi(float x) {
  const Angle angle = reduce_half_turns(x);
  const float pole = angle.quadrant & 2 ? -infinity : infinity;
  const float regular = __builtin_truncf(x) == x ? with_sign(0.0f, x) : tangent_at(angle);
  return if_finite(x, angle.r == 0.0f && (angle.quadrant & 1) ? pole : regular);
}

// --- inverse circular functions

constexpr float pi_2 = 0x1.921fb6p0f, pi_2_low_part = -0x1.777a5cp-25f;
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
  const float t = arc_tangent(steep ? 1.0f / a : a);
  return with_sign(steep ? pi_2 - (t - pi_2_low_part) : t, x);
}
MSL_FUNC float atan2(float y, float x) {
  const float ay = magnitude_of(y), ax = magnitude_of(x);
  const bool steep = ay > ax;
  const float low = steep ? ax : ay, high = steep ? ay : ax;
  const float ratio = low == high ? (high == 0.0f ? 0.0f : 1.0f) : low / high;
  float angle = arc_tangent(ratio);
  angle = steep ? pi_2 - (angle - pi_2_low_part) : angle;
  angle = bits<uint32_t>(x) >> 31 ? pi - (angle - pi_low) : angle;
  return x == x && y == y ? with_sign(angle, y) : not_a_number;
}
// asin(t) for 0 <= t <= 1/2, from t and its square.
MSL_FUNC float arc_sine(float t, float square) {
  constexpr float c[] = {0x1.5555cap-3f, 0x1.330164p-4f, 0x1.748b32p-5f, 0x1.8ba79ep-6f, 0x1.59da5ep-5f};
  return fma(t * square, polynomial(square, c), t);
}
MSL_FUNC float asin(float x) {
  const float a = magnitude_of(x);
  const bool outer = a > 0.5f;
  const float square = outer ? 0.5f * (1.0f - a) : a * a;
  const float s = arc_sine(outer ? __builtin_sqrtf(square) : a, square);
  return with_sign(outer ? pi_2 - (2.0f * s - pi_2_low_part) : s, x);
}
MSL_FUNC float acos(float x) {
  const float a = magnitude_of(x);
  const bool outer = a > 0.5f;
  const float square = outer ? 0.5f * (1.0f - a) : a * a;
  const float s = arc_sine(outer ? __builtin_sqrtf(square) : a, square);
  const float inner = pi_2 - (with_sign(s, x) - pi_2_low_part);
  const float near_end = x > 0.0f ? 2.0f * s : pi - (2.0f * s - pi_low);
  return outer ? near_end : inner;
}

// --- powers and roots

MSL_FUNC float rsqrt(float x) { return 1.0f / __builtin_sqrtf(x); }
// One Newton step on the exact residual 1 - x y y.
MSL_FUNC float precise_rsqrt(float x) {
  const bool tiny = x < 0x1p-100f;
  const float scaled = tiny ? x * 0x1p24f : x;
  const float y = rsqrt(scaled);
  const float product = scaled * y, minus_error = fma(0.0f - scaled, y, product);
  const float residual = fma(minus_error, y, fma(0.0f - product, y, 1.0f));
  const float better = x > 0.0f && x < infinity ? fma(0.5f * y, residual, y) : y;
  return tiny ? better * 0x1p12f : better;
}
// Angles of any size. The calls stand in functions of their own, or the compiler would merge a sine and a cosine into
// the extension sincosf.
#define MSL_ANY_ANGLE(name)                                                                                            \
  __attribute__((noinline)) static float far_##name(float x) { return __builtin_##name##f(x); }                        \
  MSL_FUNC float precise_##name(float x) {                                                                             \
    return __builtin_expect(magnitude_of(x) < largest_angle, 1) ? name(x) : far_##name(x);                             \
  }
MSL_ANY_ANGLE(sin)
MSL_ANY_ANGLE(cos)
MSL_ANY_ANGLE(tan)
#undef MSL_ANY_ANGLE

// log2(|x|) in double, within 2^-45 of its value; -infinity and infinity at the ends.
MSL_FUNC double wide_log2(float x) {
  const bool tiny = x < 0x1p-126f;
  const int32_t word = bits<int32_t>(tiny ? x * 0x1p25f : x) - 0x3f3504f3;
  const double exponent = static_cast<double>((word >> 23) - (tiny ? 25 : 0));
  const double m = static_cast<double>(bits<float>((word & 0x007fffff) + 0x3f3504f3));
  const double s = (m - 1.0) / (m + 1.0);
  constexpr double c[] = {bits<double>(0x40071547652b8250ull), bits<double>(0x3feec709dc53d2bfull),
                          bits<double>(0x3fe2776c292cb2c8ull), bits<double>(0x3fda61a2f03db628ull),
                          bits<double>(0x3fd47954f05bfdf6ull), bits<double>(0x3fd21b147fac82cfull)};
  const double regular = fma(s, polynomial(s * s, c), exponent);
  return x == 0.0f ? -static_cast<double>(infinity) : x < infinity ? regular : static_cast<double>(x);
}
MSL_FUNC float pow(float x, float y) {
  const float a = magnitude_of(x);
  double t = static_cast<double>(y) * wide_log2(a);
  t = t > 140.0 ? 140.0 : t;
  t = t < -160.0 ? -160.0 : t;
  const Rounded n = round_small(static_cast<float>(t));
  const float size = exp2_of({static_cast<float>(t + static_cast<double>(n.minus_value)), n.integer});
  const bool whole = __builtin_truncf(y) == y;
  const bool odd = whole && __builtin_truncf(0.5f * y) != 0.5f * y;
  const bool negative = bits<uint32_t>(x) >> 31;
  const float signed_size = bits<float>(bits<uint32_t>(size) | (odd && negative ? 0x80000000u : 0u));
  const float regular = x < 0.0f && x > -infinity && !whole ? not_a_number : signed_size;
  const bool one = y == 0.0f || x == 1.0f || (x == -1.0f && magnitude_of(y) == infinity);
  return one ? 1.0f : x == x && y == y ? regular : not_a_number;
}
MSL_FUNC float powr(float x, float y) { return x < 0.0f ? not_a_number : pow(x, y); }

// --- remainders and representation

// x - y trunc(x / y), exact. A quotient under 2^22 is off by one at most; larger ones are libm's.
MSL_FUNC float fmod(float x, float y) {
  const float a = magnitude_of(x), b = magnitude_of(y);
  const float quotient = a / b;
  if (__builtin_expect(!(quotient < 0x1p22f) || b < 0x1p-100f || b == infinity, 0))
    return __builtin_fmodf(x, y);
  float rest = fma(0.0f - __builtin_truncf(quotient), b, a);
  rest = rest < 0.0f ? rest + b : rest;
  return with_sign(rest, x);
}
MSL_FUNC float frexp(float x, int32_t &exponent) {
  const bool tiny = magnitude_of(x) < 0x1p-126f;
  const float scaled = tiny ? x * 0x1p25f : x;
  const uint32_t word = bits<uint32_t>(scaled);
  const bool special = x == 0.0f || !(magnitude_of(x) < infinity);
  exponent = special ? 0 : static_cast<int32_t>(word >> 23 & 0xff) - 126 - (tiny ? 25 : 0);
  return special ? x : bits<float>((word & 0x807fffffu) | 0x3f000000u);
}
MSL_FUNC float ldexp(float x, int32_t n) {
  int32_t rest = n > 300 ? 300 : n < -300 ? -300 : n;
  const int32_t part = rest >> 2;
  rest -= 3 * part;
  const float factor = power_of_two(part);
  return x * factor * factor * factor * power_of_two(rest);
}
MSL_FUNC int32_t ilogb(float x) {
  int32_t exponent;
  frexp(x, exponent);
  const int32_t special = x == x && x != 0.0f ? 0x7fffffff : -0x7fffffff - 1;
  return x == 0.0f || !(magnitude_of(x) < infinity) ? special : exponent - 1;
}
MSL_FUNC float modf(float x, float &whole) {
  whole = __builtin_truncf(x);
  return with_sign(magnitude_of(x) == infinity ? 0.0f : x - whole, x);
}
MSL_FUNC float nextafter(float x, float to) {
  if (x != x || to != to)
    return not_a_number;
  if (x == to)
    return to;
  if (x == 0.0f)
    return with_sign(0x1p-149f, to);
  const int32_t step = (to > x) == (x > 0.0f) ? 1 : -1;
  return bits<float>(bits<int32_t>(x) + step);
}

} // namespace msl

#pragma float_control(pop)
