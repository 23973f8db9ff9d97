// One thread a row: the inner loop has no branch, so that it fills the vector unit.
//! dispatch wave_step grid: NY NZ threadgroup: min(NY, 8) repeat: steps swap: u_prev,u_curr,u_next
#include <metal_stdlib>
using namespace metal;

kernel void wave_step(device const float *u_prev [[buffer(0)]], device const float *u_curr [[buffer(1)]],
                      device float *u_next [[buffer(2)]], constant uint &NX [[buffer(3)]],
                      constant uint &NY [[buffer(4)]], constant uint &NZ [[buffer(5)]],
                      constant float &alpha [[buffer(6)]], uint2 gid [[thread_position_in_grid]]) {
  const uint width = NX, plane = NX * NY;
  const float share = alpha;
  const uint first = gid.y * plane + gid.x * width;
  device const float *curr = u_curr + first;
  device float *next = u_next + first;
  if (gid.x == 0 || gid.y == 0 || gid.x == NY - 1 || gid.y == NZ - 1 || width < 3) {
    for (uint i = 0; i < width; ++i) {
      next[i] = curr[i];
    }
    return;
  }
  device const float *prev = u_prev + first;
  device const float *above = curr - width, *below = curr + width;
  device const float *front = curr - plane, *back = curr + plane;
  next[0] = curr[0];
  for (uint i = 1; i < width - 1; ++i) {
    const float around = curr[i - 1] + curr[i + 1] + above[i] + below[i] + front[i] + back[i];
    next[i] = 2.0f * curr[i] - prev[i] + share * (around - 6.0f * curr[i]);
  }
  next[width - 1] = curr[width - 1];
}
