// One thread a row, every other site of it; the row's ends wrap outside the loop.
//! dispatch ising_step grid: NY threadgroup: min(NY, 8) repeat: steps
#include <metal_stdlib>
using namespace metal;

inline uint mix32(uint x) {
  x = (x ^ (x >> 16)) * 0x85EBCA6Bu;
  x = (x ^ (x >> 13)) * 0xC2B2AE35u;
  return x ^ (x >> 16);
}

// The new spin of a site: a word below a bound flips it, which is what a uniform below a chance is.
inline char updated(int spin, int field, uint word, thread const uint *bounds) {
  const int energy = spin * field;
  const uint low = energy == -4 ? bounds[0] : bounds[1];
  const uint high = energy == 0 ? bounds[2] : energy == 2 ? bounds[3] : bounds[4];
  return char((word >> 8) < (energy < 0 ? low : high) ? -spin : spin);
}

// How many of the 2^24 uniforms lie below a chance.
inline uint words_below(float chance) { return uint(ceil(clamp(chance, 0.0f, 1.0f) * 0x1p24f)); }

kernel void ising_step(device char *spins [[buffer(0)]], device const float *p_accept [[buffer(1)]],
                       constant uint &NX [[buffer(2)]], constant uint &NY [[buffer(3)]],
                       constant uint &step_idx [[buffer(4)]], constant uint &seed [[buffer(5)]],
                       uint row [[thread_position_in_grid]]) {
  const uint width = NX, start = mix32(seed + step_idx * 0x9E3779B9u);
  device char *here = spins + row * width;
  device const char *above = spins + (row == 0 ? NY - 1 : row - 1) * width;
  device const char *below = spins + (row + 1 == NY ? 0 : row + 1) * width;
  uint bounds[5];
  for (uint k = 0; k < 5; ++k) {
    bounds[k] = words_below(p_accept[k]);
  }
  const uint first = (row ^ step_idx) & 1u, site = row * width;
  const uint last = width - 1;
  if (first == 0) {
    const int field = here[last] + here[1] + above[0] + below[0];
    here[0] = updated(here[0], field, mix32(start ^ site), bounds);
  }
  for (uint i = first == 0 ? 2 : 1; i < last; i += 2) {
    const int field = here[i - 1] + here[i + 1] + above[i] + below[i];
    here[i] = updated(here[i], field, mix32(start ^ (site + i)), bounds);
  }
  if (first == 1) {
    const int field = here[last - 1] + here[0] + above[last] + below[last];
    here[last] = updated(here[last], field, mix32(start ^ (site + last)), bounds);
  }
}
