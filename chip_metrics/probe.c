// Freestanding loops that show what a CPU can do at most: arithmetic in registers, reading, copying.
// Each is called by one thread on its own memory; the caller times it.

#if defined(__AVX512F__)
#define WIDTH 64
#define CHAINS 24
#elif defined(__AVX__)
#define WIDTH 32
#define CHAINS 12
#else
#define WIDTH 16
#define CHAINS 24
#endif

typedef float vec __attribute__((vector_size(WIDTH), aligned(WIDTH), may_alias));

// Independent chains, more than latency times ports of any core we know, few enough for its registers.
long fma_flops(long rounds, float *sink) {
  vec chain[CHAINS];
  const vec scale = (vec){0} + 0.999f, step = (vec){0} + sink[0];
#pragma clang loop unroll(full)
  for (int i = 0; i < CHAINS; i++)
    chain[i] = (vec){0} + (float)i;
  for (long round = 0; round < rounds; round++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < CHAINS; i++)
      chain[i] = chain[i] * scale + step;
  }
  vec total = (vec){0};
#pragma clang loop unroll(full)
  for (int i = 0; i < CHAINS; i++)
    total += chain[i];
  sink[1] = total[0] + total[WIDTH / 4 - 1];
  return rounds * CHAINS * (WIDTH / 4) * 2;
}

long read_bytes(long rounds, const char *memory, long bytes, float *sink) {
  vec sum[8] = {0};
  for (long round = 0; round < rounds; round++) {
    for (long at = 0; at + 8 * WIDTH <= bytes; at += 8 * WIDTH) {
#pragma clang loop unroll(full)
      for (int i = 0; i < 8; i++)
        sum[i] += *(const vec *)(memory + at + i * WIDTH);
    }
    // Each round must read again.
    __asm__ volatile("" ::: "memory");
  }
  sink[1] = (sum[0] + sum[1] + sum[2] + sum[3] + sum[4] + sum[5] + sum[6] + sum[7])[0];
  return rounds * bytes;
}

long copy_bytes(long rounds, const char *from, char *to, long bytes) {
  for (long round = 0; round < rounds; round++) {
    for (long at = 0; at + 8 * WIDTH <= bytes; at += 8 * WIDTH) {
#pragma clang loop unroll(full)
      for (int i = 0; i < 8; i++)
        *(vec *)(to + at + i * WIDTH) = *(const vec *)(from + at + i * WIDTH);
    }
    __asm__ volatile("" ::: "memory");
  }
  return rounds * bytes * 2;
}
