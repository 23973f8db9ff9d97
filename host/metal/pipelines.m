// Source text or metallib to pipelines.
#import "pipelines.h"

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

@implementation MHPipelines

- (id)initWithDevice:(id<MTLDevice>)on {
  if ((self = [super init])) {
    device = on;
    states = [[NSMutableDictionary alloc] init];
    arguments = [[NSMutableDictionary alloc] init];
  }
  return self;
}

- (BOOL)load:(MHFields *)request error:(NSError **)error {
  NSString *path = [request text:@"library"];
  NSArray *functions = [request list:@"functions"];
  NSDictionary *values = [request map:@"function_constants"];
  if (![request complete:error])
    return NO;
  id<MTLLibrary> library = [self openLibrary:path error:error];
  MTLFunctionConstantValues *constants = [values count] ? [[MTLFunctionConstantValues alloc] init] : nil;
  BOOL ok = library != nil && [self read:values into:constants error:error];
  for (id function in functions)
    ok = ok && [self add:function of:library constants:constants error:error];
  return ok;
}

- (id<MTLLibrary>)openLibrary:(NSString *)path error:(NSError **)error {
  NSError *problem = nil;
  id<MTLLibrary> library = nil;
  BOOL compiled = [path hasSuffix:@".metallib"];
  if (compiled) {
    library = [device newLibraryWithURL:[NSURL fileURLWithPath:path] error:&problem];
  } else {
    NSData *data = [NSData dataWithContentsOfFile:path];
    NSString *source = data ? [[NSString alloc] initWithData:data encoding:NSUTF8StringEncoding] : nil;
    if (source == nil) {
      MHFault(error, @"cannot read the library %@ as UTF-8", path);
      return nil;
    }
    library = [device newLibraryWithSource:source options:nil error:&problem]; // fast math, as Metal has it
  }
  if (library == nil)
    MHRefuse(error, compiled ? @"pipeline_error" : @"compile_error", @"%@", [problem localizedDescription]);
  else // a library and an error: warnings
    warnings = [problem localizedDescription];
  return library;
}

- (BOOL)read:(NSDictionary *)values into:(MTLFunctionConstantValues *)constants error:(NSError **)error {
  for (NSString *key in values) {
    MHFields *fields = [MHFields of:[values objectForKey:key] in:@"a function constant"];
    NSString *type = [fields text:@"type"];
    NSData *data = MHBytes([fields text:@"value"]);
    if (![fields complete:error])
      return NO;
    BOOL known = NO;
    for (size_t i = 0; i < sizeof CONSTANT_TYPES / sizeof *CONSTANT_TYPES; ++i) {
      BOOL same = [type isEqual:[NSString stringWithUTF8String:CONSTANT_TYPES[i].name]];
      if (!same || [data length] != CONSTANT_TYPES[i].bytes || MHIndex(key) < 0)
        continue;
      known = YES;
      [constants setConstantValue:[data bytes] type:CONSTANT_TYPES[i].type atIndex:(NSUInteger)MHIndex(key)];
    }
    if (!known)
      return MHFault(error, @"function constant '%@' has no index, no type or not the bytes of its type", key);
  }
  return YES;
}

- (BOOL)add:(id)object
           of:(id<MTLLibrary>)library
    constants:(MTLFunctionConstantValues *)constants
        error:(NSError **)error {
  MHFields *fields = [MHFields of:object in:@"a function"];
  NSString *name = [fields text:@"name"];
  NSArray *indices = [fields list:@"threadgroup_arguments"];
  [fields ignore:@[ @"entry", @"mode", @"max_threads", @"static_threadgroup_bytes" ]];
  if (![fields complete:error])
    return NO;
  NSError *problem = nil;
  id<MTLFunction> function = constants != nil
                                 ? [library newFunctionWithName:name constantValues:constants error:&problem]
                                 : [library newFunctionWithName:name];
  if (function == nil)
    return MHRefuse(error, @"pipeline_error", @"no function '%@': %@", name,
                    problem ? [problem localizedDescription] : @"the library has none of this name");
  id<MTLComputePipelineState> state = [device newComputePipelineStateWithFunction:function error:&problem];
  if (state == nil)
    return MHRefuse(error, @"pipeline_error", @"%@: %@", name, [problem localizedDescription]);
  if ([state staticThreadgroupMemoryLength] > [device maxThreadgroupMemoryLength])
    return MHRefuse(
        error, @"pipeline_error", @"Threadgroup memory size (%lu) exceeds the maximum threadgroup memory allowed (%lu)",
        (unsigned long)[state staticThreadgroupMemoryLength], (unsigned long)[device maxThreadgroupMemoryLength]);
  [states setObject:state forKey:name];
  [arguments setObject:indices forKey:name];
  return YES;
}

- (NSDictionary *)limits {
  NSMutableDictionary *limits = [NSMutableDictionary dictionary];
  for (NSString *name in states) {
    id<MTLComputePipelineState> state = [states objectForKey:name];
    [limits setObject:@{
      @"max_total_threads" : @((unsigned long)[state maxTotalThreadsPerThreadgroup]),
      @"static_threadgroup_bytes" : @((unsigned long)[state staticThreadgroupMemoryLength])
    }
               forKey:name];
  }
  return limits;
}

@end
