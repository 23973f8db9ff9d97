// The device, libraries, functions, pipelines and buffers of the stand-in.
#import "stand_in.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void SIBroken(NSString *rule, ...) {
  va_list arguments;
  va_start(arguments, rule);
  NSString *text = [[NSString alloc] initWithFormat:rule arguments:arguments];
  fprintf(stderr, "stand-in Metal: %s\n", [text UTF8String]);
  abort();
}

BOOL SIFault(const char *name) {
  const char *wanted = getenv("METAL_STAND_IN_FAULT");
  return wanted != NULL && strcmp(wanted, name) == 0;
}

NSInteger SISystem(void) {
  const char *version = getenv("METAL_STAND_IN_MACOS");
  return version ? atoi(version) : 26;
}

NSError *SIError(NSString *domain, NSInteger code, NSString *text) {
  return [NSError errorWithDomain:domain code:code userInfo:@{NSLocalizedDescriptionKey : text}];
}

@interface MTLFunctionConstantValues (StandIn)
- (NSArray *)values;
@end

static BOOL newer(SEL selector) {
  static const char *since15[] = {"newResidencySetWithDescriptor:error:", "addResidencySet:"};
  NSString *name = NSStringFromSelector(selector);
  for (size_t i = 0; i < sizeof since15 / sizeof *since15; ++i)
    if ([name isEqual:[NSString stringWithUTF8String:since15[i]]])
      return SISystem() < 15;
  return [name isEqual:@"architecture"] && SISystem() < 14;
}

@implementation MTLCompileOptions
@end

@implementation MTLFunctionConstantValues
- (id)init {
  if ((self = [super init]))
    values = [[NSMutableArray alloc] init];
  return self;
}
- (void)setConstantValue:(const void *)value type:(MTLDataType)type atIndex:(NSUInteger)index {
  SIRule(value != NULL && index < 65536, @"setConstantValue:type:atIndex: without a value or index");
  NSString *text = nil;
  switch (type) {
  case MTLDataTypeFloat:
    text = [NSString stringWithFormat:@"float=%.9g", (double)*(const float *)value];
    break;
  case MTLDataTypeInt:
    text = [NSString stringWithFormat:@"int=%d", *(const int *)value];
    break;
  case MTLDataTypeUInt:
    text = [NSString stringWithFormat:@"uint=%u", *(const unsigned *)value];
    break;
  case MTLDataTypeShort:
    text = [NSString stringWithFormat:@"short=%d", *(const short *)value];
    break;
  case MTLDataTypeUShort:
    text = [NSString stringWithFormat:@"ushort=%d", *(const unsigned short *)value];
    break;
  case MTLDataTypeChar:
    text = [NSString stringWithFormat:@"char=%d", *(const signed char *)value];
    break;
  case MTLDataTypeUChar:
    text = [NSString stringWithFormat:@"uchar=%d", *(const unsigned char *)value];
    break;
  case MTLDataTypeBool:
    text = [NSString stringWithFormat:@"bool=%d", *(const unsigned char *)value];
    break;
  case MTLDataTypeLong:
    text = [NSString stringWithFormat:@"long=%ld", *(const long *)value];
    break;
  case MTLDataTypeULong:
    text = [NSString stringWithFormat:@"ulong=%lu", *(const unsigned long *)value];
    break;
  default:
    SIBroken(@"no data type %lu of a constant is known here", (unsigned long)type);
  }
  [values addObject:[NSString stringWithFormat:@"%lu:%@", (unsigned long)index, text]];
}
- (NSArray *)values { // harness.build's --constant options
  return values;
}
@end

@implementation SIFunction
- (NSString *)name {
  return name;
}
- (NSDictionary *)facts {
  return [[built objectForKey:@"functions"] objectForKey:name];
}
@end

@interface SILibrary : NSObject <MTLLibrary> {
@public
  NSString *source;
  NSDictionary *built;
}
@end

