// Pool, instances and dispatches.
#import "plan.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_SLOTS = 31, MAX_CONSTANT_BYTES = 4096, REGION_BYTES = 2 * sizeof(uint64_t) };
static const uint64_t MAX_POOL_BYTES = UINT64_C(1) << 46;

typedef struct {
  BOOL buffer;
  NSUInteger slot;
  uint64_t offset;
} Bound;

@interface MHDispatch : NSObject {
@public
  NSString *function;
  id<MTLComputePipelineState> state;
  MTLSize grid, threadgroup;
  Bound bound[BUFFER_SLOTS];
  NSMutableDictionary *constants; // index -> NSData
  NSUInteger memory[BUFFER_SLOTS];
}
@end

@implementation MHDispatch
@end

static BOOL readSize(NSArray *list, MTLSize *size) {
  if ([list count] != 3)
    return NO;
  for (id extent in list)
    if (MHWhole(extent) == nil)
      return NO;
  *size = MTLSizeMake([[list objectAtIndex:0] unsignedIntegerValue], [[list objectAtIndex:1] unsignedIntegerValue],
                      [[list objectAtIndex:2] unsignedIntegerValue]);
  return YES;
}

@implementation MHPlan

- (id)initWithPipelines:(MHPipelines *)pipelines {
  if ((self = [super init]))
    _pipelines = pipelines;
  return self;
}

- (void)unbind {
  pool = nil;
  instances = 0;
  if (_memory != NULL)
    munmap(_memory, _bytes);
  _memory = NULL;
}

- (BOOL)bind:(MHFields *)request error:(NSError **)error {
  [self unbind];
  MHFields *fields = [MHFields of:[request map:@"pool"] in:@"the pool"];
  NSArray *wanted = [request list:@"instances"], *dispatches = [request list:@"dispatches"];
  _slots = [request list:@"slots"];
  NSString *path = [fields text:@"path"];
  uint64_t bytes = [fields integer:@"bytes" from:1 to:MAX_POOL_BYTES];
  if (![request complete:error] || ![fields complete:error] || ![self readRegions:wanted pool:bytes error:error])
    return NO;
  NSMutableArray *read = [NSMutableArray array];
  for (id object in dispatches) {
    MHDispatch *dispatch = [[MHDispatch alloc] init];
    if (![self read:object into:dispatch error:error] || ![self judge:dispatch error:error] ||
        ![self judgeMemory:dispatch error:error])
      return NO;
    [read addObject:dispatch];
  }
  _dispatches = read;
  if ([wanted count] == 0 || [read count] == 0)
    return MHFault(error, @"bind has no instance or no dispatch");
  if (![self map:path bytes:bytes error:error])
    return NO;
  instances = [wanted count];
  return YES;
}

- (BOOL)readRegions:(NSArray *)wanted pool:(uint64_t)bytes error:(NSError **)error {
  _regions = [NSMutableData data];
  for (NSArray *regions in wanted) {
    if (![regions isKindOfClass:[NSArray class]] || [regions count] != [_slots count])
      return MHFault(error, @"an instance has not one region a slot");
    for (NSArray *pair in regions) {
      BOOL two = [pair isKindOfClass:[NSArray class]] && [pair count] == 2;
      NSNumber *offset = two ? MHWhole([pair objectAtIndex:0]) : nil;
      NSNumber *size = two ? MHWhole([pair objectAtIndex:1]) : nil;
      uint64_t region[2] = {[offset unsignedLongLongValue], [size unsignedLongLongValue]};
      if (offset == nil || size == nil || region[0] > bytes || region[1] > bytes - region[0])
        return MHFault(error, @"a region is no offset and size in the pool");
      [_regions appendBytes:region length:sizeof region];
    }
  }
  return YES;
}

- (const uint64_t *)region:(NSUInteger)slot of:(NSUInteger)instance {
  return (const uint64_t *)[_regions bytes] + 2 * (instance * [_slots count] + slot);
}

