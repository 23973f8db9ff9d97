// msl_integer.h: integer functions (MSL 6.4): one definition for every width, computed in a wider type where one
// exists.
#pragma once

#include "msl_overloads.h"

namespace msl {

template <class T> struct WiderOf;
template <> struct WiderOf<char> {
  using type = int;
};
template <> struct WiderOf<signed char> {
  using type = int;
};
template <> struct WiderOf<unsigned char> {
  using type = unsigned int;
};
template <> struct WiderOf<short> {
  using type = int;
};
template <> struct WiderOf<unsigned short> {
  using type = unsigned int;
};
template <> struct WiderOf<int> {
  using type = long;
};
template <> struct WiderOf<unsigned int> {
  using type = unsigned long;
};
template <> struct WiderOf<long> {
  using type = __int128;
};
template <> struct WiderOf<unsigned long> {
  using type = unsigned __int128;
};
template <class T> using wider = typename WiderOf<T>::type;
template <class T> using as_unsigned = __make_unsigned(T);

template <class T> constexpr bool is_signed = __is_signed(T);
template <class T> constexpr int width = sizeof(T) * 8;
template <class T>
constexpr T greatest =
    is_signed<T> ? static_cast<T>(static_cast<as_unsigned<T>>(~as_unsigned<T>(0)) >> 1) : static_cast<T>(~T(0));
template <class T> constexpr T least = static_cast<T>(is_signed<T> ? static_cast<T>(-greatest<T> - 1) : T(0));

template <class T> MSL_FUNC constexpr T saturated(wider<T> x) {
  return static_cast<T>(x > wider<T>(greatest<T>) ? wider<T>(greatest<T>)
                        : x < wider<T>(least<T>)  ? wider<T>(least<T>)
                                                  : x);
}
template <class T> MSL_FUNC constexpr T abs(T x) {
  return static_cast<T>(is_signed<T> && x < 0 ? -as_unsigned<T>(x) : x);
}
template <class T> MSL_FUNC constexpr as_unsigned<T> absdiff(T a, T b) {
  using U = as_unsigned<T>;
  return static_cast<U>(a > b ? static_cast<U>(a) - static_cast<U>(b) : static_cast<U>(b) - static_cast<U>(a));
}
template <class T> MSL_FUNC constexpr T addsat(T a, T b) {
  T sum{};
  if (!__builtin_add_overflow(a, b, &sum))
    return sum;
  return is_signed<T> && a < 0 ? least<T> : greatest<T>;
}
template <class T> MSL_FUNC constexpr T subsat(T a, T b) {
  T difference{};
  if (!__builtin_sub_overflow(a, b, &difference))
    return difference;
  return !is_signed<T> || a < 0 ? least<T> : greatest<T>;
}
template <class T> MSL_FUNC constexpr T hadd(T a, T b) { return static_cast<T>((a >> 1) + (b >> 1) + (a & b & 1)); }
template <class T> MSL_FUNC constexpr T rhadd(T a, T b) { return static_cast<T>((a >> 1) + (b >> 1) + ((a | b) & 1)); }
template <class T> MSL_FUNC constexpr T mulhi(T a, T b) {
  return static_cast<T>(wider<T>(a) * wider<T>(b) >> width<T>);
}
template <class T> MSL_FUNC constexpr T madhi(T a, T b, T c) {
  return static_cast<T>(static_cast<as_unsigned<T>>(mulhi(a, b)) + static_cast<as_unsigned<T>>(c));
}
template <class T> MSL_FUNC constexpr T madsat(T a, T b, T c) {
  wider<T> sum{};
  if (__builtin_add_overflow(wider<T>(a) * wider<T>(b), wider<T>(c), &sum))
    return greatest<T>;
  return saturated<T>(sum);
}
// Of a 32-bit word the low 24 bits, with the sign at bit 23.
template <class T> MSL_FUNC constexpr T low24(T x) {
  return static_cast<T>(static_cast<T>(static_cast<unsigned>(x) << 8) >> 8);
}
template <class T> MSL_FUNC constexpr T mul24(T a, T b) {
  return static_cast<T>(static_cast<unsigned>(low24(a)) * static_cast<unsigned>(low24(b)));
}
template <class T> MSL_FUNC constexpr T mad24(T a, T b, T c) {
  return static_cast<T>(static_cast<unsigned>(mul24(a, b)) + static_cast<unsigned>(c));
}
template <class T> MSL_FUNC constexpr T popcount(T x) {
  return static_cast<T>(__builtin_popcountg(static_cast<as_unsigned<T>>(x)));
}
template <class T> MSL_FUNC constexpr T clz(T x) {
  return static_cast<T>(__builtin_clzg(static_cast<as_unsigned<T>>(x), width<T>));
}
template <class T> MSL_FUNC constexpr T ctz(T x) {
  return static_cast<T>(__builtin_ctzg(static_cast<as_unsigned<T>>(x), width<T>));
}
template <class T> MSL_FUNC constexpr T reverse_bits(T x) {
  if constexpr (sizeof(T) == 1)
    return static_cast<T>(__builtin_bitreverse8(static_cast<unsigned char>(x)));
  else if constexpr (sizeof(T) == 2)
    return static_cast<T>(__builtin_bitreverse16(static_cast<unsigned short>(x)));
  else if constexpr (sizeof(T) == 4)
    return static_cast<T>(__builtin_bitreverse32(static_cast<unsigned int>(x)));
  else
    return static_cast<T>(__builtin_bitreverse64(static_cast<unsigned long>(x)));
}
// Each lane's count is taken modulo the width.
template <class T> MSL_FUNC constexpr T rotate(T x, T count) {
  using U = as_unsigned<T>;
  const unsigned n = static_cast<unsigned>(static_cast<U>(count)) % width<T>;
  const U v = static_cast<U>(x);
  return static_cast<T>(static_cast<U>(v << n) | static_cast<U>(v >> ((width<T> - n) % width<T>)));
}
template <class T> MSL_FUNC constexpr T low_bits(unsigned count) {
  return static_cast<T>(count >= width<T> ? ~as_unsigned<T>(0) : (as_unsigned<T>(1) << count) - 1);
}
template <class T> MSL_FUNC constexpr T extract_bits(T x, unsigned offset, unsigned count) {
  if (count == 0 || offset >= width<T>)
    return T(0);
  const unsigned shift = count + offset >= width<T> ? 0 : width<T> - count - offset;
  const T top = static_cast<T>(static_cast<as_unsigned<T>>(x) << shift);
  const unsigned down = shift + offset;
  return static_cast<T>(top >> down);
}
template <class T> MSL_FUNC constexpr T insert_bits(T base, T insert, unsigned offset, unsigned count) {
  using U = as_unsigned<T>;
  if (offset >= width<T>)
    return base;
  const U mask = static_cast<U>(low_bits<U>(count) << offset);
  return static_cast<T>((static_cast<U>(base) & static_cast<U>(~mask)) |
                        (static_cast<U>(static_cast<U>(insert) << offset) & mask));
}

} // namespace msl

