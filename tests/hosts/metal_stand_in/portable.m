// Talks to the builder and to the portable host's supervisor.
#import "stand_in.h"
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

extern char **environ;

static NSDictionary *parsed(NSData *data, NSString *whose) {
  id object = [NSJSONSerialization JSONObjectWithData:data options:0 error:NULL];
  SIRule([object isKindOfClass:[NSDictionary class]], @"%@ answered nonsense: %.200s", whose,
         (const char *)[data bytes]);
  return object;
}

@implementation SIPortable

+ (NSDictionary *)build:(NSString *)source constants:(NSArray *)constants {
  NSMutableString *command = [NSMutableString
      stringWithFormat:@"cd '%s' && exec '%s' -m harness.build '%@' --json", STAND_IN_ROOT, STAND_IN_PYTHON, source];
  for (NSString *constant in constants)
    [command appendFormat:@" --constant '%@'", constant];
  FILE *pipe = popen([command UTF8String], "r");
  NSMutableData *data = [NSMutableData data];
  char part[65536];
  for (size_t got; (got = fread(part, 1, sizeof part, pipe)) > 0;)
    [data appendBytes:part length:got];
  pclose(pipe);
  return parsed(data, @"the builder");
}

- (void)start:(NSString *)program {
  int to[2], from[2];
  SIRule(pipe(to) == 0 && pipe(from) == 0, @"no pipes");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, to[0], 0);
  posix_spawn_file_actions_adddup2(&actions, from[1], 1);
  posix_spawn_file_actions_addclose(&actions, to[1]);
  posix_spawn_file_actions_addclose(&actions, from[0]);
  char *arguments[] = {(char *)[program fileSystemRepresentation], NULL};
  pid_t child;
  SIRule(posix_spawn(&child, arguments[0], &actions, NULL, arguments, environ) == 0, @"no supervisor at %@", program);
  posix_spawn_file_actions_destroy(&actions);
  close(to[0]);
  close(from[1]);
  _in = to[1];
  _out = from[0];
  _supervisor = [program copy];
}

- (NSDictionary *)ask:(NSDictionary *)request {
  NSMutableData *line = [NSMutableData dataWithData:[NSJSONSerialization dataWithJSONObject:request
                                                                                    options:0
                                                                                      error:NULL]];
  [line appendBytes:"\n" length:1];
  for (size_t sent = 0; sent < [line length];) {
    ssize_t wrote = write(_in, (const char *)[line bytes] + sent, [line length] - sent);
    SIRule(wrote > 0, @"the supervisor is gone");
    sent += (size_t)wrote;
  }
  NSMutableData *reply = [NSMutableData data];
  for (char c = 0; c != '\n'; [reply appendBytes:&c length:1])
    SIRule(read(_out, &c, 1) == 1, @"the supervisor ended");
  NSDictionary *found = parsed(reply, @"the supervisor");
  SIRule([found objectForKey:@"fault"] == nil, @"the supervisor: %@", [found objectForKey:@"fault"]);
  return found;
}

- (NSDictionary *)load:(NSDictionary *)built {
  if ([_loaded isEqual:[built objectForKey:@"library"]])
    return @{};
  NSMutableArray *functions = [NSMutableArray array];
  NSDictionary *facts = [built objectForKey:@"functions"];
  for (NSString *name in facts) {
    NSMutableDictionary *function = [NSMutableDictionary dictionaryWithDictionary:[facts objectForKey:name]];
    NSArray *missing = [function objectForKey:@"missing_constants"];
    [function removeObjectForKey:@"missing_constants"];
    [function setObject:name forKey:@"name"];
    if ([missing count] == 0)
      [functions addObject:function];
  }
  NSDictionary *reply = [self ask:@{
    @"op" : @"load",
    @"library" : [built objectForKey:@"library"],
    @"functions" : functions,
    @"threads" : @0,
    @"memory_limit_bytes" : @0,
    @"deadline_ms" : @30000
  }];
  if ([[reply objectForKey:@"ok"] boolValue])
    _loaded = [[built objectForKey:@"library"] copy];
  return reply;
}

static BOOL refused(NSDictionary *reply) { return [reply objectForKey:@"status"] != nil; }

- (NSDictionary *)run:(NSArray *)dispatches buffers:(NSArray *)buffers built:(NSDictionary *)built {
  if (_supervisor == nil)
    [self start:[built objectForKey:@"supervisor"]];
  size_t total = 0;
  NSMutableArray *slots = [NSMutableArray array], *regions = [NSMutableArray array];
  for (SIBuffer *buffer in buffers) {
    [slots addObject:[NSString stringWithFormat:@"b%lu", (unsigned long)[slots count]]];
    [regions addObject:@[ @((unsigned long long)total), @((unsigned long long)buffer->bytes) ]];
    total += buffer->bytes;
  }
  if (_poolBytes < total || _poolBytes == 0) {
    if (_poolBytes != 0)
      close(_pool);
    _poolBytes = total ? total : (size_t)getpagesize();
    _pool = memfd_create("stand-in", MFD_CLOEXEC);
    SIRule(ftruncate(_pool, (off_t)_poolBytes) == 0, @"no memory for %zu bytes", _poolBytes);
  }
  char *shared = mmap(NULL, _poolBytes, PROT_READ | PROT_WRITE, MAP_SHARED, _pool, 0);
  size_t at = 0;
  for (SIBuffer *buffer in buffers) {
    memcpy(shared + at, buffer->memory, buffer->bytes);
    at += buffer->bytes;
  }
  NSDictionary *reply = [self load:built];
  if (!refused(reply))
    reply = [self ask:@{
      @"op" : @"bind",
      @"pool" : @{
        @"path" : [NSString stringWithFormat:@"/proc/%d/fd/%d", getpid(), _pool],
        @"bytes" : @((unsigned long long)_poolBytes)
      },
      @"slots" : slots,
      @"instances" : @[ regions ],
      @"dispatches" : dispatches
    }];
  SIRule(!refused(reply), @"the portable host: %@", [reply objectForKey:@"reason"]);
  reply = [self ask:@{@"op" : @"run", @"first" : @0, @"count" : @1, @"deadline_ms" : @60000}];
  if (refused(reply)) {
    _loaded = nil;
  } else {
    [self ask:@{@"op" : @"freeze"}];
    at = 0;
    for (SIBuffer *buffer in buffers) {
      memcpy(buffer->memory, shared + at, buffer->bytes);
      at += buffer->bytes;
    }
  }
  munmap(shared, _poolBytes);
  return reply;
}

@end
