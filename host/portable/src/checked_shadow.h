// checked_shadow.h: what the checker remembers of each word of memory: who wrote and read it last, and whether anybody
// has written it.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace msl {

// One access. Stamps are the checker's logical time: they grow at every start of a threadgroup and at every barrier, so
// a stamp tells dispatch, threadgroup and barrier interval at once.
struct Access {
  uint32_t stamp = 0;
  uint32_t place : 16;
  uint32_t thread : 10;
  uint32_t mask : 4; // bytes of the word
  uint32_t atomic : 1;
  uint32_t is_volatile : 1;
};

// Two readers are enough: if any other thread has read, one of two different ones is not the writer.
struct Cell {
  Access write, read, other_read;
};
static_assert(sizeof(Cell) == 24);

constexpr uint32_t WORD_BYTES = 4;

// Shadow of `bytes` bytes from `base` on. Zero pages mean: untouched and initialised.
class Shadow {
public:
  bool map(const char *base, size_t bytes);

  bool contains(const char *address) const { return size_t(address - base_) < bytes_; }
  Cell &cell(const char *address) { return cells_[size_t(address - base_) / WORD_BYTES]; }
  // Bits of the word's bytes that nobody has written.
  uint8_t &unwritten(const char *address) { return unwritten_[size_t(address - base_) / WORD_BYTES]; }
  void mark_unwritten(const char *from, size_t bytes);

private:
  const char *base_ = nullptr;
  size_t bytes_ = 0;
  Cell *cells_ = nullptr;
  uint8_t *unwritten_ = nullptr;
};

} // namespace msl
