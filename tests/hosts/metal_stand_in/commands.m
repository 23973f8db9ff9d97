// Queue, command buffers, encoders and captures of the stand-in: they hold the host to the order of calls.
#import "stand_in.h"
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SLOTS = 31, MAX_BYTES = 4096 };

@class SIEncoder;

@interface SICommandBuffer : NSObject <MTLCommandBuffer> {
@public
  SIPortable *portable;
  NSMutableArray *dispatches; // the protocol's
  NSMutableArray *buffers;
  NSDictionary *built;
  SIEncoder *encoder; // open, or nil
  BOOL validating, inCapture;
  MTLCommandBufferHandler handler;
  volatile MTLCommandBufferStatus state;
  NSError *problem;
  double start, end;
}
@end

@interface SIEncoder : NSObject <MTLComputeCommandEncoder> {
@public
  SICommandBuffer *owner; // nil once encoding has ended
  SIPipeline *pipeline;
  SIBuffer *bound[SLOTS];
  NSUInteger offsets[SLOTS];
  NSData *constants[SLOTS];
  NSUInteger memory[SLOTS];
}
@end

static BOOL captured;
static NSMutableArray *recorded; // dispatches of the capture
static BOOL banned;              // by the system, for GPU errors of this process

// Whether METAL_STAND_IN_MARK is made now: it outlives the process, as the fault should not.
static BOOL firstTime(void) {
  const char *mark = getenv("METAL_STAND_IN_MARK");
  int file = mark ? open(mark, O_CREAT | O_EXCL | O_WRONLY, 0600) : -1;
  return file >= 0 && close(file) == 0;
}

@implementation SIEncoder

- (void)setComputePipelineState:(id<MTLComputePipelineState>)state {
  SIRule(owner != nil, @"an encoder is used after endEncoding");
  SIRule([(id)state isKindOfClass:[SIPipeline class]], @"setComputePipelineState: needs a pipeline");
  pipeline = (SIPipeline *)state;
}

- (void)setBuffer:(id<MTLBuffer>)buffer offset:(NSUInteger)offset atIndex:(NSUInteger)index {
  SIRule(owner != nil, @"an encoder is used after endEncoding");
  SIRule(index < SLOTS, @"buffer index %lu is beyond 30", (unsigned long)index);
  SIRule(buffer == nil || [(id)buffer isKindOfClass:[SIBuffer class]], @"setBuffer: needs a buffer");
  SIRule(buffer == nil ? offset == 0 : offset <= [buffer length], @"offset %lu is behind its buffer",
         (unsigned long)offset);
  SIRule(buffer == nil || ((SIBuffer *)buffer)->memory != NULL, @"a buffer whose memory was given back");
  bound[index] = (SIBuffer *)buffer;
  offsets[index] = offset;
  constants[index] = nil;
}

- (void)setBytes:(const void *)bytes length:(NSUInteger)length atIndex:(NSUInteger)index {
  SIRule(owner != nil, @"an encoder is used after endEncoding");
  SIRule(bytes != NULL && length > 0 && length <= MAX_BYTES && index < SLOTS, @"setBytes: of %lu bytes at %lu",
         (unsigned long)length, (unsigned long)index);
  bound[index] = nil;
  constants[index] = [NSData dataWithBytes:bytes length:length];
}

- (void)setThreadgroupMemoryLength:(NSUInteger)length atIndex:(NSUInteger)index {
  SIRule(owner != nil, @"an encoder is used after endEncoding");
  SIRule(length % 16 == 0 && index < SLOTS, @"threadgroup memory of %lu bytes", (unsigned long)length);
  memory[index] = length;
}

static NSArray *extents(MTLSize size) {
  return @[ @((unsigned long)size.width), @((unsigned long)size.height), @((unsigned long)size.depth) ];
}

