// Resource limits and the two seccomp filters.
#include "lockdown.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace msl {
namespace {

#if defined(__x86_64__)
constexpr uint32_t ARCHITECTURE = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t ARCHITECTURE = AUDIT_ARCH_AARCH64;
#else
#error "the lockdown knows x86-64 and AArch64"
#endif

constexpr int MAX_INSTRUCTIONS = 160;

// Assembles a filter: allow rules in order, then one verdict for everything else.
class Filter {
public:
  explicit Filter(uint32_t otherwise) : otherwise_(otherwise) {
    load(offsetof(seccomp_data, arch));
    emit(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
    verdict(SECCOMP_RET_KILL_PROCESS);
    load(offsetof(seccomp_data, nr));
  }

  void allow(long call) {
    emit(BPF_JMP | BPF_JEQ | BPF_K, uint32_t(call), 0, 1);
    verdict(SECCOMP_RET_ALLOW);
  }

  // Allows `call` if (argument & mask) == value. The compared half is the low one: flags fit into 32 bits.
  void allow_if(long call, int argument, uint32_t mask, uint32_t value) {
    emit(BPF_JMP | BPF_JEQ | BPF_K, uint32_t(call), 0, 5);
    load_half(argument, 0);
    emit(BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
    emit(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
    verdict(SECCOMP_RET_ALLOW);
    load(offsetof(seccomp_data, nr));
  }

  // Allows FUTEX_WAIT without a time limit: a kernel must not be able to sleep for a while and go on.
  void allow_endless_wait() {
    emit(BPF_JMP | BPF_JEQ | BPF_K, uint32_t(SYS_futex), 0, 9);
    load_half(1, 0);
    emit(BPF_ALU | BPF_AND | BPF_K, uint32_t(FUTEX_CMD_MASK), 0, 0);
    emit(BPF_JMP | BPF_JEQ | BPF_K, FUTEX_WAIT, 0, 5);
    load_half(3, 0);
    emit(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3);
    load_half(3, 1);
    emit(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1);
    verdict(SECCOMP_RET_ALLOW);
    load(offsetof(seccomp_data, nr));
  }

  bool install() {
    verdict(otherwise_);
    sock_fprog program = {(unsigned short)count_, code_};
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
  }

private:
  void load(uint32_t offset) { emit(BPF_LD | BPF_W | BPF_ABS, offset, 0, 0); }
  void load_half(int argument, unsigned half) {
    load(uint32_t(offsetof(seccomp_data, args) + sizeof(uint64_t) * unsigned(argument) + sizeof(uint32_t) * half));
  }
  void verdict(uint32_t value) { emit(BPF_RET | BPF_K, value, 0, 0); }
  void emit(int code, uint32_t k, int yes, int no) {
    if (count_ == MAX_INSTRUCTIONS)
      abort();
    code_[count_++] = sock_filter{(unsigned short)code, (unsigned char)yes, (unsigned char)no, k};
  }

  uint32_t otherwise_;
  int count_ = 0;
  sock_filter code_[MAX_INSTRUCTIONS];
};

void allow_waiting_and_ending(Filter &filter) {
  filter.allow_endless_wait();
  filter.allow_if(SYS_futex, 1, uint32_t(FUTEX_CMD_MASK), FUTEX_WAKE);
  filter.allow(SYS_sched_yield);
  filter.allow(SYS_rt_sigreturn);
  filter.allow(SYS_exit);
  filter.allow(SYS_exit_group);
}

// Current size of the address space.
uint64_t mapped_bytes() {
  int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return 0;
  char text[64] = {};
  ssize_t length = read(file, text, sizeof text - 1);
  close(file);
  return length > 0 ? strtoull(text, nullptr, 10) * uint64_t(sysconf(_SC_PAGESIZE)) : 0;
}

bool set_limit(decltype(RLIMIT_AS) kind, uint64_t soft, bool hard_too) {
  rlimit limit;
  if (getrlimit(kind, &limit) != 0)
    return false;
  if (soft > limit.rlim_max)
    soft = limit.rlim_max;
  limit.rlim_cur = soft;
  if (hard_too)
    limit.rlim_max = soft;
  return setrlimit(kind, &limit) == 0;
}

} // namespace

bool detach_from_system(int expected_parent) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != expected_parent)
    return false;
  return prctl(PR_SET_DUMPABLE, 0) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         set_limit(RLIMIT_CORE, 0, true) && set_limit(RLIMIT_FSIZE, 0, true);
}

void close_descriptors(unsigned first, unsigned last) {
#ifdef SYS_close_range
  if (syscall(SYS_close_range, first, last, 0u) == 0)
    return;
#endif
  constexpr unsigned MOST = 65536;
  for (unsigned descriptor = first; descriptor <= last && descriptor < MOST; ++descriptor)
    close(int(descriptor));
}

bool enter_loading_stage() {
  Filter filter(SECCOMP_RET_ERRNO | EPERM);
  allow_waiting_and_ending(filter);
  // Reading only: what can be opened for writing can be mapped for writing. The pool's descriptor is received.
  constexpr uint32_t WRITING = O_ACCMODE | O_CREAT | O_TRUNC;
  filter.allow_if(SYS_openat, 2, WRITING, O_RDONLY);
  constexpr long CALLS[] = {SYS_read,  SYS_pread64, SYS_close,     SYS_fstat,    SYS_newfstatat,
                            SYS_lseek, SYS_mmap,    SYS_munmap,    SYS_mprotect, SYS_madvise,
                            SYS_brk,   SYS_getcwd,  SYS_getrandom, SYS_seccomp,  SYS_recvmsg};
  for (long call : CALLS)
    filter.allow(call);
#ifdef SYS_close_range
  filter.allow(SYS_close_range);
#endif
#if defined(__x86_64__)
  filter.allow_if(SYS_open, 1, WRITING, O_RDONLY);
#endif
  return filter.install();
}

bool limit_growth(uint64_t bytes) {
  if (bytes == 0)
    return true;
  uint64_t now = mapped_bytes();
  return now != 0 && set_limit(RLIMIT_AS, now + bytes < now ? RLIM_INFINITY : now + bytes, false);
}

bool enter_running_stage() {
  close_descriptors(0);
  Filter filter(SECCOMP_RET_KILL_PROCESS);
  allow_waiting_and_ending(filter);
  return filter.install();
}

} // namespace msl
