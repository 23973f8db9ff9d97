// A template that doubles at every level, to use up the machine that compiles.
// row: 67
// kernel: relu
// expect: compile_error
// layer: compiler
// size: check
// twin: 67_template_bomb_honest.metal
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

template <int N> struct Bomb {
  enum { value = Bomb<N - 1>::value + Bomb<N - 1 + 0 * sizeof(Bomb<N - 1>)>::value };
};

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  const int size = Bomb<9000>::value;
  y[i] = max(x[i], 0.0f * float(size));
}
