// msl_simdgroup_matrix.h: the names of MSL 2.4 and 6.7 in each of the three class sets. The front end puts a kernel's
// text into one of the namespaces, in which `metal` means the nested namespace: `simdgroup_float8x8` and
// `metal::simdgroup_float8x8` are then the same class.
#pragma once

#include "msl_atomic.h"
#include "msl_function_names.h"
#include "msl_geometric.h"
#include "msl_integer.h"
#include "msl_matrix.h"
#include "msl_relational.h"
#include "msl_simdgroup_follower.h"
#include "msl_simdgroup_leader.h"
#include "msl_simdgroup_per_lane.h"

#define MSL_USING(name) using ::metal::name;
#define MSL_CLASS_SET(set)                                                                                             \
  namespace set {                                                                                                      \
  using simdgroup_half8x8 = simdgroup_matrix<_Float16, 8, 8>;                                                          \
  using simdgroup_bfloat8x8 = simdgroup_matrix<__bf16, 8, 8>;                                                          \
  using simdgroup_float8x8 = simdgroup_matrix<float, 8, 8>;                                                            \
  namespace metal {                                                                                                    \
  using namespace ::metal;                                                                                             \
  MSL_FUNCTION_NAMES(MSL_USING)                                                                                        \
  using set::make_filled_simdgroup_matrix;                                                                             \
  using set::simdgroup_bfloat8x8;                                                                                      \
  using set::simdgroup_float8x8;                                                                                       \
  using set::simdgroup_half8x8;                                                                                        \
  using set::simdgroup_load;                                                                                           \
  using set::simdgroup_matrix;                                                                                         \
  using set::simdgroup_multiply;                                                                                       \
  using set::simdgroup_multiply_accumulate;                                                                            \
  using set::simdgroup_store;                                                                                          \
  }                                                                                                                    \
  }
MSL_CLASS_SET(msl_leader)
MSL_CLASS_SET(msl_follower)
MSL_CLASS_SET(msl_per_lane)
#undef MSL_CLASS_SET
#undef MSL_USING
