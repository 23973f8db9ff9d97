// Means of windows along L: a thread makes four neighbours of four channels and loads what their windows share once.
//! tune: NEIGHBOURS in 1, 2, 4, 8
//! grid: ceil_div(C, 4) ceil_div(ceil_div(L - k + 1, stride), NEIGHBOURS) B
//! threadgroup: min(ceil_div(C, 4), 32) 8 1
#include "pooling.h"
#include <metal_stdlib>
using namespace metal;

constant constexpr uint NEIGHBOURS = 4;

kernel void avg_pool1d_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                           constant uint &L [[buffer(3)]], constant uint &C [[buffer(4)]],
                           constant uint &k [[buffer(5)]], constant uint &stride [[buffer(6)]],
                           uint3 position [[thread_position_in_grid]]) {
  const pooling::Shape shape = {uint3(L, 1, 1), uint3(k, 1, 1), stride, C};
  pooling::pool<NEIGHBOURS>(pooling::Mean(), x, y, shape, position);
}
