// msl_switch and msl_enter for AArch64 (AAPCS64): x19 to x30 and d8 to d15. FPCR is not carried: no function a library
// may call changes it, so it is equal in all contexts. The return is a plain branch: see switch_x86_64.S.
#if defined(__aarch64__)
  .text
  .globl msl_switch
  .hidden msl_switch
  .type msl_switch, %function
  .p2align 4
msl_switch:
  stp x29, x30, [sp, #-160]!
  stp x19, x20, [sp, #16]
  stp x21, x22, [sp, #32]
  stp x23, x24, [sp, #48]
  stp x25, x26, [sp, #64]
  stp x27, x28, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x9, sp
  str x9, [x0]
  mov sp, x1
  ldp x19, x20, [sp, #16]
  ldp x21, x22, [sp, #32]
  ldp x23, x24, [sp, #48]
  ldp x25, x26, [sp, #64]
  ldp x27, x28, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  ldp x29, x30, [sp], #160
  br x30
  .size msl_switch, .-msl_switch

  .globl msl_enter
  .hidden msl_enter
  .type msl_enter, %function
  .p2align 4
msl_enter:
  stp x29, x30, [sp, #-160]!
  stp x19, x20, [sp, #16]
  stp x21, x22, [sp, #32]
  stp x23, x24, [sp, #48]
  stp x25, x26, [sp, #64]
  stp x27, x28, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x9, sp
  str x9, [x0]
  mov sp, x1
  mov x29, xzr
  mov x30, xzr
  b msl_fiber_main
  .size msl_enter, .-msl_enter
#endif
  .section .note.GNU-stack, "", %progbits
