// expect: f mode=fiber buffers=0
#include <metal_stdlib>
using namespace metal;

kernel void f(device int* y [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  int v = y[i], steps = 0;
  do {
    if (v & 1) { v = 3 * v + 1; } else v /= 2;
    switch (v & 3) {
      case 0: steps += simd_sum(1); break;
      case 1: { for (int k = 0; k < 2; k++) { steps += simd_max(k); if (steps > 50) break; } } break;
      default: if (v < 0) continue;
    }
    ++steps;
  } while (v > 1 && steps < 100);
  y[i] = steps;
}
