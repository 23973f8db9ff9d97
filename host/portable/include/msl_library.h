// msl_library.h: the Metal standard library for a CPU: what preprocessed MSL text is compiled against. One duty a file,
// gathered here.
#pragma once

#include "msl_abi.h"

#include "msl_keywords.h"
#include "msl_macros.h"
#include "msl_names.h"

#include "msl_array.h"
#include "msl_atomic.h"
#include "msl_geometric.h"
#include "msl_integer.h"
#include "msl_intrinsics.h"
#include "msl_log.h"
#include "msl_math.h"
#include "msl_matrix.h"
#include "msl_pack.h"
#include "msl_packed.h"
#include "msl_relational.h"
#include "msl_simd.h"
#include "msl_simd_names.h"
#include "msl_simdgroup_matrix.h"
#include "msl_sync.h"
#include "msl_uniform.h"
#include "msl_unpack.h"
