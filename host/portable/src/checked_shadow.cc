// Maps shadow memory.
#include "checked_shadow.h"

#include <string.h>
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
  unwritten_ = static_cast<uint8_t *>(reserve(words));
  base_ = base;
  bytes_ = bytes;
  return cells_ && unwritten_;
}

void Shadow::mark_unwritten(const char *from, size_t bytes) {
  memset(&unwritten(from), 0xf, (bytes + WORD_BYTES - 1) / WORD_BYTES);
}

} // namespace msl
