// One thread sixteen chains: every entry of the matrix is read once for all of them, and they fill the vector unit.
//! dispatch hmc_step grid: ceil_div(K, 16) threadgroup: 1 repeat: steps swap: q_in,q_out
#include <metal_stdlib>
using namespace metal;

constant constexpr uint MAX_D = 32, WIDE = 16;

using Chains = float[MAX_D][WIDE];

inline uint mix32(uint x) {
  x = (x ^ (x >> 16)) * 0x85EBCA6Bu;
  x = (x ^ (x >> 13)) * 0xC2B2AE35u;
  return x ^ (x >> 16);
}

inline float uniform_at(uint start, uint counter) { return float(mix32(mix32(start ^ counter)) >> 8) * 0x1p-24f; }

// p -= part A q, two rows of A at a time; d is even.
inline void kick(device const float *A, thread const Chains &q, thread Chains &p, uint d, float part) {
  for (uint i = 0; i < d; i += 2) {
    float one[WIDE], two[WIDE];
    for (uint l = 0; l < WIDE; ++l) {
      one[l] = two[l] = 0.0f;
    }
    for (uint j = 0; j < d; ++j) {
      const float a = A[i * d + j], b = A[(i + 1) * d + j];
      for (uint l = 0; l < WIDE; ++l) {
        one[l] += a * q[j][l];
        two[l] += b * q[j][l];
      }
    }
    for (uint l = 0; l < WIDE; ++l) {
      p[i][l] -= part * one[l];
      p[i + 1][l] -= part * two[l];
    }
  }
}

// Half of q A q + p p.
inline void energy(device const float *A, thread const Chains &q, thread const Chains &p, uint d, thread float *sum) {
  for (uint l = 0; l < WIDE; ++l) {
    sum[l] = 0.0f;
  }
  for (uint i = 0; i < d; ++i) {
    float f[WIDE];
    for (uint l = 0; l < WIDE; ++l) {
      f[l] = 0.0f;
    }
    for (uint j = 0; j < d; ++j) {
      for (uint l = 0; l < WIDE; ++l) {
        f[l] += A[i * d + j] * q[j][l];
      }
    }
    for (uint l = 0; l < WIDE; ++l) {
      sum[l] += 0.5f * (q[i][l] * f[l] + p[i][l] * p[i][l]);
    }
  }
}

kernel void hmc_step(device const float *q_in [[buffer(0)]], device float *q_out [[buffer(1)]],
                     device uint *accept_cnt [[buffer(2)]], device const float *A [[buffer(3)]],
                     constant uint &K [[buffer(4)]], constant uint &d [[buffer(5)]], constant uint &L [[buffer(6)]],
                     constant float &eps [[buffer(7)]], constant uint &hmc_step_idx [[buffer(8)]],
                     constant uint &seed [[buffer(9)]], uint part [[thread_position_in_grid]]) {
  const uint first = part * WIDE, count = min(WIDE, K - first), base = hmc_step_idx * (d + 1);
  Chains q, p;
  float before[WIDE], after[WIDE];
  for (uint i = 0; i < d; i += 2) {
    for (uint l = 0; l < WIDE; ++l) {
      const uint start = seed + (first + l) * 0x9E3779B9u;
      const float radius = sqrt(-2.0f * log(max(uniform_at(start, base + i), 1e-7f)));
      const float angle = 2.0f * M_PI_F * uniform_at(start, base + i + 1);
      p[i][l] = radius * cos(angle);
      p[i + 1][l] = radius * sin(angle);
    }
  }
  for (uint i = 0; i < d; ++i) {
    for (uint l = 0; l < WIDE; ++l) {
      q[i][l] = q_in[(first + min(l, count - 1)) * d + i];
    }
  }
  energy(A, q, p, d, before);
  kick(A, q, p, d, 0.5f * eps);
  for (uint leap = 0; leap < L; ++leap) {
    for (uint i = 0; i < d; ++i) {
      for (uint l = 0; l < WIDE; ++l) {
        q[i][l] += eps * p[i][l];
      }
    }
    kick(A, q, p, d, leap + 1 == L ? 0.5f * eps : eps);
  }
  energy(A, q, p, d, after);
  for (uint l = 0; l < count; ++l) {
    const uint chain = first + l;
    const float change = after[l] - before[l];
    const float u = uniform_at(seed + chain * 0x9E3779B9u, base + d);
    const bool accepted = isfinite(change) && log(max(u, 1e-30f)) < -change;
    for (uint i = 0; i < d; ++i) {
      q_out[chain * d + i] = accepted ? q[i][l] : q_in[chain * d + i];
    }
    accept_cnt[chain] += accepted ? 1u : 0u;
  }
}
