// One thread a site; the half of another colour leaves at once.
#include <metal_stdlib>
using namespace metal;

inline uint mix32(uint x) {
  x = (x ^ (x >> 16)) * 0x85EBCA6Bu;
  x = (x ^ (x >> 13)) * 0xC2B2AE35u;
  return x ^ (x >> 16);
}

kernel void ising_step(device char *spins [[buffer(0)]], device const float *p_accept [[buffer(1)]],
                       constant uint &NX [[buffer(2)]], constant uint &NY [[buffer(3)]],
                       constant uint &step_idx [[buffer(4)]], constant uint &seed [[buffer(5)]],
                       uint2 gid [[thread_position_in_grid]]) {
  const uint i = gid.x, j = gid.y;
  if (i >= NX || j >= NY || ((i + j) & 1u) != (step_idx & 1u)) {
    return;
  }
  const uint at = j * NX + i;
  const uint left = i == 0 ? NX - 1 : i - 1, right = i + 1 == NX ? 0 : i + 1;
  const uint above = j == 0 ? NY - 1 : j - 1, below = j + 1 == NY ? 0 : j + 1;
  const int field =
      int(spins[j * NX + left]) + int(spins[j * NX + right]) + int(spins[above * NX + i]) + int(spins[below * NX + i]);
  const int spin = spins[at];
  const uint word = mix32(mix32(seed + step_idx * 0x9E3779B9u) ^ at);
  if (float(word >> 8) * 0x1p-24f < p_accept[(spin * field + 4) / 2]) {
    spins[at] = char(-spin);
  }
}
