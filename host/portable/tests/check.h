// check.h: what the test programs share: CHECK counts and names what failed, `finish` is the exit status.
#pragma once

extern "C" int printf(const char *, ...);

inline int check_failures = 0;
inline void check_that(bool holds, const char *text, int line) {
  if (holds)
    return;
  ++check_failures;
  printf("line %d: %s\n", line, text);
}
#define CHECK(...) check_that(static_cast<bool>(__VA_ARGS__), #__VA_ARGS__, __LINE__)
inline int finish() {
  printf("%d failures\n", check_failures);
  return check_failures != 0;
}
