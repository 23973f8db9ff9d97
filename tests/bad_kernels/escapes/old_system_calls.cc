// Enters the system the 32-bit way, whose calls have other numbers.
// layer: seccomp | memory protection
// says: SIGSYS | SIGSEGV
// unlocked: acts
#include "escape.h"

ATTACK {
  long number = 20; // getpid there, writev here
  asm volatile("int $0x80" : "+a"(number)::"memory", "r8", "r9", "r10", "r11");
  report(group, number > 0);
}
