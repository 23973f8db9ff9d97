// Implicit products over 64 pixels and 16 filters a threadgroup, relu and the residual in their epilogues, then the
// mean and the classifier, a threadgroup an image.
//! reason loads: a window serves the 16 filters there are, not 64, and its nine uses of a pixel meet in a cache
//! reason threadgroups: one image has no more tiles
//! scratch h: float 16384
//! scratch inner: float 16384
//! scratch out: float 16384
//! dispatch convolve_relu grid: 64 16 threadgroup: 64 bind 0=x bind 1=W_stem bind 2=h const 20=1 const 21=32 const 22=3 const 23=3 const 24=16 const 25=16
//! dispatch convolve_relu grid: 64 16 threadgroup: 64 bind 0=h bind 1=W_a bind 2=inner const 20=1 const 21=32 const 22=16 const 23=16 const 24=16 const 25=16
//! dispatch convolve_add_relu grid: 64 16 threadgroup: 64 bind 0=inner bind 1=W_b bind 2=out bind 3=h const 20=1 const 21=32 const 22=16
//! dispatch resnet_f32 grid: 256 threadgroup: 256 bind 0=out bind 1=W_fc bind 2=y const 20=1024 const 21=16 const 22=10
#include "image_networks.h"
using namespace metal;

kernel void resnet_f32(device const float *out [[buffer(0)]], device const float *W_fc [[buffer(1)]],
                       device float *y [[buffer(2)]], constant uint &pixels [[buffer(20)]],
                       constant uint &channels [[buffer(21)]], constant uint &classes [[buffer(22)]],
                       uint image [[threadgroup_position_in_grid]], uint thread_index [[thread_index_in_threadgroup]]) {
  threadgroup float sums[networks::CLASSIFIER_THREADS];
  networks::classify(out + ulong(image) * pixels * channels, W_fc, y + image * classes, pixels, channels, classes, sums,
                     thread_index);
}
