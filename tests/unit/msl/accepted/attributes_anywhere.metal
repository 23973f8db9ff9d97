// expect: f mode=loop buffers=3,5
#include <metal_stdlib>
using namespace metal;

kernel void f(
    [[buffer(3)]] device float* y,
    device const float* x
        [[buffer(
            5)]],
    [[thread_position_in_grid]] uint i) {
  y[i] = x[i];
}
