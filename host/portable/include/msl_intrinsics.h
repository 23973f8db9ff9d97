// msl_intrinsics.h: the compiler's own functions that Metal's headers are written with, as far as published kernels
// call them: `__metal_exp(x, mode)`, the mode being one of three macros, and the SIMD-group functions.
#pragma once

#include "msl_math.h"
#include "msl_simd.h"

#define __METAL_PRECISE_MATH__ 0
#define __METAL_FAST_MATH__ 1
#define __METAL_MAYBE_FAST_MATH__ 2

// clang-format off
#define MSL_INTRINSICS1(M)                                                                                             \
  M(acos) M(acosh) M(asin) M(asinh) M(atan) M(atanh) M(ceil) M(cosh) M(cospi) M(exp) M(exp10) M(exp2) M(fabs)          \
  M(floor) M(fract) M(log) M(log10) M(log2) M(rint) M(round) M(saturate) M(sinh) M(sinpi) M(sqrt) M(tanh)              \
  M(tanpi) M(trunc)
#define MSL_INTRINSICS2(M)                                                                                             \
  M(atan2) M(divide) M(fdim) M(fmax) M(fmin) M(fmod) M(nextafter) M(pow) M(powr)
#define MSL_INTRINSICS3(M)                                                                                             \
  M(clamp) M(fma) M(fmax3) M(fmedian3) M(fmin3)
#define MSL_GROUP_INTRINSICS2(M)                                                                                       \
  M(simd_broadcast) M(simd_shuffle)                           \
  M(simd_shuffle_down) M(simd_shuffle_rotate_down) M(simd_shuffle_rotate_up) M(simd_shuffle_up)                        \
  M(simd_shuffle_xor)
#define MSL_GROUP_INTRINSICS1(M)                                                                                       \
  M(simd_max) M(simd_min) M(simd_prefix_exclusive_product)                                      \
  M(simd_prefix_exclusive_sum) M(simd_prefix_inclusive_product) M(simd_prefix_inclusive_sum) M(simd_product)           \
  M(simd_sum) M(simd_broadcast_first)
// clang-format on

#define MSL_INTRINSIC1(name)                                                                                           \
  template <class T> MSL_FUNC T __metal_##name(T a, int) { return metal::name(a); }
#define MSL_INTRINSIC2(name)                                                                                           \
  template <class T> MSL_FUNC T __metal_##name(T a, T b, int) { return metal::name(a, b); }
#define MSL_INTRINSIC3(name)                                                                                           \
  template <class T> MSL_FUNC T __metal_##name(T a, T b, T c, int) { return metal::name(a, b, c); }
// fma, nextafter and the like have no mode.
#define MSL_MODELESS2(name)                                                                                            \
  template <class T> MSL_FUNC T __metal_##name(T a, T b) { return metal::name(a, b); }
MSL_INTRINSICS1(MSL_INTRINSIC1)
MSL_INTRINSICS2(MSL_INTRINSIC2)
MSL_INTRINSICS3(MSL_INTRINSIC3)
MSL_MODELESS2(nextafter)
template <class T> MSL_FUNC T __metal_fma(T a, T b, T c) { return metal::fma(a, b, c); }
template <class T> MSL_FUNC T __metal_ldexp(T a, int n, int) { return metal::ldexp(a, n); }
template <class T> MSL_FUNC T __metal_ldexp(T a, int n) { return metal::ldexp(a, n); }
template <class T> MSL_FUNC T __metal_frexp(T a, int *n, int) { return metal::frexp(a, *n); }
template <class T> MSL_FUNC T __metal_frexp(T a, int *n) { return metal::frexp(a, *n); }
template <class T> MSL_FUNC T __metal_frexp(T a, int &n) { return metal::frexp(a, n); }
#define MSL_MODE_INTRINSIC(name)                                                                                       \
  template <class T> MSL_FUNC T __metal_##name(T a, int mode) {                                                        \
    return mode == __METAL_PRECISE_MATH__ ? metal::precise::name(a) : metal::name(a);                                  \
  }
MSL_MODE_INTRINSIC(cos)
MSL_MODE_INTRINSIC(rsqrt)
MSL_MODE_INTRINSIC(sin)
MSL_MODE_INTRINSIC(tan)

#define MSL_GROUP_INTRINSIC1(name)                                                                                     \
  template <class T> MSL_FUNC T __metal_##name(T x, MSL_SITE) { return metal::name(x, msl_site); }
MSL_GROUP_INTRINSICS1(MSL_GROUP_INTRINSIC1)
// The bits of any 32-bit scalar.
#define MSL_BITWISE_INTRINSIC(name)                                                                                    \
  template <class T> MSL_FUNC T __metal_##name(T x, MSL_SITE) {                                                        \
    if constexpr (__is_integral(T))                                                                                    \
      return metal::name(x, msl_site);                                                                                 \
    else                                                                                                               \
      return msl::bits<T>(metal::name(msl::bits<unsigned int>(x), msl_site));                                          \
  }
MSL_BITWISE_INTRINSIC(simd_and)
MSL_BITWISE_INTRINSIC(simd_or)
MSL_BITWISE_INTRINSIC(simd_xor)
#undef MSL_BITWISE_INTRINSIC
#define MSL_GROUP_INTRINSIC2(name)                                                                                     \
  template <class T> MSL_FUNC T __metal_##name(T x, unsigned short n, MSL_SITE) { return metal::name(x, n, msl_site); }
MSL_GROUP_INTRINSICS2(MSL_GROUP_INTRINSIC2)
#define MSL_FILL_INTRINSIC(name)                                                                                       \
  template <class T>                                                                                                   \
  MSL_FUNC T __metal_##name(T x, T filling, unsigned short delta, unsigned short modulo, MSL_SITE) {                   \
    return metal::name(x, filling, delta, modulo, msl_site);                                                           \
  }
MSL_FILL_INTRINSIC(simd_shuffle_and_fill_up)
MSL_FILL_INTRINSIC(simd_shuffle_and_fill_down)
MSL_FUNC unsigned short __metal_get_simdgroup_size(unsigned short) { return MSL_SIMD_WIDTH; }
MSL_FUNC unsigned short __metal_get_thread_index_in_simdgroup(unsigned short) {
  return static_cast<unsigned short>(msl::own_lane());
}

#undef MSL_INTRINSICS1
#undef MSL_INTRINSICS2
#undef MSL_INTRINSICS3
#undef MSL_GROUP_INTRINSICS1
#undef MSL_GROUP_INTRINSICS2
#undef MSL_INTRINSIC1
#undef MSL_INTRINSIC2
#undef MSL_INTRINSIC3
#undef MSL_MODELESS2
#undef MSL_MODE_INTRINSIC
#undef MSL_GROUP_INTRINSIC1
#undef MSL_GROUP_INTRINSIC2
#undef MSL_FILL_INTRINSIC
