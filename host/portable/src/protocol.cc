// Parses requests.
#include "protocol.h"

namespace msl {
namespace {

constexpr int64_t MAX_DEADLINE_MS = 24LL * 3600 * 1000;
constexpr int64_t DEFAULT_DEADLINE_MS = 10000;
constexpr int64_t UINT32_LIMIT = 0xffffffffLL;

// Reads the members of one object and remembers the first thing that is wrong with it.
class Fields {
public:
  Fields(const Json &object, std::string what) : object_(object), what_(std::move(what)) {
    if (object.kind != Json::Kind::Object)
      fail("is not an object");
  }

  const Json *get(const char *name, Json::Kind kind, bool required = true) {
    ++expected_;
    const Json *value = object_.find(name);
    if (!value) {
      --expected_;
      if (required)
        fail(std::string("has no member '") + name + "'");
      return nullptr;
    }
    if (value->kind != kind) {
      fail(std::string("member '") + name + "' has the wrong type");
      return nullptr;
    }
    return value;
  }

  int64_t integer(const char *name, int64_t low, int64_t high) {
    const Json *value = get(name, Json::Kind::Integer);
    return value ? checked(name, value->integer, low, high) : low;
  }

  int64_t integer_or(const char *name, int64_t otherwise, int64_t low, int64_t high) {
    const Json *value = get(name, Json::Kind::Integer, false);
    return value ? checked(name, value->integer, low, high) : otherwise;
  }

  std::string string(const char *name, size_t limit) {
    const Json *value = get(name, Json::Kind::String);
    if (!value)
      return "";
    if (value->text.empty() || value->text.size() >= limit || value->text.find('\0') != std::string::npos)
      fail(std::string("member '") + name + "' is empty, too long or contains a zero byte");
    return value->text;
  }

  // The elements of an array member; an empty list if it is missing or wrong.
  const std::vector<Json> &array(const char *name, bool required = true) {
    const Json *value = get(name, Json::Kind::Array, required);
    return value ? value->items : EMPTY.items;
  }

  const Json &object(const char *name, bool required = true) {
    const Json *value = get(name, Json::Kind::Object, required);
    return value ? *value : EMPTY;
  }

  void absorb(const Verdict &inner) {
    if (ok_ && !inner.ok()) {
      ok_ = false;
      reason_ = inner.reason;
    }
  }

  void fail(std::string what) {
    if (!ok_)
      return;
    ok_ = false;
    reason_ = what_ + " " + what;
  }

  // The result once all members are read: what has not been asked for is unknown.
  Verdict finish() {
    if (ok_ && object_.members.size() != expected_)
      fail("has an unknown member");
    return ok_ ? Verdict{} : Verdict::fault(reason_);
  }

private:
  static const Json EMPTY;

  int64_t checked(const char *name, int64_t value, int64_t low, int64_t high) {
    if (value >= low && value <= high)
      return value;
    fail(std::string("member '") + name + "' is " + decimal(value) + ", not in " + decimal(low) + " to " +
         decimal(high));
    return low;
  }

