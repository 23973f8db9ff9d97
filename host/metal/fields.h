// Strict reading of one JSON object: the first missing, unknown or ill-typed member is remembered as a fault.
#import "faults.h"

@interface MHFields : NSObject {
  NSDictionary *_object;
  NSString *_place, *_problem;
  NSMutableSet *_known;
}
+ (instancetype)of:(id)object in:(NSString *)place;
- (NSString *)text:(NSString *)name;
- (NSArray *)list:(NSString *)name;
- (NSDictionary *)map:(NSString *)name; // absent: empty
- (uint64_t)integer:(NSString *)name from:(uint64_t)least to:(uint64_t)most;
- (uint64_t)integer:(NSString *)name from:(uint64_t)least to:(uint64_t)most otherwise:(uint64_t)absent;
- (void)ignore:(NSArray *)names;    // of no meaning to this host
- (BOOL)complete:(NSError **)error; // NO with the first fault; ask once everything has been read
@end

NSNumber *MHWhole(id value);                          // a whole number of [0, 2^53], or nil
NSUInteger MHIndex(NSString *name, NSUInteger count); // a member's name as an index below count, or NSNotFound
NSData *MHBytes(id base64);                           // nil: not text in base64
