// expect: scale_f32 mode=loop buffers=0
// expect: scale_i32 mode=loop buffers=0
#include <metal_stdlib>
using namespace metal;

#define CONCAT(a, b) a##b
#define NAME(op, type) CONCAT(op##_, type)
#define DEFINE_SCALE(T, SUFFIX)                                  \
  kernel void NAME(scale, SUFFIX)(device T* y [[buffer(0)]],     \
                                  uint i [[thread_position_in_grid]]) { \
    y[i] *= T(3);                                                \
  }
DEFINE_SCALE(float, f32)
DEFINE_SCALE(int, i32)
#if __METAL_VERSION__ >= 310 && defined(__HAVE_BFLOAT__)
static_assert(sizeof(bfloat) == 2, "bfloat");
#endif
#ifndef __METAL__
#error "not Metal"
#endif
#if __has_include(<metal_stdlib>)
constant int kFound = 1;
#endif
#undef CONCAT
