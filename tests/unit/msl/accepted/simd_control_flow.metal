// expect: f mode=fiber buffers=0
#include <metal_stdlib>
using namespace metal;

static inline float total(float v, uint rounds) {
  float s = v;
  for (uint k = 0; k < rounds; ++k)
    s += simd_sum(s) * 0.5f;
  uint n = rounds;
  while (n > 0 && simd_any(s < 1e6f)) { s = simd_max(s); n--; }
  do s += simd_shuffle_xor(s, 1); while (s < 4.0f);
  for (;;) { if (simd_all(s > 1.0f)) break; s += 1.0f; }
  return s;
}
kernel void f(device float* y [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  float v = y[i];
  if (i & 1) v = total(v, i); else for (int k = 0; k < 2; k++) if (v > 0) v = total(v, 2); else v = -v;
  y[i] = v;
}