- (NSString *)slot:(SIBuffer *)buffer {
  NSUInteger place = [owner->buffers indexOfObjectIdenticalTo:buffer];
  if (place == NSNotFound) {
    place = [owner->buffers count];
    [owner->buffers addObject:buffer];
  }
  return [NSString stringWithFormat:@"b%lu", (unsigned long)place];
}

- (void)dispatchThreads:(MTLSize)threads threadsPerThreadgroup:(MTLSize)group {
  SIRule(owner != nil, @"an encoder is used after endEncoding");
  SIRule(pipeline != nil, @"a dispatch without a pipeline");
  NSUInteger count = group.width * group.height * group.depth;
  SIRule(threads.width && threads.height && threads.depth && count, @"a dispatch without threads");
  SIRule(count <= [pipeline maxTotalThreadsPerThreadgroup], @"threadgroup of %lu threads, the pipeline allows %lu",
         (unsigned long)count, (unsigned long)[pipeline maxTotalThreadsPerThreadgroup]);
  NSDictionary *facts = [pipeline->function facts];
  NSMutableDictionary *buffers = [NSMutableDictionary dictionary], *values = [NSMutableDictionary dictionary];
  NSMutableDictionary *lengths = [NSMutableDictionary dictionary];
  for (NSUInteger i = 0; i < SLOTS; ++i) {
    NSString *key = [NSString stringWithFormat:@"%lu", (unsigned long)i];
    if (bound[i] != nil)
      [buffers setObject:@{@"slot" : [self slot:bound[i]], @"offset" : @((unsigned long long)offsets[i])} forKey:key];
    if (constants[i] != nil)
      [values setObject:[constants[i] base64EncodedStringWithOptions:0] forKey:key];
    if (memory[i] != 0 && [[facts objectForKey:@"threadgroup_arguments"] containsObject:@((unsigned long)i)])
      [lengths setObject:@((unsigned long)memory[i]) forKey:key];
  }
  NSDictionary *library = pipeline->function->built;
  SIRule(owner->built == nil || [[owner->built objectForKey:@"library"] isEqual:[library objectForKey:@"library"]],
         @"one command buffer uses one library here");
  owner->built = library;
  [owner->dispatches addObject:@{
    @"function" : [pipeline->function name],
    @"grid" : extents(threads),
    @"threadgroup" : extents(group),
    @"buffers" : buffers,
    @"constants" : values,
    @"threadgroup_memory" : lengths
  }];
}

- (void)endEncoding {
  SIRule(owner != nil, @"endEncoding twice");
  owner->encoder = nil;
  owner = nil;
}

@end

typedef struct {
  const char *fault;
  NSInteger code;
  const char *text;
} Fault;

static const Fault FAULTS[] = {
    {"timeout", 2, "Caused GPU Timeout Error (00000002:kIOGPUCommandBufferCallbackErrorTimeout)"},
    {"page_fault", 3, "Caused GPU Address Fault Error (0000000b:kIOGPUCommandBufferCallbackErrorPageFault)"},
    {"gpu_hang", 1, "Caused GPU Hang Error (00000003:kIOGPUCommandBufferCallbackErrorHang)"},
    {"victim", 1, "Discarded (victim of GPU error/recovery) (00000005:kIOGPUCommandBufferCallbackErrorInnocentVictim)"},
    {"victim_once", 1,
     "Discarded (victim of GPU error/recovery) (00000005:kIOGPUCommandBufferCallbackErrorInnocentVictim)"},
    {"victim_started_once", 1,
     "Discarded (victim of GPU error/recovery) (00000005:kIOGPUCommandBufferCallbackErrorInnocentVictim)"},
    {"victim_started", 1,
     "Discarded (victim of GPU error/recovery) (00000005:kIOGPUCommandBufferCallbackErrorInnocentVictim)"},
    {"memory", 8, "Insufficient Memory (00000008:kIOGPUCommandBufferCallbackErrorOutOfMemory)"},
    {"memory_by_code", 8, "An error of few words"},
    {"interactivity", 1, "Impacting Interactivity (0000000e:kIOGPUCommandBufferCallbackErrorImpactingInteractivity)"},
    {"ignored", 4, "Ignored (for causing prior/excessive GPU errors) (00000004:…SubmissionsIgnored)"},
    {"stack", 12, "An error of few words"},
    {"resource", 9, "An error of few words"},
    {"permission", 7, "An error of few words"},
    {"removed", 11, "An error of few words"},
};

