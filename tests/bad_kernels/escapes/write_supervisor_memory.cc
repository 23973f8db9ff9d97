// Writes into the supervisor's memory.
// layer: seccomp
// says: blocked system call
// unlocked: acts
#include "escape.h"

ATTACK {
  long word = 0;
  struct {
    void *base;
    unsigned long length;
  } local = {&word, 0}, remote = {&word, 0};
  report(group, call(SYS_process_vm_writev, supervisor(group), long(&local), 1, long(&remote), 1) != 1);
}
