// msl_packed.h: packed_T2..4 (MSL 2.2.3): the same members, aligned to one element; arithmetic happens in the vector it
// converts to.
#pragma once

#include "msl_names.h"

namespace metal {

#define MSL_PACKED_BODY(N)                                                                                             \
  packed_vec() = default;                                                                                              \
  MSL_FUNC constexpr packed_vec(const packed_vec &o) : MSL_EACH##N(MSL_INIT_COPY, o) {}                                \
  MSL_FUNC constexpr packed_vec &operator=(const packed_vec &o) {                                                      \
    MSL_EACH##N(MSL_ASSIGN, o);                                                                                        \
    return *this;                                                                                                      \
  }                                                                                                                    \
  MSL_FUNC constexpr packed_vec(const vec<T, N> &o) : MSL_EACH##N(MSL_INIT_COPY, o) {}                                 \
  template <class U, enable_if_t<!__is_same(U, T), int> = 0>                                                           \
  MSL_FUNC explicit constexpr packed_vec(const vec<U, N> &o) : MSL_EACH##N(MSL_INIT_CAST, o) {}                        \
  template <class U, enable_if_t<!__is_same(U, T), int> = 0>                                                           \
  MSL_FUNC explicit constexpr packed_vec(const packed_vec<U, N> &o) : MSL_EACH##N(MSL_INIT_CAST, o) {}                 \
  template <class S, enable_if_t<__is_arithmetic(S), int> = 0>                                                         \
  MSL_FUNC constexpr packed_vec(S s) : MSL_EACH##N(MSL_INIT_SCALAR, s) {}                                              \
  MSL_FUNC constexpr operator vec<T, N>() const { return vec<T, N>(MSL_EACH##N(MSL_MEMBER, )); }                       \
  MSL_FUNC constexpr T &operator[](int i) { return (&x)[i]; }                                                          \
  MSL_FUNC constexpr const T &operator[](int i) const { return (&x)[i]; }                                              \
  MSL_PACKED_UPDATE(N, +=)                                                                                             \
  MSL_PACKED_UPDATE(N, -=)                                                                                             \
  MSL_PACKED_UPDATE(N, *=)                                                                                             \
  MSL_PACKED_UPDATE(N, /=)                                                                                             \
  MSL_PACKED_BINARY(N, +)                                                                                              \
  MSL_PACKED_BINARY(N, -)                                                                                              \
  MSL_PACKED_BINARY(N, *)                                                                                              \
  MSL_PACKED_BINARY(N, /)                                                                                              \
  friend MSL_FUNC constexpr vec<T, N> operator-(const packed_vec &a) { return -vec<T, N>(a); }                         \
  MSL_SWIZZLES##N
#define MSL_MEMBER(m, unused) m
#define MSL_PACKED_UPDATE(N, op)                                                                                       \
  MSL_FUNC constexpr packed_vec &operator op(const vec<T, N> &b) {                                                     \
    vec<T, N> a = *this;                                                                                               \
    a op b;                                                                                                            \
    return *this = a;                                                                                                  \
  }
// Both operands spelt out: a conversion to vec on each side would leave operators of vec and of packed_vec equally
// good.
#define MSL_PACKED_BINARY(N, op)                                                                                       \
  friend MSL_FUNC constexpr vec<T, N> operator op(const packed_vec & a, const packed_vec & b) {                        \
    return vec<T, N>(a) op vec<T, N>(b);                                                                               \
  }                                                                                                                    \
  friend MSL_FUNC constexpr vec<T, N> operator op(const packed_vec & a, const vec<T, N> &b) {                          \
    return vec<T, N>(a) op b;                                                                                          \
  }                                                                                                                    \
  friend MSL_FUNC constexpr vec<T, N> operator op(const vec<T, N> &a, const packed_vec & b) {                          \
    return a op vec<T, N>(b);                                                                                          \
  }                                                                                                                    \
  template <class S, enable_if_t<msl::broadcasts<S, T>, int> = 0>                                                      \
  friend MSL_FUNC constexpr vec<T, N> operator op(const packed_vec & a, S s) {                                         \
    return vec<T, N>(a) op vec<T, N>(s);                                                                               \
  }                                                                                                                    \
  template <class S, enable_if_t<msl::broadcasts<S, T>, int> = 0>                                                      \
  friend MSL_FUNC constexpr vec<T, N> operator op(S s, const packed_vec & a) {                                         \
    return vec<T, N>(s) op vec<T, N>(a);                                                                               \
  }

template <class T> struct packed_vec<T, 2> {
  T x, y;
  MSL_FUNC constexpr packed_vec(T a, T b) : x(a), y(b) {}
  MSL_PACKED_BODY(2)
};
template <class T> struct packed_vec<T, 3> {
  T x, y, z;
  MSL_FUNC constexpr packed_vec(T a, T b, T c) : x(a), y(b), z(c) {}
  MSL_PACKED_BODY(3)
};
template <class T> struct packed_vec<T, 4> {
  T x, y, z, w;
  MSL_FUNC constexpr packed_vec(T a, T b, T c, T d) : x(a), y(b), z(c), w(d) {}
  MSL_PACKED_BODY(4)
};

#define MSL_PACKED_NAMES(name, T)                                                                                      \
  using packed_##name##2 = packed_vec<T, 2>;                                                                           \
  using packed_##name##3 = packed_vec<T, 3>;                                                                           \
  using packed_##name##4 = packed_vec<T, 4>;
#define MSL_PACKED_TYPES(M)                                                                                            \
  M(bool, bool)                                                                                                        \
  M(char, char)                                                                                                        \
  M(uchar, unsigned char)                                                                                              \
  M(short, short)                                                                                                      \
  M(ushort, unsigned short)                                                                                            \
  M(int, int)                                                                                                          \
  M(uint, unsigned int)                                                                                                \
  M(long, long)                                                                                                        \
  M(ulong, unsigned long)                                                                                              \
  M(float, float)
MSL_PACKED_TYPES(MSL_PACKED_NAMES)
using packed_half2 = packed_vec<_Float16, 2>;
using packed_half3 = packed_vec<_Float16, 3>;
using packed_half4 = packed_vec<_Float16, 4>;
using packed_bfloat2 = packed_vec<__bf16, 2>;
using packed_bfloat3 = packed_vec<__bf16, 3>;
using packed_bfloat4 = packed_vec<__bf16, 4>;

} // namespace metal

#define MSL_PACKED_EXPORT(name, T) using metal::packed_##name##2, metal::packed_##name##3, metal::packed_##name##4;
MSL_PACKED_TYPES(MSL_PACKED_EXPORT)
using metal::packed_bfloat2, metal::packed_bfloat3, metal::packed_bfloat4;
using metal::packed_half2, metal::packed_half3, metal::packed_half4;
#undef MSL_PACKED_TYPES
#undef MSL_PACKED_NAMES
#undef MSL_PACKED_EXPORT
