// metal::precise, function by function: the bounds that hold whatever the math mode of the library.
#include <metal_stdlib>
using namespace metal;

kernel void around_zero(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                        uint i [[thread_position_in_grid]]) {
  float v = x[i];
  out[i * 8 + 0] = precise::sin(v);
  out[i * 8 + 1] = precise::cos(v);
  out[i * 8 + 2] = precise::tan(v);
  out[i * 8 + 3] = precise::atan(v);
  out[i * 8 + 4] = precise::sinh(v);
  out[i * 8 + 5] = precise::cosh(v);
  out[i * 8 + 6] = precise::tanh(v);
  out[i * 8 + 7] = precise::exp(v);
}

kernel void powers_of_bases(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                            uint i [[thread_position_in_grid]]) {
  out[i * 2 + 0] = precise::exp2(x[i]);
  out[i * 2 + 1] = precise::exp10(x[i]);
}

kernel void of_positive(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                        uint i [[thread_position_in_grid]]) {
  float v = x[i];
  out[i * 6 + 0] = precise::sqrt(v);
  out[i * 6 + 1] = precise::rsqrt(v);
  out[i * 6 + 2] = precise::log(v);
  out[i * 6 + 3] = precise::log2(v);
  out[i * 6 + 4] = precise::log10(v);
  out[i * 6 + 5] = precise::divide(1.0f, v);
}

kernel void of_unit_interval(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                             uint i [[thread_position_in_grid]]) {
  out[i * 2 + 0] = precise::asin(x[i]);
  out[i * 2 + 1] = precise::acos(x[i]);
}

kernel void of_two(device const float2* x [[buffer(0)]], device float* out [[buffer(1)]],
                   uint i [[thread_position_in_grid]]) {
  float a = x[i].x, b = x[i].y;
  out[i * 4 + 0] = precise::atan2(a, b);
  out[i * 4 + 1] = precise::pow(fabs(a), b);
  out[i * 4 + 2] = precise::fmod(a, b);
  out[i * 4 + 3] = precise::divide(a, b);
}

kernel void large_angles(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                         uint i [[thread_position_in_grid]]) {
  out[i * 2 + 0] = precise::sin(x[i]);
  out[i * 2 + 1] = precise::cos(x[i]);
}

kernel void limits(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                   uint i [[thread_position_in_grid]]) {
  out[i * 4 + 0] = precise::exp(x[i]);
  out[i * 4 + 1] = precise::tanh(x[i]);
  out[i * 4 + 2] = precise::log(x[i]);
  out[i * 4 + 3] = precise::sqrt(x[i]);
}

kernel void precise_vectors(device const float4* x [[buffer(0)]], device float4* out [[buffer(1)]],
                            uint i [[thread_position_in_grid]]) {
  out[i] = precise::exp(x[i].wzyx) + precise::tanh(x[i]).y;
}

// x: a number and its rounded square, negated. A fused multiply-add keeps the low half of the product.
kernel void fused(device const float2* x [[buffer(0)]], device float* out [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  out[i] = fma(x[i].x, x[i].x, x[i].y);
}
