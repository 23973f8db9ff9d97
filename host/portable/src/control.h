// The memory that supervisor and worker share: control words, then one message area. The supervisor writes messages and
// reads back only words and one bounded text, because a hostile kernel could write anything here.
#pragma once
#include "futex.h"
#include "msl_abi.h"

namespace msl {

constexpr uint32_t CONTROL_VERSION = 1;
constexpr int CONTROL_DESCRIPTOR = 3;
constexpr int CHANNEL_DESCRIPTOR = 4; // the worker receives the pool's descriptor there
constexpr uint32_t MAX_FUNCTIONS = 256;
constexpr uint32_t MAX_SYMBOL_BYTES = 512;
constexpr uint32_t MAX_PATH_BYTES = 4096;
constexpr uint32_t MAX_THREADGROUP_MEMORY = 32768;
// With a gap around each variable.
constexpr uint32_t CHECKED_THREADGROUP_MEMORY = 131072;
constexpr uint32_t CHECKED_GAP = 64;
constexpr uint32_t MAX_CHECKED_VARIABLES = 512;
constexpr uint32_t MAX_CONSTANT_BYTES = 4096;
constexpr uint32_t MAX_WORKER_THREADS = 256;

enum class Command : uint32_t { Load = 1, Map = 2, Run = 3 };
enum class Answer : uint32_t { Ok = 0, Refused = 1, Fault = 2 };
enum class FaultKind : uint32_t { None = 0, Address = 1, StackOverflow = 2 };
enum class Mode : uint32_t { Loop = 0, Fiber = 1, Lanes = 2 };

struct Control {
  uint32_t version;
  Command command;
  uint32_t first_instance;
  uint32_t instance_count;
  uint64_t schedule_seed;

  alignas(64) Word bell; // rung for every submission and every new step: what idle threads sleep on
  Word submitted;        // number of the last submission
  alignas(64) Word done; // number of the last submission completed: what the supervisor sleeps on

  alignas(64) Answer answer; // of Load and Map, before any code of the candidate can run
  char text[1024];           // why not
  std::atomic<uint64_t> fault_address;
  std::atomic<uint32_t> fault_kind;
};

struct LoadFunction {
  char entry[MAX_SYMBOL_BYTES];
  Mode mode;
};

struct LoadMessage {
  char library[MAX_PATH_BYTES];
  uint64_t memory_limit_bytes; // 0: none
  uint32_t threads;
  uint32_t function_count;
  LoadFunction functions[MAX_FUNCTIONS];
};

constexpr uint64_t NO_CHECK_AREA = ~uint64_t(0);

// The pool's descriptor comes through the channel: a worker that opens a library can open nothing for writing.
struct MapMessage {
  uint64_t bytes;
  uint32_t fibers;     // the most that run for one threadgroup: its threads, or its SIMD-groups
  uint64_t check_area; // offset in the pool of a checked worker's area, or NO_CHECK_AREA
};

enum class Source : uint32_t { None = 0, Pool = 1, Constant = 2 };

struct PlanBuffer {
  Source source;
  uint32_t slot;
  uint64_t offset; // into the slot's region, or into the constants
  uint64_t bytes;  // of a constant
};

constexpr uint32_t NO_ARGUMENT = 0xffffffff;

struct PlanDispatch {
  uint32_t function;
  uint32_t grid[3];
  uint32_t threadgroup[3];
  uint32_t threadgroups[3];
  uint64_t total_threadgroups;
  uint32_t poisoned_bytes;                         // static and dynamic threadgroup memory, rounded up to 16
  uint32_t threadgroup_arguments[MSL_MAX_BUFFERS]; // offset of each, or NO_ARGUMENT
  uint32_t threadgroup_argument_bytes[MSL_MAX_BUFFERS];
  PlanBuffer buffers[MSL_MAX_BUFFERS];
};

constexpr uint64_t ABSENT_REGION = ~uint64_t(0);

struct PlanRegion {
  uint64_t offset; // ABSENT_REGION: the instance has none
  uint64_t bytes;
};

// What `bind` resolved to: dispatches, then regions [instance][slot], then constants.
struct Plan {
  uint32_t dispatch_count;
  uint32_t instance_count;
  uint32_t slot_count;
  uint64_t regions_at; // from the start of the plan
  uint64_t constants_at;
  PlanDispatch dispatches[1];
};

// Load and Map share the first area; the plan has its own, so that a later `bind` needs no word from the worker.
struct Shared {
  Control control;
  alignas(4096) union {
    LoadMessage load;
    MapMessage map;
  };
  alignas(4096) Plan plan;
};

constexpr uint64_t SHARED_BYTES = uint64_t(64) << 20; // sparse: only what is touched costs memory
constexpr uint64_t MAX_PLAN_BYTES = SHARED_BYTES - sizeof(Shared);

} // namespace msl
