// Maps fiber stacks and places their tops.
#include "stacks.h"

#include <sys/mman.h>

namespace msl {
namespace {
constexpr size_t STRIDE = Stacks::BYTES + Stacks::GUARD_BYTES;
constexpr uint32_t MAPPING_BUDGET = 48000;
} // namespace

bool Stacks::map(uint32_t count, uint32_t stacks_per_guard) {
  bytes_ = STRIDE * count;
  void *memory = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED)
    return false;
  base_ = static_cast<char *>(memory);
  for (uint32_t i = 0; i < count; i += stacks_per_guard)
    if (mprotect(base_ + i * STRIDE, GUARD_BYTES, PROT_NONE) != 0)
      return false;
  return true;
}

void *Stacks::top(uint32_t index) const {
  // Tops at equal page offsets would all fall into the same few cache sets; three lines apart, neighbours do not
  // collide.
  size_t colour = index * 192 % 4096;
  return base_ + (index + 1) * STRIDE - colour;
}

uint32_t Stacks::stacks_per_guard(uint32_t threads, uint32_t count) {
  uint32_t share = 1;
  while (uint64_t(threads) * (2 * ((count + share - 1) / share)) > MAPPING_BUDGET)
    share *= 2;
  return share;
}

} // namespace msl
