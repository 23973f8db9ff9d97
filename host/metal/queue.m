// Command buffers and their fate.
#import "queue.h"
#include <stdlib.h>
#include <time.h>

enum { ATTEMPTS = 3 };

NSDate *MHDeadline(uint64_t ms) { return [NSDate dateWithTimeIntervalSinceNow:(double)ms / 1e3]; }

static uint64_t now(void) { // nanoseconds of the monotonic clock
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

@implementation MHQueue

- (instancetype)initWithDevice:(id<MTLDevice>)device pool:(id<MTLBuffer>)pool {
  if ((self = [super init])) {
    _queue = [device newCommandQueue];
    _descriptor = [[MTLCommandBufferDescriptor alloc] init];
    _validating = getenv("MTL_SHADER_VALIDATION") != NULL;
    if (_validating)
      _descriptor.errorOptions = MTLCommandBufferErrorOptionEncoderExecutionStatus;
    if ([device respondsToSelector:@selector(newResidencySetWithDescriptor:error:)]) {
      MTLResidencySetDescriptor *descriptor = [[MTLResidencySetDescriptor alloc] init];
      _resident = [device newResidencySetWithDescriptor:descriptor error:NULL];
      [_resident addAllocation:pool];
      [_resident commit];
      if (_resident != nil)
        [_queue addResidencySet:_resident];
    }
  }
  return self;
}

- (BOOL)submit:(NSArray<MHDispatch *> *)dispatches
     instances:(NSRange)instances
      deadline:(uint64_t)ms
         reply:(NSMutableDictionary *)reply
         error:(NSError **)error {
  BOOL again = YES;
  for (int attempt = 0; again && attempt < ATTEMPTS; ++attempt) {
    id<MTLCommandBuffer> buffer = [_queue commandBufferWithDescriptor:_descriptor];
    id<MTLComputeCommandEncoder> encoder = instances.length > 0 ? [buffer computeCommandEncoder] : nil;
    for (NSUInteger i = 0; i < instances.length; ++i)
      for (MHDispatch *dispatch in dispatches)
        [dispatch encode:instances.location + i into:encoder];
    [encoder endEncoding];
    NSConditionLock *gate = [[NSConditionLock alloc] initWithCondition:0];
    __block uint64_t ended = 0;
    [buffer addCompletedHandler:^(id<MTLCommandBuffer> done __attribute__((unused))) {
      ended = now();
      [gate lock];
      [gate unlockWithCondition:1];
    }];
    [_resident requestResidency]; // wired again, should the system have let go of it
    uint64_t began = now();
    [buffer commit];
    if (![gate lockWhenCondition:1 beforeDate:MHDeadline(ms)])
      return MHRefuse(error, @"timeout", @"not finished after %llu ms", (unsigned long long)ms);
    if (buffer.status == MTLCommandBufferStatusCompleted)
      return [self finished:buffer ns:ended - began reply:reply error:error];
    MHJudge(buffer, &again, error);
  }
  return NO;
}

- (BOOL)finished:(id<MTLCommandBuffer>)buffer
              ns:(uint64_t)elapsed
           reply:(NSMutableDictionary *)reply
           error:(NSError **)error {
  // The validation layer drops a bad access, says so, and the command buffer still completes.
  if (_validating)
    for (id log in buffer.logs)
      return MHRefuse(error, @"out_of_bounds", @"shader validation: %@", [log description]);
  double seconds = buffer.GPUEndTime - buffer.GPUStartTime;
  [reply setObject:@(elapsed) forKey:@"elapsed_ns"];
  [reply setObject:@"wall" forKey:@"clock"];
  if (seconds > 0)
    [reply setObject:@((uint64_t)(seconds * 1e9)) forKey:@"device_ns"];
  *error = nil; // of an attempt before
  return YES;
}

@end

BOOL MHStartCapture(id<MTLDevice> device, NSString *path, NSError **error) {
  MTLCaptureManager *manager = [MTLCaptureManager sharedCaptureManager];
  if (![manager supportsDestination:MTLCaptureDestinationGPUTraceDocument])
    return MHRefuse(error, @"unsupported", @"captures need MTL_CAPTURE_ENABLED=1 where the host is started");
  MTLCaptureDescriptor *descriptor = [[MTLCaptureDescriptor alloc] init];
  descriptor.captureObject = device;
  descriptor.destination = MTLCaptureDestinationGPUTraceDocument;
  descriptor.outputURL = [NSURL fileURLWithPath:path];
  NSError *problem = nil;
  return [manager startCaptureWithDescriptor:descriptor error:&problem] ||
         MHRefuse(error, @"unsupported", @"no capture: %@", problem.localizedDescription);
}
