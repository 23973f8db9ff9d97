// The device and its facts, as `hello` gives them.
#import "report.h"

enum { MAX_THREADS = 1024, SIMD_WIDTH = 32 };
static const NSInteger FAMILIES[] = {1007, 1008, 1009, 1010, 5001, 5002}; // Apple7 to Apple10, Metal3, Metal4

id<MTLDevice> MHDevice(void) {
  id<MTLDevice> device = MTLCreateSystemDefaultDevice();
  NSArray *all = device == nil ? MTLCopyAllDevices() : nil; // over ssh the default can be nil
  return all.count > 0 ? all.firstObject : device;
}

NSDictionary *MHReport(id<MTLDevice> device) {
  NSMutableArray *families = [NSMutableArray array];
  for (size_t i = 0; i < sizeof FAMILIES / sizeof *FAMILIES; ++i)
    if ([device supportsFamily:(MTLGPUFamily)FAMILIES[i]])
      [families addObject:@(FAMILIES[i])];
  BOOL isVirtual = [device.name rangeOfString:@"Paravirtual"].location != NSNotFound;
  return @{
    @"device" : @"metal",
    @"engine" : @"metal",
    @"name" : device.name,
    @"architecture" : device.architecture.name,
    @"families" : families,
    @"os" : [[NSProcessInfo processInfo] operatingSystemVersionString],
    @"virtual" : [NSNumber numberWithBool:isVirtual || [device.name isEqual:@"Stand-in"]],
    @"simd_width" : @(SIMD_WIDTH),
    @"max_threads_per_threadgroup" : @(MAX_THREADS),
    @"max_threadgroup_memory_bytes" : @(device.maxThreadgroupMemoryLength),
    @"max_buffer_bytes" : @(device.maxBufferLength),
    @"working_set_bytes" : @(device.recommendedMaxWorkingSetSize),
    @"threads" : @1,
    @"clock" : @"wall",
  };
}
