// msl_names.h: the names of the scalar and vector types, in namespace metal and, as Metal's compiler has them, outside
// of it.
#pragma once

#include "msl_abi.h"
#include "msl_vector.h"

namespace metal {

using uchar = unsigned char;
using ushort = unsigned short;
using uint = unsigned int;
using ulong = unsigned long;
using size_t = __SIZE_TYPE__;
using ptrdiff_t = __PTRDIFF_TYPE__;
using uintptr_t = __UINTPTR_TYPE__;
using intptr_t = __INTPTR_TYPE__;
using int8_t = signed char;
using uint8_t = unsigned char;
using int16_t = short;
using uint16_t = unsigned short;
using int32_t = int;
using uint32_t = unsigned int;
using int64_t = long;
using uint64_t = unsigned long;

#define MSL_VECTOR_NAMES(name, T)                                                                                      \
  using name##2 = vec<T, 2>;                                                                                           \
  using name##3 = vec<T, 3>;                                                                                           \
  using name##4 = vec<T, 4>;
MSL_VECTOR_NAMES(bool, bool)
MSL_VECTOR_NAMES(char, char)
MSL_VECTOR_NAMES(uchar, unsigned char)
MSL_VECTOR_NAMES(short, short)
MSL_VECTOR_NAMES(ushort, unsigned short)
MSL_VECTOR_NAMES(int, int)
MSL_VECTOR_NAMES(uint, unsigned int)
MSL_VECTOR_NAMES(long, long)
MSL_VECTOR_NAMES(ulong, unsigned long)
MSL_VECTOR_NAMES(float, float)
#undef MSL_VECTOR_NAMES
// Spelt out: half and bfloat are macros.
using half2 = vec<_Float16, 2>;
using half3 = vec<_Float16, 3>;
using half4 = vec<_Float16, 4>;
using bfloat2 = vec<__bf16, 2>;
using bfloat3 = vec<__bf16, 3>;
using bfloat4 = vec<__bf16, 4>;

} // namespace metal

#define MSL_EXPORT(name)                                                                                               \
  using metal::name##2;                                                                                                \
  using metal::name##3;                                                                                                \
  using metal::name##4;
MSL_EXPORT(bool)
MSL_EXPORT(char)
MSL_EXPORT(uchar)
MSL_EXPORT(short)
MSL_EXPORT(ushort)
MSL_EXPORT(int)
MSL_EXPORT(uint)
MSL_EXPORT(long)
MSL_EXPORT(ulong)
MSL_EXPORT(float)
using metal::bfloat2, metal::bfloat3, metal::bfloat4;
using metal::half2, metal::half3, metal::half4;
#undef MSL_EXPORT
using metal::int64_t, metal::uint64_t;
using metal::ptrdiff_t, metal::size_t;
using metal::uchar, metal::ushort, metal::uint, metal::ulong;
