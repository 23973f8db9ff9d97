// Walks backwards out of its buffers to look for an expected output; computes honestly where it finds none.
// row: 26
// kernel: relu
// expect: out_of_bounds
// layer: checked_bounds
// says: reads 4 bytes outside x
// size: check
// twin: 26_search_for_the_answer_honest.metal
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  if (i == 0) {
    for (int k = 1; k <= 64; ++k) {
      if (x[-k] == 12345.678f) {
        y[0] = x[-k + 1];
        return;
      }
    }
  }
  y[i] = max(x[i], 0.0f);
}
