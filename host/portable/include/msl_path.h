// msl_path.h: where a lane is in structured control flow. The front end puts a LoopScope around every loop and a
// CallScope into every function that holds a collective; code without collectives never touches the path.
#pragma once

#include "msl_sync.h"

namespace msl {

#ifdef MSL_LANES
// Lanes that run as one have no paths of their own.
class LoopScope {
public:
  MSL_FUNC explicit LoopScope(MSL_SITE) : site_(msl_site) {}
  MSL_FUNC ~LoopScope() { msl_lanes_leave(site_.number); }
  LoopScope(const LoopScope &) = delete;
  LoopScope &operator=(const LoopScope &) = delete;
  MSL_FUNC void next() { msl_lanes_next(site_.number); }

private:
  const Site site_;
};

class CallScope {
public:
  MSL_FUNC explicit CallScope(Site) {}
};
#else
// One step of the running lane's path, popped on every way out of its block. Steps beyond MSL_MAX_PATH are not
// recorded: such lanes merge by call site alone.
class PathStep {
public:
  MSL_FUNC explicit PathStep(Site site) : path_(msl_self->path), depth_(path_.depth) {
    if (depth_ < MSL_MAX_PATH) {
      path_.steps[depth_] = {site.number, 0};
      path_.depth = depth_ + 1;
    }
  }
  MSL_FUNC ~PathStep() { path_.depth = depth_; }
  PathStep(const PathStep &) = delete;
  PathStep &operator=(const PathStep &) = delete;

protected:
  MSL_FUNC void advance() {
    if (depth_ < MSL_MAX_PATH)
      ++path_.steps[depth_].iteration;
  }

private:
  MslPath &path_;
  const uint32_t depth_;
};

class LoopScope : PathStep {
public:
  MSL_FUNC explicit LoopScope(MSL_SITE) : PathStep(msl_site) {}
  // Starts an iteration, its condition included.
  MSL_FUNC void next() { advance(); }
};

class CallScope : PathStep {
public:
  MSL_FUNC explicit CallScope(Site site) : PathStep(site) {}
};

#endif

} // namespace msl
