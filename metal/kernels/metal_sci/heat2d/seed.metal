// One thread a cell, straight from device memory.
#include <metal_stdlib>
using namespace metal;

kernel void heat_step(device const float *u_in [[buffer(0)]], device float *u_out [[buffer(1)]],
                      constant uint &NX [[buffer(2)]], constant uint &NY [[buffer(3)]],
                      constant float &alpha [[buffer(4)]], uint2 gid [[thread_position_in_grid]]) {
  if (gid.x >= NX || gid.y >= NY) {
    return;
  }
  const uint at = gid.y * NX + gid.x;
  const float u = u_in[at];
  if (gid.x == 0 || gid.y == 0 || gid.x == NX - 1 || gid.y == NY - 1) {
    u_out[at] = u;
    return;
  }
  u_out[at] = u + alpha * (u_in[at - 1] + u_in[at + 1] + u_in[at - NX] + u_in[at + NX] - 4.0f * u);
}
