// Two bodies a thread: each other body, packed with its mass, is read once for both, and they share one division.
//! tune: EACH in 2, 4, 6, 8
//! scratch packed: float 4 * N
//! repeat: steps swap: pos_in,pos_out swap: vel_in,vel_out
//! dispatch nbody_pack grid: N threadgroup: min(N, 128) bind 0=pos_in bind 1=packed bind 4=mass
//! dispatch nbody_step grid: ceil_div(N, EACH) threadgroup: 32 bind 9=packed
//! end
#include <metal_stdlib>
using namespace metal;

constant constexpr uint EACH = 2;

kernel void nbody_pack(device const float4 *pos_in [[buffer(0)]], device float4 *packed [[buffer(1)]],
                       device const float *mass [[buffer(4)]], uint i [[thread_position_in_grid]]) {
  packed[i] = float4(pos_in[i].xyz, mass[i]);
}

kernel void nbody_step(device const float4 *pos_in [[buffer(0)]], device float4 *pos_out [[buffer(1)]],
                       device const float4 *vel_in [[buffer(2)]], device float4 *vel_out [[buffer(3)]],
                       device const float *mass [[buffer(4)]], constant uint &N [[buffer(5)]],
                       constant float &dt [[buffer(6)]], constant float &eps [[buffer(7)]],
                       constant float &G [[buffer(8)]], device const float4 *packed [[buffer(9)]],
                       uint part [[thread_position_in_grid]], uint parts [[threads_per_grid]]) {
  float x[EACH], y[EACH], z[EACH], ax[EACH], ay[EACH], az[EACH];
  for (uint k = 0; k < EACH; ++k) {
    const float4 here = packed[min(part + k * parts, N - 1)];
    x[k] = here.x;
    y[k] = here.y;
    z[k] = here.z;
    ax[k] = ay[k] = az[k] = 0.0f;
  }
  const float soft = eps * eps;
  for (uint j = 0; j < N; ++j) {
    const float4 other = packed[j];
    float dx[EACH], dy[EACH], dz[EACH], cube[EACH];
    for (uint k = 0; k < EACH; ++k) {
      dx[k] = other.x - x[k];
      dy[k] = other.y - y[k];
      dz[k] = other.z - z[k];
      const float square = dx[k] * dx[k] + dy[k] * dy[k] + dz[k] * dz[k] + soft;
      cube[k] = square * sqrt(square);
    }
    for (uint k = 0; k < EACH; k += 2) {
      const float both = other.w / (cube[k] * cube[k + 1]);
      const float one = both * cube[k + 1], two = both * cube[k];
      ax[k] += one * dx[k];
      ay[k] += one * dy[k];
      az[k] += one * dz[k];
      ax[k + 1] += two * dx[k + 1];
      ay[k + 1] += two * dy[k + 1];
      az[k + 1] += two * dz[k + 1];
    }
  }
  for (uint k = 0; k < EACH; ++k) {
    const uint i = part + k * parts;
    if (i < N) {
      const float3 v = vel_in[i].xyz + (G * dt) * float3(ax[k], ay[k], az[k]);
      vel_out[i] = float4(v, 0.0f);
      pos_out[i] = float4(float3(x[k], y[k], z[k]) + dt * v, 0.0f);
    }
  }
}
