// msl-supervisor: speaks host/PROTOCOL.md on standard input and output, owns the clock and the deadlines, and never
// runs a candidate's code.
#include "child.h"
#include "geometry.h"

#include <algorithm>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

namespace msl {
namespace {

constexpr size_t MAX_LINE_BYTES = size_t(256) << 20;
constexpr uint64_t MAP_DEADLINE_MS = 60000;

uint32_t processors() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0)
    return 1;
  return std::min(uint32_t(CPU_COUNT(&set)), MAX_WORKER_THREADS);
}

// What identifies a pool: a path can name another file the next time.
struct PoolIdentity {
  std::string path;
  uint64_t bytes = 0;
  dev_t device = 0;
  ino_t file = 0;

  bool operator==(const PoolIdentity &other) const {
    return path == other.path && bytes == other.bytes && device == other.device && file == other.file;
  }
};

Verdict identify_pool(const BindRequest &bind, PoolIdentity &out) {
  struct stat facts;
  if (stat(bind.pool_path.c_str(), &facts) != 0)
    return Verdict::fault("cannot open the pool " + bind.pool_path + ": " + strerror(errno));
  if (!S_ISREG(facts.st_mode) || uint64_t(facts.st_size) < bind.pool_bytes)
    return Verdict::fault("the pool " + bind.pool_path + " is not a file of at least " +
                          decimal(int64_t(bind.pool_bytes)) + " bytes");
  out = {bind.pool_path, bind.pool_bytes, facts.st_dev, facts.st_ino};
  return {};
}

class Supervisor {
public:
  explicit Supervisor(std::string worker_program) : worker_program_(std::move(worker_program)) {}

  // Answers one request; false once the host must end.
  bool answer(std::string_view line, std::string &reply);

private:
  Verdict handle(const std::string &op, const Json &request, JsonObject &reply);
  Verdict hello(const Json &request, JsonObject &reply);
  Verdict load(const Json &request, JsonObject &reply);
  Verdict bind(const Json &request);
  Verdict run(const Json &request, JsonObject &reply);
  Verdict idle(const Json &request, JsonObject &reply);
  Verdict freeze(const Json &request);
  Verdict start_worker();
  Verdict map_pool(const PoolIdentity &pool, uint32_t fibers, uint64_t check_area);
  Verdict set_up(Command command, uint64_t deadline_ms);
  Verdict submit(const RunRequest &wanted, JsonObject &reply);
  Verdict worker_lost(Child::Outcome outcome, uint64_t deadline_ms);

  std::string worker_program_;
  Child child_;
  LoadRequest loaded_;
  bool has_library_ = false;
  PoolIdentity mapped_;
  uint64_t check_area_ = NO_CHECK_AREA;
  uint32_t mapped_fibers_ = 0; // 0: the worker has no pool yet
  uint32_t instances_ = 0;     // 0: nothing is bound
  bool ending_ = false;
};

Verdict Supervisor::hello(const Json &request, JsonObject &reply) {
  Verdict verdict = parse_hello(request);
  if (!verdict.ok())
    return verdict;
  reply.add("version", PROTOCOL_VERSION)
      .add("device", "cpu")
      .add("engine", "reference")
      .add("simd_width", MSL_SIMD_WIDTH)
      .add("max_threads_per_threadgroup", MSL_MAX_THREADS)
      .add("max_threadgroup_memory_bytes", MAX_THREADGROUP_MEMORY)
      .add("threads", processors())
      .add("clock", "wall");
  return {};
}

// The worker is gone or must go: what the candidate did.
Verdict Supervisor::worker_lost(Child::Outcome outcome, uint64_t deadline_ms) {
  child_.kill();
  has_library_ = false;
  instances_ = mapped_fibers_ = 0;
  if (outcome == Child::Outcome::Orphaned)
    ending_ = true;
  if (outcome == Child::Outcome::Late)
    return Verdict::refused("timeout", "not finished after " + decimal(int64_t(deadline_ms)) + " ms");
  return Verdict::refused("crashed", child_.death());
}

// Load and Map: no code of the candidate has run yet, so the worker's answer can be believed; its text is still
// bounded.
Verdict Supervisor::set_up(Command command, uint64_t deadline_ms) {
  Child::Completion completion = child_.submit(command, deadline_ms);
  if (completion.outcome != Child::Outcome::Done)
    return worker_lost(completion.outcome, deadline_ms);
  const Control &control = child_.shared().control;
  if (control.answer == Answer::Ok)
    return {};
  std::string text(control.text, strnlen(control.text, sizeof control.text));
  for (char &c : text)
    if (c < 0x20 || c > 0x7e)
      c = '?';
  bool refused = control.answer == Answer::Refused;
  worker_lost(Child::Outcome::Done, 0);
  return refused ? Verdict::refused("pipeline_error", text) : Verdict::fault(text);
}

