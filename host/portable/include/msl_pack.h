// msl_pack.h: <metal_pack> (MSL 6.14): normalised integers of a word to and from vectors.
#pragma once

#include "msl_math.h"

namespace msl {

// A component of `bits` bits; a negative width is a signed one.
MSL_FUNC float unpack_component(uint32_t word, int shift, int bits) {
  const int width = bits < 0 ? -bits : bits;
  const float most = static_cast<float>((1u << (bits < 0 ? width - 1 : width)) - 1);
  if (bits > 0)
    return static_cast<float>(word >> shift & ((1u << width) - 1)) / most;
  return fmax(static_cast<float>(static_cast<int32_t>(word << (32 - width - shift)) >> (32 - width)) / most, -1.0f);
}
MSL_FUNC uint32_t pack_component(float x, int shift, int bits) {
  const int width = bits < 0 ? -bits : bits;
  const float most = static_cast<float>((1u << (bits < 0 ? width - 1 : width)) - 1);
  const float scaled = __builtin_rintf(clamp(x, bits < 0 ? -1.0f : 0.0f, 1.0f) * most);
  return (static_cast<uint32_t>(static_cast<int32_t>(scaled)) & ((1u << width) - 1)) << shift;
}
MSL_FUNC float from_srgb(float x) { return x <= 0.04045f ? x / 12.92f : pow((x + 0.055f) / 1.055f, 2.4f); }
MSL_FUNC float to_srgb(float x) { return x < 0.0031308f ? 12.92f * x : 1.055f * pow(x, 1.0f / 2.4f) - 0.055f; }
template <class T, int N> MSL_FUNC vec<T, N> unpack(uint32_t word, const int (&bits)[N]) {
  vec<T, N> r;
  for (int i = 0, shift = 0; i < N; shift += bits[i] < 0 ? -bits[i] : bits[i], ++i)
    r[i] = static_cast<T>(unpack_component(word, shift, bits[i]));
  return r;
}
template <class T, int N> MSL_FUNC uint32_t pack(vec<T, N> x, const int (&bits)[N]) {
  uint32_t word = 0;
  for (int i = 0, shift = 0; i < N; shift += bits[i] < 0 ? -bits[i] : bits[i], ++i)
    word |= pack_component(static_cast<float>(x[i]), shift, bits[i]);
  return word;
}

} // namespace msl

namespace metal {

#define MSL_PACKING(T, name, format, N, Word, ...)                                                                     \
  MSL_FUNC vec<T, N> unpack_##format##_to_##name(Word word) {                                                          \
    constexpr int bits[] = {__VA_ARGS__};                                                                              \
    return msl::unpack<T>(word, bits);                                                                                 \
  }                                                                                                                    \
  MSL_FUNC Word pack_##name##_to_##format(vec<T, N> x) {                                                               \
    constexpr int bits[] = {__VA_ARGS__};                                                                              \
    return static_cast<Word>(msl::pack(x, bits));                                                                      \
  }
#define MSL_PACKINGS(T, name)                                                                                          \
  MSL_PACKING(T, name, unorm4x8, 4, uint, 8, 8, 8, 8)                                                                  \
  MSL_PACKING(T, name, snorm4x8, 4, uint, -8, -8, -8, -8)                                                              \
  MSL_PACKING(T, name, unorm2x16, 2, uint, 16, 16)                                                                     \
  MSL_PACKING(T, name, snorm2x16, 2, uint, -16, -16)                                                                   \
  MSL_PACKING(T, name, unorm10a2, 4, uint, 10, 10, 10, 2)                                                              \
  MSL_PACKING(T, name, unorm565, 3, ushort, 5, 6, 5)                                                                   \
  MSL_FUNC vec<T, 4> unpack_unorm4x8_srgb_to_##name(uint word) {                                                       \
    vec<T, 4> r = unpack_unorm4x8_to_##name(word);                                                                     \
    for (int i = 0; i < 3; ++i)                                                                                        \
      r[i] = static_cast<T>(msl::from_srgb(static_cast<float>(r[i])));                                                 \
    return r;                                                                                                          \
  }                                                                                                                    \
  MSL_FUNC uint pack_##name##_to_srgb_unorm4x8(vec<T, 4> x) {                                                          \
    for (int i = 0; i < 3; ++i)                                                                                        \
      x[i] = static_cast<T>(msl::to_srgb(msl::clamp(static_cast<float>(x[i]), 0.0f, 1.0f)));                           \
    return pack_##name##_to_unorm4x8(x);                                                                               \
  }
MSL_PACKINGS(float, float)
// half is a macro.
#pragma push_macro("half")
#undef half
MSL_PACKINGS(_Float16, half)
#pragma pop_macro("half")
#undef MSL_PACKINGS
#undef MSL_PACKING

} // namespace metal