@implementation SICommandBuffer

- (id<MTLComputeCommandEncoder>)computeCommandEncoder {
  SIRule(state == MTLCommandBufferStatusNotEnqueued, @"an encoder of a committed command buffer");
  SIRule(encoder == nil, @"a second encoder while one is open");
  encoder = [[SIEncoder alloc] init];
  encoder->owner = self;
  return encoder;
}

- (void)addCompletedHandler:(MTLCommandBufferHandler)block {
  SIRule(state == MTLCommandBufferStatusNotEnqueued, @"addCompletedHandler: after commit");
  handler = Block_copy(block);
}

- (NSError *)planted:(BOOL *)started {
  static int already;
  for (size_t i = 0; i < sizeof FAULTS / sizeof *FAULTS; ++i) {
    BOOL once = SIFault("victim_once") || SIFault("victim_started_once");
    if (!SIFault(FAULTS[i].fault) || (once && already++ > 0))
      continue;
    *started = !SIFault("victim") && !SIFault("victim_once");
    return SIError(@"MTLCommandBufferErrorDomain", FAULTS[i].code, [NSString stringWithUTF8String:FAULTS[i].text]);
  }
  return nil;
}

// The GPU: a thread of its own.
- (void)execute {
  @autoreleasepool {
    BOOL started = YES;
    NSError *planted = [dispatches count] ? [self planted:&started] : nil;
    BOOL unsaid = [dispatches count] && SIFault("unsaid");
    if (SIFault("hang_once") && [dispatches count] && firstTime()) {
      banned = YES;
      return; // and never an answer
    }
    if (banned && [dispatches count])
      planted = SIError(@"MTLCommandBufferErrorDomain", 4, @"Ignored (for causing prior/excessive GPU errors)");
    NSDictionary *reply = @{};
    if (planted == nil && !unsaid && [dispatches count] > 0 && !SIFault("instant"))
      reply = [portable run:dispatches buffers:buffers built:built];
    NSString *status = [reply objectForKey:@"status"];
    if (status != nil) {
      BOOL late = [status isEqual:@"timeout"];
      planted = SIError(@"MTLCommandBufferErrorDomain", FAULTS[late ? 0 : 1].code,
                        [NSString stringWithUTF8String:FAULTS[late ? 0 : 1].text]);
    }
    problem = [planted retain];
    start = started ? 1000 : 0;
    end = started ? start + [[reply objectForKey:@"elapsed_ns"] doubleValue] / 1e9 : 0;
    if (SIFault("one_second"))
      end = start + 1;
    state = planted != nil || unsaid ? MTLCommandBufferStatusError : MTLCommandBufferStatusCompleted;
    if (handler != nil)
      handler(self);
  }
}

- (void)commit {
  SIRule(encoder == nil, @"commit while an encoder is open");
  SIRule(state == MTLCommandBufferStatusNotEnqueued, @"a command buffer is committed twice");
  SIRule([dispatches count] > 0 || !captured, @"a capture of nothing");
  SIRule(inCapture == captured, @"a command buffer is made before a capture starts, or committed when it has ended");
  if (captured)
    [recorded addObjectsFromArray:dispatches];
  state = MTLCommandBufferStatusCommitted;
  [NSThread detachNewThreadSelector:@selector(execute) toTarget:self withObject:nil];
}