- (BOOL)map:(NSString *)path bytes:(uint64_t)bytes error:(NSError **)error {
  int file = open([path fileSystemRepresentation], O_RDWR | O_CLOEXEC);
  if (file < 0)
    return MHFault(error, @"cannot open the pool %@: %s", path, strerror(errno));
  struct stat facts;
  size_t page = (size_t)getpagesize();
  _bytes = (size_t)((bytes + page - 1) / page * page);
  BOOL large = fstat(file, &facts) == 0 && S_ISREG(facts.st_mode) && (uint64_t)facts.st_size >= bytes;
  void *memory = large ? mmap(NULL, _bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) : MAP_FAILED;
  close(file);
  if (memory == MAP_FAILED)
    return MHFault(error, @"the pool %@ is not a file of at least %llu bytes", path, (unsigned long long)bytes);
  _memory = memory;
  pool = [_pipelines->device newBufferWithBytesNoCopy:_memory
                                               length:_bytes
                                              options:MTLResourceStorageModeShared
                                          deallocator:nil];
  // What the device cannot hold is a fact about the device, and no verdict on the kernel.
  return pool != nil || MHRefuse(error, @"unsupported", @"the device makes no buffer of %lu bytes (limit %lu)",
                                 (unsigned long)_bytes, (unsigned long)[_pipelines->device maxBufferLength]);
}

- (BOOL)read:(id)object into:(MHDispatch *)dispatch error:(NSError **)error {
  MHFields *fields = [MHFields of:object in:@"a dispatch"];
  dispatch->function = [fields text:@"function"];
  NSArray *grid = [fields list:@"grid"], *threadgroup = [fields list:@"threadgroup"];
  NSDictionary *buffers = [fields map:@"buffers"], *constants = [fields map:@"constants"];
  NSDictionary *memory = [fields map:@"threadgroup_memory"];
  if (![fields complete:error])
    return NO;
  dispatch->state = [_pipelines->states objectForKey:dispatch->function];
  if (dispatch->state == nil || !readSize(grid, &dispatch->grid) || !readSize(threadgroup, &dispatch->threadgroup))
    return MHFault(error, @"no function is named '%@', or its grid is no triple", dispatch->function);
  for (NSString *key in memory) {
    NSInteger index = MHIndex(key);
    if (index < 0 || index >= BUFFER_SLOTS || MHWhole([memory objectForKey:key]) == nil)
      return MHFault(error, @"threadgroup memory '%@' has no index or size", key);
    dispatch->memory[index] = [[memory objectForKey:key] unsignedIntegerValue];
  }
  return [self bindBuffers:buffers into:dispatch error:error] && [self bindConstants:constants
                                                                                into:dispatch
                                                                               error:error];
}

- (BOOL)bindBuffers:(NSDictionary *)buffers into:(MHDispatch *)dispatch error:(NSError **)error {
  for (NSString *key in buffers) {
    MHFields *fields = [MHFields of:[buffers objectForKey:key] in:@"a buffer"];
    NSString *slot = [fields text:@"slot"];
    uint64_t offset = [fields integer:@"offset" from:0 to:MAX_POOL_BYTES otherwise:0];
    if (![fields complete:error])
      return NO;
    NSInteger index = MHIndex(key);
    Bound bound = {YES, [_slots indexOfObject:slot], offset};
    if (index < 0 || index >= BUFFER_SLOTS || bound.slot == NSNotFound)
      return MHFault(error, @"no slot is named '%@', or '%@' is no index", slot, key);
    for (NSUInteger instance = 0; instance * [_slots count] * REGION_BYTES < [_regions length]; ++instance)
      if (offset > [self region:bound.slot of:instance][1])
        return MHRefuse(error, @"launch_error", @"offset %llu of buffer %@ lies behind the %llu bytes of '%@'",
                        (unsigned long long)offset, key, (unsigned long long)[self region:bound.slot of:instance][1],
                        slot);
    dispatch->bound[index] = bound;
  }
  return YES;
}

