// Lines have the same factors: each thread makes them once and then solves sixteen lines side by side.
//! repeat: steps swap: u_in,u_out
//! dispatch adi_x grid: ceil_div(NY, 16) NZ threadgroup: 1
//! dispatch adi_y grid: ceil_div(NX, 16) NZ threadgroup: 1 bind 0=u_out bind 1=u_in
//! dispatch adi_z grid: ceil_div(NX, 16) NY threadgroup: 1
//! end
#include <metal_stdlib>
using namespace metal;

constant constexpr uint MAX_N = 256, WIDE = 16;

struct Factors {
  float upper[MAX_N], inverse[MAX_N];
};

inline void factor(thread Factors &factors, uint n, float mu) {
  float upper = 0.0f;
  for (uint i = 1; i + 1 < n; ++i) {
    factors.inverse[i] = 1.0f / (1.0f + 2.0f * mu + mu * upper);
    upper = -mu * factors.inverse[i];
    factors.upper[i] = upper;
  }
}

// WIDTH lines of n values, `along` apart in a line and `across` from line to line.
template <uint WIDTH>
inline void solve(device const float *u, device float *v, uint n, uint along, uint across, float mu,
                  thread const Factors &factors) {
  float right[MAX_N][WIDTH], last[WIDTH], before[WIDTH];
  for (uint l = 0; l < WIDTH; ++l) {
    before[l] = u[l * across];
    last[l] = u[(n - 1) * along + l * across];
    v[l * across] = before[l];
    v[(n - 1) * along + l * across] = last[l];
  }
  for (uint i = 1; i + 1 < n; ++i) {
    const float inverse = factors.inverse[i], end = i + 2 == n ? mu : 0.0f;
    device const float *row = u + i * along;
    for (uint l = 0; l < WIDTH; ++l) {
      before[l] = (row[l * across] + end * last[l] + mu * before[l]) * inverse;
      right[i][l] = before[l];
    }
  }
  for (uint i = n - 2; i > 0; --i) {
    const float upper = i + 2 == n ? 0.0f : factors.upper[i];
    device float *row = v + i * along;
    for (uint l = 0; l < WIDTH; ++l) {
      before[l] = right[i][l] - upper * before[l];
      row[l * across] = before[l];
    }
  }
}

// The lines from `first` on that this thread has, of `lines` in the plane. `edge`: the plane is a face.
inline void sweep(device const float *u, device float *v, uint first, uint lines, uint n, uint along, uint across,
                  bool edge, float mu) {
  const uint end = min(first + WIDE, lines);
  Factors factors;
  factor(factors, n, mu);
  uint l = first;
  while (l < end) {
    device const float *from = u + l * across;
    device float *to = v + l * across;
    if (edge || l == 0 || l == lines - 1) {
      for (uint i = 0; i < n; ++i) {
        to[i * along] = from[i * along];
      }
      l += 1;
    } else if (l + 8 <= end && l + 8 < lines) {
      if (l + WIDE <= end && l + WIDE < lines) {
        solve<WIDE>(from, to, n, along, across, mu, factors);
        l += WIDE;
      } else {
        solve<8>(from, to, n, along, across, mu, factors);
        l += 8;
      }
    } else {
      solve<1>(from, to, n, along, across, mu, factors);
      l += 1;
    }
  }
}

kernel void adi_x(device const float *u_in [[buffer(0)]], device float *u_out [[buffer(1)]],
                  constant uint &NX [[buffer(2)]], constant uint &NY [[buffer(3)]], constant uint &NZ [[buffer(4)]],
                  constant float &mu [[buffer(5)]], uint2 gid [[thread_position_in_grid]]) {
  const uint plane = gid.y * NX * NY;
  sweep(u_in + plane, u_out + plane, gid.x * WIDE, NY, NX, 1, NX, gid.y == 0 || gid.y == NZ - 1, mu);
}

kernel void adi_y(device const float *u_in [[buffer(0)]], device float *u_out [[buffer(1)]],
                  constant uint &NX [[buffer(2)]], constant uint &NY [[buffer(3)]], constant uint &NZ [[buffer(4)]],
                  constant float &mu [[buffer(5)]], uint2 gid [[thread_position_in_grid]]) {
  const uint plane = gid.y * NX * NY;
  sweep(u_in + plane, u_out + plane, gid.x * WIDE, NX, NY, NX, 1, gid.y == 0 || gid.y == NZ - 1, mu);
}

kernel void adi_z(device const float *u_in [[buffer(0)]], device float *u_out [[buffer(1)]],
                  constant uint &NX [[buffer(2)]], constant uint &NY [[buffer(3)]], constant uint &NZ [[buffer(4)]],
                  constant float &mu [[buffer(5)]], uint2 gid [[thread_position_in_grid]]) {
  const uint row = gid.y * NX;
  sweep(u_in + row, u_out + row, gid.x * WIDE, NX, NZ, NX * NY, 1, gid.y == 0 || gid.y == NY - 1, mu);
}
