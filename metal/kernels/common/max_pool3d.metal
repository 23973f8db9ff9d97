// Maxima of cubic windows: four channels of one output a thread, whole lines of channels a SIMD-group.
//! tune: NEIGHBOURS in 1, 2, 4, 8
//! grid: ceil_div(C, 4) ceil_div(ceil_div(W - k + 1, stride), NEIGHBOURS) B * ceil_div(D - k + 1, stride) * ceil_div(H - k + 1, stride)
//! threadgroup: min(ceil_div(C, 4), 32) 8 1
#include "pooling.h"
#include <metal_stdlib>
using namespace metal;

constant constexpr uint NEIGHBOURS = 1;

kernel void max_pool3d_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                           constant uint &D [[buffer(3)]], constant uint &H [[buffer(4)]],
                           constant uint &W [[buffer(5)]], constant uint &C [[buffer(6)]],
                           constant uint &k [[buffer(7)]], constant uint &stride [[buffer(8)]],
                           uint3 position [[thread_position_in_grid]]) {
  const pooling::Shape shape = {uint3(W, H, D), uint3(k), stride, C};
  pooling::pool<NEIGHBOURS>(pooling::Largest(), x, y, shape, position);
}
