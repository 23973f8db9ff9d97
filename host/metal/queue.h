// Submissions: encode, commit, wait with a deadline, and times on two clocks.
#import "dispatch.h"

NSDate *MHDeadline(uint64_t ms); // so long from now

@interface MHQueue : NSObject {
  id<MTLCommandQueue> _queue;
  id<MTLResidencySet> _resident; // nil before macOS 15
  MTLCommandBufferDescriptor *_descriptor;
  BOOL _validating;
}
- (instancetype)initWithDevice:(id<MTLDevice>)device pool:(id<MTLBuffer>)pool;
// Instances back to back as one command buffer, an empty one for none; adds the times to the reply.
- (BOOL)submit:(NSArray<MHDispatch *> *)dispatches
     instances:(NSRange)instances
      deadline:(uint64_t)ms
         reply:(NSMutableDictionary *)reply
         error:(NSError **)error;
@end

// Records what is submitted from now on, until stopCapture, into a .gputrace that must not exist.
BOOL MHStartCapture(id<MTLDevice> device, NSString *path, NSError **error);
