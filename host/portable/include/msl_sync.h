// msl_sync.h: barriers and memory fences (MSL 6.9.1, 6.15.3).
#pragma once

#include "msl_abi.h"
#include "msl_checked.h"
#include "msl_keywords.h"
#include "msl_lanes.h"

namespace msl {
// A place in the source: the front end keeps the user's lines, and two calls on one line differ in column. A type of
// its own, so that no argument too many is taken for it.
struct Site {
  uint32_t number;
};
MSL_FUNC constexpr Site place(uint32_t line, uint32_t column) { return {line << 10 ^ column}; }
} // namespace msl

// The last parameter of everything that synchronises: the caller's place.
#define MSL_SITE msl::Site msl_site = msl::place(__builtin_LINE(), __builtin_COLUMN())

namespace metal {

enum class mem_flags : uint32_t {
  mem_none = 0,
  mem_device = 1,
  mem_threadgroup = 2,
  mem_texture = 4,
  mem_threadgroup_imageblock = 8,
  mem_object_data = 16,
};
MSL_FUNC constexpr mem_flags operator|(mem_flags a, mem_flags b) {
  return static_cast<mem_flags>(static_cast<uint32_t>(a) | static_cast<uint32_t>(b));
}
MSL_FUNC constexpr mem_flags operator&(mem_flags a, mem_flags b) {
  return static_cast<mem_flags>(static_cast<uint32_t>(a) & static_cast<uint32_t>(b));
}
MSL_FUNC constexpr mem_flags &operator|=(mem_flags &a, mem_flags b) { return a = a | b; }

MSL_FUNC void threadgroup_barrier(mem_flags flags, MSL_SITE) {
  msl_threadgroup_barrier(static_cast<uint32_t>(flags), msl_site.number);
}

} // namespace metal
