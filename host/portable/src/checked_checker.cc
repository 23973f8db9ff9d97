// Runs, dispatches, threadgroups, barriers and collectives as the checker sees them.
#include "checked_checker.h"

#include "schedule.h"

#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

namespace msl {

Checker *checker = nullptr;

namespace {

constexpr uint32_t WIDTH = MSL_SIMD_WIDTH;
constexpr uint32_t MAX_GROUPS = 1 << 22; // whose positions can be told
constexpr uint32_t MEM_DEVICE = 1, MEM_THREADGROUP = 2;
constexpr int ORDER_RELAXED = __ATOMIC_RELAXED;

bool same_path(const MslPath &a, const MslPath &b) {
  if (a.depth != b.depth)
    return false;
  for (uint32_t i = 0; i < a.depth; ++i)
    if (a.steps[i].site != b.steps[i].site || a.steps[i].iteration != b.steps[i].iteration)
      return false;
  return true;
}

bool is_read_only(const CheckArea &area, const char *memory, uint32_t slot) {
  const uint32_t *slots = reinterpret_cast<const uint32_t *>(memory + area.read_only_at);
  for (uint32_t i = 0; i < area.read_only_count; ++i)
    if (slots[i] == slot)
      return true;
  return false;
}

// The mapped library that holds an address.
struct Image {
  const char *inside, *begin, *end;
};

int find_image(dl_phdr_info *info, size_t, void *argument) {
  Image &image = *static_cast<Image *>(argument);
  const char *begin = nullptr, *end = nullptr;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto &segment = info->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD)
      continue;
    const char *start = reinterpret_cast<const char *>(info->dlpi_addr + segment.p_vaddr);
    begin = !begin || start < begin ? start : begin;
    end = start + segment.p_memsz > end ? start + segment.p_memsz : end;
  }
  if (image.inside < begin || image.inside >= end)
    return 0;
  image.begin = begin;
  image.end = end;
  return 1;
}

} // namespace

