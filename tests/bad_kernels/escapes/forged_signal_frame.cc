// Returns from a signal that never came, to make a system call with registers of its choice.
// layer: seccomp
// says: blocked system call
// unlocked: not run
#include "escape.h"

#if defined(__x86_64__)
extern "C" void after_return();
asm("after_return: mov $39, %eax\n syscall\n ud2\n"); // getpid

// The kernel's struct rt_sigframe from behind the return address: uc_flags, link, stack, then the registers.
ATTACK {
  alignas(64) static uint64_t frame[256];
  static uint64_t stack[64];
  report(group, 1);
  frame[5 + 15] = reinterpret_cast<uint64_t>(&stack[32]);   // rsp
  frame[5 + 16] = reinterpret_cast<uint64_t>(after_return); // rip
  frame[5 + 18] = 0x002b000000000033;                       // ss and cs
  result(group) = 0;
  asm volatile("mov %0, %%rsp\n mov $15, %%eax\n syscall" ::"r"(frame) : "memory");
}
#else
ATTACK { call(SYS_getpid); }
#endif
