// msl_overloads.h: how one scalar definition becomes MSL's overload set. Scalars are plain overloads, so that a call
// MSL finds ambiguous is ambiguous here; vectors are templates over the joined type of their arguments, because `fma(s,
// v, v)` widens s.
#pragma once

#include "msl_names.h"

namespace msl {

template <class S, class V> constexpr bool widens = false;
template <class S, class T, int N> constexpr bool widens<S, vec<T, N>> = broadcasts<S, T>;

// The type of A joined with B: the same type, or the vector to which the other one widens; void if neither.
template <class A, class B, bool Left = __is_same(A, B) || widens<B, A>, bool Right = widens<A, B>> struct Join {
  using type = void;
};
template <class A, class B, bool Right> struct Join<A, B, true, Right> {
  using type = A;
};
template <class A, class B> struct Join<A, B, false, true> {
  using type = B;
};
// Two scalars before a vector wait for it: clamp(s, s, v).
template <class A, class B, class C, bool BothScalar = __is_arithmetic(A) && __is_arithmetic(B)>
struct Join3 : Join<typename Join<A, B>::type, C> {};
template <class A, class B, class C> struct Join3<A, B, C, true> {
  using type = metal::conditional_t<widens<A, C>, typename Join<B, C>::type, void>;
};

template <class V, bool = is_vec<V>> struct OnlyVector {};
template <class V> struct OnlyVector<V, true> {
  using type = V;
};
// Functions of bfloat are templates, so that a kernel's own overload for bfloat is a better match and no redefinition.
template <class T> using only_bfloat = metal::enable_if_t<__is_same(T, __bf16), int>;
template <class A, class B> using join2 = typename OnlyVector<typename Join<A, B>::type>::type;
template <class A, class B, class C> using join3 = typename OnlyVector<typename Join3<A, B, C>::type>::type;

} // namespace msl

// name(T) for scalars T in terms of `call` on Compute.
#define MSL_SCALAR1(name, T, Compute, call)                                                                            \
  MSL_FUNC T name(T a) { return static_cast<T>(call(static_cast<Compute>(a))); }
#define MSL_SCALAR2(name, T, Compute, call)                                                                            \
  MSL_FUNC T name(T a, T b) { return static_cast<T>(call(static_cast<Compute>(a), static_cast<Compute>(b))); }
#define MSL_SCALAR3(name, T, Compute, call)                                                                            \
  MSL_FUNC T name(T a, T b, T c) {                                                                                     \
    return static_cast<T>(call(static_cast<Compute>(a), static_cast<Compute>(b), static_cast<Compute>(c)));            \
  }

#define MSL_BFLOAT1(name, call) template <class T, msl::only_bfloat<T> = 0> MSL_SCALAR1(name, T, float, call)
#define MSL_BFLOAT2(name, call) template <class T, msl::only_bfloat<T> = 0> MSL_SCALAR2(name, T, float, call)
#define MSL_BFLOAT3(name, call) template <class T, msl::only_bfloat<T> = 0> MSL_SCALAR3(name, T, float, call)

#define MSL_VECTOR1(name)                                                                                              \
  template <class T, int N> MSL_FUNC vec<T, N> name(vec<T, N> va) {                                                    \
    vec<T, N> r;                                                                                                       \
    r.x = name(va.x), r.y = name(va.y);                                                                                \
    if constexpr (N > 2)                                                                                               \
      r.z = name(va.z);                                                                                                \
    if constexpr (N > 3)                                                                                               \
      r.w = name(va.w);                                                                                                \
    return r;                                                                                                          \
  }
#define MSL_VECTOR2(name)                                                                                              \
  template <class A, class B, class V = msl::join2<A, B>> MSL_FUNC V name(A a, B b) {                                  \
    const V va(a), vb(b);                                                                                              \
    V r;                                                                                                               \
    r.x = name(va.x, vb.x), r.y = name(va.y, vb.y);                                                                    \
    if constexpr (V::msl_size > 2)                                                                                     \
      r.z = name(va.z, vb.z);                                                                                          \
    if constexpr (V::msl_size > 3)                                                                                     \
      r.w = name(va.w, vb.w);                                                                                          \
    return r;                                                                                                          \
  }
#define MSL_VECTOR3(name)                                                                                              \
  template <class A, class B, class C, class V = msl::join3<A, B, C>> MSL_FUNC V name(A a, B b, C c) {                 \
    const V va(a), vb(b), vc(c);                                                                                       \
    V r;                                                                                                               \
    r.x = name(va.x, vb.x, vc.x), r.y = name(va.y, vb.y, vc.y);                                                        \
    if constexpr (V::msl_size > 2)                                                                                     \
      r.z = name(va.z, vb.z, vc.z);                                                                                    \
    if constexpr (V::msl_size > 3)                                                                                     \
      r.w = name(va.w, vb.w, vc.w);                                                                                    \
    return r;                                                                                                          \
  }

// The three floating-point types, computed in float; then vectors.
#define MSL_FLOATING(n, name, call)                                                                                    \
  MSL_SCALAR##n(name, float, float, call) MSL_SCALAR##n(name, _Float16, float, call) MSL_BFLOAT##n(name, call)         \
      MSL_VECTOR##n(name)

// The integer types that arithmetic functions take, each in its own width; int8_t is a signed char.
#define MSL_INTEGERS(M)                                                                                                \
  M(char) M(signed char) M(unsigned char) M(short) M(unsigned short) M(int) M(unsigned int) M(long) M(unsigned long)
