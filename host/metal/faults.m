// Faults, refusals, and the meaning of Metal's errors.
#import "faults.h"

NSString *const MHStatusKey = @"status";

static NSError *made(NSString *status, NSString *format, va_list arguments) {
  NSString *text = [[NSString alloc] initWithFormat:format arguments:arguments];
  NSMutableDictionary *info = [NSMutableDictionary dictionaryWithObject:text forKey:NSLocalizedDescriptionKey];
  if (status != nil)
    [info setObject:status forKey:MHStatusKey];
  return [NSError errorWithDomain:@"MetalHost" code:1 userInfo:info];
}

BOOL MHFault(NSError **error, NSString *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  *error = made(nil, format, arguments);
  va_end(arguments);
  return NO;
}

BOOL MHRefuse(NSError **error, NSString *status, NSString *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  *error = made(status, format, arguments);
  va_end(arguments);
  return NO;
}

// By part of what the driver says, for the same fault has other codes on other systems; then by code.
static const struct {
  const char *text;
  MTLCommandBufferError code;
  const char *status, *advice;
} MEANINGS[] = {
    {"InnocentVictim", 0, "unsupported", "another program's fault discarded it: run again"},
    {"ImpactingInteractivity", 0, "timeout",
     "the display needed the GPU: smaller dispatches, or let the display sleep"},
    {"SubmissionsIgnored", 0, "crashed", "earlier GPU errors of this process"},
    {"GPU Timeout", MTLCommandBufferErrorTimeout, "timeout", "the GPU's own watchdog"},
    {"GPU Hang", 0, "crashed", "the GPU was reset"},
    {"Insufficient Memory", MTLCommandBufferErrorOutOfMemory, "unsupported", "the GPU has not enough memory for it"},
    {NULL, MTLCommandBufferErrorPageFault, "crashed", "an address outside every buffer"},
    {NULL, MTLCommandBufferErrorStackOverflow, "crashed", "stack overflow"},
    {NULL, MTLCommandBufferErrorInvalidResource, "launch_error", "invalid resource"},
    {NULL, MTLCommandBufferErrorAccessRevoked, "unsupported", "the system revoked access to the GPU"},
    {NULL, MTLCommandBufferErrorNotPermitted, "unsupported", "the system does not let this process use the GPU"},
};

BOOL MHJudge(id<MTLCommandBuffer> buffer, BOOL *again, NSError **error) {
  NSString *text = [[buffer error] localizedDescription];
  NSUInteger code = (NSUInteger)[[buffer error] code];
  *again = NO;
  if (text == nil)
    return MHRefuse(error, @"crashed", @"the command buffer failed and does not say why");
  for (size_t i = 0; i < sizeof MEANINGS / sizeof *MEANINGS; ++i) {
    NSString *part = [NSString stringWithUTF8String:MEANINGS[i].text ? MEANINGS[i].text : "\n"];
    if ([text rangeOfString:part].location == NSNotFound && (code == 0 || code != MEANINGS[i].code))
      continue;
    // Outputs that a kernel also reads may be half written: only what never started can be run again.
    *again = i == 0 && [buffer GPUStartTime] == 0;
    return MHRefuse(error, [NSString stringWithUTF8String:MEANINGS[i].status], @"%@ (%s)", text, MEANINGS[i].advice);
  }
  return MHFault(error, @"%@ (command buffer error %lu)", text, (unsigned long)code);
}