  const Json &object_;
  std::string what_, reason_;
  size_t expected_ = 0;
  bool ok_ = true;
};

const Json Fields::EMPTY = [] {
  Json json;
  json.kind = Json::Kind::Object;
  return json;
}();

Fields request_fields(const Json &request) {
  Fields fields(request, "request");
  fields.get("op", Json::Kind::String);
  if (request.find("id"))
    fields.get("id", request.find("id")->kind);
  return fields;
}

bool parse_index(std::string_view text, uint32_t &out) {
  if (text.empty() || text.size() > 2 || (text.size() == 2 && text[0] == '0'))
    return false;
  out = 0;
  for (char c : text) {
    if (c < '0' || c > '9')
      return false;
    out = out * 10 + uint32_t(c - '0');
  }
  return out < MSL_MAX_BUFFERS;
}

bool decode_base64(std::string_view text, std::string &out) {
  if (text.size() % 4 != 0)
    return false;
  uint32_t bits = 0;
  size_t padding = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    uint32_t value;
    if (c >= 'A' && c <= 'Z')
      value = uint32_t(c - 'A');
    else if (c >= 'a' && c <= 'z')
      value = uint32_t(c - 'a' + 26);
    else if (c >= '0' && c <= '9')
      value = uint32_t(c - '0' + 52);
    else if (c == '+')
      value = 62;
    else if (c == '/')
      value = 63;
    else if (c == '=' && i + 2 >= text.size())
      value = 0, ++padding;
    else
      return false;
    if (padding && c != '=')
      return false;
    bits = bits << 6 | value;
    if (i % 4 == 3) {
      for (int shift = 16; shift >= 0; shift -= 8)
        out.push_back(char(bits >> shift & 255));
      bits = 0;
    }
  }
  out.resize(out.size() - padding);
  return true;
}

Verdict parse_function(const Json &json, FunctionRequest &out) {
  Fields fields(json, "function");
  out.name = fields.string("name", MAX_SYMBOL_BYTES);
  out.entry = fields.string("entry", MAX_SYMBOL_BYTES);
  std::string mode = fields.string("mode", 16);
  if (mode == "fiber")
    out.mode = Mode::Fiber;
  else if (mode == "lanes")
    out.mode = Mode::Lanes;
  else if (mode != "loop")
    fields.fail("member 'mode' is none of 'loop', 'fiber', 'lanes'");
  out.max_threads = uint32_t(fields.integer("max_threads", 0, UINT32_LIMIT));
  out.static_threadgroup_bytes = uint64_t(fields.integer("static_threadgroup_bytes", 0, INT64_MAX));
  for (const Json &item : fields.array("threadgroup_arguments", false)) {
    if (item.kind != Json::Kind::Integer || item.integer < 0 || item.integer >= MSL_MAX_BUFFERS)
      fields.fail("has a threadgroup argument outside 0 to 30");
    out.threadgroup_arguments.push_back(uint32_t(item.integer));
  }
  return fields.finish();
}

void parse_triple(Fields &fields, const char *name, uint64_t (&out)[3]) {
  const std::vector<Json> &items = fields.array(name);
  if (items.size() != 3)
    return fields.fail(std::string("member '") + name + "' has not three elements");
  for (int i = 0; i < 3; ++i) {
    if (items[size_t(i)].kind != Json::Kind::Integer || items[size_t(i)].integer < 0)
      return fields.fail(std::string("member '") + name + "' has an element that is no size");
    out[i] = uint64_t(items[size_t(i)].integer);
  }
}

Verdict parse_dispatch(const Json &json, DispatchRequest &out) {
  Fields fields(json, "dispatch");
  out.function = fields.string("function", MAX_SYMBOL_BYTES);
  parse_triple(fields, "grid", out.grid);
  parse_triple(fields, "threadgroup", out.threadgroup);
  for (const auto &[key, value] : fields.object("buffers").members) {
    BufferRequest buffer;
    Fields inner(value, "buffer " + key);
    if (!parse_index(key, buffer.index))
      inner.fail("is not an index from 0 to 30");
    buffer.slot = inner.string("slot", MAX_SYMBOL_BYTES);
    buffer.offset = uint64_t(inner.integer_or("offset", 0, 0, INT64_MAX));
    fields.absorb(inner.finish());
    out.buffers.push_back(std::move(buffer));
  }
  for (const auto &[key, value] : fields.object("constants", false).members) {
    ConstantRequest constant;
    if (!parse_index(key, constant.index) || value.kind != Json::Kind::String ||
        !decode_base64(value.text, constant.bytes))
      fields.fail("constant " + key + " is not base64 at an index from 0 to 30");
    out.constants.push_back(std::move(constant));
  }
  for (const auto &[key, value] : fields.object("threadgroup_memory", false).members) {
    ThreadgroupMemoryRequest memory;
    if (!parse_index(key, memory.index) || value.kind != Json::Kind::Integer || value.integer < 0)
      fields.fail("threadgroup memory " + key + " is not a length at an index from 0 to 30");
    memory.bytes = uint64_t(value.integer);
    out.threadgroup_memory.push_back(memory);
  }
  return fields.finish();
}

Verdict parse_instance(const Json &json, std::vector<RegionRequest> &out) {
  if (json.kind != Json::Kind::Array)
    return Verdict::fault("an instance is not a list of regions");
  for (const Json &region : json.items) {
    if (region.kind != Json::Kind::Array || region.items.size() != 2)
      return Verdict::fault("a region is not a pair");
    for (const Json &item : region.items)
      if (item.kind != Json::Kind::Integer || item.integer < 0)
        return Verdict::fault("a region holds no sizes");
    out.push_back({uint64_t(region.items[0].integer), uint64_t(region.items[1].integer)});
  }
  return {};
}

} // namespace

