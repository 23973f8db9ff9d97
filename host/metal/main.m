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
  MHPlan *_plan;
  MHQueue *_queue;
  NSConditionLock *_loading; // 1: done
  NSError *_problem;
@public
  BOOL spoiled; // a compilation or submission failed in a way that the next candidate must not suffer from
  BOOL ending;
}
@end

@implementation MHHost

- (void)loadOnThread:(MHFields *)request {
  @autoreleasepool {
    NSError *problem = nil;
    [_pipelines load:request error:&problem];
    _problem = problem;
    [_loading lock];
    [_loading unlockWithCondition:1];
  }
}

- (BOOL)load:(MHFields *)request reply:(NSMutableDictionary *)reply error:(NSError **)error {
  uint64_t ms = [request integer:@"deadline_ms" from:1 to:MAX_DEADLINE_MS otherwise:DEFAULT_DEADLINE_MS];
  [request ignore:@[ @"threads", @"memory_limit_bytes" ]]; // of processors
  [_plan unbind];
  _plan = nil;
  _pipelines = [[MHPipelines alloc] initWithDevice:_device];
  _loading = [[NSConditionLock alloc] initWithCondition:0];
  [NSThread detachNewThreadSelector:@selector(loadOnThread:) toTarget:self withObject:request];
  spoiled = ![_loading lockWhenCondition:1 beforeDate:MHDeadline(ms)];
  *error = _problem;
  if (spoiled)
    MHRefuse(error, @"timeout", @"compiling is not finished after %llu ms", (unsigned long long)ms);
  if (*error != nil) {
    _pipelines = nil;
    return NO;
  }
  [reply setObject:[_pipelines limits] forKey:@"limits"];
  if (_pipelines->warnings != nil)
    [reply setObject:_pipelines->warnings forKey:@"warnings"];
  return YES;
}

- (BOOL)bind:(MHFields *)request error:(NSError **)error {
  if (_pipelines == nil)
    return MHFault(error, @"bind without a loaded library");
  [_plan unbind];
  _plan = [[MHPlan alloc] initWithPipelines:_pipelines];
  if (![_plan bind:request error:error])
    return NO;
  _queue = [[MHQueue alloc] initWithDevice:_device pool:_plan->pool validating:getenv("MTL_SHADER_VALIDATION") != NULL];
  return YES;
}

- (BOOL)submit:(NSString *)op request:(MHFields *)request reply:(NSMutableDictionary *)reply error:(NSError **)error {
  BOOL idle = [op isEqual:@"idle"], capture = [op isEqual:@"capture"];
  MHWork work = {NSMakeRange(0, 0), DEFAULT_DEADLINE_MS};
  work.deadlineMs = [request integer:@"deadline_ms" from:1 to:MAX_DEADLINE_MS otherwise:DEFAULT_DEADLINE_MS];
  if (!idle) {
    work.instances.location = (NSUInteger)[request integer:@"first" from:0 to:MAX_INSTANCES];
    work.instances.length = (NSUInteger)[request integer:@"count" from:1 to:MAX_INSTANCES];
    [request ignore:@[ @"schedule_seed", @"freeze" ]]; // a GPU has one order, and when it is done it is done
  }
  NSString *path = capture ? [request text:@"path"] : nil;
  if (![request complete:error])
    return NO;
  if (_plan == nil || _plan->instances == 0)
    return MHFault(error, @"%@ without a successful bind", op);
  if (work.instances.location + work.instances.length > _plan->instances)
    return MHFault(error, @"%@ names instances that are not bound", op);
  if (capture && ![_queue startCapture:path error:error])
    return NO;
  BOOL ok = [_queue submit:idle ? nil : _plan work:work reply:reply error:error];
  if (capture)
    [[MTLCaptureManager sharedCaptureManager] stopCapture];
  if (!ok && _queue->lost) {
    spoiled = YES;
    _pipelines = nil;
    _plan = nil; // and not unbound: the GPU may still use its memory
  }
  return ok;
}

- (BOOL)handle:(NSString *)op request:(MHFields *)request reply:(NSMutableDictionary *)reply error:(NSError **)error {
  if ([op isEqual:@"quit"]) {
    ending = YES;
    return [request complete:error];
  }
  if (_device == nil)
    _device = MHDevice();
  if (_device == nil)
    return MHRefuse(error, @"unsupported", @"this machine has no Metal device");
  if ([op isEqual:@"hello"]) {
    [reply setObject:@([request integer:@"version" from:PROTOCOL_VERSION to:PROTOCOL_VERSION]) forKey:@"version"];
    MHReport(_device, reply);
    return [request complete:error];
  }
  if ([op isEqual:@"load"])
    return [self load:request reply:reply error:error];
  if ([op isEqual:@"bind"])
    return [self bind:request error:error];
  if ([op isEqual:@"run"] || [op isEqual:@"idle"] || [op isEqual:@"capture"])
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
    NSString *status = [[error userInfo] objectForKey:MHStatusKey];
    [reply removeAllObjects];
    if (status != nil)
      [reply setObject:status forKey:@"status"];
    [reply setObject:[error localizedDescription] forKey:status ? @"reason" : @"fault"];
  }
  if (op != nil && [object objectForKey:@"id"] != nil)
    [reply setObject:[object objectForKey:@"id"] forKey:@"id"];
  [reply setObject:[NSNumber numberWithBool:error == nil] forKey:@"ok"];
  return reply;
}

@end

static id parsed(const char *line) {
  NSData *data = [NSData dataWithBytes:line length:strlen(line)];
  return [NSJSONSerialization JSONObjectWithData:data options:0 error:NULL];
}

static BOOL respond(MHHost *host, id request) {
  NSData *reply = [NSJSONSerialization dataWithJSONObject:[host answer:request] options:0 error:NULL];
  return fwrite([reply bytes], 1, [reply length], stdout) == [reply length] && putchar('\n') != EOF &&
         fflush(stdout) == 0 && !host->ending;
}

// Metal reads its environment when a process starts, so an option that needs some starts this program again.
static void option(char **arguments, const char *name, const char *variable) {
  if (arguments[1] == NULL || strcmp(arguments[1], name) != 0 || getenv(variable) != NULL)
    return;
  setenv(variable, "1", 1);
  execv(arguments[0], arguments);
}

int main(int count, char **arguments) {
  MHSetUpMemory();
  option(arguments, "--validate", "MTL_SHADER_VALIDATION");
  option(arguments, "--capture", "MTL_CAPTURE_ENABLED");
  MHHost *host = [[MHHost alloc] init];
  char *line = count > 2 && strcmp(arguments[1], "--answer") == 0 ? strdup(arguments[2]) : NULL;
  size_t capacity = 0;
  for (BOOL open = YES; open && (line != NULL || getline(&line, &capacity, stdin) > 0);) {
    @autoreleasepool {
      id request = parsed(line);
      BOOL load = [request isKindOfClass:[NSDictionary class]] && [[request objectForKey:@"op"] isEqual:@"load"];
      if (host->spoiled && load) // whose GPU work failed may be refused any more: a fresh process answers
        execl(arguments[0], arguments[0], "--answer", line, (char *)NULL);
      open = respond(host, request);
      free(line);
      line = NULL;
      capacity = 0;
    }
  }
  return 0;
}
