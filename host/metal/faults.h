// All that can go wrong, as an NSError: a fault of host or caller, or a refusal, a fact about the kernel.
#import "compat.h"

extern NSString *const MHStatusKey; // in a refusal's userInfo: the protocol's status

// Set *error and are NO, so that `return MHRefuse(error, ...)` is one step. A fault is a refusal without a status.
BOOL MHRefuse(NSError **error, NSString *status, NSString *format, ...) NS_FORMAT_FUNCTION(3, 4);
#define MHFault(error, ...) MHRefuse(error, nil, __VA_ARGS__)

// What a command buffer that ended badly says about the kernel. `*again`: the fault was another program's, and nothing
// of this one has run.
BOOL MHJudge(id<MTLCommandBuffer> buffer, BOOL *again, NSError **error);
