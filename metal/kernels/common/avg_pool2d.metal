// Means of square windows: four channels of one output a thread, whole lines of channels a SIMD-group.
//! tune: NEIGHBOURS in 1, 2, 4, 8
//! grid: ceil_div(C, 4) ceil_div(ceil_div(W - k + 1, stride), NEIGHBOURS) B * ceil_div(H - k + 1, stride)
//! threadgroup: min(ceil_div(C, 4), 32) 8 1
#include "pooling.h"
#include <metal_stdlib>
using namespace metal;

constant constexpr uint NEIGHBOURS = 1;

kernel void avg_pool2d_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                           constant uint &H [[buffer(3)]], constant uint &W [[buffer(4)]],
                           constant uint &C [[buffer(5)]], constant uint &k [[buffer(6)]],
                           constant uint &stride [[buffer(7)]], uint3 position [[thread_position_in_grid]]) {
  const pooling::Shape shape = {uint3(W, H, 1), uint3(k, k, 1), stride, C};
  pooling::pool<NEIGHBOURS>(pooling::Mean(), x, y, shape, position);
}
