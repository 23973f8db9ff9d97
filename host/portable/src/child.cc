// Starting, timing and ending workers.
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>

namespace msl {
namespace {

constexpr int64_t SPIN_NS = 20000;
constexpr int64_t SLICE_NS = 100000000; // between two looks at our own standard input
constexpr int64_t NS_PER_MS = 1000000;

// The word that the supervisor sleeps on; the handler changes its top bit, which is no part of a submission's number,
// so that a death between test and sleep is not missed and a completion before the death still counts.
constexpr uint32_t DEATH_BIT = 0x80000000u;
Word *volatile awaited = nullptr;
volatile sig_atomic_t deaths = 0;

void note_death(int) {
  int saved = errno;
  deaths = deaths + 1;
  if (Word *word = awaited)
    word->fetch_xor(DEATH_BIT);
  errno = saved;
}

std::string hex(uint64_t value) {
  std::string digits;
  do {
    digits.insert(digits.begin(), "0123456789abcdef"[value & 15]);
    value >>= 4;
  } while (value);
  return "0x" + digits;
}

// Where `descriptor` cannot be in the way of the two places that the worker expects.
int out_of_the_way(int descriptor) { return fcntl(descriptor, F_DUPFD_CLOEXEC, CHANNEL_DESCRIPTOR + 1); }

[[noreturn]] void become_worker(const char *program, int memory, int channel, int parent) {
  std::string argument = decimal(parent);
  char *const arguments[] = {const_cast<char *>(program), const_cast<char *>(argument.c_str()), nullptr};
  char *const environment[] = {nullptr};
  memory = out_of_the_way(memory);
  channel = out_of_the_way(channel);
  if (dup2(memory, CONTROL_DESCRIPTOR) >= 0 && dup2(channel, CHANNEL_DESCRIPTOR) >= 0)
    execve(program, arguments, environment);
  _exit(127);
}

} // namespace

bool watch_for_deaths() {
  struct sigaction action = {};
  action.sa_handler = note_death;
  action.sa_flags = SA_NOCLDSTOP;
  return sigaction(SIGCHLD, &action, nullptr) == 0;
}

bool input_closed() {
  pollfd input = {STDIN_FILENO, POLLIN, 0};
  return poll(&input, 1, 0) > 0 && (input.revents & (POLLHUP | POLLERR)) && !(input.revents & POLLIN);
}

Verdict Child::start(const std::string &worker_program) {
  kill();
  death_.clear();
  int memory = memfd_create("msl-control", MFD_CLOEXEC);
  if (memory < 0 || ftruncate(memory, off_t(SHARED_BYTES)) != 0) {
    if (memory >= 0)
      close(memory);
    return Verdict::fault(std::string("no shared memory: ") + strerror(errno));
  }
  void *mapped = mmap(nullptr, SHARED_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
  if (mapped == MAP_FAILED) {
    close(memory);
    return Verdict::fault(std::string("no shared memory: ") + strerror(errno));
  }
  shared_ = static_cast<Shared *>(mapped);
  shared_->control.version = CONTROL_VERSION;
  submission_ = 0;
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) != 0) {
    close(memory);
    forget();
    return Verdict::fault(std::string("no channel to a worker: ") + strerror(errno));
  }
  channel_ = ends[0];
  int parent = getpid();
  process_ = fork();
  if (process_ == 0)
    become_worker(worker_program.c_str(), memory, ends[1], parent);
  close(memory);
  close(ends[1]);
  if (process_ < 0) {
    forget();
    return Verdict::fault(std::string("cannot start a process: ") + strerror(errno));
  }
  return {};
}

Verdict Child::send(int descriptor) {
  char byte = 0;
  alignas(cmsghdr) char space[CMSG_SPACE(sizeof(int))] = {};
  iovec content = {&byte, 1};
  msghdr message = {};
  message.msg_iov = &content;
  message.msg_iovlen = 1;
  message.msg_control = space;
  message.msg_controllen = sizeof space;
  cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof descriptor);
  memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  if (sendmsg(channel_, &message, MSG_NOSIGNAL) != 1)
    return Verdict::fault(std::string("cannot give the worker the pool: ") + strerror(errno));
  return {};
}

bool Child::lift_memory_limit() {
  rlimit limit;
  if (prlimit(process_, RLIMIT_AS, nullptr, &limit) != 0)
    return false;
  limit.rlim_cur = limit.rlim_max;
  return prlimit(process_, RLIMIT_AS, &limit, nullptr) == 0;
}

bool Child::forbid_growth() {
  constexpr uint64_t MAIN_STACK_GROWTH = 1 << 20;
  std::string path = "/proc/" + decimal(process_) + "/statm";
  FILE *file = fopen(path.c_str(), "re");
  if (!file)
    return false;
  unsigned long long pages = 0;
  bool known = fscanf(file, "%llu", &pages) == 1;
  fclose(file);
  rlim_t most = rlim_t(pages) * rlim_t(sysconf(_SC_PAGESIZE)) + MAIN_STACK_GROWTH;
  rlimit limit = {most, most};
  return known && prlimit(process_, RLIMIT_AS, &limit, nullptr) == 0;
}

