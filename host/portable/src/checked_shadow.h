// checked_shadow.h: what the checker remembers of each word of memory, or of each of its bytes: who wrote and read it
// last, and whether anybody has written it.
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
  uint32_t atomic : 1;
  uint32_t is_volatile : 1;
};

// Two readers are enough: if any other thread has read, one of two different ones is not the writer.
struct Cell {
  Access write, read, other_read;
};
static_assert(sizeof(Cell) == 24);

constexpr uint32_t WORD_BYTES = 4;
constexpr uint8_t WHOLE_WORD = 0xf;
constexpr uint8_t SPLIT = 1 << WORD_BYTES;

// Shadow of `bytes` bytes from `base` on. Zero pages mean: untouched and initialised. A word has one cell until part of
// it is accessed; from then on each of its bytes has its own, since one last writer cannot stand for four.
class Shadow {
public:
  bool map(const char *base, size_t bytes);

  bool contains(const char *address) const { return size_t(address - base_) < bytes_; }
  Cell &cell(const char *address) { return cells_[size_t(address - base_) / WORD_BYTES]; }
  // The cells of the bytes of a word, which it splits.
  Cell *byte_cells(const char *word);
  // A bit for each byte of the word that nobody has written, and whether the word is split.
  uint8_t &state(const char *address) { return states_[size_t(address - base_) / WORD_BYTES]; }
  void mark_unwritten(const char *from, size_t bytes);

private:
  const char *base_ = nullptr;
  size_t bytes_ = 0;
  Cell *cells_ = nullptr, *byte_cells_ = nullptr;
  uint8_t *states_ = nullptr;
};

} // namespace msl
