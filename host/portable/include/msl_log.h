// msl_log.h: <metal_logging> (MSL 6.18). This host has no log: messages are dropped, as an overflowing log buffer drops
// them.
#pragma once

#include "msl_keywords.h"

namespace metal {

enum os_log_type { log_type_debug, log_type_info, log_type_default, log_type_error, log_type_fault };

struct os_log {
  constexpr os_log(const char *, const char *) {}
  template <class... A> MSL_FUNC void log_with_type(os_log_type, const char *, A...) const {}
  template <class... A> MSL_FUNC void log(const char *, A...) const {}
  template <class... A> MSL_FUNC void log_debug(const char *, A...) const {}
  template <class... A> MSL_FUNC void log_info(const char *, A...) const {}
  template <class... A> MSL_FUNC void log_error(const char *, A...) const {}
  template <class... A> MSL_FUNC void log_fault(const char *, A...) const {}
};
[[maybe_unused]] static constexpr os_log os_log_default("", "");

} // namespace metal
