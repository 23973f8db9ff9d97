// The neighbour along an axis differs in every third bit: adding and borrowing skip the bits between.
#include <metal_stdlib>
using namespace metal;

constant constexpr uint X = 0x09249249u, Y = 0x12492492u, Z = 0x24924924u;

inline uint forward(uint m, uint axis) { return (((m | ~axis) + 1u) & axis) | (m & ~axis); }
inline uint backward(uint m, uint axis) { return (((m & axis) - 1u) & axis) | (m & ~axis); }

inline bool at_face(uint m, uint axis, uint all) {
  const uint place = m & axis;
  return place == 0 || place == (axis & all);
}

kernel void morton_stencil(device const float *u_in [[buffer(0)]], device float *u_out [[buffer(1)]],
                           constant uint &N [[buffer(2)]], constant uint &logN [[buffer(3)]],
                           constant float &alpha [[buffer(4)]], uint tid [[thread_position_in_grid]]) {
  const uint cells = N * N * N;
  if (tid >= cells) {
    return;
  }
  const uint all = cells - 1u;
  const float u = u_in[tid];
  if (at_face(tid, X, all) || at_face(tid, Y, all) || at_face(tid, Z, all)) {
    u_out[tid] = u;
    return;
  }
  const float around = u_in[backward(tid, X)] + u_in[forward(tid, X)] + u_in[backward(tid, Y)] + u_in[forward(tid, Y)] +
                       u_in[backward(tid, Z)] + u_in[forward(tid, Z)];
  u_out[tid] = u + alpha * (around - 6.0f * u);
}
