// elementwise.h: applies a function to every element of arrays, four elements a thread, float4 by float4.
//
// A function is a struct whose operator() takes and gives float4 and float alike. Only the last thread of an array, or
// of a row, can meet the scalar tail, which has at most three elements.
#pragma once
#include <metal_stdlib>

inline float4 load4(device const float *x) { return *reinterpret_cast<device const float4 *>(x); }
inline bool4 load4(device const bool *x) { return *reinterpret_cast<device const bool4 *>(x); }

// y[i] = function(inputs[i]...) for the four elements of thread `index` of a grid of ceil_div(count, 4) threads.
template <typename Function, typename... Inputs>
inline void map(Function function, uint index, uint count, device float *y, Inputs... inputs) {
  const uint first = 4 * index;
  if (first + 4 <= count) {
    *reinterpret_cast<device float4 *>(y + first) = function(load4(inputs + first)...);
  } else {
    for (uint i = 0; i < 3; ++i) {
      if (first + i < count) {
        y[first + i] = function(inputs[first + i]...);
      }
    }
  }
}

// y[row, col] = function(x[row, col], b[col]) for four columns of four rows, so that b is read once for all four: a
// grid of ceil_div(cols, 4) by ceil_div(rows, 4) threads. Rows start where they will, so vectors are packed.
template <typename Function>
inline void map_rows(Function function, uint2 position, uint rows, uint cols, device float *y, device const float *x,
                     device const float *b) {
  const uint col = 4 * position.x;
  const uint end = metal::min(4 * position.y + 4, rows);
  if (col + 4 <= cols) {
    const float4 right = load4(b + col);
    for (uint row = 4 * position.y; row < end; ++row) {
      const ulong first = ulong(row) * cols + col;
      const float4 left = *reinterpret_cast<device const packed_float4 *>(x + first);
      *reinterpret_cast<device packed_float4 *>(y + first) = function(left, right);
    }
  } else {
    for (uint row = 4 * position.y; row < end; ++row) {
      device const float *values = x + ulong(row) * cols;
      device float *results = y + ulong(row) * cols;
      for (uint i = col; i < cols; ++i) {
        results[i] = function(values[i], b[i]);
      }
    }
  }
}
