// Submissions: encode, commit, wait with a deadline, and times on two clocks.
#import "plan.h"

NSDate *MHDeadline(uint64_t ms); // so long from now

typedef struct {
  NSRange instances;
  uint64_t deadlineMs;
} MHWork;

@interface MHQueue : NSObject {
  id<MTLDevice> _device;
  id<MTLCommandQueue> _queue;
  id<MTLResidencySet> _resident; // nil before macOS 15
  BOOL _validating;
@public
  BOOL lost; // after a GPU error or a hang the system may refuse whatever this process submits
}
- (id)initWithDevice:(id<MTLDevice>)device pool:(id<MTLBuffer>)pool validating:(BOOL)validating;
// Instances back to back as one command buffer, an empty one without a plan; adds the times to the reply.
- (BOOL)submit:(MHPlan *)plan work:(MHWork)work reply:(NSMutableDictionary *)reply error:(NSError **)error;
// Records submissions, until stopCapture, into a .gputrace file that must not exist.
- (BOOL)startCapture:(NSString *)path error:(NSError **)error;
@end
