// One thread a row: the inner loop has no branch, so that it fills the vector unit.
//! dispatch heat_step grid: NY threadgroup: min(NY, 8) repeat: steps swap: u_in,u_out
#include <metal_stdlib>
using namespace metal;

kernel void heat_step(device const float *u_in [[buffer(0)]], device float *u_out [[buffer(1)]],
                      constant uint &NX [[buffer(2)]], constant uint &NY [[buffer(3)]],
                      constant float &alpha [[buffer(4)]], uint row [[thread_position_in_grid]]) {
  const uint width = NX;
  const float share = alpha;
  device const float *here = u_in + row * width;
  device float *out = u_out + row * width;
  if (row == 0 || row == NY - 1 || width < 3) {
    for (uint i = 0; i < width; ++i) {
      out[i] = here[i];
    }
    return;
  }
  device const float *above = here - width;
  device const float *below = here + width;
  out[0] = here[0];
  for (uint i = 1; i < width - 1; ++i) {
    out[i] = here[i] + share * (here[i - 1] + here[i + 1] + above[i] + below[i] - 4.0f * here[i]);
  }
  out[width - 1] = here[width - 1];
}
