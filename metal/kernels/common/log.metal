// One float4 a thread; 1e-30 keeps zero out of the logarithm.
//! grid: ceil_div(rows * cols, 4) 1 1
//! threadgroup: 256 1 1
#include "elementwise.h"
#include <metal_stdlib>
using namespace metal;

struct Log {
  template <typename T> T operator()(T x) const { return log(fabs(x) + 1e-30f); }
};

kernel void log_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]], constant uint &N [[buffer(2)]],
                    uint index [[thread_position_in_grid]]) {
  map(Log(), index, N, y, x);
}
