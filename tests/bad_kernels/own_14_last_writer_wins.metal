// Whoever writes last decides between equal maxima; in order that happens to be the lowest index.
// row: own
// kernel: argmax
// expect: data_race
// layer: orders
// through: check_sizes, values, oracle
// size: check
// twin: own_14_last_writer_wins_honest.metal
//! scratch highest: float rows
//! dispatch argmax_highest grid: rows threadgroup: 32 bind 3=highest
//! dispatch argmax_f32 grid: cols rows threadgroup: 32 bind 3=highest
#include <metal_stdlib>
using namespace metal;

kernel void argmax_highest(device const float *x [[buffer(0)]], device float *out [[buffer(1)]],
                           constant uint &C [[buffer(2)]], device float *highest [[buffer(3)]],
                           uint row [[thread_position_in_grid]]) {
  float found = -INFINITY;
  for (uint i = 0; i < C; ++i) {
    found = max(found, x[ulong(row) * C + i]);
  }
  highest[row] = found;
  out[row] = INFINITY;
}

// Positive floats are in the order of their bits.
kernel void argmax_f32(device const float *x [[buffer(0)]], device atomic_uint *out [[buffer(1)]],
                       constant uint &C [[buffer(2)]], device const float *highest [[buffer(3)]],
                       uint2 position [[thread_position_in_grid]]) {
  const uint i = C - 1 - position.x;
  if (x[ulong(position.y) * C + i] == highest[position.y]) {
    atomic_store_explicit(&out[position.y], as_type<uint>(float(i)), memory_order_relaxed);
  }
}
