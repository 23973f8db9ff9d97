// The device and its facts, as `hello` gives them.
#import "report.h"

enum { MAX_THREADS = 1024, SIMD_WIDTH = 32 };

id<MTLDevice> MHDevice(void) {
  id<MTLDevice> device = MTLCreateSystemDefaultDevice();
  NSArray *all = device == nil ? MTLCopyAllDevices() : nil; // over ssh the default can be nil
  return [all count] > 0 ? [all objectAtIndex:0] : device;
}

void MHReport(id<MTLDevice> device, NSMutableDictionary *reply) {
  static const long known[] = {1007, 1008, 1009, 1010, 5001, 5002}; // Apple7 to Apple10, Metal3, Metal4
  NSMutableArray *families = [NSMutableArray array];
  for (size_t i = 0; i < sizeof known / sizeof *known; ++i)
    if ([device supportsFamily:(MTLGPUFamily)known[i]])
      [families addObject:@(known[i])];
  NSString *name = [device name];
  BOOL isVirtual = [name rangeOfString:@"Paravirtual"].location != NSNotFound || [name isEqual:@"Stand-in"];
  BOOL named = [device respondsToSelector:@selector(architecture)]; // macOS 14
  [reply addEntriesFromDictionary:@{
    @"device" : @"metal",
    @"engine" : @"metal",
    @"name" : name,
    @"architecture" : named ? [[device architecture] name] : @"",
    @"families" : families,
    @"os" : [[NSProcessInfo processInfo] operatingSystemVersionString],
    @"virtual" : [NSNumber numberWithBool:isVirtual],
    @"simd_width" : @(SIMD_WIDTH),
    @"max_threads_per_threadgroup" : @(MAX_THREADS),
    @"max_threadgroup_memory_bytes" : @((unsigned long)[device maxThreadgroupMemoryLength]),
    @"max_buffer_bytes" : @((unsigned long)[device maxBufferLength]),
    @"working_set_bytes" : @((unsigned long long)[device recommendedMaxWorkingSetSize]),
    @"threads" : @1,
    @"clock" : @"wall",
  }];
}
