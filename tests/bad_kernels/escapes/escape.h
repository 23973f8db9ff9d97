// What the native attacks share: system calls that need no library, and a place to say that one got through.
#pragma once
#include "msl_abi.h"

#include <fcntl.h>
#include <sys/syscall.h>

// The runner defines VICTIM, a file that must not change, and JUDGED_RUNS, how often a kernel runs before it is timed.
#define ATTACK extern "C" __attribute__((visibility("default"))) void attack(const MslGroup *group)

inline long call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
#if defined(__x86_64__)
  register long r10 asm("r10") = d;
  register long r8 asm("r8") = e;
  register long r9 asm("r9") = f;
  asm volatile("syscall" : "+a"(number) : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
  return number;
#else
  register long x8 asm("x8") = number;
  register long x0 asm("x0") = a;
  register long x1 asm("x1") = b;
  register long x2 asm("x2") = c;
  register long x3 asm("x3") = d;
  register long x4 asm("x4") = e;
  register long x5 asm("x5") = f;
  asm volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
#endif
}

inline long open_file(const char *path, long flags) { return call(SYS_openat, -100, long(path), flags, 0600); }

// Buffer 0 is the result: its first word counts what got through. Buffer 1 begins with the supervisor's process id.
inline uint32_t &result(const MslGroup *group) { return *static_cast<uint32_t *>(group->buffers[0]); }
inline void report(const MslGroup *group, uint32_t got_through) { result(group) = got_through; }
inline long supervisor(const MslGroup *group) { return *static_cast<uint32_t *>(group->buffers[1]); }

// The process id of the parent: a number that reading a file is enough to learn.
inline long parent_of_mine() {
  char text[256] = {};
  long file = open_file("/proc/self/stat", O_RDONLY), field = 0, parent = 0;
  call(SYS_read, file, long(text), sizeof text - 1);
  call(SYS_close, file);
  for (const char *c = text; *c && field < 4; ++c) {
    field += *c == ' ';
    if (field == 3 && *c != ' ')
      parent = parent * 10 + *c - '0';
  }
  return parent;
}

// What a library could try while it is opened; how much of it got through.
inline uint32_t act_outside() {
  uint32_t count = 0;
  count += open_file(VICTIM ".new", O_CREAT | O_WRONLY) >= 0;
  count += open_file(VICTIM, O_RDWR) >= 0;
  count += open_file(VICTIM, O_WRONLY | O_APPEND) >= 0;
  count += call(SYS_socket, 1, 1, 0) >= 0;
  count += call(SYS_kill, parent_of_mine(), 0) == 0;
  count += call(SYS_unlinkat, -100, long(VICTIM ".none"), 0) == -2; // no such file: the call went through
  count += call(SYS_write, 4, long("x"), 1) > 0;
  return count;
}

// The honest kernel of the problem that the harness judges.
inline void relu(const MslGroup *group) {
  const float *x = static_cast<const float *>(group->buffers[0]);
  float *y = static_cast<float *>(group->buffers[1]);
  uint32_t n = *static_cast<const uint32_t *>(group->buffers[2]);
  for (uint32_t i = 0; i < group->size[0]; ++i) {
    uint32_t k = group->position[0] * group->nominal_size[0] + i;
    if (k < n)
      y[k] = x[k] > 0 ? x[k] : 0;
  }
}
