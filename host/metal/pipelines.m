// Source text or metallib to pipelines.
#import "pipelines.h"

enum { MAX_CONSTANTS = 1 << 16 };

static const struct {
  const char *name;
  MTLDataType type;
  NSUInteger bytes;
} CONSTANT_TYPES[] = {
    {"float", MTLDataTypeFloat, 4}, {"half", MTLDataTypeHalf, 2},   {"int", MTLDataTypeInt, 4},
    {"uint", MTLDataTypeUInt, 4},   {"short", MTLDataTypeShort, 2}, {"ushort", MTLDataTypeUShort, 2},
    {"char", MTLDataTypeChar, 1},   {"uchar", MTLDataTypeUChar, 1}, {"bool", MTLDataTypeBool, 1},
    {"long", MTLDataTypeLong, 8},   {"ulong", MTLDataTypeULong, 8},
};

static MTLDataType typeNamed(NSString *name, NSUInteger bytes) { // MTLDataTypeNone: none of so many bytes
  for (size_t i = 0; i < sizeof CONSTANT_TYPES / sizeof *CONSTANT_TYPES; ++i)
    if ([name isEqual:@(CONSTANT_TYPES[i].name)] && bytes == CONSTANT_TYPES[i].bytes)
      return CONSTANT_TYPES[i].type;
  return MTLDataTypeNone;
}

@implementation MHPipelines

@synthesize device = _device, states = _states, arguments = _arguments, warnings = _warnings;

- (instancetype)initWithDevice:(id<MTLDevice>)device request:(MHFields *)request error:(NSError **)error {
  if (!(self = [super init]))
    return nil;
  _device = device;
  _states = [NSMutableDictionary dictionary];
  _arguments = [NSMutableDictionary dictionary];
  NSString *path = [request text:@"library"];
  NSArray *functions = [request list:@"functions"];
  NSDictionary *values = [request map:@"function_constants"];
  id<MTLLibrary> library = [request complete:error] ? [self openLibrary:path error:error] : nil;
  MTLFunctionConstantValues *constants = values.count ? [[MTLFunctionConstantValues alloc] init] : nil;
  BOOL ok = library != nil && [self read:values into:constants error:error];
  for (id function in functions)
    ok = ok && [self add:function of:library constants:constants error:error];
  return ok ? self : nil;
}

- (id<MTLLibrary>)openLibrary:(NSString *)path error:(NSError **)error {
  NSError *problem = nil;
  BOOL compiled = [path hasSuffix:@".metallib"];
  NSString *source = compiled ? nil : [NSString stringWithContentsOfFile:path encoding:NSUTF8StringEncoding error:NULL];
  if (!compiled && source == nil) {
    MHFault(error, @"cannot read the library %@ as UTF-8", path);
    return nil;
  }
  id<MTLLibrary> library = compiled ? [_device newLibraryWithURL:[NSURL fileURLWithPath:path] error:&problem]
                                    : [_device newLibraryWithSource:source options:nil error:&problem]; // fast math
  if (library == nil)
    MHRefuse(error, compiled ? @"pipeline_error" : @"compile_error", @"%@", problem.localizedDescription);
  else // a library and an error: warnings
    _warnings = problem.localizedDescription;
  return library;
}

- (BOOL)read:(NSDictionary *)values into:(MTLFunctionConstantValues *)constants error:(NSError **)error {
  for (NSString *key in values) {
    MHFields *fields = [MHFields of:[values objectForKey:key] in:@"a function constant"];
    NSString *name = [fields text:@"type"];
    NSData *data = MHBytes([fields text:@"value"]);
    if (![fields complete:error])
      return NO;
    NSUInteger index = MHIndex(key, MAX_CONSTANTS);
    MTLDataType type = typeNamed(name, data.length);
    if (index == NSNotFound || type == MTLDataTypeNone)
      return MHFault(error, @"function constant '%@' has no index, no type or not the bytes of its type", key);
    [constants setConstantValue:data.bytes type:type atIndex:index];
  }
  return YES;
}

- (BOOL)add:(id)object
           of:(id<MTLLibrary>)library
    constants:(MTLFunctionConstantValues *)constants
        error:(NSError **)error {
  MHFields *fields = [MHFields of:object in:@"a function"];
  NSString *name = [fields text:@"name"];
  NSArray *arguments = [fields list:@"threadgroup_arguments"];
  [fields ignore:@[ @"entry", @"mode", @"max_threads", @"static_threadgroup_bytes" ]];
  if (![fields complete:error])
    return NO;
  for (id index in arguments)
    if (MHWhole(index) == nil || [index unsignedIntegerValue] >= MHBufferSlots)
      return MHFault(error, @"%@ is no index of a threadgroup argument of '%@'", index, name);
  NSError *problem = nil;
  id<MTLFunction> function = constants != nil
                                 ? [library newFunctionWithName:name constantValues:constants error:&problem]
                                 : [library newFunctionWithName:name];
  if (function == nil)
    return MHRefuse(error, @"pipeline_error", @"no function '%@': %@", name,
                    problem ? problem.localizedDescription : @"the library has none of this name");
  id<MTLComputePipelineState> state = [_device newComputePipelineStateWithFunction:function error:&problem];
  if (state == nil)
    return MHRefuse(error, @"pipeline_error", @"%@: %@", name, problem.localizedDescription);
  [_states setObject:state forKey:name];
  [_arguments setObject:arguments forKey:name];
  return YES;
}

- (NSDictionary *)limits {
  NSMutableDictionary *limits = [NSMutableDictionary dictionary];
  for (NSString *name in _states) {
    id<MTLComputePipelineState> state = [_states objectForKey:name];
    NSNumber *threads = @(state.maxTotalThreadsPerThreadgroup), *bytes = @(state.staticThreadgroupMemoryLength);
    [limits setObject:@{@"max_total_threads" : threads, @"static_threadgroup_bytes" : bytes} forKey:name];
  }
  return limits;
}

@end
