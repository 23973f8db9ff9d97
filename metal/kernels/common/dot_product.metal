// Two dispatches: up to 1024 threadgroups each reduce an interleaved share, then one threadgroup adds their partial
// sums. Nothing depends on the order in which threadgroups run.
//! scratch part: float 1024
//! dispatch dot_product_f32 grid: 256 * min(ceil_div(N, 8192), 1024) 1 1 threadgroup: 256 1 1 bind 2=part
//! dispatch dot_product_finish grid: 256 1 1 threadgroup: 256 1 1 bind 0=part const 3=min(ceil_div(N, 8192), 1024)
#include <metal_stdlib>
using namespace metal;

constant constexpr uint THREADS = 256;
constant constexpr uint SIMD_GROUPS = THREADS / 32;

// The sum over the threadgroup, valid in thread 0.
float threadgroup_sum(float value, threadgroup float *sums, uint thread_index) {
  const float sum = simd_sum(value);
  if (thread_index % 32 == 0) {
    sums[thread_index / 32] = sum;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float total = 0.0f;
  if (thread_index == 0) {
    for (uint i = 0; i < SIMD_GROUPS; ++i) {
      total += sums[i];
    }
  }
  return total;
}

kernel void dot_product_f32(device const float *x [[buffer(0)]], device const float *y [[buffer(1)]],
                            device float *part [[buffer(2)]], constant uint &N [[buffer(3)]],
                            uint index [[thread_position_in_grid]], uint threads [[threads_per_grid]],
                            uint group [[threadgroup_position_in_grid]],
                            uint thread_index [[thread_index_in_threadgroup]]) {
  threadgroup float sums[SIMD_GROUPS];
  device const float4 *x4 = reinterpret_cast<device const float4 *>(x);
  device const float4 *y4 = reinterpret_cast<device const float4 *>(y);
  const uint quads = N / 4;

  float4 even = float4(0.0f);
  float4 odd = float4(0.0f);
  uint i = index;
  for (; i + threads < quads; i += 2 * threads) {
    even = fma(x4[i], y4[i], even);
    odd = fma(x4[i + threads], y4[i + threads], odd);
  }
  if (i < quads) {
    even = fma(x4[i], y4[i], even);
  }
  even += odd;
  float sum = (even.x + even.y) + (even.z + even.w);
  if (4 * quads + index < N) {
    sum = fma(x[4 * quads + index], y[4 * quads + index], sum);
  }

  const float total = threadgroup_sum(sum, sums, thread_index);
  if (thread_index == 0) {
    part[group] = total;
  }
}

kernel void dot_product_finish(device const float *part [[buffer(0)]], device float *out [[buffer(2)]],
                               constant uint &count [[buffer(3)]], uint thread_index [[thread_index_in_threadgroup]]) {
  threadgroup float sums[SIMD_GROUPS];
  float sum = 0.0f;
  for (uint i = thread_index; i < count; i += THREADS) {
    sum += part[i];
  }
  const float total = threadgroup_sum(sum, sums, thread_index);
  if (thread_index == 0) {
    out[0] = total;
  }
}
