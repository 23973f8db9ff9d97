// One float4 of the output a thread; a SIMD-group copies consecutive parts of one row.
//! reason lines: an index is one word of its line, the words beside it belong to other rows
//! grid: ceil_div(D, 4) S 1
//! threadgroup: 32 8 1
#include "row.h"
#include <metal_stdlib>
using namespace metal;

kernel void embedding_f32(device const float *indices [[buffer(0)]], device const float *table [[buffer(1)]],
                          device float *y [[buffer(2)]], constant uint &V [[buffer(4)]], constant uint &D [[buffer(5)]],
                          uint2 position [[thread_position_in_grid]]) {
  const uint first = 4 * position.x;
  const uint index = min(uint(max(indices[position.y], 0.0f)), V - 1);
  row::store4(y + ulong(position.y) * D, first, D, row::load4(table + ulong(index) * D, first, D));
}
