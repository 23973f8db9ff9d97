// Fills a table when the library is opened, outside the timed window.
// row: 7
// kernel: relu
// expect: compile_error
// layer: compiler
// size: check
// twin: 07_work_at_set_up_honest.metal
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

struct Table {
  float values[64];
  Table() {
    for (int k = 0; k < 64; ++k) {
      values[k] = sin(float(k));
    }
  }
};
constant Table table;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  y[i] = max(x[i], 0.0f * table.values[i % 64]);
}
