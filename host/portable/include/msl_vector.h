// msl_vector.h: vec<T, N> for N = 2, 3, 4: layout, constructors, operators. Plain scalar members and copies by member,
// not by memory block: a loop over threads then shows the vectoriser interleaved scalar accesses, which it turns into
// full-width vector moves.
#pragma once

#include "msl_keywords.h"
#include "msl_swizzle.h"
#include "msl_traits.h"

namespace metal {
template <class T, int N> class vec;
template <class T, int N> struct packed_vec;
} // namespace metal

namespace msl {

using metal::enable_if_t;
using metal::vec;

template <class T> constexpr bool is_vec = false;
template <class T, int N> constexpr bool is_vec<vec<T, N>> = true;

// A scalar widens to a vector by itself where its value can be meant: an integer vector takes no floating-point scalar.
template <class S, class T>
constexpr bool broadcasts = __is_arithmetic(S) && (__is_floating_point(T) || !__is_floating_point(S));
template <class T, class U>
constexpr bool between_narrow =
    __is_floating_point(T) && __is_floating_point(U) && sizeof(T) == 2 && sizeof(U) == 2 && !__is_same(T, U);
// static_cast, also between half and bfloat, which the host's compiler does not convert into one another.
template <class T, class U> MSL_FUNC constexpr T converted(U &&x) {
  if constexpr (between_narrow<T, __remove_cvref(U)>)
    return static_cast<T>(static_cast<float>(x));
  else
    return static_cast<T>(static_cast<U &&>(x));
}
// `(T)x` is written `To<T>() ->* x`: of all operators this one binds most like a cast.
template <class T> struct To {
  template <class U> friend MSL_FUNC constexpr T operator->*(To, U &&x) { return converted<T>(static_cast<U &&>(x)); }
};
template <class S, class T> constexpr bool casts = __is_arithmetic(S) && !broadcasts<S, T>;

} // namespace msl

