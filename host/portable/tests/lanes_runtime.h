// lanes_runtime.h: a SIMD-group for tests: `body` once a lane, lanes suspended in collectives until none can go on.
#pragma once

extern "C" void run_lanes(int count, void (*body)(int lane));
