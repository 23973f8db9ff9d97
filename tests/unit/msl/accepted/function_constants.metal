// expect: f mode=loop buffers=0,1
#include <metal_stdlib>
using namespace metal;

constant bool use_bias [[function_constant(0)]];
constant int width [[function_constant(1)]];
constant float2 pair [[function_constant(2)]];
constant bool has_bias = is_function_constant_defined(use_bias) ? use_bias : false;
kernel void f(device float* y [[buffer(0)]], device const float* bias [[buffer(1), function_constant(has_bias)]], uint i [[thread_position_in_grid]]) {
  if (has_bias) y[i] += bias[i];
  for (int k = 0; k < width; k++) y[i] += pair.x;
}
