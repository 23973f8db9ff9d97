// msl_checked.h: what the headers tell the checker in a checked build (MSL_CHECKED), and nothing at all in any other.
// Accesses, barriers and collectives need no word of theirs: msl/checked_ir.py finds them. It also fills in `place`.
#pragma once

#include "msl_abi.h"
#include "msl_keywords.h"

#ifdef MSL_CHECKED
// Two calls made one have no place any more.
#define MSL_KEPT_APART __attribute__((nomerge, convergent))
extern "C" {
MSL_KEPT_APART void msl_threadgroup_barrier(uint32_t flags, uint32_t site);
MSL_KEPT_APART void msl_simd_collective(void *slot, MslCombine combine, const void *argument, uint32_t site);
void msl_checked_atomic(const void *address, uint32_t bytes, uint32_t writes, uint32_t reads, uint32_t is_float,
                        uint32_t place);
void msl_checked_fence(uint32_t flags, uint32_t order, uint32_t place);
void msl_checked_inactive_lane(uint32_t reader, uint32_t source);
void msl_checked_uniform(uint32_t value, uint32_t cluster);
MSL_KEPT_APART void msl_checked_matrix(uint32_t place);
uint32_t msl_checked_poison();
}
#undef MSL_KEPT_APART
#endif

namespace msl {

// An atomic is about to be done. Its own instructions are not looked at.
template <class T>
MSL_FUNC void checked_atomic([[maybe_unused]] const volatile T *object, [[maybe_unused]] bool writes,
                             [[maybe_unused]] bool reads) {
#ifdef MSL_CHECKED
  msl_checked_atomic(const_cast<const T *>(object), sizeof(T), writes, reads, __is_same(T, float), 0);
#endif
}
MSL_FUNC void checked_fence([[maybe_unused]] uint32_t flags, [[maybe_unused]] int order) {
#ifdef MSL_CHECKED
  msl_checked_fence(flags, static_cast<uint32_t>(order), 0);
#endif
}

// The collective that follows takes `value`, which has to be the same in each cluster of lanes.
MSL_FUNC void checked_uniform([[maybe_unused]] uint32_t value, [[maybe_unused]] uint32_t cluster) {
#ifdef MSL_CHECKED
  msl_checked_uniform(value, cluster);
#endif
}

// An operation on matrices, as each lane comes to it.
MSL_FUNC void checked_matrix() {
#ifdef MSL_CHECKED
  msl_checked_matrix(0);
#endif
}

// A lane reads from one that is not there.
MSL_FUNC void checked_inactive([[maybe_unused]] uint32_t reader, [[maybe_unused]] uint32_t source) {
#ifdef MSL_CHECKED
  msl_checked_inactive_lane(reader, source);
#endif
}

} // namespace msl
