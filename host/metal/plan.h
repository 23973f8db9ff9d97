// What `bind` gave: a mapped pool, instances, and dispatches checked against pipelines and device.
#import "pipelines.h"

@interface MHPlan : NSObject {
@public
  id<MTLBuffer> pool;
  NSUInteger instances; // 0: nothing is bound
@private
  MHPipelines *_pipelines;
  void *_memory;
  size_t _bytes;
  NSArray *_slots, *_dispatches;
  NSMutableData *_regions; // offset and bytes as uint64_t, by instance and slot
}
- (id)initWithPipelines:(MHPipelines *)pipelines;
- (BOOL)bind:(MHFields *)request error:(NSError **)error;
- (void)unbind;
// All dispatches of one instance, in order. Every index that a dispatch does not bind is null in it.
- (void)encode:(NSUInteger)instance into:(id<MTLComputeCommandEncoder>)encoder;
@end
