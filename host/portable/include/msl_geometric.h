// msl_geometric.h: geometric functions (MSL 6.6). Sums of halves are taken in float.
#pragma once

#include "msl_math.h"

namespace msl {
template <class T> struct Wide {
  using type = T;
};
template <> struct Wide<_Float16> {
  using type = float;
};
template <> struct Wide<__bf16> {
  using type = float;
};
template <class T> using wide = typename Wide<T>::type;

template <class T, int N> MSL_FUNC constexpr wide<T> dot(const vec<T, N> &a, const vec<T, N> &b) {
  using W = wide<T>;
  W sum = static_cast<W>(a.x) * static_cast<W>(b.x) + static_cast<W>(a.y) * static_cast<W>(b.y);
  if constexpr (N > 2)
    sum += static_cast<W>(a.z) * static_cast<W>(b.z);
  if constexpr (N > 3)
    sum += static_cast<W>(a.w) * static_cast<W>(b.w);
  return sum;
}
} // namespace msl

namespace metal {

template <class A, class B, class V = msl::join2<A, B>> MSL_FUNC constexpr typename V::msl_element dot(A a, B b) {
  return static_cast<typename V::msl_element>(msl::dot(V(a), V(b)));
}
template <class T> MSL_FUNC constexpr vec<T, 3> cross(vec<T, 3> a, vec<T, 3> b) {
  return vec<T, 3>(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x);
}
template <class T, int N> MSL_FUNC T length_squared(vec<T, N> a) { return static_cast<T>(msl::dot(a, a)); }
template <class T, int N> MSL_FUNC T length(vec<T, N> a) { return static_cast<T>(__builtin_sqrtf(msl::dot(a, a))); }
template <class T, int N> MSL_FUNC T distance_squared(vec<T, N> a, vec<T, N> b) { return length_squared(a - b); }
template <class T, int N> MSL_FUNC T distance(vec<T, N> a, vec<T, N> b) { return length(a - b); }
template <class T, int N> MSL_FUNC vec<T, N> normalize(vec<T, N> a) {
  return a * static_cast<T>(msl::chosen::rsqrt(static_cast<float>(msl::dot(a, a))));
}
template <class T, int N> MSL_FUNC vec<T, N> faceforward(vec<T, N> n, vec<T, N> i, vec<T, N> reference) {
  return msl::dot(reference, i) < 0 ? n : -n;
}
template <class T, int N> MSL_FUNC vec<T, N> reflect(vec<T, N> i, vec<T, N> n) {
  return i - n * static_cast<T>(2 * msl::dot(n, i));
}
template <class T, int N> MSL_FUNC vec<T, N> refract(vec<T, N> i, vec<T, N> n, T ratio) {
  const float cosine = msl::dot(n, i), eta = static_cast<float>(ratio);
  const float k = 1.0f - eta * eta * (1.0f - cosine * cosine);
  if (k < 0.0f)
    return vec<T, N>(T(0));
  return i * ratio - n * static_cast<T>(eta * cosine + __builtin_sqrtf(k));
}

namespace fast {
using metal::distance, metal::length, metal::normalize;
}
namespace precise {
using metal::distance, metal::length, metal::normalize;
}

} // namespace metal
