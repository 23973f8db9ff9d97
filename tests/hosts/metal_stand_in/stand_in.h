// A Metal for machines without one: it checks how it is called, and runs kernels through the portable host.
#import <Metal/Metal.h>

// A rule of the API that a host broke: says which, and ends the process as Metal's validation layer would.
void SIBroken(NSString *rule, ...) NS_FORMAT_FUNCTION(1, 2) __attribute__((noreturn));
#define SIRule(holds, ...)                                                                                             \
  do {                                                                                                                 \
    if (!(holds))                                                                                                      \
      SIBroken(__VA_ARGS__);                                                                                           \
  } while (0)

BOOL SIFault(const char *name); // whether METAL_STAND_IN_FAULT asks for this fault
NSInteger SISystem(void);       // METAL_STAND_IN_MACOS: what newer systems have is missing below it
NSError *SIError(NSString *domain, NSInteger code, NSString *text);

// The portable host behind one device.
@interface SIPortable : NSObject {
  int _in, _out, _pool;
  size_t _poolBytes;
  NSString *_supervisor;
  NSString *_loaded;
}
// harness.build's answer for a source file; `constants` are its --constant options.
+ (NSDictionary *)build:(NSString *)source constants:(NSArray *)constants;
// Runs dispatches over buffers ("b0", "b1", ...) that are copied in and back; the supervisor's last reply.
- (NSDictionary *)run:(NSArray *)dispatches buffers:(NSArray *)buffers built:(NSDictionary *)built;
@end

@interface SIFunction : NSObject <MTLFunction> {
@public
  NSString *name;
  NSDictionary *built; // harness.build's answer
}
- (NSDictionary *)facts;
@end

@interface SIPipeline : NSObject <MTLComputePipelineState> {
@public
  SIFunction *function;
}
@end

@interface SIBuffer : NSObject <MTLBuffer> {
@public
  void *memory; // NULL: given back
  NSUInteger bytes;
}
@end

@interface SIResidencySet : NSObject <MTLResidencySet> {
  NSUInteger _added;
  BOOL _committed;
@public
  BOOL onQueue;
}
@end

@interface SIQueue : NSObject <MTLCommandQueue> {
@public
  SIPortable *portable;
}
@end