@implementation SILibrary
- (NSArray *)functionNames {
  return [[built objectForKey:@"functions"] allKeys];
}
- (SIFunction *)make:(NSString *)name from:(NSDictionary *)answer {
  SIFunction *function = [[SIFunction alloc] init];
  function->name = [name copy];
  function->built = [answer retain];
  if ([function facts] != nil)
    return function;
  [function release];
  return nil;
}
- (id<MTLFunction>)newFunctionWithName:(NSString *)name {
  return [self make:name from:built];
}
- (id<MTLFunction>)newFunctionWithName:(NSString *)name
                        constantValues:(MTLFunctionConstantValues *)constants
                                 error:(NSError **)error {
  SIRule([constants isKindOfClass:[MTLFunctionConstantValues class]], @"constantValues: needs its own class");
  NSDictionary *answer = [SIPortable build:source constants:[constants values]];
  id<MTLFunction> function = [[answer objectForKey:@"ok"] boolValue] ? [self make:name from:answer] : nil;
  if (function == nil && error != NULL)
    *error =
        SIError(@"MTLLibraryErrorDomain", MTLLibraryErrorFunctionNotFound,
                [[answer objectForKey:@"ok"] boolValue] ? @"no function of this name" : [answer objectForKey:@"text"]);
  return function;
}
@end

@implementation SIPipeline
- (NSUInteger)maxTotalThreadsPerThreadgroup {
  return [[[function facts] objectForKey:@"max_threads"] unsignedIntegerValue];
}
- (NSUInteger)threadExecutionWidth {
  return 32;
}
- (NSUInteger)staticThreadgroupMemoryLength {
  return [[[function facts] objectForKey:@"static_threadgroup_bytes"] unsignedIntegerValue];
}
@end

@implementation SIBuffer
- (void *)contents {
  return memory;
}
- (NSUInteger)length {
  return bytes;
}
@end

@implementation MTLArchitecture
- (NSString *)name {
  return @"stand-in";
}
@end

@implementation MTLResidencySetDescriptor
@end

@implementation SIResidencySet
- (void)addAllocation:(id<MTLAllocation>)allocation {
  SIRule([allocation isKindOfClass:[SIBuffer class]], @"addAllocation: needs a buffer");
  _added += 1;
  _committed = NO;
}
- (void)commit {
  SIRule(_added > 0, @"a residency set is committed empty");
  _committed = YES;
}
- (void)requestResidency {
  SIRule(_committed, @"requestResidency before commit");
  SIRule(onQueue, @"requestResidency of a set that no queue has");
}
@end

@interface SIDevice : NSObject <MTLDevice>
@end

static NSMutableArray *written; // sources, until the process ends

static void cleanUp(void) {
  for (NSString *path in written) {
    unlink([path fileSystemRepresentation]);
    rmdir([[path stringByDeletingLastPathComponent] fileSystemRepresentation]);
  }
}

@implementation SIDevice
- (BOOL)respondsToSelector:(SEL)selector {
  return !newer(selector) && [super respondsToSelector:selector];
}
- (NSString *)name {
  return @"Stand-in";
}
- (MTLArchitecture *)architecture {
  SIRule(SISystem() >= 14, @"there is no architecture before macOS 14");
  return [[[MTLArchitecture alloc] init] autorelease];
}
- (BOOL)supportsFamily:(MTLGPUFamily)family {
  return family == MTLGPUFamilyApple7 || family == MTLGPUFamilyMetal3;
}
- (NSUInteger)maxThreadgroupMemoryLength {
  return 32768;
}
- (NSUInteger)maxBufferLength {
  return SIFault("buffer") ? 2048 : (NSUInteger)1 << 34;
}
- (uint64_t)recommendedMaxWorkingSetSize {
  return (uint64_t)1 << 34;
}

- (id<MTLLibrary>)newLibraryWithSource:(NSString *)source options:(MTLCompileOptions *)options error:(NSError **)error {
  SIRule(source != nil && (options == nil || [options isKindOfClass:[MTLCompileOptions class]]),
         @"newLibraryWithSource: without source or with foreign options");
  if (SIFault("slow_compile"))
    sleep(4);
  char folder[] = "/tmp/metal-stand-in-XXXXXX";
  SIRule(mkdtemp(folder) != NULL, @"no temporary folder");
  SILibrary *library = [[SILibrary alloc] init];
  library->source = [[NSString alloc] initWithFormat:@"%s/program_source.metal", folder];
  [[source dataUsingEncoding:NSUTF8StringEncoding] writeToFile:library->source atomically:NO];
  library->built = [[SIPortable build:library->source constants:@[]] retain];
  if (written == nil) {
    written = [[NSMutableArray alloc] init];
    atexit(cleanUp);
  }
  [written addObject:library->source];
  NSString *text = [library->built objectForKey:@"text"];
  BOOL ok = [[library->built objectForKey:@"ok"] boolValue] && !SIFault("compile");
  if (SIFault("warning"))
    text = @"program_source:1:1: warning: a planted one";
  if (error != NULL && [text length] > 0)
    *error =
        SIError(@"MTLLibraryErrorDomain", ok ? MTLLibraryErrorCompileWarning : MTLLibraryErrorCompileFailure, text);
  return ok ? library : nil;
}

