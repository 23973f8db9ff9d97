// Strict reading of JSON objects.
#import "fields.h"

NSNumber *MHWhole(id value) {
  double number = [value isKindOfClass:[NSNumber class]] ? [value doubleValue] : -1;
  return number >= 0 && number <= 9007199254740992.0 && number == (double)(uint64_t)number ? value : nil;
}

NSUInteger MHIndex(NSString *name, NSUInteger count) {
  NSUInteger index = (NSUInteger)name.integerValue;
  return index < count && [[NSString stringWithFormat:@"%lu", index] isEqual:name] ? index : NSNotFound;
}

NSData *MHBytes(id text) {
  BOOL spelled = [text isKindOfClass:[NSString class]];
  return spelled ? [[NSData alloc] initWithBase64EncodedString:text options:0] : nil;
}

@implementation MHFields

+ (instancetype)of:(id)object in:(NSString *)place {
  MHFields *fields = [[MHFields alloc] init];
  BOOL isObject = [object isKindOfClass:[NSDictionary class]];
  fields->_place = place;
  fields->_known = [[NSMutableSet alloc] init];
  fields->_object = isObject ? object : nil;
  fields->_problem = isObject ? nil : @"is not an object";
  return fields;
}

- (id)find:(NSString *)name of:(Class)kind what:(NSString *)what {
  [_known addObject:name];
  id found = [_object objectForKey:name];
  if ([found isKindOfClass:kind])
    return found;
  if (_problem == nil)
    _problem = [NSString stringWithFormat:@"needs %@ '%@'", what, name];
  return nil;
}

- (NSString *)text:(NSString *)name {
  return [self find:name of:[NSString class] what:@"a text"];
}

- (NSArray *)list:(NSString *)name {
  return [self find:name of:[NSArray class] what:@"a list"];
}

- (NSDictionary *)map:(NSString *)name {
  BOOL there = [_object objectForKey:name] != nil;
  return there ? [self find:name of:[NSDictionary class] what:@"an object"] : @{};
}

- (uint64_t)integer:(NSString *)name from:(uint64_t)least to:(uint64_t)most {
  NSNumber *found = MHWhole([self find:name of:[NSNumber class] what:@"an integer"]);
  uint64_t value = found.unsignedLongLongValue;
  if (_problem == nil && (found == nil || value < least || value > most))
    _problem = [NSString stringWithFormat:@"has no '%@' in its range", name];
  return value;
}

- (uint64_t)integer:(NSString *)name from:(uint64_t)least to:(uint64_t)most otherwise:(uint64_t)absent {
  return [_object objectForKey:name] ? [self integer:name from:least to:most] : absent;
}

- (void)ignore:(NSArray *)names {
  [_known addObjectsFromArray:names];
}

- (BOOL)complete:(NSError **)error {
  for (NSString *name in _object)
    if (_problem == nil && ![_known containsObject:name])
      _problem = [NSString stringWithFormat:@"has an unknown member '%@'", name];
  return _problem == nil || MHFault(error, @"%@ %@", _place, _problem);
}

@end
