// What a pipeline and a dispatch may ask for, in numbers; and the plan that a valid `bind` becomes.
#pragma once
#include "protocol.h"

namespace msl {

// Limits that are checked when a pipeline is built.
Verdict check_functions(const LoadRequest &load);

struct BoundPlan {
  std::vector<char> bytes; // a Plan
  uint32_t fibers = 1;     // the most that run for one threadgroup
  uint32_t instances = 0;
};

Verdict build_plan(const LoadRequest &load, const BindRequest &bind, BoundPlan &out);

} // namespace msl
