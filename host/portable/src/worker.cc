// msl-worker: runs one candidate. Set-up (threads, library, pool) happens on the main thread, then the lockdown, then
// all threads run submissions until the supervisor kills the process.
#include "checked_checker.h"
#include "crash.h"
#include "library.h"
#include "lockdown.h"
#include "submission.h"

#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace msl {
namespace {

constexpr size_t THREAD_STACK_BYTES = 256 * 1024; // kernels run on fiber stacks

struct Worker;

struct ComputeThread {
  Worker *worker = nullptr;
  ThreadgroupRunner runner;
};

struct Worker {
  explicit Worker(Shared &memory) : shared(memory) {}

  Shared &shared;
  uint32_t answered = 0;
  uint32_t threads = 0;
  ComputeThread *compute = nullptr;
  Submissions *submissions = nullptr;
  Word started{0}; // set once the threads may compute
  Word parked{0};  // threads that stand ready for the lockdown
};

void wait_for_submission(Worker &worker) {
  Control &control = worker.shared.control;
  while (true) {
    uint32_t bell = control.bell.load(std::memory_order_seq_cst);
    if (control.submitted.load(std::memory_order_acquire) != worker.answered)
      return;
    futex_wait(control.bell, bell);
  }
}

void answer(Worker &worker, Answer value, const char *text = "", const char *detail = "") {
  Control &control = worker.shared.control;
  control.answer = value;
  snprintf(control.text, sizeof control.text, "%s%s", text, detail);
  worker.answered = control.submitted.load();
  control.done.store(worker.answered, std::memory_order_release);
  futex_wake(control.done, 1);
}

void *compute_main(void *argument) {
  ComputeThread &self = *static_cast<ComputeThread *>(argument);
  Worker &worker = *self.worker;
  bool ready = use_signal_stack();
  if (ready)
    worker.parked.fetch_add(1);
  while (worker.started.load(std::memory_order_acquire) == 0)
    futex_wait(worker.started, 0);
  worker.submissions->work(self.runner, uint32_t(&self - worker.compute));
}

bool start_threads(Worker &worker, uint32_t count) {
  worker.threads = count;
  worker.compute = new ComputeThread[count];
  worker.submissions = new Submissions(worker.shared.control, count);
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0 || pthread_attr_setstacksize(&attributes, THREAD_STACK_BYTES) != 0)
    return false;
  for (uint32_t i = 0; i < count; ++i)
    worker.compute[i].worker = &worker;
  for (uint32_t i = 1; i < count; ++i) {
    pthread_t thread;
    if (pthread_create(&thread, &attributes, compute_main, &worker.compute[i]) != 0)
      return false;
  }
  if (!use_signal_stack())
    return false;
  // The growth limit below counts mappings: it must not race with the threads' own.
  while (worker.parked.load() != count - 1)
    sched_yield();
  return true;
}

bool load(Worker &worker) {
  LoadMessage &message = worker.shared.load;
  if (!start_threads(worker, message.threads)) {
    answer(worker, Answer::Fault, "the worker could not start its threads");
    return false;
  }
  if (!limit_growth(message.memory_limit_bytes)) {
    answer(worker, Answer::Fault, "the worker could not limit its memory");
    return false;
  }
  if (!enter_loading_stage()) {
    answer(worker, Answer::Fault, "the system refused the worker's seccomp filter: ", strerror(errno));
    return false;
  }
  char why[sizeof Control::text];
  Answer opened = open_library(message, worker.submissions->program.functions, why, sizeof why);
  if (opened != Answer::Ok) {
    answer(worker, opened, why);
    return false;
  }
  answer(worker, Answer::Ok);
  return true;
}

int receive_descriptor() {
  char byte;
  alignas(cmsghdr) char space[CMSG_SPACE(sizeof(int))];
  iovec content = {&byte, 1};
  msghdr message = {};
  message.msg_iov = &content;
  message.msg_iovlen = 1;
  message.msg_control = space;
  message.msg_controllen = sizeof space;
  if (recvmsg(CHANNEL_DESCRIPTOR, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) != 1 || !CMSG_FIRSTHDR(&message))
    return -1;
  int descriptor;
  memcpy(&descriptor, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof descriptor);
  return descriptor;
}

char *map_pool(const MapMessage &message) {
  int file = receive_descriptor();
  if (file < 0)
    return nullptr;
  void *memory = mmap(nullptr, message.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (memory == MAP_FAILED)
    return nullptr;
  // Hints: a refusal costs time in the first runs, nothing else.
  madvise(memory, message.bytes, MADV_HUGEPAGE);
#ifdef MADV_POPULATE_WRITE
  madvise(memory, message.bytes, MADV_POPULATE_WRITE);
#endif
  return static_cast<char *>(memory);
}

bool map(Worker &worker) {
  const MapMessage &message = worker.shared.map;
  Program &program = worker.submissions->program;
  program.plan = &worker.shared.plan;
  program.pool = map_pool(message);
  if (!program.pool) {
    answer(worker, Answer::Fault, "the worker cannot map the pool: ", strerror(errno));
    return false;
  }
  if (message.check_area != NO_CHECK_AREA) {
    checker = new Checker;
    const void *code = program.functions[0].address;
    if (!checker->prepare(program.pool, message.bytes, message.check_area, worker.shared, code)) {
      answer(worker, Answer::Fault, "no memory for the checker: ", strerror(errno));
      return false;
    }
    worker.compute[0].runner.set_checker(checker);
  }
  uint32_t share = Stacks::stacks_per_guard(worker.threads, message.fibers);
  for (uint32_t i = 0; i < worker.threads; ++i) {
    if (!worker.compute[i].runner.prepare(message.fibers, share)) {
      answer(worker, Answer::Fault, "no memory for the stacks of the threads: ", strerror(errno));
      return false;
    }
    watch_stacks(worker.compute[i].runner.engine().stacks());
  }
  if (!enter_running_stage()) {
    answer(worker, Answer::Fault, "the system refused the worker's lockdown");
    return false;
  }
  worker.submissions->skip(worker.shared.control.submitted.load());
  answer(worker, Answer::Ok);
  return true;
}

int run_worker(int expected_parent) {
  void *memory = mmap(nullptr, SHARED_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, CONTROL_DESCRIPTOR, 0);
  if (memory == MAP_FAILED)
    return 1;
  Shared &shared = *static_cast<Shared *>(memory);
  if (shared.control.version != CONTROL_VERSION)
    return 1;
  // The plan holds the constants of dispatches: a kernel could keep notes there from one run to the next.
  if (mprotect(&shared.plan, SHARED_BYTES - offsetof(Shared, plan), PROT_READ) != 0)
    return 1;
  close_descriptors(0, CHANNEL_DESCRIPTOR - 1);
  close_descriptors(CHANNEL_DESCRIPTOR + 1);
  if (!detach_from_system(expected_parent) || !install_crash_handlers(shared.control))
    return 1;
  Worker *worker = new Worker(shared); // lives as long as the process
  wait_for_submission(*worker);
  if (shared.control.command != Command::Load || !load(*worker))
    return 1;
  wait_for_submission(*worker);
  if (shared.control.command != Command::Map || !map(*worker))
    return 1;
  worker->started.store(1, std::memory_order_release);
  futex_wake(worker->started, int(worker->threads));
  worker->submissions->work(worker->compute[0].runner, 0);
}

} // namespace
} // namespace msl

int main(int argc, char **argv) {
  if (argc != 2)
    return 2;
  return msl::run_worker(atoi(argv[1]));
}
