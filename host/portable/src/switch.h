// The switch from one stack to another, in assembly: the registers that a call preserves travel, nothing else.
#pragma once

extern "C" {
// Saves the running context's stack pointer in *save and continues the context whose stack pointer is `next`.
void msl_switch(void **save, void *next);
// Saves like msl_switch and starts msl_fiber_main on an empty stack that ends at `top` (16-byte aligned).
void msl_enter(void **save, void *top);
// What a new context runs; it never returns.
[[noreturn]] void msl_fiber_main();
}
