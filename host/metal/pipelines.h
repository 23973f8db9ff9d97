// A candidate on the device: its library, its function constants, one pipeline for each function.
#import "fields.h"

@interface MHPipelines : NSObject {
@public
  id<MTLDevice> device;
  NSMutableDictionary *states;    // function name -> id<MTLComputePipelineState>
  NSMutableDictionary *arguments; // function name -> indices of its [[threadgroup(n)]] parameters
  NSString *warnings;             // of the compiler, or nil
}
- (id)initWithDevice:(id<MTLDevice>)on;
- (BOOL)load:(MHFields *)request error:(NSError **)error; // may take long
- (NSDictionary *)limits;                                 // the protocol's, by function
@end