bool Checker::prepare(char *pool, uint64_t pool_bytes, uint64_t area_offset, const Shared &shared, const void *code) {
  Image image = {static_cast<const char *>(code), nullptr, nullptr};
  dl_iterate_phdr(find_image, &image);
  image_ = image.begin;
  image_end_ = image.end;
  area_memory_ = pool + area_offset;
  area_ = reinterpret_cast<CheckArea *>(area_memory_);
  pool_ = pool;
  pool_end_ = pool + pool_bytes;
  shared_ = reinterpret_cast<const char *>(&shared);
  shared_end_ = shared_ + SHARED_BYTES;
  void *starts = mmap(nullptr, MAX_GROUPS * sizeof(uint32_t), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  group_starts_ = starts == MAP_FAILED ? nullptr : static_cast<uint32_t *>(starts);
  return group_starts_ && sync_.map() && device_.map(pool, area_offset);
}

bool Checker::prepare_threadgroup_memory(char *arena, size_t bytes, size_t guard) {
  arena_ = arena;
  arena_bytes_ = bytes;
  guard_ = guard;
  return threadgroup_.map(arena, bytes);
}

void Checker::begin_run(const Plan &plan, uint32_t instance) {
  area_->state = CheckState::Running;
  area_->finding_count = area_->findings_lost = area_->trace_count = 0;
  area_->counts = {};
  run_start_ = ++stamp_;
  traced_groups_ = 0;
  const char *base = reinterpret_cast<const char *>(&plan);
  regions_ = reinterpret_cast<const PlanRegion *>(base + plan.regions_at) + uint64_t(instance) * plan.slot_count;
  const uint32_t *poisoned = reinterpret_cast<const uint32_t *>(area_memory_ + area_->poisoned_at);
  for (uint32_t i = 0; i < area_->poisoned_count; ++i)
    if (regions_[poisoned[i]].offset != ABSENT_REGION)
      device_.mark_unwritten(pool_ + regions_[poisoned[i]].offset, regions_[poisoned[i]].bytes);
}

void Checker::begin_dispatch(const PlanDispatch &dispatch, uint32_t number, const MslGroup &group, uint64_t seed) {
  dispatch_ = &dispatch;
  dispatch_number_ = number;
  group_ = &group;
  seed_ = seed;
  dispatch_start_ = ++stamp_;
  before_ = area_->counts;
  sync_.begin_dispatch();
  buffer_count_ = variable_count_ = 0;
  for (uint32_t i = 0; i < MSL_MAX_BUFFERS; ++i)
    if (group.buffers[i]) {
      const PlanBuffer &buffer = dispatch.buffers[i];
      uint64_t bytes = buffer.source == Source::Constant ? buffer.bytes : regions_[buffer.slot].bytes - buffer.offset;
      const char *begin = static_cast<const char *>(group.buffers[i]);
      bool read_only = buffer.source == Source::Constant || is_read_only(*area_, area_memory_, buffer.slot);
      buffers_[buffer_count_++] = {begin, begin + bytes, i, read_only};
    }
  const CheckFunction *functions = reinterpret_cast<const CheckFunction *>(area_memory_ + area_->functions_at);
  const CheckVariable *variables = reinterpret_cast<const CheckVariable *>(area_memory_ + area_->variables_at);
  const CheckFunction &function = functions[dispatch.function];
  for (uint32_t i = 0; i < function.variable_count && variable_count_ < MAX_CHECKED_VARIABLES - MSL_MAX_BUFFERS; ++i) {
    const CheckVariable &variable = variables[function.first_variable + i];
    variables_[variable_count_++] = {arena_ + variable.offset, arena_ + variable.offset + variable.bytes, i};
  }
  static_count_ = variable_count_;
  for (uint32_t i = 0; i < MSL_MAX_BUFFERS; ++i)
    if (dispatch.threadgroup_arguments[i] != NO_ARGUMENT) {
      const char *begin = arena_ + dispatch.threadgroup_arguments[i];
      variables_[variable_count_++] = {begin, begin + dispatch.threadgroup_argument_bytes[i], i};
    }
  last_ = buffers_;
  last_variable_ = variables_;
}

// One threadgroup of each of `sampled_groups` equal parts, at another place in each: a fixed stride could meet the same
// column of a grid every time.
bool Checker::skips(uint64_t ordinal) const {
  uint64_t total = dispatch_->total_threadgroups, sampled = area_->sampled_groups;
  if (sampled == 0 || total <= sampled)
    return false;
  uint64_t part = ordinal * sampled / total;
  uint64_t begin = (part * total + sampled - 1) / sampled, end = ((part + 1) * total + sampled - 1) / sampled;
  return ordinal != begin + mix_bits(part) % (end - begin);
}

// What the sampled threadgroups did, as if all had. The number of accesses stays: it has a limit.
void Checker::end_dispatch() {
  uint64_t total = dispatch_->total_threadgroups, sampled = area_->sampled_groups;
  if (sampled == 0 || total <= sampled)
    return;
  uint64_t *now = reinterpret_cast<uint64_t *>(&area_->counts);
  const uint64_t *before = reinterpret_cast<const uint64_t *>(&before_);
  for (size_t i = 1; i < sizeof(Counts) / sizeof(uint64_t); ++i) {
    uint64_t done = now[i] - before[i];
    now[i] = before[i] + done / sampled * total + done % sampled * total / sampled;
  }
}

void Checker::begin_group(uint64_t ordinal) {
  group_start_ = ++stamp_;
  ordinal_ = ordinal;
  if (ordinal < MAX_GROUPS)
    group_starts_[ordinal] = group_start_;
  barrier_stamp_ = visible_[0] = visible_[1] = group_start_;
  memset(simd_visible_, 0, sizeof simd_visible_);
  waiting_count_ = pending_uniform_ = 0;
  matrices_ = combining_ = false;
  sync_.begin_group(group_start_);
  if (dispatch_->poisoned_bytes)
    threadgroup_.mark_unwritten(arena_, dispatch_->poisoned_bytes);
  const uint32_t *size = group_->size;
  ++area_->counts.threadgroups;
  area_->counts.threads += uint64_t(size[0]) * size[1] * size[2];
  // The first threadgroup and the middle one stand for all.
  uint64_t total = dispatch_->total_threadgroups, sampled = area_->sampled_groups;
  if (sampled && sampled < total) {
    uint64_t part = ordinal * sampled / total;
    tracing_ = area_->trace && (part == 0 || part == sampled / 2);
  } else {
    tracing_ = area_->trace && (ordinal == 0 || ordinal == total / 2);
  }
  if (tracing_) {
    ++traced_groups_;
    memset(traced_, 0, sizeof traced_);
  }
}

void Checker::stop() {
  area_->state = CheckState::LimitReached;
  _exit(0);
}

void Checker::barrier(uint32_t flags, uint32_t place) {
  const MslThread &self = *msl_self;
  places_[self.index] = place;
  flags_[self.index] = flags;
  paths_[self.index] = &self.path;
  waiting_[waiting_count_++] = self.index;
}

void Checker::barrier_released() {
  uint32_t first = waiting_[0], flags = ~0u;
  for (uint32_t i = 0; i < waiting_count_; ++i) {
    uint32_t thread = waiting_[i];
    flags &= flags_[thread];
    if (places_[thread] == places_[first] && same_path(*paths_[thread], *paths_[first]))
      continue;
    report(FindingKind::DivergentBarrier, side(places_[thread], 0, thread), side(places_[first], 0, first));
  }
  waiting_count_ = 0;
  barrier_stamp_ = ++stamp_;
  if (flags & MEM_DEVICE)
    visible_[1] = stamp_;
  if (flags & MEM_THREADGROUP)
    visible_[0] = stamp_;
  ++area_->counts.barriers;
}

void Checker::collective(uint32_t place) {
  places_[msl_self->index] = place;
  uniform_[msl_self->index] = pending_uniform_;
  pending_uniform_ = 0;
}

// `argument` is the flags of a simdgroup_barrier, plus one; null for every other collective.
void Checker::lanes_meet(uint32_t simdgroup, uint32_t active, uint32_t live, const void *argument, uint32_t leader) {
  meeting_place_ = places_[leader];
  meeting_simd_ = simdgroup;
  combining_ = true;
  if (!argument) {
    compare_uniform(simdgroup, active);
    ++area_->counts.simd_operations;
    area_->counts.partial_simd_operations += active != live;
    return;
  }
  uint32_t flags = uint32_t(reinterpret_cast<uintptr_t>(argument)) - 1;
  ++area_->counts.simdgroup_barriers;
  ++stamp_;
  if (flags & MEM_DEVICE)
    simd_visible_[1][simdgroup] = stamp_;
  if (flags & MEM_THREADGROUP)
    simd_visible_[0][simdgroup] = stamp_;
  if (active != live) {
    uint32_t missing = simdgroup * WIDTH + uint32_t(__builtin_ctz(live & ~active));
    report(FindingKind::DivergentBarrier, side(meeting_place_, 0, leader), side(places_[missing], 0, missing));
  }
}

void Checker::fence(uint32_t flags, uint32_t order, uint32_t) {
  if ((flags & MEM_DEVICE) && int(order) != ORDER_RELAXED)
    sync_.fence(msl_self->index, stamp_);
}

void Checker::inactive_lane(uint32_t reader, uint32_t source) {
  Side here = side(meeting_place_, 0, meeting_simd_ * WIDTH + reader);
  uint32_t other = source < WIDTH ? meeting_simd_ * WIDTH + source : NO_THREAD;
  report(FindingKind::InactiveLane, here, side(0, 0, other));
}

constexpr uint32_t CLUSTER_SHIFT = 24;

void Checker::uniform(uint32_t value, uint32_t cluster) {
  pending_uniform_ = cluster << CLUSTER_SHIFT | ((value + 1) & 0xffffff);
}

void Checker::compare_uniform(uint32_t simdgroup, uint32_t active) {
  const uint32_t *given = uniform_ + simdgroup * WIDTH;
  uint32_t cluster = given[__builtin_ctz(active)] >> CLUSTER_SHIFT;
  if (cluster == 0)
    return;
  for (uint32_t rest = active; rest; rest &= rest - 1) {
    uint32_t lane = uint32_t(__builtin_ctz(rest)), base = lane / cluster * cluster;
    uint32_t first = base + uint32_t(__builtin_ctz(active >> base));
    if (given[lane] == given[first])
      continue;
    Side here = side(meeting_place_, 0, simdgroup * WIDTH + lane);
    report(FindingKind::UniformArgument, here, side(meeting_place_, 0, simdgroup * WIDTH + first));
  }
}

void Checker::integer(uint32_t kind, uint64_t left, uint64_t right, uint32_t place) {
  if (place == 0)
    return; // code of our own headers
  Side here = side(place, 0, msl_self->index);
  Finding *finding = report(FindingKind::Integer, here, side(0, 0, NO_THREAD));
  if (!finding || finding->count > 1)
    return;
  finding->index = kind;
  finding->offset = int64_t(left);
  finding->size = right;
}

} // namespace msl
