// Findings: one for each pair of places, with the first threads and the first element that showed it.
#include "checked_checker.h"

namespace msl {

Finding *Checker::report(FindingKind kind, const Side &here, const Side &other) {
  Finding *findings = reinterpret_cast<Finding *>(area_memory_ + area_->findings_at);
  for (uint32_t i = 0; i < area_->finding_count; ++i) {
    Finding &known = findings[i];
    if (known.kind == kind && known.here.place == here.place && known.other.place == other.place &&
        known.here.access == here.access && known.other.access == other.access) {
      ++known.count;
      return &known;
    }
  }
  if (area_->finding_count == area_->finding_capacity) {
    ++area_->findings_lost;
    return nullptr;
  }
  Finding &fresh = findings[area_->finding_count];
  fresh = {};
  fresh.kind = kind;
  fresh.space = Space::Elsewhere;
  fresh.count = 1;
  fresh.function = dispatch_ ? dispatch_->function : 0;
  fresh.dispatch = dispatch_number_;
  fresh.here = here;
  fresh.other = other;
  ++area_->finding_count;
  return &fresh;
}

const Extent *Checker::nearest(const char *address, const Extent *extents, uint32_t count) const {
  const Extent *best = nullptr;
  uint64_t least = ~uint64_t(0);
  for (const Extent *extent = extents; extent < extents + count; ++extent) {
    uint64_t distance = address < extent->begin  ? uint64_t(extent->begin - address)
                        : address >= extent->end ? uint64_t(address - extent->end)
                                                 : 0;
    if (distance < least) {
      least = distance;
      best = extent;
    }
  }
  return best;
}

void Checker::name_memory(Finding &finding, const char *address, bool device) const {
  const Extent *extent =
      device ? nearest(address, buffers_, buffer_count_) : nearest(address, variables_, variable_count_);
  if (!extent)
    return;
  finding.space = device                                ? Space::Buffer
                  : extent < variables_ + static_count_ ? Space::Threadgroup
                                                        : Space::ThreadgroupArgument;
  finding.index = extent->index;
  finding.offset = address - extent->begin;
}

Side Checker::side(uint32_t place, uint32_t access, uint32_t thread) const {
  Side found = {place, access, thread, {0, 0, 0}};
  if (group_)
    for (int i = 0; i < 3; ++i)
      found.group[i] = group_->position[i];
  return found;
}

// The access of an earlier moment: its threadgroup follows from the stamp.
Side Checker::side_of(const Access &access, bool device) const {
  uint32_t bits = (access.atomic ? ACCESS_ATOMIC : 0) | (access.is_volatile ? ACCESS_VOLATILE : 0);
  Side found = side(access.place, bits, access.thread);
  if (!device || access.stamp >= group_start_)
    return found;
  uint64_t low = 0, high = ordinal_;
  while (low + 1 < high) {
    uint64_t middle = (low + high) / 2;
    if (group_starts_[middle] <= access.stamp)
      low = middle;
    else
      high = middle;
  }
  group_position(low, found.group);
  return found;
}

void Checker::group_position(uint64_t ordinal, uint32_t (&position)[3]) const {
  uint64_t index = group_of(seed_, ordinal, dispatch_->total_threadgroups);
  uint32_t columns = dispatch_->threadgroups[0], rows = dispatch_->threadgroups[1];
  position[0] = uint32_t(index % columns);
  position[1] = uint32_t(index / columns % rows);
  position[2] = uint32_t(index / columns / rows);
}

void Checker::fault(uintptr_t address) {
  if (!msl_self || !group_)
    return;
  Finding *finding =
      report(FindingKind::OutOfBounds, side(last_place_, last_access_, msl_self->index), side(0, 0, NO_THREAD));
  if (finding && finding->count == 1)
    finding->offset = int64_t(address);
}

} // namespace msl
