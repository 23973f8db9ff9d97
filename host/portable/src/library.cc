// Opens the verified library.
#include "library.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

namespace msl {
namespace {

// The bytes that opening the file would map, from its program headers; 0 if it is no 64-bit ELF file: dlopen tells
// that.
uint64_t mapped_size(const char *path) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return 0;
  Elf64_Ehdr header = {};
  uint64_t total = 0;
  if (pread(file, &header, sizeof header, 0) == sizeof header && header.e_phentsize == sizeof(Elf64_Phdr))
    for (int i = 0; i < header.e_phnum; ++i) {
      Elf64_Phdr segment = {};
      off_t at = off_t(header.e_phoff) + off_t(sizeof segment) * i;
      if (pread(file, &segment, sizeof segment, at) != sizeof segment)
        break;
      if (segment.p_type == PT_LOAD && __builtin_add_overflow(total, segment.p_memsz, &total))
        total = UINT64_MAX;
    }
  close(file);
  return total;
}

} // namespace

Answer open_library(const LoadMessage &message, KernelEntry *entries, char *why, size_t size) {
  // Libraries link against the C library's mathematics and nothing else of it.
  if (!dlopen("libm.so.6", RTLD_NOW | RTLD_GLOBAL)) {
    snprintf(why, size, "%s", dlerror());
    return Answer::Fault;
  }
  uint64_t bytes = mapped_size(message.library), limit = message.memory_limit_bytes;
  if (limit && bytes > limit) {
    snprintf(why, size, "the program needs %" PRIu64 " bytes, the memory limit is %" PRIu64, bytes, limit);
    return Answer::Refused;
  }
  void *library = dlopen(message.library, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    snprintf(why, size, "%s", dlerror());
    return Answer::Refused;
  }
  for (uint32_t i = 0; i < message.function_count; ++i) {
    entries[i] = {message.functions[i].mode, dlsym(library, message.functions[i].entry)};
    if (!entries[i].address) {
      snprintf(why, size, "the library has no entry point %s", message.functions[i].entry);
      return Answer::Fault;
    }
  }
  return Answer::Ok;
}

} // namespace msl
