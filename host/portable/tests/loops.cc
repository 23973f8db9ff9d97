// loops.cc: bodies of kernels in loops over threads, which the compiler has to turn into vector loops. Each loop_* must
// be reported as vectorised.
#include "msl_library.h"

using namespace metal;

#define OVER_THREADS(name, In, Out, statement)                                                                         \
  extern "C" void loop_##name(const In *x, Out *y, float a, uint n) {                                                  \
    (void)a;                                                                                                           \
    _Pragma("clang loop vectorize(assume_safety)") for (uint i = 0; i < n; ++i) { statement; }                         \
  }

OVER_THREADS(relu, float, float, y[i] = max(x[i], 0.0f))
OVER_THREADS(relu4, float4, float4, y[i] = max(x[i], 0.0f))
OVER_THREADS(saxpy, float, float, y[i] = fma(a, x[i], y[i]))
OVER_THREADS(saxpy4, float4, float4, y[i] = a * x[i] + y[i])
OVER_THREADS(gelu, float, float, const float v = x[i];
             y[i] = 0.5f * v * (1.0f + tanh(0.7978845608f * (v + 0.044715f * v * v * v))))
OVER_THREADS(gelu4, float4, float4, const float4 v = x[i];
             y[i] = 0.5f * v * (1.0f + precise::tanh(0.7978845608f * (v + 0.044715f * v * v * v))))
OVER_THREADS(silu4, float4, float4, const float4 v = x[i]; y[i] = v / (1.0f + exp(-v)))
OVER_THREADS(angles, float, float, y[i] = sin(x[i]) + cos(x[i]) + sinpi(x[i]))
OVER_THREADS(powers, float, float, y[i] = pow(x[i], a) + rsqrt(x[i]) + exp2(x[i]))
OVER_THREADS(logarithms, float, float, y[i] = log(x[i]) + log2(x[i]) + log10(x[i]))
OVER_THREADS(inverse, float, float, y[i] = atan2(x[i], a) + asin(x[i]) + asinh(x[i]))
OVER_THREADS(guarded, float, float, if (isfinite(x[i])) y[i] = sqrt(x[i]))
OVER_THREADS(half4, half4, half4, y[i] = x[i] * static_cast<half>(2) + max(x[i], half4(0)))
OVER_THREADS(narrow, float4, half4, y[i] = half4(x[i]))
OVER_THREADS(packed, packed_float3, packed_float3, y[i] = normalize(float3(x[i])))
OVER_THREADS(integer, uint, uint, y[i] = x[i] * 1664525u + rotate(x[i], 7u))
