// The Record of somebody else with other comments and white space.
// row: own
// kernel: relu
// expect: same_source
// layer: same_source
// size: record
// twin: own_23_copied_record_honest.metal
//! grid: ceil_div(rows * cols, 4) 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]], constant uint &N [[buffer(2)]],
                     uint index [[thread_position_in_grid]]) {
  const uint first   =   4 * index; // mine
  if (first + 4 <= N) {
    const float4 values = *reinterpret_cast<device const float4 *>(x + first);
    *reinterpret_cast<device float4 *>(y + first) = max(values, float4(0.0f));
  } else {
    for (uint i = first; i < N; ++i) {
      y[i] = max(x[i], 0.0f);
    }
  }
}
