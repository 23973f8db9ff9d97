// Three dispatches: moments of up to 64 chunks of rows, their statistics, and the result. Statistics need every row, so
// x is read twice: 1.5 times the least bytes.
//! reason bytes: statistics need every row, so x is read twice
//! tune: ROWS in 2, 4, 8, 16, 32
//! scratch parts: float 2 * min(ceil_div(N, 64), 64) * C
//! scratch statistics: float 2 * C
//! dispatch batch_norm_parts grid: 32 * ceil_div(C, 128) 8 * min(ceil_div(N, 64), 64) threadgroup: 32 8 bind 1=parts
//! dispatch batch_norm_statistics grid: ceil_div(C, 4) threadgroup: 32 bind 0=parts bind 1=statistics
//! dispatch batch_norm_f32 grid: 32 * ceil_div(C, 128) ceil_div(N, ROWS) threadgroup: 32 8 bind 5=statistics
#include "column_moments.h"
#include <metal_stdlib>
using namespace metal;

constant constexpr uint ROWS = 8;

kernel void batch_norm_parts(device const float *x [[buffer(0)]], device float *parts [[buffer(1)]],
                             constant uint &N [[buffer(2)]], constant uint &C [[buffer(3)]],
                             uint2 group [[threadgroup_position_in_grid]], uint lane [[thread_index_in_simdgroup]],
                             uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup column::Partials partials;
  column::write_part(x, parts, N, C, group, lane, simd, partials);
}

kernel void batch_norm_statistics(device const float *parts [[buffer(0)]], device float *statistics [[buffer(1)]],
                                  constant uint &N [[buffer(2)]], constant uint &C [[buffer(3)]],
                                  constant float &eps [[buffer(4)]], uint index [[thread_position_in_grid]]) {
  column::write_statistics(parts, statistics, N, C, eps, 4 * index);
}

kernel void batch_norm_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                           constant uint &N [[buffer(2)]], constant uint &C [[buffer(3)]],
                           device const float *statistics [[buffer(5)]], uint2 position [[thread_position_in_grid]]) {
  const uint first = 4 * position.x;
  const float4 mean = row::load4(statistics, first, C);
  const float4 scale = row::load4(statistics + C, first, C);
  for (uint r = ROWS * position.y; r < min(ROWS * position.y + ROWS, N); ++r) {
    const ulong start = ulong(r) * C;
    row::store4(y + start, first, C, (row::load4(x + start, first, C) - mean) * scale);
  }
}
