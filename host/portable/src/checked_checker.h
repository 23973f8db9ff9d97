// checked_checker.h: the checker of a checked worker. It sees every access, barrier and collective of the one thread
// that computes, keeps shadow memory, and writes findings and counts into the area that the harness reads.
#pragma once
#include "checked_area.h"
#include "checked_shadow.h"
#include "checked_sync.h"
#include "control.h"
#include "fibers.h"

namespace msl {

// Memory that the running dispatch may touch, by buffer index.
struct Extent {
  const char *begin, *end;
  uint32_t index;
  bool read_only = false;
};

// Everything of one access that is the same for all of its words.
struct Touch {
  uint32_t place;
  uint32_t access; // AccessBits
  uint32_t thread;
  bool reads;
};

class Checker final : public EngineWatch {
public:
  // Takes shadow memory for the pool; the area lies in it. `code` is any function of the library. False if the system
  // has no memory.
  bool prepare(char *pool, uint64_t pool_bytes, uint64_t area_offset, const Shared &shared, const void *code);
  bool prepare_threadgroup_memory(char *arena, size_t bytes, size_t guard);
  void set_engine(const FiberEngine &engine) { engine_ = &engine; }

  void begin_run(const Plan &plan, uint32_t instance);
  void begin_dispatch(const PlanDispatch &dispatch, uint32_t number, const MslGroup &group, uint64_t seed);
  // Whether a sampled run leaves out this threadgroup.
  bool skips(uint64_t ordinal) const;
  void begin_group(uint64_t ordinal);
  void end_group();
  void end_dispatch();
  void end_chunk() { area_->state = CheckState::Finished; }

  uint32_t memory_poison() const { return area_->memory_poison; }
  uint32_t lane_poison() const { return area_->lane_poison; }

  // What the library calls, see checked_hooks.cc.
  // `frame` is the caller's stack pointer: what lies below it belongs to nobody.
  void touch(const char *address, uint64_t bytes, uint32_t place, uint32_t access, bool reads, const char *frame);
  void barrier(uint32_t flags, uint32_t place);
  void collective(uint32_t place);
  void fence(uint32_t flags, uint32_t order, uint32_t place);
  void atomic(const char *address, uint32_t bytes, uint32_t access, bool reads, bool is_float, uint32_t place,
              const char *frame);
  void inactive_lane(uint32_t reader, uint32_t source);
  // The next collective of this thread has an argument that has to be the same in each cluster of lanes.
  void uniform(uint32_t value, uint32_t cluster);
  void matrix(uint32_t place);
  void integer(uint32_t kind, uint64_t left, uint64_t right, uint32_t place);
  void work(uint32_t flops) { area_->counts.flops += flops; }

  // Called by the crash handler: the last access explains the fault.
  void fault(uintptr_t address);

  void barrier_released() override;
  void lanes_meet(uint32_t simdgroup, uint32_t active, uint32_t live, const void *argument, uint32_t leader) override;
  void lanes_met() override { combining_ = false; }

private:
  void touch_device(const char *address, uint64_t bytes, const Touch &touch);
  void touch_threadgroup(const char *address, uint64_t bytes, const Touch &touch);
  void touch_words(Shadow &shadow, bool device, const char *address, uint64_t bytes, const Touch &touch);
  void touch_word(Shadow &shadow, bool device, const char *word, uint32_t mask, const Touch &touch);
  void touch_bytes(Shadow &shadow, bool device, const char *word, uint32_t mask, const Touch &touch);
  void touch_cell(Cell &cell, bool device, const char *address, uint32_t bytes, const Touch &touch);
  void uninitialised(bool device, const char *word, uint32_t bytes, const Touch &touch);
  void touch_private(const char *address, uint64_t bytes, const Touch &touch);
  bool may_touch(const char *address, uint64_t bytes, const Touch &touch) const;
  void store_into_input(const char *address, uint64_t bytes, const Touch &touch);
  void compare_uniform(uint32_t simdgroup, uint32_t active);
  void count_bytes(bool device, uint64_t bytes, const Touch &touch);
  void note_trace(const char *address, uint64_t bytes, const Touch &touch, bool in_threadgroup);
  void look_for_race(const Access &earlier, const Access &now, bool device, const char *address, const Touch &touch);
  void out_of_bounds(const char *address, uint64_t bytes, const Touch &touch, bool device);
  bool ordered(const Access &earlier, uint32_t thread, bool device) const;
  bool barrier_between(const Access &earlier) const;
  void stop();