- (BOOL)bindConstants:(NSDictionary *)constants into:(MHDispatch *)dispatch error:(NSError **)error {
  dispatch->constants = [[NSMutableDictionary alloc] init];
  for (NSString *key in constants) {
    NSInteger index = MHIndex(key);
    NSData *data = MHBytes([constants objectForKey:key]);
    if (index < 0 || index >= BUFFER_SLOTS || [data length] == 0 || dispatch->bound[index].buffer)
      return MHFault(error, @"constant '%@' of '%@' is no bytes, or is bound twice", key, dispatch->function);
    if ([data length] > MAX_CONSTANT_BYTES)
      return MHRefuse(error, @"launch_error", @"constant %@ of '%@' has %lu bytes, the limit is %d", key,
                      dispatch->function, (unsigned long)[data length], MAX_CONSTANT_BYTES);
    [dispatch->constants setObject:data forKey:@((long)index)];
  }
  return YES;
}

// What the validation layer would abort on, as refusals with both numbers.
- (BOOL)judge:(MHDispatch *)dispatch error:(NSError **)error {
  MTLSize grid = dispatch->grid, group = dispatch->threadgroup;
  double threads = (double)group.width * (double)group.height * (double)group.depth;
  NSUInteger most = [dispatch->state maxTotalThreadsPerThreadgroup];
  if (grid.width * grid.height * grid.depth == 0 || threads == 0)
    return MHRefuse(error, @"launch_error", @"grid or threadgroup of '%@' has no threads", dispatch->function);
  if (grid.width > UINT32_MAX || grid.height > UINT32_MAX || grid.depth > UINT32_MAX)
    return MHRefuse(error, @"launch_error", @"grid of '%@' exceeds the limit of 4294967295 threads a dimension",
                    dispatch->function);
  return threads <= (double)most ||
         MHRefuse(error, @"launch_error", @"threadgroup %lu x %lu x %lu of '%@' has %.0f threads, the limit is %lu",
                  (unsigned long)group.width, (unsigned long)group.height, (unsigned long)group.depth,
                  dispatch->function, threads, (unsigned long)most);
}

- (BOOL)judgeMemory:(MHDispatch *)dispatch error:(NSError **)error {
  uint64_t total = [dispatch->state staticThreadgroupMemoryLength];
  NSUInteger most = [_pipelines->device maxThreadgroupMemoryLength];
  for (NSUInteger index = 0; index < BUFFER_SLOTS; ++index) {
    NSUInteger bytes = dispatch->memory[index];
    BOOL known = [[_pipelines->arguments objectForKey:dispatch->function] containsObject:@((unsigned long)index)];
    if (known != (bytes != 0) || bytes % 16 != 0)
      return MHRefuse(error, @"launch_error",
                      !known       ? @"threadgroup memory %lu of '%@': the function has no such argument"
                      : bytes == 0 ? @"threadgroup argument %lu of '%@' has no length"
                                   : @"threadgroup memory %lu of '%@' is not a multiple of 16 bytes",
                      (unsigned long)index, dispatch->function);
    total += bytes;
  }
  return total <= most ||
         MHRefuse(error, @"launch_error",
                  @"Threadgroup memory size (%llu) exceeds the maximum threadgroup memory allowed (%lu)",
                  (unsigned long long)total, (unsigned long)most);
}

- (void)encode:(NSUInteger)instance into:(id<MTLComputeCommandEncoder>)encoder {
  for (MHDispatch *dispatch in _dispatches) {
    [encoder setComputePipelineState:dispatch->state];
    for (NSUInteger index = 0; index < BUFFER_SLOTS; ++index) {
      const Bound *bound = &dispatch->bound[index];
      NSData *constant = [dispatch->constants objectForKey:@((unsigned long)index)];
      uint64_t start = bound->buffer ? [self region:bound->slot of:instance][0] : 0;
      if (constant != nil)
        [encoder setBytes:[constant bytes] length:[constant length] atIndex:index];
      else if (bound->buffer)
        [encoder setBuffer:pool offset:(NSUInteger)(start + bound->offset) atIndex:index];
      else // an encoder keeps what an earlier dispatch bound
        [encoder setBuffer:nil offset:0 atIndex:index];
    }
    for (NSNumber *index in [_pipelines->arguments objectForKey:dispatch->function])
      [encoder setThreadgroupMemoryLength:dispatch->memory[[index unsignedIntegerValue]]
                                  atIndex:[index unsignedIntegerValue]];
    [encoder dispatchThreads:dispatch->grid threadsPerThreadgroup:dispatch->threadgroup];
  }
}

@end
