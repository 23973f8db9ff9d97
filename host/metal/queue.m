// Command buffers and their fate.
#import "queue.h"
#include <time.h>

enum { ATTEMPTS = 3 };

NSDate *MHDeadline(uint64_t ms) { return [NSDate dateWithTimeIntervalSinceNow:(double)ms / 1e3]; }

static uint64_t now(void) { // nanoseconds of the monotonic clock
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

@implementation MHQueue

- (id)initWithDevice:(id<MTLDevice>)device pool:(id<MTLBuffer>)pool validating:(BOOL)validating {
  if ((self = [super init])) {
    _device = device;
    _queue = [device newCommandQueue];
    _validating = validating;
    if ([device respondsToSelector:@selector(newResidencySetWithDescriptor:error:)]) {
      MTLResidencySetDescriptor *descriptor = [[MTLResidencySetDescriptor alloc] init];
      _resident = [device newResidencySetWithDescriptor:descriptor error:NULL];
      [_resident addAllocation:pool];
      [_resident commit];
      [_queue addResidencySet:_resident];
    }
  }
  return self;
}

- (id<MTLCommandBuffer>)commandBuffer {
  if (!_validating)
    return [_queue commandBuffer];
  MTLCommandBufferDescriptor *descriptor = [[MTLCommandBufferDescriptor alloc] init];
  [descriptor setErrorOptions:MTLCommandBufferErrorOptionEncoderExecutionStatus];
  return [_queue commandBufferWithDescriptor:descriptor];
}

- (BOOL)submit:(MHPlan *)plan work:(MHWork)work reply:(NSMutableDictionary *)reply error:(NSError **)error {
  BOOL again = YES;
  for (int attempt = 0; again && attempt < ATTEMPTS; ++attempt) {
    id<MTLCommandBuffer> buffer = [self commandBuffer];
    if (plan != nil) {
      id<MTLComputeCommandEncoder> encoder = [buffer computeCommandEncoder];
      for (NSUInteger i = 0; i < work.instances.length; ++i)
        [plan encode:work.instances.location + i into:encoder];
      [encoder endEncoding];
    }
    NSConditionLock *gate = [[NSConditionLock alloc] initWithCondition:0];
    __block uint64_t ended = 0;
    [buffer addCompletedHandler:^(id<MTLCommandBuffer> done) {
      (void)done;
      ended = now();
      [gate lock];
      [gate unlockWithCondition:1];
    }];
    [_resident requestResidency]; // wired again, should the system have let go of it
    uint64_t began = now();
    [buffer commit];
    BOOL late = ![gate lockWhenCondition:1 beforeDate:MHDeadline(work.deadlineMs)];
    lost = lost || late || [buffer status] != MTLCommandBufferStatusCompleted;
    if (late)
      return MHRefuse(error, @"timeout", @"not finished after %llu ms", (unsigned long long)work.deadlineMs);
    if ([buffer status] == MTLCommandBufferStatusCompleted)
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
    for (id log in [buffer logs])
      return MHRefuse(error, @"out_of_bounds", @"shader validation: %@", [log description]);
  double seconds = [buffer GPUEndTime] - [buffer GPUStartTime];
  [reply setObject:@((unsigned long long)elapsed) forKey:@"elapsed_ns"];
  [reply setObject:@"wall" forKey:@"clock"];
  if (seconds > 0)
    [reply setObject:@((unsigned long long)(seconds * 1e9)) forKey:@"device_ns"];
  *error = nil; // of an attempt before
  return YES;
}

- (BOOL)startCapture:(NSString *)path error:(NSError **)error {
  MTLCaptureManager *manager = [MTLCaptureManager sharedCaptureManager];
  if (![manager supportsDestination:MTLCaptureDestinationGPUTraceDocument])
    return MHRefuse(error, @"unsupported", @"captures need a host that was started with --capture");
  MTLCaptureDescriptor *descriptor = [[MTLCaptureDescriptor alloc] init];
  [descriptor setCaptureObject:_device];
  [descriptor setDestination:MTLCaptureDestinationGPUTraceDocument];
  [descriptor setOutputURL:[NSURL fileURLWithPath:path]];
  NSError *problem = nil;
  return [manager startCaptureWithDescriptor:descriptor error:&problem] ||
         MHRefuse(error, @"unsupported", @"no capture: %@", [problem localizedDescription]);
}

@end
