// A candidate on the device: its library, its function constants, one pipeline for each function.
#import "fields.h"

enum { MHBufferSlots = 31 }; // of buffers, constants and threadgroup arguments alike

@interface MHPipelines : NSObject {
  id<MTLDevice> _device;
  NSMutableDictionary<NSString *, id<MTLComputePipelineState>> *_states;
  NSMutableDictionary<NSString *, NSArray<NSNumber *> *> *_arguments;
  NSString *_warnings;
}
@property(nonatomic, readonly) id<MTLDevice> device;
@property(nonatomic, readonly) NSDictionary<NSString *, id<MTLComputePipelineState>> *states; // by function
@property(nonatomic, readonly) NSDictionary<NSString *, NSArray<NSNumber *> *> *arguments;    // [[threadgroup(n)]]
@property(nonatomic, readonly) NSString *warnings;                                            // of the compiler, or nil

// nil with the compiler's or the device's refusal; may take long.
- (instancetype)initWithDevice:(id<MTLDevice>)device request:(MHFields *)request error:(NSError **)error;
- (NSDictionary *)limits; // the protocol's, by function
@end
