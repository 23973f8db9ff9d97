// One dispatch as `bind` gave it: held against its pipeline and the device, and encoded.
#import "pipelines.h"
#import "pool.h"

typedef struct {
  BOOL isBound;
  NSUInteger slot, offset;
} MHBinding;

@interface MHDispatch : NSObject {
  NSString *_function;
  id<MTLComputePipelineState> _state;
  NSArray<NSNumber *> *_arguments; // indices of [[threadgroup(n)]] parameters
  MHPool *_pool;
  MTLSize _grid, _threadgroup;
  MHBinding _bindings[MHBufferSlots];
  NSData *_constants[MHBufferSlots];
  NSUInteger _memory[MHBufferSlots];
}
// nil with a fault, or with a refusal of what the validation layer would abort on.
- (instancetype)initWithObject:(id)object
                     pipelines:(MHPipelines *)pipelines
                          pool:(MHPool *)pool
                         error:(NSError **)error;
// Every index that the dispatch does not bind is null in it.
- (void)encode:(NSUInteger)instance into:(id<MTLComputeCommandEncoder>)encoder;
@end
