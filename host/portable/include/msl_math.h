// msl_math.h: math and common functions of MSL (chapters 6.3 and 6.5) in metal, metal::fast and metal::precise, for
// float, half, bfloat and their vectors.
#pragma once

#include "msl_math_exp.h"
#include "msl_math_hyperbolic.h"
#include "msl_math_inverse.h"
#include "msl_math_log.h"
#include "msl_math_power.h"
#include "msl_math_rounding.h"
#include "msl_math_trig.h"
#include "msl_overloads.h"

namespace msl {

// What a name in metal:: itself means, where fast:: and precise:: differ: as Metal's compiler does, by the options.
#if MSL_PRECISE_MATH
namespace chosen = precise;
#else
namespace chosen = fast;
#endif

MSL_FUNC float fmin(float a, float b) { return __builtin_fminf(a, b); }
MSL_FUNC float fmax(float a, float b) { return __builtin_fmaxf(a, b); }
MSL_FUNC float fmin3(float a, float b, float c) { return fmin(fmin(a, b), c); }
MSL_FUNC float fmax3(float a, float b, float c) { return fmax(fmax(a, b), c); }
MSL_FUNC float fmedian3(float a, float b, float c) { return fmax(fmin(a, b), fmin(fmax(a, b), c)); }
MSL_FUNC float clamp(float x, float low, float high) { return fmin(fmax(x, low), high); }
MSL_FUNC float saturate(float x) { return clamp(x, 0.0f, 1.0f); }
// Zero for NaN; the sign of a zero is kept.
MSL_FUNC float sign(float x) { return x == x ? choose(x == 0.0f, x, with_sign(1.0f, x)) : 0.0f; }
MSL_FUNC float mix(float a, float b, float t) { return a + (b - a) * t; }
MSL_FUNC float step(float edge, float x) { return x < edge ? 0.0f : 1.0f; }
MSL_FUNC float smoothstep(float low, float high, float x) {
  const float t = saturate((x - low) / (high - low));
  return t * t * (3.0f - 2.0f * t);
}
MSL_FUNC float fract(float x) { return at_most(x - __builtin_floorf(x), 0x1.fffffep-1f); }
MSL_FUNC float fdim(float a, float b) { return choose(a <= b, 0.0f, a - b); }
MSL_FUNC float copysign(float a, float b) { return __builtin_copysignf(a, b); }
MSL_FUNC float divide(float x, float y) { return x / y; }
MSL_FUNC float fma_float(float a, float b, float c) { return __builtin_fmaf(a, b, c); }

} // namespace msl

