// The honest twin: the same kernel without the fault.
// twin of: own_20_integer_overflow.metal
// kernel: embedding
// size: check
//! grid: D S 1
//! threadgroup: 32 8 1
#include <metal_stdlib>
using namespace metal;

kernel void embedding_f32(device const float *indices [[buffer(0)]], device const float *table [[buffer(1)]],
                          device float *y [[buffer(2)]], constant uint &V [[buffer(4)]], constant uint &D [[buffer(5)]],
                          uint2 position [[thread_position_in_grid]]) {
  const uint index = uint(indices[position.y]);
  y[ulong(position.y) * D + position.x] = table[ulong(index) * D + position.x];
}
