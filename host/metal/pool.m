// Mapping and regions.
#import "pool.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint64_t MAX_POOL_BYTES = UINT64_C(1) << 46;

@implementation MHPool

@synthesize buffer = _buffer, instances = _instances;

- (instancetype)initWithDevice:(id<MTLDevice>)device request:(MHFields *)request error:(NSError **)error {
  if (!(self = [super init]))
    return nil;
  MHFields *pool = [MHFields of:[request map:@"pool"] in:@"the pool"];
  NSString *path = [pool text:@"path"];
  uint64_t bytes = [pool integer:@"bytes" from:1 to:MAX_POOL_BYTES];
  NSArray *instances = [request list:@"instances"];
  _slots = [request list:@"slots"];
  _ranges = [NSMutableData data];
  BOOL ok = [request complete:error] && [pool complete:error] && [self read:instances bytes:bytes error:error] &&
            [self map:path bytes:bytes device:device error:error];
  return ok ? self : nil;
}

- (BOOL)read:(NSArray *)instances bytes:(uint64_t)bytes error:(NSError **)error {
  for (NSArray *regions in instances) {
    if (![regions isKindOfClass:[NSArray class]] || regions.count != _slots.count)
      return MHFault(error, @"an instance has not one region a slot");
    for (NSArray *pair in regions) {
      BOOL two = [pair isKindOfClass:[NSArray class]] && pair.count == 2;
      NSNumber *offset = two ? MHWhole(pair.firstObject) : nil, *size = two ? MHWhole(pair.lastObject) : nil;
      NSRange range = NSMakeRange(offset.unsignedIntegerValue, size.unsignedIntegerValue);
      if (offset == nil || size == nil || NSMaxRange(range) > bytes) // neither is over 2^53
        return MHFault(error, @"a region is no offset and size in the pool");
      [_ranges appendBytes:&range length:sizeof range];
    }
  }
  _instances = instances.count;
  return _instances > 0 || MHFault(error, @"bind has no instance");
}

- (BOOL)map:(NSString *)path bytes:(uint64_t)bytes device:(id<MTLDevice>)device error:(NSError **)error {
  int file = open(path.fileSystemRepresentation, O_RDWR | O_CLOEXEC);
  if (file < 0)
    return MHFault(error, @"cannot open the pool %@: %s", path, strerror(errno));
  struct stat facts;
  size_t page = (size_t)getpagesize(), length = (size_t)((bytes + page - 1) / page * page);
  BOOL large = fstat(file, &facts) == 0 && S_ISREG(facts.st_mode) && (uint64_t)facts.st_size >= bytes;
  void *memory = large ? mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) : MAP_FAILED;
  close(file);
  if (memory == MAP_FAILED)
    return MHFault(error, @"the pool %@ is not a file of at least %llu bytes", path, (unsigned long long)bytes);
  _buffer = [device newBufferWithBytesNoCopy:memory
                                      length:length
                                     options:MTLResourceStorageModeShared
                                 deallocator:^(void *mapped, NSUInteger size) { // once the GPU is done with it, too
                                   munmap(mapped, size);
                                 }];
  // What the device cannot hold is a fact about the device, and no verdict on the kernel.
  return _buffer != nil || MHRefuse(error, @"unsupported", @"the device makes no buffer of %zu bytes (limit %lu)",
                                    length, (unsigned long)device.maxBufferLength);
}

- (NSUInteger)slotNamed:(NSString *)name {
  return [_slots indexOfObject:name];
}

- (NSRange)rangeOf:(NSUInteger)slot instance:(NSUInteger)instance {
  return ((const NSRange *)_ranges.bytes)[instance * _slots.count + slot];
}

@end
