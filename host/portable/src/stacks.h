// The stacks of one operating-system thread's fibers: one mapping, a guard page below each stack.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace msl {

class Stacks {
public:
  static constexpr size_t BYTES = 256 * 1024;      // virtual; pages are committed when first used
  static constexpr size_t GUARD_BYTES = 64 * 1024; // the largest page size there is

  // `stacks_per_guard` above 1 gives up guards where the system's number of mappings would not suffice.
  bool map(uint32_t count, uint32_t stacks_per_guard);
  void *top(uint32_t index) const;
  bool contains(uintptr_t address) const { return address - uintptr_t(base_) < bytes_; }

  // How many stacks must share a guard so that `threads` pools of `count` stacks stay within the kernel's default limit
  // of 65530 mappings a process.
  static uint32_t stacks_per_guard(uint32_t threads, uint32_t count);

private:
  char *base_ = nullptr;
  size_t bytes_ = 0;
};

} // namespace msl