Child::Completion Child::submit(Command command, uint64_t deadline_ms, bool freeze) {
  Completion completion;
  thaw();
  if (!alive() || !reap(false)) {
    completion.outcome = Outcome::Died;
    return completion;
  }
  Control &control = shared_->control;
  control.command = command;
  submission_ = (submission_ + 1) & ~DEATH_BIT;
  awaited = &control.done;
  sig_atomic_t deaths_before = deaths;
  int64_t begin = monotonic_ns(), deadline = begin + int64_t(deadline_ms) * NS_PER_MS, now = begin, looked = begin;
  control.submitted.store(submission_, std::memory_order_release);
  control.bell.fetch_add(1, std::memory_order_seq_cst);
  futex_wake(control.bell, 1);
  while (true) {
    uint32_t seen = control.done.load(std::memory_order_acquire);
    now = monotonic_ns();
    if ((seen & ~DEATH_BIT) == submission_) {
      if (freeze && !this->freeze())
        completion.outcome = Outcome::Died;
      break;
    }
    if (deaths != deaths_before) {
      deaths_before = deaths;
      if (!reap(false)) {
        completion.outcome = Outcome::Died;
        break;
      }
    }
    if (now >= deadline) {
      completion.outcome = Outcome::Late;
      break;
    }
    if (now - begin < SPIN_NS) {
      sched_yield(); // whoever can compute on this processor goes first
      continue;
    }
    if (now - looked >= SLICE_NS) {
      looked = now;
      if (input_closed()) {
        completion.outcome = Outcome::Orphaned;
        break;
      }
    }
    int64_t slice = deadline - now < SLICE_NS ? deadline - now : SLICE_NS;
    timespec timeout = {time_t(slice / 1000000000), long(slice % 1000000000)};
    futex_wait(control.done, seen, &timeout);
  }
  awaited = nullptr;
  completion.elapsed_ns = now - begin;
  return completion;
}

bool Child::freeze() {
  if (!alive())
    return false;
  if (frozen_)
    return true;
  ::kill(process_, SIGSTOP); // fails only if the worker has died, which waitpid then tells
  int status = 0;
  pid_t changed;
  do
    changed = waitpid(process_, &status, WUNTRACED);
  while (changed < 0 && errno == EINTR);
  if (WIFSTOPPED(status))
    return frozen_ = true;
  death_ = explain(status);
  forget();
  return false;
}

void Child::thaw() {
  if (!frozen_)
    return;
  ::kill(process_, SIGCONT);
  frozen_ = false;
}

void Child::kill() {
  if (!alive())
    return;
  ::kill(process_, SIGKILL);
  reap(true);
}

// Whether the worker still lives; if not, its death is explained and everything of it released.
bool Child::reap(bool wait) {
  int status = 0;
  pid_t ended;
  do
    ended = waitpid(process_, &status, wait ? 0 : WNOHANG);
  while (ended < 0 && errno == EINTR);
  if (ended == 0)
    return true;
  death_ = explain(status);
  forget();
  return false;
}

void Child::forget() {
  awaited = nullptr;
  if (shared_)
    munmap(shared_, SHARED_BYTES);
  if (channel_ >= 0)
    close(channel_);
  channel_ = -1;
  shared_ = nullptr;
  process_ = 0;
  frozen_ = false;
}

std::string Child::explain(int status) const {
  if (!WIFSIGNALED(status))
    return "the worker ended by itself with exit code " + decimal(WEXITSTATUS(status));
  // Written by the worker's handler: facts for a message, never used otherwise.
  FaultKind kind = FaultKind(shared_->control.fault_kind.load());
  std::string where = kind == FaultKind::None ? "" : " at address " + hex(shared_->control.fault_address.load());
  switch (WTERMSIG(status)) {
  case SIGSEGV:
    if (kind == FaultKind::StackOverflow)
      return "stack overflow: a thread's variables and calls exceed 256 KiB";
    return "segmentation fault (SIGSEGV)" + where;
  case SIGBUS:
    return "bus error (SIGBUS)" + where;
  case SIGFPE:
    return "integer division by zero or overflowing division (SIGFPE)";
  case SIGILL:
    return "illegal instruction or trap (SIGILL)";
  case SIGABRT:
    return "aborted (SIGABRT)";
  case SIGSYS:
    return "blocked system call (SIGSYS)";
  case SIGKILL:
    return "killed by the system (SIGKILL), most likely for lack of memory";
  default:
    return std::string("ended by signal ") + decimal(WTERMSIG(status));
  }
}

} // namespace msl
