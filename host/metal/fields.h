// Strict reading of one JSON object: the first missing, unknown or ill-typed member is remembered as a fault.
#import "faults.h"

@interface MHFields : NSObject {
  NSDictionary *_object;
  NSString *_place, *_problem;
  NSMutableSet *_known;
}
+ (MHFields *)of:(id)object in:(NSString *)place;
- (NSString *)text:(NSString *)name;
- (uint64_t)integer:(NSString *)name from:(uint64_t)least to:(uint64_t)most;
- (uint64_t)integer:(NSString *)name from:(uint64_t)least to:(uint64_t)most otherwise:(uint64_t)absent;
- (NSArray *)list:(NSString *)name;
- (NSDictionary *)map:(NSString *)name; // absent: empty
- (void)ignore:(NSArray *)names;        // of no meaning to this host
- (BOOL)complete:(NSError **)error;     // NO with the first fault; ask once everything has been read
@end

NSNumber *MHWhole(id value);       // a whole number of [0, 2^53], or nil
NSInteger MHIndex(NSString *text); // of a buffer, constant or threadgroup argument; -1: none
NSData *MHBytes(id base64);        // nil: not text in base64