Verdict Supervisor::start_worker() {
  instances_ = mapped_fibers_ = 0;
  Verdict verdict = child_.start(worker_program_);
  if (!verdict.ok())
    return verdict;
  LoadMessage &message = child_.shared().load;
  memcpy(message.library, loaded_.library.c_str(), loaded_.library.size() + 1);
  message.memory_limit_bytes = loaded_.memory_limit_bytes;
  // The checker sees one access at a time.
  message.threads = loaded_.checked ? 1 : loaded_.threads ? loaded_.threads : processors();
  message.function_count = uint32_t(loaded_.functions.size());
  for (size_t i = 0; i < loaded_.functions.size(); ++i) {
    memcpy(message.functions[i].entry, loaded_.functions[i].entry.c_str(), loaded_.functions[i].entry.size() + 1);
    message.functions[i].mode = loaded_.functions[i].mode;
  }
  return set_up(Command::Load, loaded_.deadline_ms);
}

Verdict Supervisor::load(const Json &request, JsonObject &reply) {
  LoadRequest wanted;
  Verdict verdict = parse_load(request, wanted);
  if (!verdict.ok())
    return verdict;
  child_.kill();
  has_library_ = false;
  loaded_ = std::move(wanted);
  verdict = check_functions(loaded_);
  if (verdict.ok())
    verdict = start_worker();
  if (!verdict.ok())
    return verdict;
  has_library_ = true;
  JsonObject limits;
  for (const FunctionRequest &function : loaded_.functions) {
    JsonObject limit;
    limit.add("max_total_threads", function.max_threads);
    limit.add("static_threadgroup_bytes", int64_t(function.static_threadgroup_bytes));
    limits.add_raw(function.name, limit.finish());
  }
  reply.add_raw("limits", limits.finish());
  return {};
}

Verdict Supervisor::map_pool(const PoolIdentity &pool, uint32_t fibers, uint64_t check_area) {
  MapMessage &message = child_.shared().map;
  memset(&message, 0, sizeof message);
  message.bytes = pool.bytes;
  message.fibers = fibers;
  message.check_area = check_area;
  int file = open(pool.path.c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0)
    return Verdict::fault("cannot open the pool " + pool.path + ": " + strerror(errno));
  Verdict verdict = child_.send(file);
  close(file);
  if (verdict.ok() && !child_.lift_memory_limit())
    verdict = Verdict::fault(std::string("cannot set the worker's memory limit: ") + strerror(errno));
  if (verdict.ok())
    verdict = set_up(Command::Map, MAP_DEADLINE_MS);
  if (verdict.ok() && !child_.forbid_growth())
    verdict = Verdict::fault(std::string("cannot set the worker's memory limit: ") + strerror(errno));
  if (!verdict.ok()) {
    child_.kill();
    return verdict;
  }
  mapped_ = pool;
  mapped_fibers_ = fibers;
  check_area_ = check_area;
  return {};
}

Verdict Supervisor::bind(const Json &request) {
  BindRequest wanted;
  Verdict verdict = parse_bind(request, wanted);
  if (!verdict.ok())
    return verdict;
  if (!has_library_)
    return Verdict::fault("bind without a loaded library");
  // The worker writes findings there, and a library without hooks would write none.
  if (loaded_.checked != (wanted.check_area != NO_CHECK_AREA))
    return Verdict::fault("a checked library needs a check area, and no other may have one");
  if (loaded_.checked && wanted.check_area > wanted.pool_bytes)
    return Verdict::fault("the check area lies behind the pool");
  BoundPlan plan;
  verdict = build_plan(loaded_, wanted, plan);
  if (!verdict.ok())
    return verdict;
  PoolIdentity pool;
  verdict = identify_pool(wanted, pool);
  if (!verdict.ok())
    return verdict;
  instances_ = 0;
  child_.thaw();
  // A locked worker can map nothing more: another pool or more stacks need a new one.
  bool reusable =
      child_.alive() && mapped_fibers_ >= plan.fibers && pool == mapped_ && wanted.check_area == check_area_;
  bool fresh = child_.alive() && mapped_fibers_ == 0;
  if (!reusable && !fresh)
    verdict = start_worker();
  if (verdict.ok() && !reusable)
    verdict = map_pool(pool, plan.fibers, wanted.check_area);
  if (!verdict.ok())
    return verdict;
  memcpy(&child_.shared().plan, plan.bytes.data(), plan.bytes.size());
  instances_ = plan.instances;
  return {};
}

