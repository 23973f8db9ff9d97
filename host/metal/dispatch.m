// Reading, judging and encoding of one dispatch.
#import "dispatch.h"

enum { MAX_CONSTANT_BYTES = 4096 };

static BOOL readSize(NSArray *list, MTLSize *size) {
  NSUInteger extents[3] = {0, 0, 0};
  BOOL ok = list.count == 3;
  for (NSUInteger i = 0; ok && i < 3; ++i) {
    extents[i] = MHWhole([list objectAtIndex:i]).unsignedIntegerValue;
    ok = extents[i] > 0 && extents[i] <= UINT32_MAX;
  }
  *size = MTLSizeMake(extents[0], extents[1], extents[2]);
  return ok;
}

@implementation MHDispatch

- (instancetype)initWithObject:(id)object
                     pipelines:(MHPipelines *)pipelines
                          pool:(MHPool *)pool
                         error:(NSError **)error {
  if (!(self = [super init]))
    return nil;
  MHFields *fields = [MHFields of:object in:@"a dispatch"];
  NSArray *grid = [fields list:@"grid"], *threadgroup = [fields list:@"threadgroup"];
  NSDictionary *buffers = [fields map:@"buffers"], *constants = [fields map:@"constants"];
  NSDictionary *memory = [fields map:@"threadgroup_memory"];
  _function = [fields text:@"function"];
  _state = [pipelines.states objectForKey:_function];
  _arguments = [pipelines.arguments objectForKey:_function];
  _pool = pool;
  BOOL ok = [fields complete:error] && [self readGrid:grid threadgroup:threadgroup error:error] &&
            [self readConstants:constants error:error] && [self readBuffers:buffers error:error] &&
            [self readMemory:memory most:pipelines.device.maxThreadgroupMemoryLength error:error];
  return ok ? self : nil;
}

- (BOOL)readGrid:(NSArray *)grid threadgroup:(NSArray *)threadgroup error:(NSError **)error {
  if (_state == nil)
    return MHFault(error, @"no function is named '%@'", _function);
  if (!readSize(grid, &_grid) || !readSize(threadgroup, &_threadgroup))
    return MHRefuse(error, @"launch_error", @"grid or threadgroup of '%@' is not 1 to 4294967295 threads each way",
                    _function);
  NSUInteger most = _state.maxTotalThreadsPerThreadgroup;
  double threads = (double)_threadgroup.width * (double)_threadgroup.height * (double)_threadgroup.depth;
  return threads <= (double)most ||
         MHRefuse(error, @"launch_error", @"threadgroup %lu x %lu x %lu of '%@' has %.0f threads, the limit is %lu",
                  (unsigned long)_threadgroup.width, (unsigned long)_threadgroup.height,
                  (unsigned long)_threadgroup.depth, _function, threads, (unsigned long)most);
}

- (BOOL)readConstants:(NSDictionary *)constants error:(NSError **)error {
  for (NSString *key in constants) {
    NSUInteger index = MHIndex(key, MHBufferSlots);
    NSData *data = MHBytes([constants objectForKey:key]);
    if (index == NSNotFound || data.length == 0)
      return MHFault(error, @"constant '%@' of '%@' has no index or no bytes", key, _function);
    if (data.length > MAX_CONSTANT_BYTES)
      return MHRefuse(error, @"launch_error", @"constant %@ of '%@' has %lu bytes, the limit is %d", key, _function,
                      (unsigned long)data.length, MAX_CONSTANT_BYTES);
    _constants[index] = data;
  }
  return YES;
}

- (BOOL)readBuffers:(NSDictionary *)buffers error:(NSError **)error {
  for (NSString *key in buffers) {
    MHFields *fields = [MHFields of:[buffers objectForKey:key] in:@"a buffer"];
    NSString *name = [fields text:@"slot"];
    NSUInteger offset = (NSUInteger)[fields integer:@"offset" from:0 to:UINT64_MAX otherwise:0];
    if (![fields complete:error])
      return NO;
    NSUInteger index = MHIndex(key, MHBufferSlots), slot = [_pool slotNamed:name];
    if (index == NSNotFound || slot == NSNotFound || _constants[index] != nil)
      return MHFault(error, @"buffer '%@' of '%@': no such index or slot, or bound twice", key, _function);
    for (NSUInteger instance = 0; instance < _pool.instances; ++instance)
      if (offset > [_pool rangeOf:slot instance:instance].length)
        return MHRefuse(error, @"launch_error", @"offset %lu of buffer %@ lies behind the %lu bytes of '%@'",
                        (unsigned long)offset, key, (unsigned long)[_pool rangeOf:slot instance:instance].length, name);
    _bindings[index] = (MHBinding){YES, slot, offset};
  }
  return YES;
}

- (BOOL)readMemory:(NSDictionary *)lengths most:(NSUInteger)most error:(NSError **)error {
  uint64_t total = _state.staticThreadgroupMemoryLength;
  for (NSString *key in lengths) {
    NSUInteger index = MHIndex(key, MHBufferSlots);
    NSNumber *length = MHWhole([lengths objectForKey:key]);
    if (index == NSNotFound || length == nil)
      return MHFault(error, @"threadgroup memory '%@' has no index or size", key);
    NSUInteger bytes = length.unsignedIntegerValue;
    if (![_arguments containsObject:@(index)] || bytes % 16 != 0)
      return MHRefuse(error, @"launch_error",
                      @"threadgroup memory %@ of '%@': no such argument, or %lu is no multiple of 16 bytes", key,
                      _function, (unsigned long)bytes);
    _memory[index] = bytes;
    total += bytes;
  }
  for (NSNumber *index in _arguments)
    if (_memory[index.unsignedIntegerValue] == 0)
      return MHRefuse(error, @"launch_error", @"threadgroup argument %@ of '%@' has no length", index, _function);
  return total <= most ||
         MHRefuse(error, @"launch_error",
                  @"Threadgroup memory size (%llu) exceeds the maximum threadgroup memory allowed (%lu)",
                  (unsigned long long)total, (unsigned long)most);
}

- (void)encode:(NSUInteger)instance into:(id<MTLComputeCommandEncoder>)encoder {
  [encoder setComputePipelineState:_state];
  for (NSUInteger index = 0; index < MHBufferSlots; ++index) {
    MHBinding binding = _bindings[index];
    if (_constants[index] != nil)
      [encoder setBytes:_constants[index].bytes length:_constants[index].length atIndex:index];
    else if (binding.isBound)
      [encoder setBuffer:_pool.buffer
                  offset:[_pool rangeOf:binding.slot instance:instance].location + binding.offset
                 atIndex:index];
    else // an encoder keeps what an earlier dispatch bound
      [encoder setBuffer:nil offset:0 atIndex:index];
  }
  for (NSNumber *index in _arguments)
    [encoder setThreadgroupMemoryLength:_memory[index.unsignedIntegerValue] atIndex:index.unsignedIntegerValue];
  [encoder dispatchThreads:_grid threadsPerThreadgroup:_threadgroup];
}

@end
