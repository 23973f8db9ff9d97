// msl_keywords.h: the words of MSL that C++ lacks, as macros. Address spaces share one memory on a CPU, so they vanish;
// the front end has checked them.
#pragma once

#define device
#define constant const
#define thread
#define threadgroup
#define kernel

// Macros, not typedefs: `uint half = 1;` has to be an error, as it is in MSL.
#define half _Float16
#define bfloat __bf16

#define METAL_FUNC inline __attribute__((always_inline))
#define METAL_CONST __attribute__((const))
#define METAL_PURE __attribute__((pure))

#define MSL_FUNC inline __attribute__((always_inline))