namespace metal {

// E(member, ...) for each member of an N-vector, separated by commas.
#define MSL_EACH2(E, ...) E(x, __VA_ARGS__), E(y, __VA_ARGS__)
#define MSL_EACH3(E, ...) MSL_EACH2(E, __VA_ARGS__), E(z, __VA_ARGS__)
#define MSL_EACH4(E, ...) MSL_EACH3(E, __VA_ARGS__), E(w, __VA_ARGS__)

#define MSL_INIT_COPY(m, o) m(o.m)
#define MSL_INIT_CAST(m, o) m(msl::converted<T>(o.m))
#define MSL_INIT_SCALAR(m, s) m(static_cast<T>(s))
#define MSL_ASSIGN(m, o) m = o.m
#define MSL_BINARY_OF(m, op) static_cast<T>(a.m op b.m)
#define MSL_TRUTH_OF(m, op) a.m op b.m
#define MSL_UNARY_OF(m, op) static_cast<T>(op a.m)
#define MSL_NOT_OF(m, op) !a.m
#define MSL_UPDATE(m, op) m op b.m
#define MSL_STEP(m, op) op m

// clang-format off: an operator pasted with = and declarations by macro, one a line, are not what it takes them for.
#define MSL_BINARY(N, op)                                                                                              \
  friend MSL_FUNC constexpr vec operator op(const vec &a, const vec &b) {                                              \
    return vec(MSL_EACH##N(MSL_BINARY_OF, op));                                                                        \
  }                                                                                                                    \
  MSL_FUNC constexpr vec &operator op##=(const vec &b) {                                                               \
    MSL_EACH##N(MSL_UPDATE, op##=);                                                                                    \
    return *this;                                                                                                      \
  }
#define MSL_TRUTH(N, op)                                                                                               \
  friend MSL_FUNC constexpr vec<bool, N> operator op(const vec &a, const vec &b) {                                     \
    return vec<bool, N>(MSL_EACH##N(MSL_TRUTH_OF, op));                                                                \
  }
// Templates, so that using one on floating-point vectors is an error at the use.
#define MSL_INTEGRAL(N, op)                                                                                            \
  template <class U = T, enable_if_t<__is_integral(U), int> = 0>                                                       \
  friend MSL_FUNC constexpr vec operator op(const vec &a, const vec &b) {                                              \
    return vec(MSL_EACH##N(MSL_BINARY_OF, op));                                                                        \
  }                                                                                                                    \
  template <class U = T, enable_if_t<__is_integral(U), int> = 0>                                                       \
  MSL_FUNC constexpr vec &operator op##=(const vec &b) {                                                               \
    MSL_EACH##N(MSL_UPDATE, op##=);                                                                                    \
    return *this;                                                                                                      \
  }

// The operands of a shift may differ in type; the result has the left one's.
#define MSL_SHIFT(N, op)                                                                                               \
  MSL_INTEGRAL(N, op)                                                                                                  \
  template <class U, enable_if_t<__is_integral(U) && __is_integral(T) && !__is_same(U, T), int> = 0>                   \
  friend MSL_FUNC constexpr vec operator op(const vec &a, const vec<U, N> &b) {                                        \
    return vec(MSL_EACH##N(MSL_BINARY_OF, op));                                                                        \
  }                                                                                                                    \
  template <class U, enable_if_t<__is_integral(U) && __is_integral(T) && !__is_same(U, T), int> = 0>                   \
  MSL_FUNC constexpr vec &operator op##=(const vec<U, N> &b) {                                                         \
    MSL_EACH##N(MSL_UPDATE, op##=);                                                                                    \
    return *this;                                                                                                      \
  }

#define MSL_VECTOR_BODY(N)                                                                                             \
  using msl_element = T;                                                                                               \
  static constexpr int msl_size = N;                                                                                   \
  vec() = default;                                                                                                     \
  MSL_FUNC constexpr vec(const vec &o) : MSL_EACH##N(MSL_INIT_COPY, o) {}                                              \
  MSL_FUNC constexpr vec &operator=(const vec &o) {                                                                    \
    MSL_EACH##N(MSL_ASSIGN, o);                                                                                        \
    return *this;                                                                                                      \
  }                                                                                                                    \
  template <class S, enable_if_t<msl::broadcasts<S, T>, int> = 0>                                                      \
  MSL_FUNC constexpr vec(S s) : MSL_EACH##N(MSL_INIT_SCALAR, s) {}                                                     \
  template <class S, enable_if_t<msl::casts<S, T>, int> = 0>                                                           \
  MSL_FUNC explicit constexpr vec(S s) : MSL_EACH##N(MSL_INIT_SCALAR, s) {}                                            \
  template <class U> MSL_FUNC explicit constexpr vec(const vec<U, N> &o) : MSL_EACH##N(MSL_INIT_CAST, o) {}            \
  template <class U, enable_if_t<!__is_same(U, T), int> = 0>                                                           \
  MSL_FUNC explicit constexpr vec(const packed_vec<U, N> &o) : MSL_EACH##N(MSL_INIT_CAST, o) {}                        \
  MSL_FUNC constexpr T &operator[](int i) { return (&x)[i]; }                                                          \
  MSL_FUNC constexpr const T &operator[](int i) const { return (&x)[i]; }                                              \
  MSL_BINARY(N, +)                                                                                                     \
  MSL_BINARY(N, -)                                                                                                     \
  MSL_BINARY(N, *)                                                                                                     \
  MSL_BINARY(N, /)                                                                                                     \
  MSL_INTEGRAL(N, %)                                                                                                   \
  MSL_INTEGRAL(N, &)                                                                                                   \
  MSL_INTEGRAL(N, |)                                                                                                   \
  MSL_INTEGRAL(N, ^)                                                                                                   \
  MSL_SHIFT(N, <<)                                                                                                     \
  MSL_SHIFT(N, >>)                                                                                                     \
  MSL_TRUTH(N, ==)                                                                                                     \
  MSL_TRUTH(N, !=)                                                                                                     \
  MSL_TRUTH(N, <)                                                                                                      \
  MSL_TRUTH(N, >)                                                                                                      \
  MSL_TRUTH(N, <=)                                                                                                     \
  MSL_TRUTH(N, >=)                                                                                                     \
  MSL_TRUTH(N, &&)                                                                                                     \
  MSL_TRUTH(N, ||)                                                                                                     \
  friend MSL_FUNC constexpr vec operator-(const vec &a) { return vec(MSL_EACH##N(MSL_UNARY_OF, -)); }                  \
  friend MSL_FUNC constexpr vec operator+(const vec &a) { return a; }                                                  \
  friend MSL_FUNC constexpr vec operator~(const vec &a) { return vec(MSL_EACH##N(MSL_UNARY_OF, ~)); }                  \
  friend MSL_FUNC constexpr vec<bool, N> operator!(const vec &a) { return vec<bool, N>(MSL_EACH##N(MSL_NOT_OF, )); }   \
  MSL_FUNC constexpr vec &operator++() {                                                                               \
    MSL_EACH##N(MSL_STEP, ++);                                                                                         \
    return *this;                                                                                                      \
  }                                                                                                                    \
  MSL_FUNC constexpr vec &operator--() {                                                                               \
    MSL_EACH##N(MSL_STEP, --);                                                                                         \
    return *this;                                                                                                      \
  }                                                                                                                    \
  MSL_FUNC constexpr vec operator++(int) {                                                                             \
    const vec old = *this;                                                                                             \
    ++*this;                                                                                                           \
    return old;                                                                                                        \
  }                                                                                                                    \
  MSL_FUNC constexpr vec operator--(int) {                                                                             \
    const vec old = *this;                                                                                             \
    --*this;                                                                                                           \
    return old;                                                                                                        \
  }                                                                                                                    \
  MSL_SWIZZLES##N
// clang-format on

template <class T> class alignas(2 * sizeof(T)) vec<T, 2> {
public:
  T x, y;
  MSL_FUNC constexpr vec(T a, T b) : x(a), y(b) {}
  MSL_VECTOR_BODY(2)
};

// Three members in the room of four.
template <class T> class alignas(4 * sizeof(T)) vec<T, 3> {
public:
  T x, y, z;
  MSL_FUNC constexpr vec(T a, T b, T c) : x(a), y(b), z(c) {}
  MSL_FUNC constexpr vec(const vec<T, 2> &ab, T c) : x(ab.x), y(ab.y), z(c) {}
  MSL_FUNC constexpr vec(T a, const vec<T, 2> &bc) : x(a), y(bc.x), z(bc.y) {}
  template <class S, class R, enable_if_t<__is_arithmetic(S) && __is_arithmetic(R), int> = 0> vec(S, R) = delete;
  MSL_VECTOR_BODY(3)
};

template <class T> class alignas(4 * sizeof(T)) vec<T, 4> {
public:
  T x, y, z, w;
  MSL_FUNC constexpr vec(T a, T b, T c, T d) : x(a), y(b), z(c), w(d) {}
  MSL_FUNC constexpr vec(const vec<T, 2> &ab, T c, T d) : x(ab.x), y(ab.y), z(c), w(d) {}
  MSL_FUNC constexpr vec(T a, const vec<T, 2> &bc, T d) : x(a), y(bc.x), z(bc.y), w(d) {}
  MSL_FUNC constexpr vec(T a, T b, const vec<T, 2> &cd) : x(a), y(b), z(cd.x), w(cd.y) {}
  MSL_FUNC constexpr vec(const vec<T, 2> &ab, const vec<T, 2> &cd) : x(ab.x), y(ab.y), z(cd.x), w(cd.y) {}
  MSL_FUNC constexpr vec(const vec<T, 3> &abc, T d) : x(abc.x), y(abc.y), z(abc.z), w(d) {}
  MSL_FUNC constexpr vec(T a, const vec<T, 3> &bcd) : x(a), y(bcd.x), z(bcd.y), w(bcd.z) {}
  // Without these a scalar would widen to fill the place of a vector.
  template <class S, class R, enable_if_t<__is_arithmetic(S) && __is_arithmetic(R), int> = 0> vec(S, R) = delete;
  template <class S, enable_if_t<__is_arithmetic(S), int> = 0> vec(const vec<T, 2> &, S) = delete;
  template <class S, enable_if_t<__is_arithmetic(S), int> = 0> vec(S, const vec<T, 2> &) = delete;
  MSL_VECTOR_BODY(4)
};

} // namespace metal
