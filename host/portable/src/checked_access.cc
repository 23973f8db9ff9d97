// Every access: bounds, initialisation, order.
#include "checked_checker.h"

#include <string.h>

// One function for an access: the parts are called for each load and store of a kernel.
#define MSL_HOT inline __attribute__((always_inline))

namespace msl {
namespace {

constexpr uint32_t WIDTH = MSL_SIMD_WIDTH;
constexpr uint16_t TRACE_PER_LANE = 512;
constexpr uint32_t MAX_PLACE = 0xffff;

} // namespace

MSL_HOT void Checker::count_bytes(bool device, uint64_t bytes, const Touch &touch) {
  Counts &counts = area_->counts;
  if (touch.reads)
    (device ? counts.device_loaded_bytes : counts.threadgroup_loaded_bytes) += bytes;
  if (touch.access & ACCESS_WRITE)
    (device ? counts.device_stored_bytes : counts.threadgroup_stored_bytes) += bytes;
}

void Checker::note_trace(const char *address, uint64_t bytes, const Touch &touch, bool in_threadgroup) {
  if (touch.thread >= WIDTH || traced_[touch.thread] == TRACE_PER_LANE || area_->trace_count == area_->trace_capacity)
    return;
  ++traced_[touch.thread];
  TraceRecord *records = reinterpret_cast<TraceRecord *>(area_memory_ + area_->trace_at);
  TraceRecord &record = records[area_->trace_count++];
  record.offset = uint64_t(address - (in_threadgroup ? arena_ : pool_));
  record.place = touch.place;
  record.size = uint16_t(bytes < 0xffff ? bytes : 0xffff);
  record.access = uint8_t(touch.access);
  record.threadgroup_memory = in_threadgroup;
  record.group = dispatch_number_ * 2 + traced_groups_;
  record.lane = touch.thread;
}

MSL_HOT void Checker::touch_cell(Cell &cell, bool device, const char *address, uint32_t bytes, const Touch &touch) {
  Access now;
  now.stamp = stamp_;
  now.place = touch.place & MAX_PLACE;
  now.thread = touch.thread & 1023;
  now.atomic = (touch.access & ACCESS_ATOMIC) != 0;
  now.is_volatile = (touch.access & ACCESS_VOLATILE) != 0;
  uint32_t since = device ? dispatch_start_ : group_start_;
  if (touch.reads) {
    if (device && cell.read.stamp < run_start_)
      area_->counts.device_distinct_loaded_bytes += bytes;
    if (cell.write.stamp >= since)
      look_for_race(cell.write, now, device, address, touch);
    bool own = cell.read.thread == now.thread && cell.read.stamp >= group_start_;
    if (!own && cell.read.stamp >= since)
      cell.other_read = cell.read;
    cell.read = now;
  }
  if (!(touch.access & ACCESS_WRITE))
    return;
  if (device && cell.write.stamp < run_start_)
    area_->counts.device_distinct_stored_bytes += bytes;
  if (cell.write.stamp >= since && !touch.reads)
    look_for_race(cell.write, now, device, address, touch);
  if (cell.read.stamp >= since)
    look_for_race(cell.read, now, device, address, touch);
  if (cell.other_read.stamp >= since)
    look_for_race(cell.other_read, now, device, address, touch);
  cell.write = now;
}

void Checker::touch_bytes(Shadow &shadow, bool device, const char *word, uint32_t mask, const Touch &touch) {
  Cell *cells = shadow.byte_cells(word);
  for (uint32_t i = 0; i < WORD_BYTES; ++i)
    if (mask >> i & 1)
      touch_cell(cells[i], device, word + i, 1, touch);
}

MSL_HOT void Checker::touch_word(Shadow &shadow, bool device, const char *word, uint32_t mask, const Touch &touch) {
  uint8_t &state = shadow.state(word);
  if (__builtin_expect(touch.reads && (state & mask), 0))
    uninitialised(device, word, uint32_t(__builtin_popcount(state & mask)), touch);
  if (touch.access & ACCESS_WRITE)
    state &= uint8_t(~mask);
  if (__builtin_expect(mask == WHOLE_WORD && !(state & SPLIT), 1))
    return touch_cell(shadow.cell(word), device, word, WORD_BYTES, touch);
  touch_bytes(shadow, device, word, mask, touch);
}

MSL_HOT void Checker::touch_words(Shadow &shadow, bool device, const char *address, uint64_t bytes,
                                  const Touch &touch) {
  uint64_t inside = uint64_t(address - (device ? pool_ : arena_)) % WORD_BYTES;
  const char *word = address - inside;
  if (inside == 0 && bytes == WORD_BYTES)
    return touch_word(shadow, device, word, WHOLE_WORD, touch);
  const char *end = address + bytes;
  for (; word < end; word += WORD_BYTES) {
    uint32_t first = word < address ? uint32_t(address - word) : 0;
    uint32_t last = uint64_t(end - word) < WORD_BYTES ? uint32_t(end - word) : WORD_BYTES;
    touch_word(shadow, device, word, (1u << last) - (1u << first), touch);
  }
}

MSL_HOT void Checker::touch_device(const char *address, uint64_t bytes, const Touch &touch) {
  const Extent *extent = last_;
  if (address < extent->begin || address + bytes > extent->end) {
    for (extent = buffers_; extent < buffers_ + buffer_count_; ++extent)
      if (address >= extent->begin && address + bytes <= extent->end)
        break;
    if (extent == buffers_ + buffer_count_)
      return out_of_bounds(address, bytes, touch, true);
    last_ = extent;
  }
  if (__builtin_expect(extent->read_only && (touch.access & ACCESS_WRITE), 0))
    store_into_input(address, bytes, touch);
  if (++area_->counts.accesses > area_->access_limit)
    stop();
  if (!device_.contains(address))
    return; // a scalar: no memory traffic
  count_bytes(true, bytes, touch);
  if (tracing_)
    note_trace(address, bytes, touch, false);
  touch_words(device_, true, address, bytes, touch);
}

MSL_HOT void Checker::touch_threadgroup(const char *address, uint64_t bytes, const Touch &touch) {
  const Extent *extent = last_variable_;
  if (variable_count_ == 0 || address < extent->begin || address + bytes > extent->end) {
    for (extent = variables_; extent < variables_ + variable_count_; ++extent)
      if (address >= extent->begin && address + bytes <= extent->end)
        break;
    if (extent == variables_ + variable_count_)
      return out_of_bounds(address, bytes, touch, false);
    last_variable_ = extent;
  }
  if (++area_->counts.accesses > area_->access_limit)
    stop();
  count_bytes(false, bytes, touch);
  if (tracing_)
    note_trace(address, bytes, touch, true);
  touch_words(threadgroup_, false, address, bytes, touch);
}

void Checker::touch(const char *address, uint64_t bytes, uint32_t place, uint32_t access, bool reads,
                    const char *frame) {
  Touch touch = {place, access, msl_self->index, reads};
  if (__builtin_expect(size_t(address - pool_) < size_t(pool_end_ - pool_), 1))
    return touch_device(address, bytes, touch);
  if (size_t(address - (arena_ - guard_)) < arena_bytes_ + 2 * guard_)
    return touch_threadgroup(address, bytes, touch);
  const char *top = static_cast<const char *>(running_fiber().stack_top);
  if (address >= frame && address + bytes <= top)
    return; // a variable of this thread
  if (size_t(address - shared_) < SHARED_BYTES)
    return touch_device(address, bytes, touch);
  touch_private(address, bytes, touch);
}

bool Checker::ordered(const Access &earlier, uint32_t thread, bool device) const {
  if (earlier.stamp < group_start_)
    return sync_.acquired(earlier.stamp, earlier.thread, thread, visible_[1]);
  if (earlier.thread == thread || earlier.stamp < visible_[device])
    return true;
  return earlier.thread / WIDTH == thread / WIDTH && earlier.stamp < simd_visible_[device][thread / WIDTH];
}

bool Checker::barrier_between(const Access &earlier) const {
  return earlier.stamp >= group_start_ && earlier.stamp < barrier_stamp_;
}

void Checker::uninitialised(bool device, const char *word, uint32_t bytes, const Touch &touch) {
  Finding *finding =
      report(FindingKind::Uninitialised, side(touch.place, touch.access, touch.thread), side(0, 0, NO_THREAD));
  if (!finding || finding->count > 1)
    return;
  name_memory(*finding, word, device);
  finding->size = bytes;
}

void Checker::look_for_race(const Access &earlier, const Access &now, bool device, const char *address,
                            const Touch &touch) {
  if ((earlier.atomic || earlier.is_volatile) && (now.atomic || now.is_volatile))
    return;
  if (ordered(earlier, touch.thread, device))
    return;
  FindingKind kind = barrier_between(earlier) ? FindingKind::UnorderedBarrier : FindingKind::Race;
  Finding *finding = report(kind, side(touch.place, touch.access, touch.thread), side_of(earlier, device));
  if (finding && finding->count == 1)
    name_memory(*finding, address, device);
}

void Checker::out_of_bounds(const char *address, uint64_t bytes, const Touch &touch, bool device) {
  last_place_ = touch.place;
  last_access_ = touch.access;
  if (bytes == 0)
    return;
  Finding *finding =
      report(FindingKind::OutOfBounds, side(touch.place, touch.access, touch.thread), side(0, 0, NO_THREAD));
  if (finding && finding->count == 1) {
    name_memory(*finding, address, device);
    finding->size = bytes;
    // What begins inside is told by its first byte outside.
    const Extent *extent =
        device ? nearest(address, buffers_, buffer_count_) : nearest(address, variables_, variable_count_);
    if (extent && address >= extent->begin && address < extent->end)
      finding->offset = extent->end - extent->begin;
  }
}

void Checker::atomic(const char *address, uint32_t bytes, uint32_t access, bool reads, bool is_float, uint32_t place,
                     const char *frame) {
  ++area_->counts.atomics;
  area_->counts.float_atomics += is_float;
  touch(address, bytes, place, access | ACCESS_ATOMIC, reads, frame);
  if (size_t(address - pool_) < size_t(pool_end_ - pool_))
    sync_.atomic(address, msl_self->index, access & ACCESS_WRITE, reads, visible_[1]);
}

} // namespace msl
