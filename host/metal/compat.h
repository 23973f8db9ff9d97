// The one place that knows which Objective-C compiles us: Apple's, with ARC, or GNUstep's older runtime. That one wants
// instance variables in the interface, every property synthesised by name, and no subscripts; and there nothing is ever
// given back, which a host that lives as long as one candidate can afford.
#import <Foundation/Foundation.h>
#import <Metal/Metal.h>

#ifdef GNUSTEP
#define MHSetUpMemory() [NSAutoreleasePool enableRelease:NO]
#else
#define MHSetUpMemory() ((void)0)
#pragma clang diagnostic ignored "-Wunguarded-availability-new" // respondsToSelector: decides instead
#endif