- (id<MTLLibrary>)newLibraryWithURL:(NSURL *)url error:(NSError **)error {
  SIRule([[url path] hasSuffix:@".metallib"], @"newLibraryWithURL: needs a .metallib");
  // What stands here for a metallib is its source text.
  NSData *data = [NSData dataWithContentsOfFile:[url path]];
  NSString *source = [[[NSString alloc] initWithData:data encoding:NSUTF8StringEncoding] autorelease];
  if ([data length] > 0)
    return [self newLibraryWithSource:source options:nil error:error];
  *error = SIError(@"MTLLibraryErrorDomain", 1, @"Invalid metallib file");
  return nil;
}

- (id<MTLComputePipelineState>)newComputePipelineStateWithFunction:(id<MTLFunction>)function error:(NSError **)error {
  SIRule([(id)function isKindOfClass:[SIFunction class]], @"a pipeline needs a function");
  NSArray *missing = [[(SIFunction *)function facts] objectForKey:@"missing_constants"];
  if (SIFault("pipeline") || [missing count] > 0) {
    *error = SIError(@"AGXMetal", 3, [missing count] ? @"a function constant has no value" : @"a planted refusal");
    return nil;
  }
  unsigned long bytes = [[[(SIFunction *)function facts] objectForKey:@"static_threadgroup_bytes"] unsignedLongValue];
  if (bytes > [self maxThreadgroupMemoryLength]) {
    NSString *text = [NSString stringWithFormat:@"Threadgroup memory size (%lu) exceeds the maximum threadgroup memory "
                                                @"allowed (%lu)",
                                                bytes, (unsigned long)[self maxThreadgroupMemoryLength]];
    *error = SIError(@"AGXMetal", 3, text);
    return nil;
  }
  SIPipeline *state = [[SIPipeline alloc] init];
  state->function = [(SIFunction *)function retain];
  return state;
}

- (id<MTLBuffer>)newBufferWithBytesNoCopy:(void *)pointer
                                   length:(NSUInteger)length
                                  options:(MTLResourceOptions)options
                              deallocator:(void (^)(void *, NSUInteger))deallocator {
  NSUInteger page = (NSUInteger)getpagesize();
  SIRule(pointer != NULL && (NSUInteger)pointer % page == 0 && length % page == 0 && length > 0,
         @"newBufferWithBytesNoCopy: needs whole pages");
  SIRule(options == MTLResourceStorageModeShared, @"memory of our own has to be shared");
  SIRule(deallocator != nil, @"nobody gives the memory of a buffer back");
  if (length > [self maxBufferLength])
    return nil;
  // Nothing is released here, and a host has one pool at a time: the next one stands for the end of the one before.
  static SIBuffer *current;
  static void (^giveBack)(void *, NSUInteger);
  if (current != nil) {
    giveBack(current->memory, current->bytes);
    current->memory = NULL;
  }
  current = [[SIBuffer alloc] init];
  current->memory = pointer;
  current->bytes = length;
  giveBack = Block_copy(deallocator);
  return current;
}

- (id<MTLCommandQueue>)newCommandQueue {
  SIQueue *queue = [[SIQueue alloc] init];
  static SIPortable *shared; // one worker for the device, as there is one GPU
  if (shared == nil)
    shared = [[SIPortable alloc] init];
  queue->portable = shared;
  return queue;
}

- (id<MTLResidencySet>)newResidencySetWithDescriptor:(MTLResidencySetDescriptor *)descriptor error:(NSError **)error {
  SIRule(SISystem() >= 15, @"there are no residency sets before macOS 15");
  SIRule([descriptor isKindOfClass:[MTLResidencySetDescriptor class]], @"a residency set needs a descriptor");
  return [[SIResidencySet alloc] init];
}
@end

id<MTLDevice> MTLCreateSystemDefaultDevice(void) {
  return SIFault("no_device") || SIFault("no_default") ? nil : [[SIDevice alloc] init];
}

NSArray *MTLCopyAllDevices(void) {
  return SIFault("no_device") ? [[NSArray alloc] init] : [[NSArray alloc] initWithObjects:[[SIDevice alloc] init], nil];
}
