// Signal handlers of the worker.
#include "crash.h"

#include "checked_checker.h"

#include <signal.h>
#include <sys/mman.h>

namespace msl {
namespace {

constexpr size_t SIGNAL_STACK_BYTES = 65536;

Control *shared_control = nullptr;
const Stacks *watched[MAX_WORKER_THREADS];
uint32_t watched_count = 0;

void note_fault(int, siginfo_t *info, void *) {
  uintptr_t address = reinterpret_cast<uintptr_t>(info->si_addr);
  FaultKind kind = FaultKind::Address;
  for (uint32_t i = 0; i < watched_count; ++i)
    if (watched[i]->contains(address))
      kind = FaultKind::StackOverflow;
  shared_control->fault_address.store(address);
  shared_control->fault_kind.store(uint32_t(kind));
  if (checker && kind == FaultKind::Address)
    checker->fault(address);
  // The handler is gone (SA_RESETHAND): the instruction runs again and ends the process with its own signal.
}

} // namespace

bool install_crash_handlers(Control &control) {
  shared_control = &control;
  struct sigaction action = {};
  action.sa_sigaction = note_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND | SA_NODEFER;
  sigemptyset(&action.sa_mask);
  constexpr int SIGNALS[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
  for (int number : SIGNALS)
    if (sigaction(number, &action, nullptr) != 0)
      return false;
  return true;
}

bool use_signal_stack() {
  stack_t stack = {};
  stack.ss_size = SIGNAL_STACK_BYTES;
  stack.ss_sp = mmap(nullptr, stack.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return stack.ss_sp != MAP_FAILED && sigaltstack(&stack, nullptr) == 0;
}

void watch_stacks(const Stacks &stacks) {
  if (watched_count < MAX_WORKER_THREADS)
    watched[watched_count++] = &stacks;
}

} // namespace msl
