// msl_simd_names.h: the names of <simd/simd.h>, which headers shared with a program's own language are written with.
#pragma once

#include "msl_matrix.h"
#include "msl_names.h"

#define MSL_SIMD_VECTOR(T, N)                                                                                          \
  using vector_##T##N = metal::T##N;                                                                                   \
  using simd_##T##N = metal::T##N;                                                                                     \
  namespace simd {                                                                                                     \
  using metal::T##N;                                                                                                   \
  }
#define MSL_SIMD_MATRIX(T, C, R)                                                                                       \
  using matrix_##T##C##x##R = metal::T##C##x##R;                                                                       \
  using simd_##T##C##x##R = metal::T##C##x##R;                                                                         \
  namespace simd {                                                                                                     \
  using metal::T##C##x##R;                                                                                             \
  }
#define MSL_SIMD_VECTORS(T) MSL_SIMD_VECTOR(T, 2) MSL_SIMD_VECTOR(T, 3) MSL_SIMD_VECTOR(T, 4)
#define MSL_SIMD_COLUMNS(T, C) MSL_SIMD_MATRIX(T, C, 2) MSL_SIMD_MATRIX(T, C, 3) MSL_SIMD_MATRIX(T, C, 4)
#define MSL_SIMD_MATRICES(T) MSL_SIMD_COLUMNS(T, 2) MSL_SIMD_COLUMNS(T, 3) MSL_SIMD_COLUMNS(T, 4)
#pragma push_macro("half")
#undef half
MSL_SIMD_VECTORS(char)
MSL_SIMD_VECTORS(uchar)
MSL_SIMD_VECTORS(short)
MSL_SIMD_VECTORS(ushort)
MSL_SIMD_VECTORS(int)
MSL_SIMD_VECTORS(uint)
MSL_SIMD_VECTORS(long)
MSL_SIMD_VECTORS(ulong)
MSL_SIMD_VECTORS(half)
MSL_SIMD_VECTORS(float)
MSL_SIMD_MATRICES(half)
MSL_SIMD_MATRICES(float)
#pragma pop_macro("half")
#undef MSL_SIMD_VECTOR
#undef MSL_SIMD_MATRIX
#undef MSL_SIMD_VECTORS
#undef MSL_SIMD_COLUMNS
#undef MSL_SIMD_MATRICES
