// msl_switch and msl_enter for x86-64 System V. MXCSR and the x87 control word are not carried: no function that a
// library may call changes them, so they are equal in all contexts. The return is an indirect jump: fibers wait at
// different places, so the return predictor, which knows the last call only, would be wrong at every switch (11 instead
// of 19 ns a barrier).
#if defined(__x86_64__)
  .text
  .globl msl_switch
  .hidden msl_switch
  .type msl_switch, @function
  .p2align 5
msl_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  popq %rdx
  jmpq *%rdx
  .size msl_switch, .-msl_switch

  .globl msl_enter
  .hidden msl_enter
  .type msl_enter, @function
  .p2align 5
msl_enter:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  xorl %ebp, %ebp
  pushq $0
  jmp msl_fiber_main
  .size msl_enter, .-msl_enter
#endif
  .section .note.GNU-stack, "", @progbits
