// Checks geometry and lays out plans.
#include "geometry.h"

#include <algorithm>
#include <string.h>

namespace msl {
namespace {

constexpr const char *LAUNCH_ERROR = "launch_error";

std::string triple(const uint64_t (&size)[3]) {
  return decimal(int64_t(size[0])) + " x " + decimal(int64_t(size[1])) + " x " + decimal(int64_t(size[2]));
}

std::string memory_exceeded(uint64_t bytes) {
  return "Threadgroup memory size (" + decimal(int64_t(bytes)) + ") exceeds the maximum threadgroup memory allowed (" +
         decimal(MAX_THREADGROUP_MEMORY) + ")";
}

uint64_t round_up_16(uint64_t bytes) { return (bytes + 15) & ~uint64_t(15); }

Verdict check_sizes(const DispatchRequest &dispatch, const FunctionRequest &function, PlanDispatch &out) {
  std::string of = " of '" + dispatch.function + "'";
  uint64_t total = 1, threads = 1;
  for (int i = 0; i < 3; ++i) {
    uint64_t grid = dispatch.grid[i], threadgroup = dispatch.threadgroup[i];
    if (grid == 0)
      return Verdict::refused(LAUNCH_ERROR, "grid " + triple(dispatch.grid) + of + " has no threads");
    if (threadgroup == 0)
      return Verdict::refused(LAUNCH_ERROR, "threadgroup " + triple(dispatch.threadgroup) + of + " has no threads");
    if (grid > UINT32_MAX)
      return Verdict::refused(LAUNCH_ERROR, "grid " + triple(dispatch.grid) + of +
                                                " exceeds the limit of 4294967295 threads a dimension");
    if (__builtin_mul_overflow(threads, threadgroup, &threads))
      threads = UINT64_MAX;
    if (__builtin_mul_overflow(total, (grid + threadgroup - 1) / threadgroup, &total))
      return Verdict::refused(LAUNCH_ERROR, "grid " + triple(dispatch.grid) + of + " has more than 2^64 threadgroups");
  }
  if (threads > function.max_threads)
    return Verdict::refused(LAUNCH_ERROR, "threadgroup " + triple(dispatch.threadgroup) + of + " has " +
                                              decimal(int64_t(std::min<uint64_t>(threads, INT64_MAX))) +
                                              " threads, the limit is " + decimal(function.max_threads));
  for (int i = 0; i < 3; ++i) {
    out.grid[i] = uint32_t(dispatch.grid[i]);
    out.threadgroup[i] = uint32_t(dispatch.threadgroup[i]);
    out.threadgroups[i] = uint32_t((dispatch.grid[i] + dispatch.threadgroup[i] - 1) / dispatch.threadgroup[i]);
  }
  out.total_threadgroups = total;
  return {};
}

// In a checked worker there is a gap before each argument and after the last: what runs over falls into it.
Verdict place_threadgroup_memory(const DispatchRequest &dispatch, const FunctionRequest &function, bool checked,
                                 PlanDispatch &out) {
  const uint64_t limit = checked ? CHECKED_THREADGROUP_MEMORY : MAX_THREADGROUP_MEMORY, gap = checked ? CHECKED_GAP : 0;
  std::fill(std::begin(out.threadgroup_arguments), std::end(out.threadgroup_arguments), NO_ARGUMENT);
  uint64_t used = round_up_16(function.static_threadgroup_bytes), asked = function.static_threadgroup_bytes;
  for (const ThreadgroupMemoryRequest &memory : dispatch.threadgroup_memory) {
    std::string what = "threadgroup memory " + decimal(memory.index) + " of '" + dispatch.function + "'";
    if (std::find(function.threadgroup_arguments.begin(), function.threadgroup_arguments.end(), memory.index) ==
        function.threadgroup_arguments.end())
      return Verdict::refused(LAUNCH_ERROR, what + ": the function has no such argument");
    if (memory.bytes == 0 || memory.bytes % 16 != 0)
      return Verdict::refused(LAUNCH_ERROR,
                              what + " has " + decimal(int64_t(memory.bytes)) + " bytes, not a multiple of 16");
    asked = memory.bytes > limit ? memory.bytes : asked + memory.bytes;
    used += gap;
    if (asked > limit || used + memory.bytes + gap > limit)
      return Verdict::refused(LAUNCH_ERROR, memory_exceeded(asked));
    out.threadgroup_arguments[memory.index] = uint32_t(used);
    out.threadgroup_argument_bytes[memory.index] = uint32_t(memory.bytes);
    used += memory.bytes;
  }
  for (uint32_t index : function.threadgroup_arguments)
    if (out.threadgroup_arguments[index] == NO_ARGUMENT)
      return Verdict::refused(LAUNCH_ERROR, "threadgroup argument " + decimal(index) + " of '" + dispatch.function +
                                                "' has no length");
  out.poisoned_bytes = uint32_t(used + gap);
  return {};
}

Verdict resolve_buffers(const DispatchRequest &dispatch, const BindRequest &bind, PlanDispatch &out,
                        std::string &constants) {
  for (const BufferRequest &buffer : dispatch.buffers) {
    auto slot = std::find(bind.slots.begin(), bind.slots.end(), buffer.slot);
    if (slot == bind.slots.end())
      return Verdict::fault("no slot is named '" + buffer.slot + "'");
    uint32_t number = uint32_t(slot - bind.slots.begin());
    for (const auto &instance : bind.instances)
      if (buffer.offset > instance[number].bytes)
        return Verdict::refused(LAUNCH_ERROR, "offset " + decimal(int64_t(buffer.offset)) + " of buffer " +
                                                  decimal(buffer.index) + " lies behind the " +
                                                  decimal(int64_t(instance[number].bytes)) + " bytes of '" +
                                                  buffer.slot + "'");
    out.buffers[buffer.index] = {Source::Pool, number, buffer.offset, 0};
  }
  for (const ConstantRequest &constant : dispatch.constants) {
    if (out.buffers[constant.index].source != Source::None)
      return Verdict::fault("buffer " + decimal(constant.index) + " of '" + dispatch.function + "' is bound twice");
    if (constant.bytes.size() > MAX_CONSTANT_BYTES)
      return Verdict::refused(LAUNCH_ERROR, "constant " + decimal(constant.index) + " of '" + dispatch.function +
                                                "' has " + decimal(int64_t(constant.bytes.size())) +
                                                " bytes, the limit is " + decimal(MAX_CONSTANT_BYTES));
    constants.resize(round_up_16(constants.size()));
    out.buffers[constant.index] = {Source::Constant, 0, constants.size(), constant.bytes.size()};
    constants += constant.bytes;
  }
  return {};
}

Verdict check_regions(const BindRequest &bind) {
  if (bind.instances.empty())
    return Verdict::fault("bind has no instance");
  if (bind.dispatches.empty())
    return Verdict::fault("bind has no dispatch");
  for (const auto &instance : bind.instances) {
    if (instance.size() != bind.slots.size())
      return Verdict::fault("an instance has not one region a slot");
    for (const RegionRequest &region : instance)
      if (region.offset > bind.pool_bytes || region.bytes > bind.pool_bytes - region.offset)
        return Verdict::fault("a region ends behind the pool");
  }
  return {};
}

Verdict plan_dispatch(const LoadRequest &load, const BindRequest &bind, const DispatchRequest &dispatch,
                      PlanDispatch &out, std::string &constants) {
  auto function = std::find_if(load.functions.begin(), load.functions.end(),
                               [&](const FunctionRequest &f) { return f.name == dispatch.function; });
  if (function == load.functions.end())
    return Verdict::fault("no function is named '" + dispatch.function + "'");
  out.function = uint32_t(function - load.functions.begin());
  Verdict verdict = check_sizes(dispatch, *function, out);
  if (verdict.ok())
    verdict = place_threadgroup_memory(dispatch, *function, load.checked, out);
  if (verdict.ok())
    verdict = resolve_buffers(dispatch, bind, out, constants);
  return verdict;
}

} // namespace

Verdict check_functions(const LoadRequest &load) {
  for (const FunctionRequest &function : load.functions) {
    if (function.max_threads == 0 || function.max_threads > MSL_MAX_THREADS)
      return Verdict::refused("pipeline_error", "max_total_threads_per_threadgroup (" + decimal(function.max_threads) +
                                                    ") of '" + function.name + "' is not in 1 to " +
                                                    decimal(MSL_MAX_THREADS));
    if (function.static_threadgroup_bytes >
        (load.checked ? CHECKED_THREADGROUP_MEMORY - CHECKED_GAP : MAX_THREADGROUP_MEMORY))
      return Verdict::refused("pipeline_error", memory_exceeded(function.static_threadgroup_bytes));
  }
  return {};
}

Verdict build_plan(const LoadRequest &load, const BindRequest &bind, BoundPlan &out) {
  Verdict verdict = check_regions(bind);
  if (!verdict.ok())
    return verdict;
  std::vector<PlanDispatch> dispatches(bind.dispatches.size());
  std::string constants;
  out.fibers = 1;
  for (size_t i = 0; i < dispatches.size(); ++i) {
    verdict = plan_dispatch(load, bind, bind.dispatches[i], dispatches[i], constants);
    if (!verdict.ok())
      return verdict;
    const PlanDispatch &planned = dispatches[i];
    uint32_t threads = planned.threadgroup[0] * planned.threadgroup[1] * planned.threadgroup[2];
    switch (load.functions[planned.function].mode) {
    case Mode::Loop:
      break;
    case Mode::Fiber:
      out.fibers = std::max(out.fibers, threads);
      break;
    case Mode::Lanes:
      out.fibers = std::max(out.fibers, (threads + MSL_SIMD_WIDTH - 1) / MSL_SIMD_WIDTH);
      break;
    }
  }
  Plan header = {};
  header.dispatch_count = uint32_t(dispatches.size());
  header.instance_count = out.instances = uint32_t(bind.instances.size());
  header.slot_count = uint32_t(bind.slots.size());
  uint64_t region_bytes = sizeof(PlanRegion) * bind.instances.size() * bind.slots.size();
  uint64_t dispatch_bytes = sizeof(PlanDispatch) * dispatches.size();
  header.regions_at = offsetof(Plan, dispatches) + dispatch_bytes;
  header.constants_at = round_up_16(header.regions_at + region_bytes);
  out.bytes.assign(header.constants_at + constants.size(), 0);
  if (out.bytes.size() > MAX_PLAN_BYTES)
    return Verdict::fault("bind is too large for the host");
  memcpy(out.bytes.data(), &header, offsetof(Plan, dispatches));
  memcpy(out.bytes.data() + offsetof(Plan, dispatches), dispatches.data(), dispatch_bytes);
  PlanRegion *region = reinterpret_cast<PlanRegion *>(out.bytes.data() + header.regions_at);
  for (const auto &instance : bind.instances)
    for (const RegionRequest &request : instance)
      *region++ = {request.bytes ? request.offset : ABSENT_REGION, request.bytes};
  memcpy(out.bytes.data() + header.constants_at, constants.data(), constants.size());
  return {};
}

} // namespace msl
