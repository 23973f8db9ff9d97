// What the device says of itself.
#import "faults.h"

id<MTLDevice> MHDevice(void); // the one to use, or nil
NSDictionary *MHReport(id<MTLDevice> device);
