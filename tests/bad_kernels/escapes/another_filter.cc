// Installs a filter that would pretend that calls succeed.
// layer: seccomp
// says: blocked system call
// unlocked: acts
#include "escape.h"

ATTACK {
  struct {
    unsigned short code;
    unsigned char yes, no;
    unsigned k;
  } pretend = {6, 0, 0, 0x7fff0000};
  struct {
    unsigned short length;
    void *code;
  } program = {1, &pretend};
  call(SYS_prctl, 38, 1, 0, 0, 0);
  report(group, call(SYS_seccomp, 1, 0, long(&program)) == 0);
}
