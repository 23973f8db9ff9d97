// Maps shadow memory.
#include "checked_shadow.h"

#include <sys/mman.h>

namespace msl {
namespace {

void *reserve(size_t bytes) {
  void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

} // namespace

bool Shadow::map(const char *base, size_t bytes) {
  size_t words = bytes / WORD_BYTES + 2;
  cells_ = static_cast<Cell *>(reserve(words * sizeof(Cell)));
  byte_cells_ = static_cast<Cell *>(reserve(words * WORD_BYTES * sizeof(Cell)));
  states_ = static_cast<uint8_t *>(reserve(words));
  base_ = base;
  bytes_ = bytes;
  return cells_ && byte_cells_ && states_;
}

Cell *Shadow::byte_cells(const char *word) {
  Cell *found = byte_cells_ + size_t(word - base_);
  if (!(state(word) & SPLIT)) {
    for (uint32_t i = 0; i < WORD_BYTES; ++i)
      found[i] = cell(word);
    state(word) |= SPLIT;
  }
  return found;
}

void Shadow::mark_unwritten(const char *from, size_t bytes) {
  uint8_t *first = &state(from);
  for (uint8_t *at = first; at < first + (bytes + WORD_BYTES - 1) / WORD_BYTES; ++at)
    *at |= WHOLE_WORD;
}

} // namespace msl
