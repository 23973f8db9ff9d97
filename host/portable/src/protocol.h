// The requests of host/PROTOCOL.md as values, parsed strictly: unknown or missing members are faults of the caller.
#pragma once
#include "control.h"
#include "json.h"

namespace msl {

constexpr int PROTOCOL_VERSION = 1;

// How a request ended: fine, refused (a fact about the kernel, with its status) or a fault (of the caller or of us).
struct Verdict {
  enum class Kind { Ok, Refused, Fault };
  Kind kind = Kind::Ok;
  const char *status = "";
  std::string reason;

  bool ok() const { return kind == Kind::Ok; }
  static Verdict refused(const char *status, std::string reason) { return {Kind::Refused, status, std::move(reason)}; }
  static Verdict fault(std::string reason) { return {Kind::Fault, "", std::move(reason)}; }
};

struct FunctionRequest {
  std::string name, entry;
  Mode mode = Mode::Loop;
  uint32_t max_threads = 0;
  uint64_t static_threadgroup_bytes = 0;
  std::vector<uint32_t> threadgroup_arguments;
};

struct LoadRequest {
  std::string library;
  std::vector<FunctionRequest> functions;
  uint32_t threads = 0;
  uint64_t memory_limit_bytes = 0;
  bool checked = false; // the library is a checked build
  uint64_t deadline_ms = 0;
};

struct RegionRequest {
  uint64_t offset = 0, bytes = 0;
};

struct BufferRequest {
  uint32_t index = 0;
  std::string slot;
  uint64_t offset = 0;
};

struct ConstantRequest {
  uint32_t index = 0;
  std::string bytes;
};

struct ThreadgroupMemoryRequest {
  uint32_t index = 0;
  uint64_t bytes = 0;
};

struct DispatchRequest {
  std::string function;
  uint64_t grid[3] = {}, threadgroup[3] = {};
  std::vector<BufferRequest> buffers;
  std::vector<ConstantRequest> constants;
  std::vector<ThreadgroupMemoryRequest> threadgroup_memory;
};

struct BindRequest {
  std::string pool_path;
  uint64_t pool_bytes = 0;
  uint64_t check_area = NO_CHECK_AREA; // where it lies in the pool
  std::vector<std::string> slots;
  std::vector<std::vector<RegionRequest>> instances;
  std::vector<DispatchRequest> dispatches;
};

struct RunRequest {
  uint32_t first = 0, count = 0;
  uint64_t deadline_ms = 0, schedule_seed = 0;
  bool freeze = false;
};

Verdict parse_hello(const Json &request);
Verdict parse_load(const Json &request, LoadRequest &out);
Verdict parse_bind(const Json &request, BindRequest &out);
Verdict parse_run(const Json &request, RunRequest &out);
Verdict parse_idle(const Json &request, uint64_t &deadline_ms);
Verdict parse_empty(const Json &request);

} // namespace msl
