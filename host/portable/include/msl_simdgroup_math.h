// msl_simdgroup_math.h: the work behind simdgroup_matrix on plain 8x8 arrays: product, load, store.
#pragma once

#include "msl_names.h"

// One operation of a SIMD-group on whole matrices. Where lanes run as one these are the operations that the widener
// knows by name; everywhere else loads and stores are part of their caller.
#ifdef MSL_LANES
#define MSL_MATRIX_OPERATION __attribute__((noinline, convergent))
#define MSL_MATRIX_PRODUCT MSL_MATRIX_OPERATION
#else
#define MSL_MATRIX_OPERATION MSL_FUNC
#define MSL_MATRIX_PRODUCT __attribute__((noinline)) static
#endif

namespace msl {

constexpr int matrix_size = 8;

// Eight elements of a row.
template <class T> using Row __attribute__((ext_vector_type(8))) = T;
using FloatRow = Row<float>;

template <class T> MSL_FUNC FloatRow load_row(const T *p) {
  Row<T> row;
  __builtin_memcpy(&row, p, sizeof(row));
  return __builtin_convertvector(row, FloatRow);
}
template <class T> MSL_FUNC void store_row(T *p, FloatRow row) {
  const Row<T> narrow = __builtin_convertvector(row, Row<T>);
  __builtin_memcpy(p, &narrow, sizeof(narrow));
}

// Rows become columns: three times the rows of the upper half are interleaved with those of the lower one.
template <class T> MSL_FUNC void transpose_rows(Row<T> (&rows)[matrix_size]) {
#pragma clang loop unroll(full)
  for (int round = 0; round < 3; ++round) {
    Row<T> mixed[matrix_size];
#pragma clang loop unroll(full)
    for (int i = 0; i < matrix_size / 2; ++i) {
      const Row<T> upper = rows[i], lower = rows[i + matrix_size / 2];
      mixed[2 * i] = __builtin_shufflevector(upper, lower, 0, 8, 1, 9, 2, 10, 3, 11);
      mixed[2 * i + 1] = __builtin_shufflevector(upper, lower, 4, 12, 5, 13, 6, 14, 7, 15);
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < matrix_size; ++i)
      rows[i] = mixed[i];
  }
}
// From rows that lie `step` apart to rows that lie `to_step` apart, transposed.
template <class T> MSL_FUNC void copy_transposed(T *to, unsigned long to_step, const T *from, unsigned long step) {
  Row<T> rows[matrix_size];
#pragma clang loop unroll(full)
  for (int i = 0; i < matrix_size; ++i)
    __builtin_memcpy(&rows[i], from + i * step, sizeof(rows[i]));
  transpose_rows(rows);
#pragma clang loop unroll(full)
  for (int i = 0; i < matrix_size; ++i)
    __builtin_memcpy(to + i * to_step, &rows[i], sizeof(rows[i]));
}

// The same elements as floats, converted eight at a time.
MSL_FUNC const float *as_floats(const float *from, float *) { return from; }
template <class T> MSL_FUNC const float *as_floats(const T *from, float *room) {
#pragma clang loop unroll(full)
  for (int i = 0; i < matrix_size; ++i)
    store_row(room + i * matrix_size, load_row(from + i * matrix_size));
  return room;
}

// d = a b + c. Out of line: inlined into a tile loop it made one kernel compile for many seconds, and run slower. All
// of b is read before d is written and each row of a before its row of d, so d may be any of the others.
template <class D, class A, class B, class C>
MSL_MATRIX_PRODUCT void matrix_multiply_add(D *d, const A *a, const B *b, const C *c) {
  alignas(32) float room[matrix_size * matrix_size];
  const float *const left = as_floats(a, room);
  FloatRow rows[matrix_size];
#pragma clang loop unroll(full)
  for (int k = 0; k < matrix_size; ++k)
    rows[k] = load_row(b + k * matrix_size);
#pragma clang loop unroll(full)
  for (int i = 0; i < matrix_size; ++i) {
    FloatRow sum = load_row(c + i * matrix_size);
#pragma clang loop unroll(full)
    for (int k = 0; k < matrix_size; ++k)
      sum = __builtin_elementwise_fma(FloatRow(left[i * matrix_size + k]), rows[k], sum);
    store_row(d + i * matrix_size, sum);
  }
}
template <class D, class A, class B> MSL_MATRIX_PRODUCT void matrix_multiply(D *d, const A *a, const B *b) {
  static constexpr float zero[matrix_size * matrix_size] = {};
  matrix_multiply_add(d, a, b, zero);
}

template <class T> MSL_MATRIX_OPERATION void matrix_read(T *to, const T *from, unsigned long stride, bool transpose) {
  if (transpose) {
    copy_transposed(to, matrix_size, from, stride);
    return;
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < matrix_size; ++i)
    __builtin_memcpy(to + i * matrix_size, from + i * stride, matrix_size * sizeof(T));
}
template <class T> MSL_MATRIX_OPERATION void matrix_write(const T *from, T *to, unsigned long stride, bool transpose) {
  if (transpose) {
    copy_transposed(to, stride, from, matrix_size);
    return;
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < matrix_size; ++i)
    __builtin_memcpy(to + i * stride, from + i * matrix_size, matrix_size * sizeof(T));
}
template <class T> MSL_MATRIX_OPERATION void matrix_fill(T *to, T value) {
  for (int i = 0; i < matrix_size * matrix_size; ++i)
    to[i] = value;
}
template <class T> MSL_MATRIX_OPERATION void matrix_diagonal(T *to, T value) {
  for (int i = 0; i < matrix_size * matrix_size; ++i)
    to[i] = i % (matrix_size + 1) == 0 ? value : T(0);
}

template <class T>
MSL_FUNC void matrix_load(T *to, const T *from, unsigned long stride, const vec<unsigned long, 2> &origin,
                          bool transpose) {
  matrix_read(to, from + (origin.y * stride + origin.x), stride, transpose);
}
template <class T>
MSL_FUNC void matrix_store(const T *from, T *to, unsigned long stride, const vec<unsigned long, 2> &origin,
                           bool transpose) {
  matrix_write(from, to + (origin.y * stride + origin.x), stride, transpose);
}

} // namespace msl

#undef MSL_MATRIX_OPERATION
#undef MSL_MATRIX_PRODUCT
