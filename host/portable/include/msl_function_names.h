// msl_function_names.h: the names of the library's functions. A class set declares them anew in its own `metal`, so
// that a kernel's function of the same name overloads the library's, as at global scope, and does not hide it.
#pragma once

// clang-format off
#define MSL_MATH_NAMES(M)                                                                                              \
  M(abs) M(acos) M(acosh) M(asin) M(asinh) M(atan) M(atan2) M(atanh) M(ceil) M(clamp) M(copysign) M(cos)               \
  M(cosh) M(cospi) M(divide) M(exp) M(exp10) M(exp2) M(fabs) M(fdim) M(floor) M(fma) M(fmax) M(fmax3)                  \
  M(fmedian3) M(fmin) M(fmin3) M(fmod) M(fract) M(frexp) M(ilogb) M(ldexp) M(log) M(log10) M(log2) M(max)              \
  M(max3) M(median3) M(min) M(min3) M(mix) M(modf) M(nextafter) M(pow) M(powr) M(rint) M(round) M(rsqrt)               \
  M(saturate) M(sign) M(sin) M(sincos) M(sinh) M(sinpi) M(smoothstep) M(sqrt) M(step) M(tan) M(tanh) M(tanpi)          \
  M(trunc)
#define MSL_GEOMETRIC_NAMES(M)                                                                                         \
  M(cross) M(determinant) M(distance) M(distance_squared) M(dot) M(faceforward) M(length) M(length_squared)            \
  M(normalize) M(reflect) M(refract) M(transpose)
#define MSL_INTEGER_NAMES(M)                                                                                           \
  M(absdiff) M(addsat) M(clz) M(ctz) M(extract_bits) M(hadd) M(insert_bits) M(mad24) M(madhi) M(madsat)                \
  M(mul24) M(mulhi) M(popcount) M(reverse_bits) M(rhadd) M(rotate) M(subsat)
#define MSL_RELATIONAL_NAMES(M)                                                                                        \
  M(all) M(any) M(isfinite) M(isinf) M(isnan) M(isnormal) M(isordered) M(isunordered) M(select) M(signbit)
#define MSL_ATOMIC_NAMES(M)                                                                                            \
  M(atomic_compare_exchange_weak_explicit) M(atomic_exchange_explicit) M(atomic_fetch_add_explicit)                    \
  M(atomic_fetch_and_explicit) M(atomic_fetch_max_explicit) M(atomic_fetch_min_explicit)                               \
  M(atomic_fetch_or_explicit) M(atomic_fetch_sub_explicit) M(atomic_fetch_xor_explicit)                                \
  M(atomic_load_explicit) M(atomic_max_explicit) M(atomic_min_explicit) M(atomic_store_explicit)                       \
  M(atomic_thread_fence)
#define MSL_GROUP_NAMES(M)                                                                                             \
  M(quad_active_threads_mask) M(quad_all) M(quad_and) M(quad_any) M(quad_ballot) M(quad_broadcast)                     \
  M(quad_broadcast_first) M(quad_is_first) M(quad_max) M(quad_min) M(quad_or) M(quad_prefix_exclusive_product)         \
  M(quad_prefix_exclusive_sum) M(quad_prefix_inclusive_product) M(quad_prefix_inclusive_sum) M(quad_product)           \
  M(quad_shuffle) M(quad_shuffle_and_fill_down) M(quad_shuffle_and_fill_up) M(quad_shuffle_down)                       \
  M(quad_shuffle_rotate_down) M(quad_shuffle_rotate_up) M(quad_shuffle_up) M(quad_shuffle_xor) M(quad_sum)             \
  M(quad_xor) M(simd_active_threads_mask) M(simd_all) M(simd_and) M(simd_any) M(simd_ballot) M(simd_broadcast)         \
  M(simd_broadcast_first) M(simd_is_first) M(simd_max) M(simd_min) M(simd_or) M(simd_prefix_exclusive_product)         \
  M(simd_prefix_exclusive_sum) M(simd_prefix_inclusive_product) M(simd_prefix_inclusive_sum) M(simd_product)           \
  M(simd_shuffle) M(simd_shuffle_and_fill_down) M(simd_shuffle_and_fill_up) M(simd_shuffle_down)                       \
  M(simd_shuffle_rotate_down) M(simd_shuffle_rotate_up) M(simd_shuffle_up) M(simd_shuffle_xor) M(simd_sum)             \
  M(simd_xor) M(simd_is_helper_thread) M(simdgroup_barrier) M(threadgroup_barrier)
#define MSL_FUNCTION_NAMES(M)                                                                                          \
  MSL_MATH_NAMES(M) MSL_GEOMETRIC_NAMES(M) MSL_INTEGER_NAMES(M) MSL_RELATIONAL_NAMES(M) MSL_ATOMIC_NAMES(M)            \
  MSL_GROUP_NAMES(M)
// clang-format on
