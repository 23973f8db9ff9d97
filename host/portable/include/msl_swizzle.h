// msl_swizzle.h: swizzles as properties, so that `a.xyz` is a vec<T, 3>, not a proxy. Every pattern reads; only those
// without a repeated letter have a setter, so writing through the others is an error where it is written.
#pragma once

#define MSL_RGBA_x r
#define MSL_RGBA_y g
#define MSL_RGBA_z b
#define MSL_RGBA_w a

// A property named by letters of either alphabet (A...) that goes through the accessors named by x, y, z, w (P...).
#define MSL_NAME1(A, P) __declspec(property(get = msl_get_##P, put = msl_put_##P)) T A;
#define MSL_NAME2(A, B, P, Q) __declspec(property(get = msl_get_##P##Q, put = msl_put_##P##Q)) vec<T, 2> A##B;
#define MSL_NAME3(A, B, C, P, Q, R)                                                                                    \
  __declspec(property(get = msl_get_##P##Q##R, put = msl_put_##P##Q##R)) vec<T, 3> A##B##C;
#define MSL_NAME4(A, B, C, D, P, Q, R, S)                                                                              \
  __declspec(property(get = msl_get_##P##Q##R##S, put = msl_put_##P##Q##R##S)) vec<T, 4> A##B##C##D;

#define MSL_READ1(P)                                                                                                   \
  constexpr T msl_get_##P() const { return P; }                                                                        \
  constexpr void msl_put_##P(T v) { P = v; }                                                                           \
  MSL_READ1_(MSL_RGBA_##P, P)
#define MSL_READ1_(...) MSL_NAME1(__VA_ARGS__)
#define MSL_READ2(P, Q)                                                                                                \
  constexpr vec<T, 2> msl_get_##P##Q() const { return vec<T, 2>(P, Q); }                                               \
  MSL_NAME2(P, Q, P, Q) MSL_READ2_(MSL_RGBA_##P, MSL_RGBA_##Q, P, Q)
#define MSL_READ2_(...) MSL_NAME2(__VA_ARGS__)
#define MSL_READ3(P, Q, R)                                                                                             \
  constexpr vec<T, 3> msl_get_##P##Q##R() const { return vec<T, 3>(P, Q, R); }                                         \
  MSL_NAME3(P, Q, R, P, Q, R) MSL_READ3_(MSL_RGBA_##P, MSL_RGBA_##Q, MSL_RGBA_##R, P, Q, R)
#define MSL_READ3_(...) MSL_NAME3(__VA_ARGS__)
#define MSL_READ4(P, Q, R, S)                                                                                          \
  constexpr vec<T, 4> msl_get_##P##Q##R##S() const { return vec<T, 4>(P, Q, R, S); }                                   \
  MSL_NAME4(P, Q, R, S, P, Q, R, S) MSL_READ4_(MSL_RGBA_##P, MSL_RGBA_##Q, MSL_RGBA_##R, MSL_RGBA_##S, P, Q, R, S)
#define MSL_READ4_(...) MSL_NAME4(__VA_ARGS__)

// The new value comes by value: it may be read from the vector that is being written.
#define MSL_WRITE2(P, Q)                                                                                               \
  constexpr void msl_put_##P##Q(vec<T, 2> v) { P = v.x, Q = v.y; }
#define MSL_WRITE3(P, Q, R)                                                                                            \
  constexpr void msl_put_##P##Q##R(vec<T, 3> v) { P = v.x, Q = v.y, R = v.z; }
#define MSL_WRITE4(P, Q, R, S)                                                                                         \
  constexpr void msl_put_##P##Q##R##S(vec<T, 4> v) { P = v.x, Q = v.y, R = v.z, S = v.w; }

// clang-format off: lists.
// M applied to every pattern over the letters of an N-vector: one macro a place, because a macro does not expand inside
// itself.
#define MSL_LAST2(M, ...) M(__VA_ARGS__, x) M(__VA_ARGS__, y)
#define MSL_NEXT2(M, ...) MSL_LAST2(M, __VA_ARGS__, x) MSL_LAST2(M, __VA_ARGS__, y)
#define MSL_THEN2(M, ...) MSL_NEXT2(M, __VA_ARGS__, x) MSL_NEXT2(M, __VA_ARGS__, y)
#define MSL_PAIRS2(M) MSL_LAST2(M, x) MSL_LAST2(M, y)
#define MSL_TRIPLES2(M) MSL_NEXT2(M, x) MSL_NEXT2(M, y)
#define MSL_QUADS2(M) MSL_THEN2(M, x) MSL_THEN2(M, y)
#define MSL_LAST3(M, ...) M(__VA_ARGS__, x) M(__VA_ARGS__, y) M(__VA_ARGS__, z)
#define MSL_NEXT3(M, ...) MSL_LAST3(M, __VA_ARGS__, x) MSL_LAST3(M, __VA_ARGS__, y) MSL_LAST3(M, __VA_ARGS__, z)
#define MSL_THEN3(M, ...) MSL_NEXT3(M, __VA_ARGS__, x) MSL_NEXT3(M, __VA_ARGS__, y) MSL_NEXT3(M, __VA_ARGS__, z)
#define MSL_PAIRS3(M) MSL_LAST3(M, x) MSL_LAST3(M, y) MSL_LAST3(M, z)
#define MSL_TRIPLES3(M) MSL_NEXT3(M, x) MSL_NEXT3(M, y) MSL_NEXT3(M, z)
#define MSL_QUADS3(M) MSL_THEN3(M, x) MSL_THEN3(M, y) MSL_THEN3(M, z)
#define MSL_LAST4(M, ...) M(__VA_ARGS__, x) M(__VA_ARGS__, y) M(__VA_ARGS__, z) M(__VA_ARGS__, w)
#define MSL_NEXT4(M, ...)                                                                                              \
  MSL_LAST4(M, __VA_ARGS__, x) MSL_LAST4(M, __VA_ARGS__, y) MSL_LAST4(M, __VA_ARGS__, z)                               \
  MSL_LAST4(M, __VA_ARGS__, w)
#define MSL_THEN4(M, ...)                                                                                              \
  MSL_NEXT4(M, __VA_ARGS__, x) MSL_NEXT4(M, __VA_ARGS__, y) MSL_NEXT4(M, __VA_ARGS__, z)                               \
  MSL_NEXT4(M, __VA_ARGS__, w)
#define MSL_PAIRS4(M) MSL_LAST4(M, x) MSL_LAST4(M, y) MSL_LAST4(M, z) MSL_LAST4(M, w)
#define MSL_TRIPLES4(M) MSL_NEXT4(M, x) MSL_NEXT4(M, y) MSL_NEXT4(M, z) MSL_NEXT4(M, w)
#define MSL_QUADS4(M) MSL_THEN4(M, x) MSL_THEN4(M, y) MSL_THEN4(M, z) MSL_THEN4(M, w)

// M applied to the patterns that name no letter twice.
#define MSL_DISTINCT_PAIRS2(M) M(x, y) M(y, x)
#define MSL_DISTINCT_PAIRS3(M) M(x, y) M(x, z) M(y, x) M(y, z) M(z, x) M(z, y)
#define MSL_DISTINCT_TRIPLES3(M) M(x, y, z) M(x, z, y) M(y, x, z) M(y, z, x) M(z, x, y) M(z, y, x)
#define MSL_DISTINCT_PAIRS4(M)                                                                                         \
  M(x, y) M(x, z) M(x, w) M(y, x) M(y, z) M(y, w) M(z, x) M(z, y) M(z, w) M(w, x) M(w, y) M(w, z)
#define MSL_DISTINCT_TRIPLES4(M)                                                                                       \
  M(x, y, z) M(x, y, w) M(x, z, y) M(x, z, w) M(x, w, y) M(x, w, z) M(y, x, z) M(y, x, w) M(y, z, x)                   \
  M(y, z, w) M(y, w, x) M(y, w, z) M(z, x, y) M(z, x, w) M(z, y, x) M(z, y, w) M(z, w, x) M(z, w, y)                   \
  M(w, x, y) M(w, x, z) M(w, y, x) M(w, y, z) M(w, z, x) M(w, z, y)
#define MSL_DISTINCT_QUADS4(M)                                                                                         \
  M(x, y, z, w) M(x, y, w, z) M(x, z, y, w) M(x, z, w, y) M(x, w, y, z) M(x, w, z, y) M(y, x, z, w)                    \
  M(y, x, w, z) M(y, z, x, w) M(y, z, w, x) M(y, w, x, z) M(y, w, z, x) M(z, x, y, w) M(z, x, w, y)                    \
  M(z, y, x, w) M(z, y, w, x) M(z, w, x, y) M(z, w, y, x) M(w, x, y, z) M(w, x, z, y) M(w, y, x, z)                    \
  M(w, y, z, x) M(w, z, x, y) M(w, z, y, x)

#define MSL_SWIZZLES2                                                                                                  \
  MSL_READ1(x) MSL_READ1(y) MSL_PAIRS2(MSL_READ2) MSL_TRIPLES2(MSL_READ3) MSL_QUADS2(MSL_READ4)                        \
  MSL_DISTINCT_PAIRS2(MSL_WRITE2)
#define MSL_SWIZZLES3                                                                                                  \
  MSL_READ1(x) MSL_READ1(y) MSL_READ1(z) MSL_PAIRS3(MSL_READ2) MSL_TRIPLES3(MSL_READ3) MSL_QUADS3(MSL_READ4)           \
  MSL_DISTINCT_PAIRS3(MSL_WRITE2) MSL_DISTINCT_TRIPLES3(MSL_WRITE3)
#define MSL_SWIZZLES4                                                                                                  \
  MSL_READ1(x) MSL_READ1(y) MSL_READ1(z) MSL_READ1(w) MSL_PAIRS4(MSL_READ2) MSL_TRIPLES4(MSL_READ3)                    \
  MSL_QUADS4(MSL_READ4) MSL_DISTINCT_PAIRS4(MSL_WRITE2) MSL_DISTINCT_TRIPLES4(MSL_WRITE3)                              \
  MSL_DISTINCT_QUADS4(MSL_WRITE4)
// clang-format on