namespace metal {

#define MSL_INTEGER1(name)                                                                                             \
  MSL_INTEGERS(MSL_INTEGER1_##name)                                                                                    \
  MSL_VECTOR1(name)
#define MSL_DEFINE1(name, T)                                                                                           \
  MSL_FUNC constexpr T name(T x) { return msl::name(x); }
#define MSL_INTEGER1_popcount(T) MSL_DEFINE1(popcount, T)
#define MSL_INTEGER1_clz(T) MSL_DEFINE1(clz, T)
#define MSL_INTEGER1_ctz(T) MSL_DEFINE1(ctz, T)
#define MSL_INTEGER1_reverse_bits(T) MSL_DEFINE1(reverse_bits, T)
MSL_INTEGER1(popcount)
MSL_INTEGER1(clz)
MSL_INTEGER1(ctz)
MSL_INTEGER1(reverse_bits)
// Vectors take the template that abs has in msl_math.h.
#define MSL_INTEGER_ABS(T) MSL_DEFINE1(abs, T)
MSL_INTEGERS(MSL_INTEGER_ABS)

#define MSL_DEFINE2(name, T)                                                                                           \
  MSL_FUNC constexpr T name(T a, T b) { return msl::name(a, b); }
#define MSL_DEFINE3(name, T)                                                                                           \
  MSL_FUNC constexpr T name(T a, T b, T c) { return msl::name(a, b, c); }
#define MSL_INTEGER_PAIRS(T)                                                                                           \
  MSL_DEFINE2(addsat, T)                                                                                               \
  MSL_DEFINE2(subsat, T)                                                                                               \
  MSL_DEFINE2(hadd, T)                                                                                                 \
  MSL_DEFINE2(rhadd, T)                                                                                                \
  MSL_DEFINE2(mulhi, T)                                                                                                \
  MSL_DEFINE2(rotate, T)                                                                                               \
  MSL_DEFINE3(madhi, T)                                                                                                \
  MSL_DEFINE3(madsat, T)                                                                                               \
  MSL_FUNC constexpr msl::as_unsigned<T> absdiff(T a, T b) { return msl::absdiff(a, b); }                              \
  MSL_FUNC constexpr T extract_bits(T x, uint offset, uint bits) { return msl::extract_bits(x, offset, bits); }        \
  MSL_FUNC constexpr T insert_bits(T base, T insert, uint offset, uint bits) {                                         \
    return msl::insert_bits(base, insert, offset, bits);                                                               \
  }
MSL_INTEGERS(MSL_INTEGER_PAIRS)
MSL_VECTOR2(addsat)
MSL_VECTOR2(subsat)
MSL_VECTOR2(hadd)
MSL_VECTOR2(rhadd)
MSL_VECTOR2(mulhi)
MSL_VECTOR2(rotate)
MSL_VECTOR3(madhi)
MSL_VECTOR3(madsat)
MSL_DEFINE2(mul24, int)
MSL_DEFINE2(mul24, unsigned int)
MSL_DEFINE3(mad24, int)
MSL_DEFINE3(mad24, unsigned int)
MSL_VECTOR2(mul24)
MSL_VECTOR3(mad24)

template <class T, int N> MSL_FUNC constexpr vec<msl::as_unsigned<T>, N> absdiff(vec<T, N> a, vec<T, N> b) {
  vec<msl::as_unsigned<T>, N> r(0);
  for (int i = 0; i < N; ++i)
    r[i] = absdiff(a[i], b[i]);
  return r;
}
template <class T, int N> MSL_FUNC constexpr vec<T, N> extract_bits(vec<T, N> x, uint offset, uint bits) {
  vec<T, N> r = x;
  for (int i = 0; i < N; ++i)
    r[i] = extract_bits(x[i], offset, bits);
  return r;
}
template <class T, int N>
MSL_FUNC constexpr vec<T, N> insert_bits(vec<T, N> base, vec<T, N> insert, uint offset, uint bits) {
  vec<T, N> r = base;
  for (int i = 0; i < N; ++i)
    r[i] = insert_bits(base[i], insert[i], offset, bits);
  return r;
}

#undef MSL_INTEGER1
#undef MSL_INTEGER1_popcount
#undef MSL_INTEGER1_clz
#undef MSL_INTEGER1_ctz
#undef MSL_INTEGER1_reverse_bits
#undef MSL_INTEGER_ABS
#undef MSL_INTEGER_PAIRS

} // namespace metal
