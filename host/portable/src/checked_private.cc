// What a thread may touch outside of buffers and threadgroup memory: variables of its own that live, constants of the
// library, and the few words of the worker that the headers read. Anything else would carry notes from one dispatch to
// the next.
#include "checked_checker.h"

namespace msl {
namespace {

bool within(const char *address, uint64_t bytes, const void *begin, size_t size) {
  return size_t(address - static_cast<const char *>(begin)) < size &&
         size_t(address - static_cast<const char *>(begin)) + bytes <= size;
}

} // namespace

bool Checker::may_touch(const char *address, uint64_t bytes, const Touch &touch) const {
  const Fiber &self = running_fiber();
  if (within(address, bytes, &self.thread.path, sizeof self.thread.path))
    return true;
  if (combining_)
    for (uint32_t i = 0; i < engine_->fibers(); ++i) {
      const Fiber &fiber = engine_->fiber(i);
      const char *from = static_cast<const char *>(fiber.stack_pointer),
                 *to = static_cast<const char *>(fiber.stack_top);
      if (address >= from && address + bytes <= to)
        return true;
    }
  if (touch.access & ACCESS_WRITE)
    return false;
  if (image_ && address >= image_ && address + bytes <= image_end_)
    return true;
  return within(address, bytes, &self, sizeof self) || within(address, bytes, group_, sizeof *group_) ||
         within(address, bytes, engine_, sizeof *engine_) || within(address, bytes, &msl_self, sizeof msl_self) ||
         within(address, bytes, &msl_group, sizeof msl_group);
}

void Checker::touch_private(const char *address, uint64_t bytes, const Touch &touch) {
  last_place_ = touch.place; // if the address is wild, a fault will tell
  last_access_ = touch.access;
  if (bytes == 0 || may_touch(address, bytes, touch))
    return;
  Side here = side(touch.place, touch.access, touch.thread);
  Finding *finding = report(FindingKind::OutOfBounds, here, side(0, 0, NO_THREAD));
  if (!finding || finding->count > 1)
    return;
  if (engine_->stacks().contains(reinterpret_cast<uintptr_t>(address)))
    finding->space = Space::Private;
  finding->offset = int64_t(reinterpret_cast<uintptr_t>(address));
  finding->size = bytes;
}

// A kernel may have the same memory under another index that it may write to.
void Checker::store_into_input(const char *address, uint64_t bytes, const Touch &touch) {
  for (const Extent *extent = buffers_; extent < buffers_ + buffer_count_; ++extent)
    if (!extent->read_only && address >= extent->begin && address + bytes <= extent->end)
      return;
  Side here = side(touch.place, touch.access, touch.thread);
  Finding *finding = report(FindingKind::ReadOnly, here, side(0, 0, NO_THREAD));
  if (finding && finding->count == 1) {
    name_memory(*finding, address, true);
    finding->size = bytes;
  }
}

void Checker::matrix(uint32_t place) {
  if (!matrices_)
    for (MatrixWork &work : matrix_)
      work = {};
  matrices_ = true;
  MatrixWork &work = matrix_[msl_self->index];
  work.place = place;
  ++work.count;
  work.sequence = (work.sequence ^ place) * 0x9e3779b97f4a7c15u;
}

// Every lane of a SIMD-group does the same operations on matrices, and no lane is missing.
void Checker::end_group() {
  if (!matrices_)
    return;
  uint32_t threads = group_->size[0] * group_->size[1] * group_->size[2];
  for (uint32_t first = 0; first < threads; first += MSL_SIMD_WIDTH) {
    const MatrixWork &leader = matrix_[first];
    for (uint32_t thread = first; thread < first + MSL_SIMD_WIDTH; ++thread) {
      const MatrixWork &work = matrix_[thread];
      bool missing = thread >= threads && leader.count;
      if (!missing && (thread >= threads || (work.count == leader.count && work.sequence == leader.sequence)))
        continue;
      bool more = !missing && work.count > leader.count;
      uint32_t with = more ? thread : first, without = more ? first : thread;
      report(FindingKind::DivergentMatrix, side(matrix_[with].place, 0, with), side(0, 0, without));
      break;
    }
  }
}

} // namespace msl