  Finding *report(FindingKind kind, const Side &here, const Side &other);
  void name_memory(Finding &finding, const char *address, bool device) const;
  const Extent *nearest(const char *address, const Extent *extents, uint32_t count) const;
  Side side(uint32_t place, uint32_t access, uint32_t thread) const;
  Side side_of(const Access &access, bool device) const;
  void group_position(uint64_t ordinal, uint32_t (&position)[3]) const;

  CheckArea *area_ = nullptr;
  char *area_memory_ = nullptr;
  const char *pool_ = nullptr, *pool_end_ = nullptr;
  const char *image_ = nullptr, *image_end_ = nullptr; // of the library
  const FiberEngine *engine_ = nullptr;
  const char *shared_ = nullptr, *shared_end_ = nullptr;
  const char *arena_ = nullptr;
  size_t arena_bytes_ = 0, guard_ = 0;
  Shadow device_, threadgroup_;

  const PlanRegion *regions_ = nullptr;
  const PlanDispatch *dispatch_ = nullptr;
  const MslGroup *group_ = nullptr;
  uint32_t dispatch_number_ = 0;
  uint64_t seed_ = 0, ordinal_ = 0;
  Counts before_ = {};               // the dispatch
  uint32_t *group_starts_ = nullptr; // stamp of each threadgroup in the order they ran
  Extent buffers_[MSL_MAX_BUFFERS];
  uint32_t buffer_count_ = 0;
  const Extent *last_ = nullptr;
  Extent variables_[MAX_CHECKED_VARIABLES]; // threadgroup variables, then arguments
  uint32_t variable_count_ = 0, static_count_ = 0;
  const Extent *last_variable_ = nullptr;

  uint32_t stamp_ = 0, run_start_ = 0, dispatch_start_ = 0, group_start_ = 0;
  uint32_t barrier_stamp_ = 0;                                 // of the last barrier whatever its flags
  uint32_t visible_[2] = {0, 0};                               // [device]: stamp of the last barrier that orders it
  uint32_t simd_visible_[2][MSL_MAX_THREADS / MSL_SIMD_WIDTH]; // the same of each SIMD-group
  DeviceSync sync_;

  uint32_t waiting_count_ = 0;
  uint32_t waiting_[MSL_MAX_THREADS]; // threads in the barrier, in order of arrival
  uint32_t places_[MSL_MAX_THREADS];  // where each thread waits
  uint32_t flags_[MSL_MAX_THREADS];
  const MslPath *paths_[MSL_MAX_THREADS];
  uint32_t pending_uniform_ = 0, uniform_[MSL_MAX_THREADS]; // value + 1 and cluster of the collective's argument
  struct MatrixWork {
    uint32_t place; // of the last operation
    uint32_t count;
    uint64_t sequence; // of places, hashed
  };
  MatrixWork matrix_[MSL_MAX_THREADS];
  bool matrices_ = false;  // any in this threadgroup
  bool combining_ = false; // a collective works on the slots of several lanes
  uint32_t meeting_place_ = 0, meeting_simd_ = 0, last_place_ = 0, last_access_ = 0;
  uint32_t traced_groups_ = 0;
  uint16_t traced_[MSL_SIMD_WIDTH];
  bool tracing_ = false;
};

// The checker of this process, nullptr in a worker that checks nothing.
extern Checker *checker;

} // namespace msl
