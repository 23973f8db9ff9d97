// Faults, refusals, and the meaning of Metal's errors.
#import "faults.h"

NSString *const MHStatusKey = @"status";

BOOL MHRefuse(NSError **error, NSString *status, NSString *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  NSString *text = [[NSString alloc] initWithFormat:format arguments:arguments];
  va_end(arguments);
  NSMutableDictionary *info = [NSMutableDictionary dictionaryWithObject:text forKey:NSLocalizedDescriptionKey];
  if (status != nil)
    [info setObject:status forKey:MHStatusKey];
  *error = [NSError errorWithDomain:@"MetalHost" code:1 userInfo:info];
  return NO;
}

// By part of what the driver says, for the same fault has other codes on other systems; then by code.
static const struct {
  const char *text;
  MTLCommandBufferError code; // 0: any
  const char *status, *advice;
} MEANINGS[] = {
    {"InnocentVictim", 0, "unsupported", "another program's fault discarded it: run again"},
    {"ImpactingInteractivity", 0, "timeout", "the display needed the GPU: smaller dispatches, or let it sleep"},
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
  NSString *text = buffer.error.localizedDescription;
  NSInteger code = buffer.error.code;
  *again = NO;
  if (text == nil)
    return MHRefuse(error, @"crashed", @"the command buffer failed and does not say why");
  for (size_t i = 0; i < sizeof MEANINGS / sizeof *MEANINGS; ++i) {
    BOOL said = MEANINGS[i].text != NULL && [text rangeOfString:@(MEANINGS[i].text)].location != NSNotFound;
    BOOL coded = code != 0 && code == (NSInteger)MEANINGS[i].code;
    if (!said && !coded)
      continue;
    // Outputs that a kernel also reads may be half written: only what never started can be run again.
    *again = i == 0 && buffer.GPUStartTime == 0;
    return MHRefuse(error, @(MEANINGS[i].status), @"%@ (%s)", text, MEANINGS[i].advice);
  }
  return MHFault(error, @"%@ (command buffer error %ld)", text, (long)code);
}
