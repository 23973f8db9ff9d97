// Function constants: values given when the pipeline is made, tested with is_function_constant_defined.
#include <metal_stdlib>
using namespace metal;

constant int FACTOR [[function_constant(0)]];
constant bool NEGATE [[function_constant(1)]];
constant bool has_factor = is_function_constant_defined(FACTOR);
constant int factor = has_factor ? FACTOR : 1;

kernel void function_constants(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                               uint i [[thread_position_in_grid]]) {
  int v = has_factor ? x[i] * factor : 0;
  if (NEGATE) v = -v;
  out[i] = v;
}

constant uint ROUNDS [[function_constant(3)]];
constant uint rounds = is_function_constant_defined(ROUNDS) ? ROUNDS : 5;

kernel void optional_constant(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                              uint i [[thread_position_in_grid]]) {
  int v = x[i];
  for (uint k = 0; k < rounds; ++k) v += 1;
  out[i] = v;
}
