// One thread a cell on rows of 64: two wrapped columns and rows serve all nine pulls, and one division each moment.
//! dispatch lbm_step grid: NX NY threadgroup: min(NX, 64) repeat: steps swap: f_in,f_out
#include <metal_stdlib>
using namespace metal;

kernel void lbm_step(device const float *f_in [[buffer(0)]], device float *f_out [[buffer(1)]],
                     constant uint &NX [[buffer(2)]], constant uint &NY [[buffer(3)]],
                     constant float &tau [[buffer(4)]], uint2 gid [[thread_position_in_grid]]) {
  const uint width = NX, cells = NX * NY;
  const uint i = gid.x, west = i == 0 ? width - 1 : i - 1, east = i + 1 == width ? 0 : i + 1;
  const uint j = gid.y, above = (j == 0 ? NY - 1 : j - 1) * width, below = (j + 1 == NY ? 0 : j + 1) * width;
  const uint row = j * width;
  device const float *f = f_in;
  const float s0 = f[row + i];
  const float s1 = f[cells + row + west];
  const float s2 = f[2 * cells + above + i];
  const float s3 = f[3 * cells + row + east];
  const float s4 = f[4 * cells + below + i];
  const float s5 = f[5 * cells + above + west];
  const float s6 = f[6 * cells + above + east];
  const float s7 = f[7 * cells + below + east];
  const float s8 = f[8 * cells + below + west];
  const float rho = s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8;
  const float inverse = 1.0f / rho;
  const float u = (s1 - s3 + s5 - s6 - s7 + s8) * inverse;
  const float v = (s2 - s4 + s5 + s6 - s7 - s8) * inverse;
  const float rate = 1.0f / tau, keep = 1.0f - rate;
  const float rest = 1.0f - 1.5f * (u * u + v * v);
  const float axis = rate * rho * (1.0f / 9.0f), diagonal = rate * rho * (1.0f / 36.0f);
  const float sum = u + v, difference = u - v;
  device float *out = f_out + row + i;
  out[0] = keep * s0 + rate * rho * (4.0f / 9.0f) * rest;
  out[cells] = keep * s1 + axis * (rest + u * (3.0f + 4.5f * u));
  out[2 * cells] = keep * s2 + axis * (rest + v * (3.0f + 4.5f * v));
  out[3 * cells] = keep * s3 + axis * (rest + u * (4.5f * u - 3.0f));
  out[4 * cells] = keep * s4 + axis * (rest + v * (4.5f * v - 3.0f));
  out[5 * cells] = keep * s5 + diagonal * (rest + sum * (3.0f + 4.5f * sum));
  out[6 * cells] = keep * s6 + diagonal * (rest + difference * (4.5f * difference - 3.0f));
  out[7 * cells] = keep * s7 + diagonal * (rest + sum * (4.5f * sum - 3.0f));
  out[8 * cells] = keep * s8 + diagonal * (rest + difference * (3.0f + 4.5f * difference));
}
