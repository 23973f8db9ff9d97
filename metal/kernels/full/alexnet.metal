// Three implicit products whose epilogues pool and cut off, then the connected layers. Every threadgroup computes
// whole pools, so no full-size activations are stored.
//! reason bytes: activations between layers pass through memory
//! reason lines: rows of windows are short
//! reason threadgroups: one image has no more tiles
//! scratch a: float 6272
//! scratch b: float 2304
//! scratch c: float 512
//! scratch d: float 256
//! dispatch convolve_pool_32 grid: 64 13 threadgroup: 64 bind 0=x bind 1=Wc1 bind 2=a const 20=1 const 21=32 const 22=3 const 23=5 const 24=32
//! dispatch convolve_pool_64 grid: 64 3 threadgroup: 64 bind 0=a bind 1=Wc2 bind 2=b const 20=1 const 21=14 const 22=32 const 23=3 const 24=64
//! dispatch convolve_pool_64 grid: 128 1 threadgroup: 64 bind 0=b bind 1=Wc3 bind 2=c const 20=1 const 21=6 const 22=64 const 23=3 const 24=128
//! dispatch connect_relu grid: 1024 1 threadgroup: 64 bind 0=c bind 1=Wfc1 bind 2=d const 20=1 const 21=512 const 22=256
//! dispatch alexnet_f32 grid: 64 1 threadgroup: 64 bind 0=d bind 1=Wfc2 bind 2=y const 20=1 const 21=256 const 22=10
#include "image_networks.h"
using namespace metal;

kernel void alexnet_f32(device const float *x [[buffer(0)]], device const float *w [[buffer(1)]],
                        device float *y [[buffer(2)]], constant uint &images [[buffer(20)]],
                        constant uint &inputs [[buffer(21)]], constant uint &outputs [[buffer(22)]],
                        uint2 group [[threadgroup_position_in_grid]], uint thread_index [[thread_index_in_threadgroup]],
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
