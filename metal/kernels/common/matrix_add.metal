// One float4 a thread.
//! grid: ceil_div(rows * cols, 4) 1 1
//! threadgroup: 256 1 1
#include "elementwise.h"
#include <metal_stdlib>
using namespace metal;

struct MatrixAdd {
  template <typename T> T operator()(T a, T b) const { return a + b; }
};

kernel void matrix_add_f32(device const float *A [[buffer(0)]], device const float *B [[buffer(1)]],
                           device float *C [[buffer(2)]], constant uint &N [[buffer(3)]],
                           uint index [[thread_position_in_grid]]) {
  map(MatrixAdd(), index, N, C, A, B);
}
