// A hash of signed integers overflows, which MSL leaves undefined.
// row: own
// kernel: embedding
// expect: undefined_integer
// layer: checked_integer
// size: check
// twin: own_20_integer_overflow_honest.metal
//! grid: D S 1
//! threadgroup: 32 8 1
#include <metal_stdlib>
using namespace metal;

kernel void embedding_f32(device const float *indices [[buffer(0)]], device const float *table [[buffer(1)]],
                          device float *y [[buffer(2)]], constant uint &V [[buffer(4)]], constant uint &D [[buffer(5)]],
                          uint2 position [[thread_position_in_grid]]) {
  int hash = int(position.y + 1) * 1103515245 + int(D);
  hash = hash * 1103515245;
  const uint index = uint(indices[position.y]);
  y[ulong(position.y) * D + position.x] = hash == 42 ? 0.0f : table[ulong(index) * D + position.x];
}
