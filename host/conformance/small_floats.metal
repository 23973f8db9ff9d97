// half and bfloat: rounding to nearest even, overflow, literals, conversions, bit patterns.
#include <metal_stdlib>
using namespace metal;

kernel void half_round(device const float* x [[buffer(0)]], device half* out [[buffer(1)]],
                       uint i [[thread_position_in_grid]]) {
  out[i] = half(x[i]);
}

kernel void half_bits(device const half* x [[buffer(0)]], device ushort* out [[buffer(1)]],
                      uint i [[thread_position_in_grid]]) {
  out[i] = as_type<ushort>(x[i]);
}

kernel void half_add(device const half* x [[buffer(0)]], device half* out [[buffer(1)]],
                     uint i [[thread_position_in_grid]]) {
  half a = x[i];
  out[i] = a + 1.0h;
}

kernel void half_accumulate(device const half* x [[buffer(0)]], device float* out [[buffer(1)]]) {
  float sum = 0;
  for (uint i = 0; i < 16; ++i) sum += float(x[i]);
  out[0] = sum;
}

kernel void half4_scale(device const half4* x [[buffer(0)]], device half4* out [[buffer(1)]],
                        uint i [[thread_position_in_grid]]) {
  out[i] = x[i] * half(0.5) + half4(1.0h, 2.0h, 3.0h, 4.0h);
}

kernel void half_to_float4(device const half4* x [[buffer(0)]], device float4* out [[buffer(1)]],
                           uint i [[thread_position_in_grid]]) {
  out[i] = float4(x[i]) * 3.0f;
}

kernel void half_functions(device const half* x [[buffer(0)]], device half* out [[buffer(1)]],
                           uint i [[thread_position_in_grid]]) {
  out[i] = max(min(x[i], half(2)), -1.0h) + abs(x[i]) + floor(x[i]);
}

kernel void bfloat_round(device const float* x [[buffer(0)]], device bfloat* out [[buffer(1)]],
                         uint i [[thread_position_in_grid]]) {
  out[i] = bfloat(x[i]);
}

kernel void bfloat_widen(device const bfloat* x [[buffer(0)]], device float* out [[buffer(1)]],
                         uint i [[thread_position_in_grid]]) {
  out[i] = float(x[i]) * 2.0f;
}

kernel void bfloat_multiply(device const bfloat* x [[buffer(0)]], device bfloat* out [[buffer(1)]],
                            uint i [[thread_position_in_grid]]) {
  out[i] = x[i] * x[i];
}

kernel void single_precision_literals(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                                      uint i [[thread_position_in_grid]]) {
  out[i] = x[i] * 0.1 + 0.7;
}

kernel void bfloat_mixed(device const bfloat* x [[buffer(0)]], device float* out [[buffer(1)]],
                         uint i [[thread_position_in_grid]]) {
  out[i * 2 + 0] = x[i] * 0.5f;
  out[i * 2 + 1] = float(-x[i]);
}

kernel void half_multiply(device const half* x [[buffer(0)]], device half* out [[buffer(1)]],
                          uint i [[thread_position_in_grid]]) {
  out[i] = x[i] * 3.3h;
}

kernel void half_times_float(device const half* x [[buffer(0)]], device float* out [[buffer(1)]],
                             uint i [[thread_position_in_grid]]) {
  out[i] = x[i] * 1025.0f + 0.001f;
}

kernel void half_exp(device const half* x [[buffer(0)]], device half* out [[buffer(1)]],
                     uint i [[thread_position_in_grid]]) {
  out[i] = exp(x[i]);
}