Verdict parse_hello(const Json &request) {
  Fields fields = request_fields(request);
  int64_t version = fields.integer("version", 0, INT64_MAX);
  if (version != PROTOCOL_VERSION)
    fields.fail("speaks protocol version " + decimal(version) + ", this host " + decimal(PROTOCOL_VERSION));
  return fields.finish();
}

Verdict parse_load(const Json &request, LoadRequest &out) {
  Fields fields = request_fields(request);
  out.library = fields.string("library", MAX_PATH_BYTES);
  // A relative name could be searched for in system folders.
  if (!out.library.empty() && out.library[0] != '/')
    fields.fail("member 'library' is not an absolute path");
  out.threads = uint32_t(fields.integer_or("threads", 0, 0, MAX_WORKER_THREADS));
  out.checked = fields.integer_or("checked", 0, 0, 1) == 1;
  out.memory_limit_bytes = uint64_t(fields.integer_or("memory_limit_bytes", 0, 0, INT64_MAX));
  out.deadline_ms = uint64_t(fields.integer_or("deadline_ms", DEFAULT_DEADLINE_MS, 1, MAX_DEADLINE_MS));
  for (const Json &item : fields.array("functions")) {
    out.functions.emplace_back();
    fields.absorb(parse_function(item, out.functions.back()));
  }
  if (out.functions.size() > MAX_FUNCTIONS)
    fields.fail("has more than 256 functions");
  return fields.finish();
}

Verdict parse_bind(const Json &request, BindRequest &out) {
  Fields fields = request_fields(request);
  Fields pool(fields.object("pool"), "pool");
  out.pool_path = pool.string("path", MAX_PATH_BYTES);
  out.pool_bytes = uint64_t(pool.integer("bytes", 1, INT64_MAX));
  out.check_area = uint64_t(pool.integer_or("check_area", int64_t(NO_CHECK_AREA), 0, INT64_MAX));
  fields.absorb(pool.finish());
  for (const Json &item : fields.array("slots")) {
    if (item.kind != Json::Kind::String)
      fields.fail("has a slot without a name");
    out.slots.push_back(item.text);
  }
  for (const Json &item : fields.array("instances")) {
    out.instances.emplace_back();
    fields.absorb(parse_instance(item, out.instances.back()));
  }
  for (const Json &item : fields.array("dispatches")) {
    out.dispatches.emplace_back();
    fields.absorb(parse_dispatch(item, out.dispatches.back()));
  }
  return fields.finish();
}

Verdict parse_run(const Json &request, RunRequest &out) {
  Fields fields = request_fields(request);
  out.first = uint32_t(fields.integer("first", 0, UINT32_LIMIT));
  out.count = uint32_t(fields.integer("count", 1, UINT32_LIMIT));
  out.deadline_ms = uint64_t(fields.integer("deadline_ms", 1, MAX_DEADLINE_MS));
  out.schedule_seed = uint64_t(fields.integer_or("schedule_seed", 0, 0, INT64_MAX));
  const Json *freeze = fields.get("freeze", Json::Kind::Boolean, false);
  out.freeze = freeze && freeze->boolean;
  return fields.finish();
}

Verdict parse_idle(const Json &request, uint64_t &deadline_ms) {
  Fields fields = request_fields(request);
  deadline_ms = uint64_t(fields.integer_or("deadline_ms", DEFAULT_DEADLINE_MS, 1, MAX_DEADLINE_MS));
  return fields.finish();
}

Verdict parse_empty(const Json &request) { return request_fields(request).finish(); }

} // namespace msl
