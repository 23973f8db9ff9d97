// Implicit products over 64 pixels and 16 filters a threadgroup, relu and the residual in their epilogues, then the
// mean and the classifier, a threadgroup an image.
//! reason loads: a window serves the 16 filters there are, not 64, and its nine uses of a pixel meet in a cache
//! scratch h: float B * side * side * C
//! scratch inner: float B * side * side * C
//! scratch out: float B * side * side * C
//! dispatch convolve_relu grid: 64 * ceil_div(C, 16) ceil_div(B * side * side, 64) threadgroup: 64 bind 0=x bind 1=W_stem bind 2=h const 20=B const 21=side const 22=3 const 23=3 const 24=C const 25=C
//! dispatch convolve_relu grid: 64 * ceil_div(C, 16) ceil_div(B * side * side, 64) threadgroup: 64 bind 0=h bind 1=W_a bind 2=inner const 20=B const 21=side const 22=C const 23=C const 24=C const 25=C
//! dispatch convolve_add_relu grid: 64 * ceil_div(C, 16) ceil_div(B * side * side, 64) threadgroup: 64 bind 0=inner bind 1=W_b bind 2=out bind 3=h const 20=B const 21=side const 22=C
//! dispatch resnet_batch_f32 grid: 256 * B threadgroup: 256 bind 0=out bind 1=W_fc bind 2=y const 20=side * side const 21=C const 22=classes
#include "image_networks.h"
using namespace metal;

kernel void resnet_batch_f32(device const float *out [[buffer(0)]], device const float *W_fc [[buffer(1)]],
                             device float *y [[buffer(2)]], constant uint &pixels [[buffer(20)]],
                             constant uint &channels [[buffer(21)]], constant uint &classes [[buffer(22)]],
                             uint image [[threadgroup_position_in_grid]],
                             uint thread_index [[thread_index_in_threadgroup]]) {
  threadgroup float sums[networks::CLASSIFIER_THREADS];
  networks::classify(out + ulong(image) * pixels * channels, W_fc, y + image * classes, pixels, channels, classes, sums,
                     thread_index);
}
