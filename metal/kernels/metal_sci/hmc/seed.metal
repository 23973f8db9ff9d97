// One thread a chain, its state in arrays of the largest dimension; the matrix comes from device memory.
#include <metal_stdlib>
using namespace metal;

constant constexpr uint MAX_D = 32;

inline uint mix32(uint x) {
  x = (x ^ (x >> 16)) * 0x85EBCA6Bu;
  x = (x ^ (x >> 13)) * 0xC2B2AE35u;
  return x ^ (x >> 16);
}

inline float uniform_at(uint start, uint counter) { return float(mix32(mix32(start ^ counter)) >> 8) * 0x1p-24f; }

inline void gradient(device const float *A, thread const float *q, thread float *f, uint d) {
  for (uint i = 0; i < d; ++i) {
    float sum = 0.0f;
    for (uint j = 0; j < d; ++j) {
      sum += A[i * d + j] * q[j];
    }
    f[i] = sum;
  }
}

kernel void hmc_step(device const float *q_in [[buffer(0)]], device float *q_out [[buffer(1)]],
                     device uint *accept_cnt [[buffer(2)]], device const float *A [[buffer(3)]],
                     constant uint &K [[buffer(4)]], constant uint &d [[buffer(5)]], constant uint &L [[buffer(6)]],
                     constant float &eps [[buffer(7)]], constant uint &hmc_step_idx [[buffer(8)]],
                     constant uint &seed [[buffer(9)]], uint chain_idx [[thread_position_in_grid]]) {
  if (chain_idx >= K) {
    return;
  }
  float q[MAX_D], p[MAX_D], f[MAX_D];
  const uint start = seed + chain_idx * 0x9E3779B9u;
  const uint base = hmc_step_idx * (d + 1);
  for (uint i = 0; i < d; i += 2) {
    const float radius = sqrt(-2.0f * log(max(uniform_at(start, base + i), 1e-7f)));
    const float angle = 2.0f * M_PI_F * uniform_at(start, base + i + 1);
    p[i] = radius * cos(angle);
    p[i + 1] = radius * sin(angle);
  }
  for (uint i = 0; i < d; ++i) {
    q[i] = q_in[chain_idx * d + i];
  }
  gradient(A, q, f, d);
  float before = 0.0f;
  for (uint i = 0; i < d; ++i) {
    before += 0.5f * (q[i] * f[i] + p[i] * p[i]);
    p[i] -= 0.5f * eps * f[i];
  }
  for (uint leap = 0; leap < L; ++leap) {
    for (uint i = 0; i < d; ++i) {
      q[i] += eps * p[i];
    }
    gradient(A, q, f, d);
    const float part = leap + 1 == L ? 0.5f * eps : eps;
    for (uint i = 0; i < d; ++i) {
      p[i] -= part * f[i];
    }
  }
  float after = 0.0f;
  for (uint i = 0; i < d; ++i) {
    after += 0.5f * (q[i] * f[i] + p[i] * p[i]);
  }
  const float change = after - before;
  const bool accepted = isfinite(change) && log(max(uniform_at(start, base + d), 1e-30f)) < -change;
  for (uint i = 0; i < d; ++i) {
    q_out[chain_idx * d + i] = accepted ? q[i] : q_in[chain_idx * d + i];
  }
  accept_cnt[chain_idx] += accepted ? 1u : 0u;
}