- (MTLCommandBufferStatus)status {
  return state;
}
- (NSError *)error {
  return problem;
}
- (id<NSFastEnumeration>)logs {
  SIRule(validating, @"logs are asked for without errorOptions");
  return SIFault("validation") ? @[ @"Invalid device store at offset 64" ] : @[];
}
- (double)GPUStartTime {
  SIRule(state >= MTLCommandBufferStatusCompleted, @"GPUStartTime before completion");
  return start;
}
- (double)GPUEndTime {
  SIRule(state >= MTLCommandBufferStatusCompleted, @"GPUEndTime before completion");
  return end;
}

@end

@implementation MTLCommandBufferDescriptor
- (void)setErrorOptions:(MTLCommandBufferErrorOption)wanted {
  SIRule(wanted == MTLCommandBufferErrorOptionEncoderExecutionStatus, @"no such error option");
  options = wanted;
}
@end

@implementation SIQueue

- (id<MTLCommandBuffer>)commandBuffer {
  SICommandBuffer *buffer = [[[SICommandBuffer alloc] init] autorelease];
  buffer->portable = portable;
  buffer->dispatches = [[NSMutableArray alloc] init];
  buffer->buffers = [[NSMutableArray alloc] init];
  buffer->inCapture = captured;
  return buffer;
}

- (id<MTLCommandBuffer>)commandBufferWithDescriptor:(MTLCommandBufferDescriptor *)descriptor {
  SIRule([descriptor isKindOfClass:[MTLCommandBufferDescriptor class]], @"a command buffer needs its own descriptor");
  SICommandBuffer *buffer = (SICommandBuffer *)[self commandBuffer];
  buffer->validating = descriptor->options != 0;
  return buffer;
}

- (void)addResidencySet:(id<MTLResidencySet>)set {
  SIRule(SISystem() >= 15 && set != nil, @"addResidencySet: without a set");
  ((SIResidencySet *)set)->onQueue = YES;
}

@end

@implementation MTLCaptureDescriptor
- (void)setCaptureObject:(id)captured_ {
  object = captured_;
}
- (void)setDestination:(MTLCaptureDestination)wanted {
  destination = wanted;
}
- (void)setOutputURL:(NSURL *)wanted {
  url = [wanted retain];
}
@end

static NSString *capturePath;

@implementation MTLCaptureManager
+ (MTLCaptureManager *)sharedCaptureManager {
  static MTLCaptureManager *shared;
  if (shared == nil)
    shared = [[MTLCaptureManager alloc] init];
  return shared;
}
- (BOOL)supportsDestination:(MTLCaptureDestination)destination {
  return destination == MTLCaptureDestinationGPUTraceDocument && getenv("MTL_CAPTURE_ENABLED") != NULL;
}
- (BOOL)startCaptureWithDescriptor:(MTLCaptureDescriptor *)descriptor error:(NSError **)error {
  SIRule(!captured, @"a capture while one runs");
  SIRule(descriptor->object != nil && descriptor->destination == MTLCaptureDestinationGPUTraceDocument,
         @"a capture needs an object and a destination");
  NSString *path = [descriptor->url path];
  SIRule([path hasSuffix:@".gputrace"], @"a capture's file ends in .gputrace");
  if (SIFault("capture") || access([path fileSystemRepresentation], F_OK) == 0) {
    *error = SIError(@"MTLCaptureErrorDomain", 3, @"the file exists or cannot be made");
    return NO;
  }
  capturePath = [path copy];
  recorded = [[NSMutableArray alloc] init];
  captured = YES;
  return YES;
}
// A trace is a folder; what it holds here are the dispatches that were committed, as the protocol has them.
- (void)stopCapture {
  SIRule(captured, @"stopCapture without a capture");
  SIRule([recorded count] > 0, @"a capture ends before anything was committed");
  captured = NO;
  NSData *text = [NSJSONSerialization dataWithJSONObject:recorded options:0 error:NULL];
  SIRule(mkdir([capturePath fileSystemRepresentation], 0700) == 0, @"the trace's folder cannot be made");
  [text writeToFile:[capturePath stringByAppendingPathComponent:@"commands.json"] atomically:NO];
}
@end
