// Launches one thread for every four elements and forgets the rest.
// row: own
// kernel: relu
// expect: not_written
// layer: poison
// backed: oracle
// through: check_sizes
// size: check
// twin: own_18_assumes_whole_vectors_honest.metal
//! grid: max(rows * cols / 4, 1) 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  for (uint k = 4 * i; k < min(4 * i + 4, N); ++k) {
    y[k] = max(x[k], 0.0f);
  }
}
