// checked_area.h: the part of the pool through which harness and checked worker talk: the harness writes the request
// before a run and reads findings, counts and trace after it, also after the worker's death. msl/checked_area.py is its
// other half.
#pragma once
#include <stdint.h>

namespace msl {

constexpr uint32_t CHECK_VERSION = 3;

enum class CheckState : uint32_t { Idle = 0, Running = 1, Finished = 2, LimitReached = 3 };
enum class FindingKind : uint32_t {
  OutOfBounds = 1,
  Race = 2,
  DivergentBarrier = 3,
  InactiveLane = 4,
  Integer = 5,
  Uninitialised = 6,
  ArrayBounds = 7,
  UnorderedBarrier = 8, // a race that a barrier without the memory's flag does not end
  UniformArgument = 9,  // of a SIMD function
  DivergentMatrix = 10, // not all lanes of a SIMD-group take part in the same operations on matrices
  ReadOnly = 11,        // a store into an input
};
// Private: within a stack, where no variable of the thread lives.
enum class Space : uint32_t { Buffer = 0, Threadgroup = 1, ThreadgroupArgument = 2, Elsewhere = 3, Private = 4 };
// Bits of Side::access.
enum AccessBits : uint32_t { ACCESS_WRITE = 1, ACCESS_ATOMIC = 2, ACCESS_VOLATILE = 4 };

constexpr uint32_t NO_THREAD = 0xffffffff;

// One of the two parties of a finding. `place` is a number of the build's table of source places, 0: unknown.
struct Side {
  uint32_t place;
  uint32_t access;
  uint32_t thread; // in its threadgroup, or NO_THREAD
  uint32_t group[3];
};

struct Finding {
  FindingKind kind;
  Space space;
  uint32_t index; // of the buffer, variable or threadgroup argument; of an Integer finding: what went wrong
  uint32_t count; // how often, places alike
  int64_t offset; // in bytes from the start of that memory; a value of an Integer finding
  uint64_t size;  // of the access; the other value of an Integer finding
  uint32_t function;
  uint32_t dispatch;
  Side here, other;
};

struct Counts {
  uint64_t accesses;
  uint64_t device_loaded_bytes, device_stored_bytes;
  uint64_t device_distinct_loaded_bytes, device_distinct_stored_bytes;
  uint64_t threadgroup_loaded_bytes, threadgroup_stored_bytes;
  uint64_t barriers;           // releases of threadgroup_barrier
  uint64_t simdgroup_barriers; // by SIMD-group
  uint64_t simd_operations;    // SIMD-group functions, by SIMD-group
  uint64_t partial_simd_operations;
  uint64_t atomics, float_atomics;
  uint64_t flops;
  uint64_t threadgroups, threads;
};

struct TraceRecord {
  uint64_t offset; // in the pool or the threadgroup memory
  uint32_t place;
  uint16_t size;
  uint8_t access;
  uint8_t threadgroup_memory;
  uint32_t group; // number among the sampled ones
  uint32_t lane;
};

struct CheckFunction {
  uint32_t first_variable, variable_count;
};
struct CheckVariable {
  uint32_t offset, bytes;
};

struct CheckArea {
  uint32_t version;
  uint32_t memory_poison;
  uint32_t lane_poison;
  uint32_t trace; // 1: record the trace
  uint64_t access_limit;
  uint32_t functions_at, variables_at;    // in bytes from the start of the area
  uint32_t poisoned_at, poisoned_count;   // numbers of the slots that start uninitialised
  uint32_t read_only_at, read_only_count; // numbers of the slots that no kernel may store into
  uint32_t findings_at, finding_capacity;
  uint32_t trace_at, trace_capacity;
  uint32_t sampled_groups, reserved; // so many of each dispatch run, and the counts are scaled; 0: all run
  CheckState state;
  uint32_t finding_count, findings_lost, trace_count;
  Counts counts;
};

} // namespace msl
