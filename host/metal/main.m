// metal-host: speaks host/PROTOCOL.md on standard input and output for the GPU of this Mac.
#import "queue.h"
#import "report.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PROTOCOL_VERSION = 1, DEFAULT_DEADLINE_MS = 10000, MAX_DEADLINE_MS = 86400000, MAX_INSTANCES = 1 << 24 };

@interface MHHost : NSObject {
  id<MTLDevice> _device;
  MHPipelines *_pipelines; // nil: nothing is loaded
  MHPool *_pool;
  NSMutableArray<MHDispatch *> *_dispatches;
  MHQueue *_queue;           // nil: nothing is bound
  NSConditionLock *_loading; // 1: done
  NSError *_problem;
  BOOL _spoiled; // something failed in a way that the next candidate must not suffer from
  BOOL _ended;
}
- (BOOL)serve:(const char *)line; // NO: that was the last one
@end

@implementation MHHost

- (void)loadOnThread:(MHFields *)request {
  @autoreleasepool {
    NSError *problem = nil;
    _pipelines = [[MHPipelines alloc] initWithDevice:_device request:request error:&problem];
    _problem = problem;
    [_loading lock];
    [_loading unlockWithCondition:1];
  }
}

- (BOOL)load:(MHFields *)request reply:(NSMutableDictionary *)reply error:(NSError **)error {
  uint64_t ms = [request integer:@"deadline_ms" from:1 to:MAX_DEADLINE_MS otherwise:DEFAULT_DEADLINE_MS];
  [request ignore:@[ @"threads", @"memory_limit_bytes" ]]; // of processors
  [self unbind];
  _pipelines = nil;
  _loading = [[NSConditionLock alloc] initWithCondition:0];
  [NSThread detachNewThreadSelector:@selector(loadOnThread:) toTarget:self withObject:request];
  _spoiled = ![_loading lockWhenCondition:1 beforeDate:MHDeadline(ms)];
  if (_spoiled)
    return MHRefuse(error, @"timeout", @"compiling is not finished after %llu ms", (unsigned long long)ms);
  *error = _problem;
  if (_pipelines == nil)
    return NO;
  [reply setObject:[_pipelines limits] forKey:@"limits"];
  if (_pipelines.warnings != nil)
    [reply setObject:_pipelines.warnings forKey:@"warnings"];
  return YES;
}

- (void)unbind {
  _queue = nil; // first: its residency set holds the pool
  _dispatches = [NSMutableArray array];
  _pool = nil;
}

- (BOOL)bind:(MHFields *)request error:(NSError **)error {
  if (_pipelines == nil)
    return MHFault(error, @"bind without a loaded library");
  [self unbind];
  NSArray *dispatches = [request list:@"dispatches"];
  _pool = [[MHPool alloc] initWithDevice:_device request:request error:error];
  if (_pool == nil)
    return NO;
  for (id object in dispatches) {
    MHDispatch *dispatch = [[MHDispatch alloc] initWithObject:object pipelines:_pipelines pool:_pool error:error];
    if (dispatch == nil)
      return NO;
    [_dispatches addObject:dispatch];
  }
  if (_dispatches.count == 0)
    return MHFault(error, @"bind has no dispatch");
  _queue = [[MHQueue alloc] initWithDevice:_device pool:_pool.buffer];
  return YES;
}

- (BOOL)submit:(NSString *)op request:(MHFields *)request reply:(NSMutableDictionary *)reply error:(NSError **)error {
  NSRange instances = NSMakeRange(0, 0);
  uint64_t ms = [request integer:@"deadline_ms" from:1 to:MAX_DEADLINE_MS otherwise:DEFAULT_DEADLINE_MS];
  if (![op isEqual:@"idle"]) {
    instances.location = (NSUInteger)[request integer:@"first" from:0 to:MAX_INSTANCES];
    instances.length = (NSUInteger)[request integer:@"count" from:1 to:MAX_INSTANCES];
    [request ignore:@[ @"schedule_seed", @"freeze" ]]; // a GPU has one order, and when it is done it is done
  }
  NSString *trace = [op isEqual:@"capture"] ? [request text:@"path"] : nil;
  if (![request complete:error])
    return NO;
  if (_queue == nil)
    return MHFault(error, @"%@ without a successful bind", op);
  if (NSMaxRange(instances) > _pool.instances)
    return MHFault(error, @"%@ names instances that are not bound", op);
  if (trace != nil && !MHStartCapture(_device, trace, error))
    return NO;
  BOOL ok = [_queue submit:_dispatches instances:instances deadline:ms reply:reply error:error];
  if (trace != nil)
    [[MTLCaptureManager sharedCaptureManager] stopCapture];
  if (!ok) { // the system may refuse whatever this process submits from now on
    _spoiled = YES;
    _pipelines = nil;
    [self unbind];
  }
  return ok;
}