namespace metal {

#define MSL_MATH(n, name) MSL_FLOATING(n, name, msl::name)
#define MSL_CHOSEN(n, name) MSL_FLOATING(n, name, msl::chosen::name)
#define MSL_BUILTIN(n, name) MSL_FLOATING(n, name, __builtin_##name##f)

MSL_BUILTIN(1, fabs)
MSL_BUILTIN(1, ceil)
MSL_BUILTIN(1, floor)
MSL_BUILTIN(1, trunc)
MSL_BUILTIN(1, round)
MSL_BUILTIN(1, rint)
MSL_BUILTIN(1, sqrt)
MSL_CHOSEN(1, rsqrt)
MSL_MATH(1, exp)
MSL_MATH(1, exp2)
MSL_MATH(1, exp10)
MSL_MATH(1, log)
MSL_MATH(1, log2)
MSL_MATH(1, log10)
MSL_CHOSEN(1, sin)
MSL_CHOSEN(1, cos)
MSL_CHOSEN(1, tan)
MSL_MATH(1, sinpi)
MSL_MATH(1, cospi)
MSL_MATH(1, tanpi)
MSL_MATH(1, asin)
MSL_MATH(1, acos)
MSL_MATH(1, atan)
MSL_MATH(1, sinh)
MSL_MATH(1, cosh)
MSL_MATH(1, tanh)
MSL_MATH(1, asinh)
MSL_MATH(1, acosh)
MSL_MATH(1, atanh)
MSL_MATH(1, fract)
MSL_MATH(1, saturate)
MSL_MATH(1, sign)
MSL_MATH(2, atan2)
MSL_MATH(2, pow)
MSL_MATH(2, powr)
MSL_MATH(2, fmod)
MSL_MATH(2, fdim)
MSL_MATH(2, fmin)
MSL_MATH(2, fmax)
MSL_MATH(2, copysign)
MSL_MATH(2, step)
MSL_MATH(3, fmin3)
MSL_MATH(3, fmax3)
MSL_MATH(3, fmedian3)
MSL_MATH(3, mix)
MSL_MATH(3, smoothstep)
MSL_FLOATING(3, fma, msl::fma_float)

// min, max and clamp over every arithmetic type.
MSL_SCALAR1(abs, float, float, __builtin_fabsf)
MSL_SCALAR1(abs, _Float16, float, __builtin_fabsf)
MSL_BFLOAT1(abs, __builtin_fabsf)
#define MSL_MINMAX_FLOAT(T)                                                                                            \
  MSL_SCALAR2(min, T, float, msl::fmin)                                                                                \
  MSL_SCALAR2(max, T, float, msl::fmax)                                                                                \
  MSL_SCALAR3(clamp, T, float, msl::clamp)                                                                             \
  MSL_SCALAR3(min3, T, float, msl::fmin3)                                                                              \
  MSL_SCALAR3(max3, T, float, msl::fmax3)                                                                              \
  MSL_SCALAR3(median3, T, float, msl::fmedian3)
MSL_MINMAX_FLOAT(float)
MSL_MINMAX_FLOAT(_Float16)
MSL_BFLOAT2(min, msl::fmin)
MSL_BFLOAT2(max, msl::fmax)
MSL_BFLOAT3(clamp, msl::clamp)
MSL_BFLOAT3(min3, msl::fmin3)
MSL_BFLOAT3(max3, msl::fmax3)
MSL_BFLOAT3(median3, msl::fmedian3)
#define MSL_MINMAX_INTEGER(T)                                                                                          \
  MSL_FUNC constexpr T min(T a, T b) { return b < a ? b : a; }                                                         \
  MSL_FUNC constexpr T max(T a, T b) { return a < b ? b : a; }                                                         \
  MSL_FUNC constexpr T clamp(T x, T low, T high) { return min(max(x, low), high); }                                    \
  MSL_FUNC constexpr T min3(T a, T b, T c) { return min(min(a, b), c); }                                               \
  MSL_FUNC constexpr T max3(T a, T b, T c) { return max(max(a, b), c); }                                               \
  MSL_FUNC constexpr T median3(T a, T b, T c) { return max(min(a, b), min(max(a, b), c)); }
MSL_INTEGERS(MSL_MINMAX_INTEGER)
MSL_VECTOR1(abs)
MSL_VECTOR2(min)
MSL_VECTOR2(max)
MSL_VECTOR3(clamp)
MSL_VECTOR3(min3)
MSL_VECTOR3(max3)
MSL_VECTOR3(median3)

#undef MSL_MINMAX_FLOAT
#undef MSL_MINMAX_INTEGER

MSL_MATH(2, divide)
MSL_MATH(2, nextafter)

// Functions with a second result. The scalar forms first; a vector's results come one by one.
#define MSL_SECOND_RESULT(name, Second)                                                                                \
  template <class T, int N> MSL_FUNC vec<T, N> name(vec<T, N> x, vec<Second, N> &second) {                             \
    vec<T, N> r;                                                                                                       \
    for (int i = 0; i < N; ++i)                                                                                        \
      r[i] = name(x[i], second[i]);                                                                                    \
    return r;                                                                                                          \
  }
MSL_FUNC float sincos(float x, float &cosine) {
  cosine = msl::chosen::cos(x);
  return msl::chosen::sin(x);
}
MSL_FUNC float modf(float x, float &whole) { return msl::modf(x, whole); }
MSL_FUNC float frexp(float x, int &exponent) { return msl::frexp(x, exponent); }
MSL_FUNC float ldexp(float x, int n) { return msl::ldexp(x, n); }
MSL_FUNC int ilogb(float x) { return msl::ilogb(x); }
#define MSL_NARROW_SECOND_RESULT(T, ...)                                                                               \
  __VA_ARGS__ MSL_FUNC T sincos(T x, T &cosine) {                                                                      \
    cosine = cos(x);                                                                                                   \
    return sin(x);                                                                                                     \
  }                                                                                                                    \
  __VA_ARGS__ MSL_FUNC T modf(T x, T &whole) {                                                                         \
    whole = trunc(x);                                                                                                  \
    float unused;                                                                                                      \
    return static_cast<T>(msl::modf(static_cast<float>(x), unused));                                                   \
  }                                                                                                                    \
  __VA_ARGS__ MSL_FUNC T frexp(T x, int &exponent) {                                                                   \
    return static_cast<T>(msl::frexp(static_cast<float>(x), exponent));                                                \
  }                                                                                                                    \
  __VA_ARGS__ MSL_FUNC T ldexp(T x, int n) { return static_cast<T>(msl::ldexp(static_cast<float>(x), n)); }            \
  __VA_ARGS__ MSL_FUNC int ilogb(T x) { return msl::ilogb(static_cast<float>(x)); }
MSL_NARROW_SECOND_RESULT(_Float16)
MSL_NARROW_SECOND_RESULT(T, template <class T, msl::only_bfloat<T> = 0>)
MSL_SECOND_RESULT(sincos, T)
MSL_SECOND_RESULT(modf, T)
MSL_SECOND_RESULT(frexp, int)
template <class T, int N> MSL_FUNC vec<T, N> ldexp(vec<T, N> x, vec<int, N> n) {
  vec<T, N> r;
  for (int i = 0; i < N; ++i)
    r[i] = ldexp(x[i], n[i]);
  return r;
}
template <class T, int N> MSL_FUNC vec<int, N> ilogb(vec<T, N> x) {
  vec<int, N> r;
  for (int i = 0; i < N; ++i)
    r[i] = ilogb(x[i]);
  return r;
}
#undef MSL_SECOND_RESULT
#undef MSL_NARROW_SECOND_RESULT

// The two accuracies. Nearly all functions keep the bounds of both; those of MSL_ACCURACY differ where exactness costs
// speed.
// clang-format off
#define MSL_EVERYWHERE(M)                                                                                              \
  M(abs) M(acos) M(acosh) M(asin) M(asinh) M(atan) M(atan2) M(atanh) M(ceil) M(clamp) M(copysign) M(cosh)              \
  M(cospi) M(divide) M(exp) M(exp10) M(exp2) M(fabs) M(fdim) M(floor) M(fma) M(fmax) M(fmax3) M(fmedian3)              \
  M(fmin) M(fmin3) M(fmod) M(fract) M(frexp) M(ilogb) M(ldexp) M(log) M(log10) M(log2) M(max) M(max3)                  \
  M(median3) M(min) M(min3) M(mix) M(modf) M(nextafter) M(pow) M(powr) M(rint) M(round) M(saturate) M(sign)            \
  M(sinh) M(sinpi) M(smoothstep) M(sqrt) M(step) M(tanh) M(tanpi) M(trunc)
// clang-format on
#define MSL_USING(name) using metal::name;
#define MSL_ACCURACY(accuracy)                                                                                         \
  namespace accuracy {                                                                                                 \
  MSL_EVERYWHERE(MSL_USING)                                                                                            \
  MSL_FLOATING(1, rsqrt, msl::accuracy::rsqrt)                                                                         \
  MSL_FLOATING(1, sin, msl::accuracy::sin)                                                                             \
  MSL_FLOATING(1, cos, msl::accuracy::cos)                                                                             \
  MSL_FLOATING(1, tan, msl::accuracy::tan)                                                                             \
  template <class T> MSL_FUNC T sincos(T x, T &cosine) {                                                               \
    cosine = cos(x);                                                                                                   \
    return sin(x);                                                                                                     \
  }                                                                                                                    \
  }
MSL_ACCURACY(fast)
MSL_ACCURACY(precise)
#undef MSL_USING
#undef MSL_EVERYWHERE
#undef MSL_ACCURACY
#undef MSL_MATH
#undef MSL_CHOSEN
#undef MSL_BUILTIN

} // namespace metal
