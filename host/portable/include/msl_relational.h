// msl_relational.h: relational functions and as_type (MSL 6.4, 2.19). isnan and its kin look at the bits, so no
// compiler flag can fold them away.
#pragma once

#include "msl_math_base.h"
#include "msl_overloads.h"

namespace msl {

template <class T> struct Layout;
template <> struct Layout<float> {
  using word = uint32_t;
  static constexpr word sign = 0x80000000u, infinity = 0x7f800000u, least_normal = 0x00800000u;
};
template <> struct Layout<_Float16> {
  using word = uint16_t;
  static constexpr word sign = 0x8000u, infinity = 0x7c00u, least_normal = 0x0400u;
};
template <> struct Layout<__bf16> {
  using word = uint16_t;
  static constexpr word sign = 0x8000u, infinity = 0x7f80u, least_normal = 0x0080u;
};
template <class T> using word = typename Layout<T>::word;
template <class T> MSL_FUNC constexpr word<T> magnitude(T x) {
  return static_cast<word<T>>(bits<word<T>>(x) & ~Layout<T>::sign);
}
template <class T> MSL_FUNC constexpr bool isnan(T x) { return magnitude(x) > Layout<T>::infinity; }
template <class T> MSL_FUNC constexpr bool isinf(T x) { return magnitude(x) == Layout<T>::infinity; }
template <class T> MSL_FUNC constexpr bool isfinite(T x) { return magnitude(x) < Layout<T>::infinity; }
template <class T> MSL_FUNC constexpr bool isnormal(T x) {
  return isfinite(x) && magnitude(x) >= Layout<T>::least_normal;
}
template <class T> MSL_FUNC constexpr bool signbit(T x) { return bits<word<T>>(x) & Layout<T>::sign; }
template <class T> MSL_FUNC constexpr bool isunordered(T a, T b) { return isnan(a) || isnan(b); }
template <class T> MSL_FUNC constexpr bool isordered(T a, T b) { return !isunordered(a, b); }

} // namespace msl

namespace metal {

#define MSL_TEST(name)                                                                                                 \
  MSL_FUNC constexpr bool name(float x) { return msl::name(x); }                                                       \
  MSL_FUNC constexpr bool name(_Float16 x) { return msl::name(x); }                                                    \
  template <class T, msl::only_bfloat<T> = 0> MSL_FUNC constexpr bool name(T x) { return msl::name(x); }               \
  template <class T> MSL_FUNC constexpr vec<bool, 2> name(vec<T, 2> v) { return vec<bool, 2>(name(v.x), name(v.y)); }  \
  template <class T> MSL_FUNC constexpr vec<bool, 3> name(vec<T, 3> v) {                                               \
    return vec<bool, 3>(name(v.x), name(v.y), name(v.z));                                                              \
  }                                                                                                                    \
  template <class T> MSL_FUNC constexpr vec<bool, 4> name(vec<T, 4> v) {                                               \
    return vec<bool, 4>(name(v.x), name(v.y), name(v.z), name(v.w));                                                   \
  }
MSL_TEST(isnan)
MSL_TEST(isinf)
MSL_TEST(isfinite)
MSL_TEST(isnormal)
MSL_TEST(signbit)
#undef MSL_TEST

#define MSL_PAIR_TEST(name)                                                                                            \
  MSL_FUNC constexpr bool name(float a, float b) { return msl::name(a, b); }                                           \
  MSL_FUNC constexpr bool name(_Float16 a, _Float16 b) { return msl::name(a, b); }                                     \
  template <class T, msl::only_bfloat<T> = 0> MSL_FUNC constexpr bool name(T a, T b) { return msl::name(a, b); }       \
  template <class T, int N> MSL_FUNC vec<bool, N> name(vec<T, N> a, vec<T, N> b) {                                     \
    vec<bool, N> r;                                                                                                    \
    for (int i = 0; i < N; ++i)                                                                                        \
      r[i] = name(a[i], b[i]);                                                                                         \
    return r;                                                                                                          \
  }
MSL_PAIR_TEST(isordered)
MSL_PAIR_TEST(isunordered)
#undef MSL_PAIR_TEST

MSL_FUNC constexpr bool all(bool x) { return x; }
MSL_FUNC constexpr bool any(bool x) { return x; }
MSL_FUNC constexpr bool all(vec<bool, 2> v) { return v.x && v.y; }
MSL_FUNC constexpr bool all(vec<bool, 3> v) { return v.x && v.y && v.z; }
MSL_FUNC constexpr bool all(vec<bool, 4> v) { return v.x && v.y && v.z && v.w; }
MSL_FUNC constexpr bool any(vec<bool, 2> v) { return v.x || v.y; }
MSL_FUNC constexpr bool any(vec<bool, 3> v) { return v.x || v.y || v.z; }
MSL_FUNC constexpr bool any(vec<bool, 4> v) { return v.x || v.y || v.z || v.w; }

#define MSL_SELECT(T)                                                                                                  \
  MSL_FUNC constexpr T select(T a, T b, bool c) { return c ? b : a; }
MSL_INTEGERS(MSL_SELECT)
MSL_SELECT(bool)
MSL_SELECT(float)
MSL_SELECT(_Float16)
MSL_SELECT(__bf16)
#undef MSL_SELECT
template <class A, class B, class V = msl::join2<A, B>>
MSL_FUNC constexpr V select(A a, B b, vec<bool, V::msl_size> c) {
  const V va(a), vb(b);
  V r = va;
  r.x = c.x ? vb.x : va.x;
  r.y = c.y ? vb.y : va.y;
  if constexpr (V::msl_size > 2)
    r.z = c.z ? vb.z : va.z;
  if constexpr (V::msl_size > 3)
    r.w = c.w ? vb.w : va.w;
  return r;
}

} // namespace metal

// Same size, same bits.
template <class To, class From> MSL_FUNC To as_type(From x) {
  static_assert(sizeof(To) == sizeof(From), "as_type needs types of the same size");
  if constexpr (__is_trivially_copyable(To) && __is_trivially_copyable(From)) {
    return __builtin_bit_cast(To, x);
  } else {
    To y;
    __builtin_memcpy(static_cast<void *>(&y), static_cast<const void *>(&x), sizeof(To));
    return y;
  }
}
namespace metal {
using ::as_type;
}
