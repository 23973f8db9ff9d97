// One thread a cell: its number is taken apart into x, y and z, and put together again for every neighbour.
#include <metal_stdlib>
using namespace metal;

inline uint gathered(uint m, uint logN) {
  uint found = 0;
  for (uint bit = 0; bit < logN; ++bit) {
    found |= ((m >> (3 * bit)) & 1u) << bit;
  }
  return found;
}

inline uint spread(uint x, uint logN) {
  uint found = 0;
  for (uint bit = 0; bit < logN; ++bit) {
    found |= ((x >> bit) & 1u) << (3 * bit);
  }
  return found;
}

inline uint cell(uint x, uint y, uint z, uint logN) {
  return spread(x, logN) | (spread(y, logN) << 1) | (spread(z, logN) << 2);
}

kernel void morton_stencil(device const float *u_in [[buffer(0)]], device float *u_out [[buffer(1)]],
                           constant uint &N [[buffer(2)]], constant uint &logN [[buffer(3)]],
                           constant float &alpha [[buffer(4)]], uint tid [[thread_position_in_grid]]) {
  if (tid >= N * N * N) {
    return;
  }
  const uint x = gathered(tid, logN), y = gathered(tid >> 1, logN), z = gathered(tid >> 2, logN);
  const float u = u_in[tid];
  if (x == 0 || y == 0 || z == 0 || x == N - 1 || y == N - 1 || z == N - 1) {
    u_out[tid] = u;
    return;
  }
  const float around = u_in[cell(x - 1, y, z, logN)] + u_in[cell(x + 1, y, z, logN)] + u_in[cell(x, y - 1, z, logN)] +
                       u_in[cell(x, y + 1, z, logN)] + u_in[cell(x, y, z - 1, logN)] + u_in[cell(x, y, z + 1, logN)];
  u_out[tid] = u + alpha * (around - 6.0f * u);
}