Verdict Supervisor::submit(const RunRequest &wanted, JsonObject &reply) {
  if (child_.alive()) {
    Control &control = child_.shared().control;
    control.first_instance = wanted.first;
    control.instance_count = wanted.count;
    control.schedule_seed = wanted.schedule_seed;
  }
  Child::Completion completion = child_.submit(Command::Run, wanted.deadline_ms, wanted.freeze);
  if (completion.outcome != Child::Outcome::Done)
    return worker_lost(completion.outcome, wanted.deadline_ms);
  reply.add("elapsed_ns", completion.elapsed_ns).add("clock", "wall");
  return {};
}

Verdict Supervisor::run(const Json &request, JsonObject &reply) {
  RunRequest wanted;
  Verdict verdict = parse_run(request, wanted);
  if (!verdict.ok())
    return verdict;
  if (instances_ == 0)
    return Verdict::fault("run without a successful bind");
  if (wanted.first >= instances_ || wanted.count > instances_ - wanted.first)
    return Verdict::fault("run names instances that are not bound");
  return submit(wanted, reply);
}

Verdict Supervisor::idle(const Json &request, JsonObject &reply) {
  RunRequest nothing;
  Verdict verdict = parse_idle(request, nothing.deadline_ms);
  if (!verdict.ok())
    return verdict;
  if (instances_ == 0)
    return Verdict::fault("idle without a successful bind");
  return submit(nothing, reply);
}

Verdict Supervisor::freeze(const Json &request) {
  Verdict verdict = parse_empty(request);
  if (!verdict.ok())
    return verdict;
  if (!has_library_)
    return Verdict::fault("freeze without a loaded library");
  return child_.freeze() ? Verdict{} : worker_lost(Child::Outcome::Died, 0);
}

Verdict Supervisor::handle(const std::string &op, const Json &request, JsonObject &reply) {
  if (op == "hello")
    return hello(request, reply);
  if (op == "load")
    return load(request, reply);
  if (op == "bind")
    return bind(request);
  if (op == "run")
    return run(request, reply);
  if (op == "idle")
    return idle(request, reply);
  if (op == "freeze")
    return freeze(request);
  if (op == "quit") {
    ending_ = true;
    return parse_empty(request);
  }
  return Verdict::fault("unknown op '" + op + "'");
}

bool Supervisor::answer(std::string_view line, std::string &reply) {
  Json request;
  std::string error;
  JsonObject body;
  Verdict verdict;
  std::string id;
  if (!parse_json(line, request, error)) {
    verdict = Verdict::fault("not JSON: " + error);
  } else if (const Json *op = request.find("op"); !op || op->kind != Json::Kind::String) {
    verdict = Verdict::fault("the request has no 'op'");
  } else {
    body.add_boolean("ok", true);
    verdict = handle(op->text, request, body);
  }
  if (!verdict.ok()) {
    body = JsonObject();
    body.add_boolean("ok", false);
    if (verdict.kind == Verdict::Kind::Refused)
      body.add("status", verdict.status).add("reason", verdict.reason);
    else
      body.add("fault", verdict.reason);
  }
  if (const Json *identity = request.find("id")) {
    if (identity->kind == Json::Kind::Integer)
      body.add("id", identity->integer);
    if (identity->kind == Json::Kind::String)
      body.add("id", identity->text);
  }
  reply = body.finish();
  return !ending_;
}

// The worker program lies beside this one.
std::string worker_beside_us() {
  char path[MAX_PATH_BYTES];
  ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  if (length <= 0 || size_t(length) >= sizeof path)
    return "";
  std::string program(path, size_t(length));
  return program.substr(0, program.rfind('/') + 1) + "msl-worker";
}

int serve() {
  // Ctrl-C reaches the whole terminal group; the harness decides and closes our input.
  signal(SIGINT, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  std::string worker = worker_beside_us();
  if (worker.empty() || access(worker.c_str(), X_OK) != 0) {
    fprintf(stderr, "msl-supervisor: no msl-worker beside me\n");
    return 1;
  }
  if (!watch_for_deaths())
    return 1;
  Supervisor supervisor(worker);
  char *line = nullptr;
  size_t capacity = 0;
  std::string reply;
  while (true) {
    errno = 0;
    ssize_t length = getline(&line, &capacity, stdin);
    if (length < 0 && errno == EINTR) {
      clearerr(stdin);
      continue;
    }
    if (length < 0 || size_t(length) > MAX_LINE_BYTES)
      return length < 0 ? 0 : 1;
    while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
      --length;
    bool go_on = supervisor.answer(std::string_view(line, size_t(length)), reply);
    reply.push_back('\n');
    if (fwrite(reply.data(), 1, reply.size(), stdout) != reply.size() || fflush(stdout) != 0)
      return 0;
    if (!go_on)
      return 0;
  }
}

} // namespace
} // namespace msl

int main() { return msl::serve(); }
