// Three implicit products whose epilogues pool and cut off, then the connected layers. Every threadgroup computes
// whole pools, so no full-size activations are stored.
//! scratch a: float B * ((side - 4) / 2) * ((side - 4) / 2) * C1
//! scratch b: float B * ((side - 8) / 4) * ((side - 8) / 4) * C2
//! scratch c: float B * ((side - 16) / 8) * ((side - 16) / 8) * C3
//! scratch d: float B * F
//! dispatch convolve_pool_32 grid: 64 * ceil_div(C1, 32) ceil_div(B * ((side - 4) / 2) * ((side - 4) / 2), 16) threadgroup: 64 bind 0=x bind 1=Wc1 bind 2=a const 20=B const 21=side const 22=3 const 23=5 const 24=C1
//! dispatch convolve_pool_64 grid: 64 * ceil_div(C2, 64) ceil_div(B * ((side - 8) / 4) * ((side - 8) / 4), 16) threadgroup: 64 bind 0=a bind 1=Wc2 bind 2=b const 20=B const 21=(side - 4) / 2 const 22=C1 const 23=3 const 24=C2
//! dispatch convolve_pool_64 grid: 64 * ceil_div(C3, 64) ceil_div(B * ((side - 16) / 8) * ((side - 16) / 8), 16) threadgroup: 64 bind 0=b bind 1=Wc3 bind 2=c const 20=B const 21=(side - 8) / 4 const 22=C2 const 23=3 const 24=C3
//! dispatch connect_relu grid: 64 * ceil_div(F, 16) ceil_div(B, 64) threadgroup: 64 bind 0=c bind 1=Wfc1 bind 2=d const 20=B const 21=((side - 16) / 8) * ((side - 16) / 8) * C3 const 22=F
//! dispatch alexnet_batch_f32 grid: 64 * ceil_div(classes, 16) ceil_div(B, 64) threadgroup: 64 bind 0=d bind 1=Wfc2 bind 2=y const 20=B const 21=F const 22=classes
#include "image_networks.h"
using namespace metal;

kernel void alexnet_batch_f32(device const float *x [[buffer(0)]], device const float *w [[buffer(1)]],
                              device float *y [[buffer(2)]], constant uint &images [[buffer(20)]],
                              constant uint &inputs [[buffer(21)]], constant uint &outputs [[buffer(22)]],
                              uint2 group [[threadgroup_position_in_grid]],
                              uint thread_index [[thread_index_in_threadgroup]],
                              uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup float4 storage[tiled::Sizes<networks::COLS, false>::QUADS];
  threadgroup float *blocks = reinterpret_cast<threadgroup float *>(storage);
  const tiled::Place at = {64 * group.y, networks::COLS * group.x, thread_index, simd};
  tiled::Matrix left = {x, images, inputs};
  tiled::Matrix right = {w, inputs, outputs};
  tiled::Sums<networks::COLS> sums;
  tiled::multiply<networks::COLS, false>(sums, left, right, inputs, blocks, at);
  tiled::store(sums, y, images, outputs, blocks, at);
}
