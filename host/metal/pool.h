// The memory of a binding: a file of the harness's, mapped as one buffer, and where each slot lies for each instance.
#import "fields.h"

@interface MHPool : NSObject {
  id<MTLBuffer> _buffer;
  NSUInteger _instances;
  NSArray<NSString *> *_slots;
  NSMutableData *_ranges; // NSRange, by instance and slot
}
@property(nonatomic, readonly) id<MTLBuffer> buffer;
@property(nonatomic, readonly) NSUInteger instances;

// Reads `pool`, `slots` and `instances` of a `bind`, whose other members have been read; nil with the fault.
- (instancetype)initWithDevice:(id<MTLDevice>)device request:(MHFields *)request error:(NSError **)error;
- (NSUInteger)slotNamed:(NSString *)name; // NSNotFound: none
- (NSRange)rangeOf:(NSUInteger)slot instance:(NSUInteger)instance;
@end
