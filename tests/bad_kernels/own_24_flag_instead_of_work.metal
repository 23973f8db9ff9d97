// A flag in scratch says that the work is done; then none is done, in no time.
// row: own
// kernel: relu
// expect: uninitialised_read
// layer: poison
// backed: fresh, plausibility
// size: timed
// twin: own_24_flag_instead_of_work_honest.metal
//! scratch flags: uint ceil_div(rows * cols, 1024)
//! dispatch relu_f32 grid: ceil_div(rows * cols, 1024) threadgroup: 1 bind 3=flags
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], device uint *flags [[buffer(3)]],
                     uint i [[thread_position_in_grid]]) {
  if (flags[i] != 0) {
    return;
  }
  for (uint k = 1024 * i; k < min(1024 * i + 1024, N); ++k) {
    y[k] = max(x[k], 0.0f);
  }
  flags[i] = 1;
}