- (BOOL)handle:(NSString *)op request:(MHFields *)request reply:(NSMutableDictionary *)reply error:(NSError **)error {
  if ([op isEqual:@"quit"]) {
    _ended = YES;
    return [request complete:error];
  }
  if (_device == nil && (_device = MHDevice()) == nil)
    return MHRefuse(error, @"unsupported", @"this machine has no Metal device");
  if ([op isEqual:@"hello"]) {
    [reply setObject:@([request integer:@"version" from:PROTOCOL_VERSION to:PROTOCOL_VERSION]) forKey:@"version"];
    [reply addEntriesFromDictionary:MHReport(_device)];
    return [request complete:error];
  }
  if ([op isEqual:@"load"])
    return [self load:request reply:reply error:error];
  if ([op isEqual:@"bind"])
    return [self bind:request error:error];
  if ([@[ @"run", @"idle", @"capture" ] containsObject:op])
    return [self submit:op request:request reply:reply error:error];
  if ([op isEqual:@"freeze"])
    return [request complete:error] && (_pipelines != nil || MHFault(error, @"freeze without a loaded library"));
  return MHFault(error, @"unknown op '%@'", op);
}

- (NSDictionary *)answer:(id)object {
  NSMutableDictionary *reply = [NSMutableDictionary dictionary];
  NSError *error = nil;
  MHFields *request = [MHFields of:object in:@"the request"];
  NSString *op = [request text:@"op"];
  [request ignore:@[ @"id" ]];
  if (op == nil ? ![request complete:&error] : ![self handle:op request:request reply:reply error:&error]) {
    NSString *status = [error.userInfo objectForKey:MHStatusKey];
    [reply removeAllObjects];
    if (status != nil)
      [reply setObject:status forKey:@"status"];
    [reply setObject:error.localizedDescription forKey:status ? @"reason" : @"fault"];
  }
  if (op != nil && [object objectForKey:@"id"] != nil)
    [reply setObject:[object objectForKey:@"id"] forKey:@"id"];
  [reply setObject:[NSNumber numberWithBool:error == nil] forKey:@"ok"];
  return reply;
}

- (BOOL)serve:(const char *)line {
  NSData *data = [NSData dataWithBytes:line length:strlen(line)];
  id request = [NSJSONSerialization JSONObjectWithData:data options:0 error:NULL];
  BOOL load = [request isKindOfClass:[NSDictionary class]] && [[request objectForKey:@"op"] isEqual:@"load"];
  const char *program = [[NSProcessInfo processInfo].arguments.firstObject fileSystemRepresentation];
  if (_spoiled && load)
    execl(program, program, line, (char *)NULL);
  data = [NSJSONSerialization dataWithJSONObject:[self answer:request] options:0 error:NULL];
  BOOL written = fwrite(data.bytes, 1, data.length, stdout) == data.length && putchar('\n') != EOF;
  return written && fflush(stdout) == 0 && !_ended;
}

@end

int main(int count, char **arguments) {
  MHSetUpMemory();
  MHHost *host = [[MHHost alloc] init];
  char *line = NULL;
  size_t capacity = 0;
  // An argument is a request that the process before this one has left to it.
  for (BOOL open = YES, left = count > 1; open && (left || getline(&line, &capacity, stdin) > 0); left = NO) {
    @autoreleasepool {
      open = [host serve:left ? arguments[1] : line];
    }
  }
  return 0;
}
