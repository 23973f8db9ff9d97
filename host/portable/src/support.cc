// Stands in for the C++ runtime library: allocation and the checks that libc++'s headers call. Linking libc++ itself
// would make the first build take a minute instead of seconds.
#include <new>
#include <string>

#include <stdio.h>
#include <stdlib.h>

namespace {
void *checked(void *memory) {
  if (memory)
    return memory;
  fputs("msl host: out of memory\n", stderr);
  abort();
}
} // namespace

void *operator new(size_t bytes) { return checked(malloc(bytes ? bytes : 1)); }
void *operator new[](size_t bytes) { return checked(malloc(bytes ? bytes : 1)); }
void *operator new(size_t bytes, std::align_val_t alignment) {
  size_t rounded = (bytes + size_t(alignment) - 1) / size_t(alignment) * size_t(alignment);
  return checked(aligned_alloc(size_t(alignment), rounded));
}
void operator delete(void *memory) noexcept { free(memory); }
void operator delete(void *memory, size_t) noexcept { free(memory); }

_LIBCPP_BEGIN_NAMESPACE_STD
[[noreturn]] void __libcpp_verbose_abort(const char *, ...) noexcept { abort(); }
template class basic_string<char>;
_LIBCPP_END_NAMESPACE_STD
