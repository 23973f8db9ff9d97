// Declarations of the Foundation that the Metal host uses, for compiling it without Apple's SDK; nothing else of it.
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef bool BOOL;
#define YES ((BOOL)1)
#define NO ((BOOL)0)
#define nil ((id)0)
typedef long NSInteger;
typedef unsigned long NSUInteger;
typedef unsigned short unichar;
typedef double NSTimeInterval;
typedef NSUInteger NSStringEncoding;
enum { NSNotFound = 0x7fffffffffffffff, NSUTF8StringEncoding = 4 };
#define NS_ENUM(type, name)                                                                                            \
  enum name : type name;                                                                                               \
  enum name : type
#define NS_OPTIONS(type, name)                                                                                         \
  enum name : type name;                                                                                               \
  enum name : type
#define NS_RETURNS_RETAINED __attribute__((ns_returns_retained))
#define NS_FORMAT_FUNCTION(text, first) __attribute__((format(__NSString__, text, first)))

typedef struct _NSRange {
  NSUInteger location, length;
} NSRange;
static inline NSRange NSMakeRange(NSUInteger location, NSUInteger length) {
  NSRange range = {location, length};
  return range;
}
static inline NSUInteger NSMaxRange(NSRange range) { return range.location + range.length; }

@class NSString, NSError;
typedef NSString *NSErrorDomain;

@protocol NSObject
- (BOOL)isEqual:(id)other;
- (BOOL)isKindOfClass:(Class)kind;
- (BOOL)respondsToSelector:(SEL)selector;
- (NSString *)description;
@end
typedef struct {
  unsigned long state;
  id __unsafe_unretained *itemsPtr;
  unsigned long *mutationsPtr;
  unsigned long extra[5];
} NSFastEnumerationState;
@protocol NSFastEnumeration
- (NSUInteger)countByEnumeratingWithState:(NSFastEnumerationState *)state
                                  objects:(id __unsafe_unretained[])objects
                                    count:(NSUInteger)count;
@end
__attribute__((objc_root_class))
@interface NSObject<NSObject>
+ (instancetype)alloc;
+ (Class)class;
- (instancetype)init;
- (id)copy;
- (void)dealloc;
@end

@interface NSString : NSObject
+ (NSString *)stringWithFormat:(NSString *)format, ... NS_FORMAT_FUNCTION(1, 2);
+ (NSString *)stringWithUTF8String:(const char *)text;
+ (instancetype)stringWithContentsOfFile:(NSString *)path encoding:(NSStringEncoding)encoding error:(NSError **)error;
- (NSString *)initWithFormat:(NSString *)format arguments:(va_list)arguments NS_FORMAT_FUNCTION(1, 0);
- (NSInteger)integerValue;
- (BOOL)hasSuffix:(NSString *)suffix;
- (NSRange)rangeOfString:(NSString *)text;
- (const char *)fileSystemRepresentation;
@end

@interface NSNumber : NSObject
+ (NSNumber *)numberWithBool:(BOOL)value;
+ (NSNumber *)numberWithInt:(int)value;
+ (NSNumber *)numberWithLong:(long)value;
+ (NSNumber *)numberWithUnsignedLong:(unsigned long)value;
+ (NSNumber *)numberWithUnsignedLongLong:(unsigned long long)value;
+ (NSNumber *)numberWithInteger:(NSInteger)value;
+ (NSNumber *)numberWithUnsignedInteger:(NSUInteger)value;
- (double)doubleValue;
- (BOOL)boolValue;
- (NSUInteger)unsignedIntegerValue;
- (unsigned long long)unsignedLongLongValue;
@end

@interface NSArray<ObjectType> : NSObject <NSFastEnumeration>
+ (instancetype)array;
+ (instancetype)arrayWithObjects:(id)first, ... __attribute__((sentinel));
+ (instancetype)arrayWithObjects:(const id[])objects count:(NSUInteger)count;
- (NSUInteger)count;
- (ObjectType)objectAtIndex:(NSUInteger)index;
- (ObjectType)firstObject;
- (ObjectType)lastObject;
- (NSUInteger)indexOfObject:(ObjectType)object;
- (BOOL)containsObject:(ObjectType)object;
@end
@interface NSMutableArray<ObjectType> : NSArray <ObjectType>
- (void)addObject:(ObjectType)object;
@end
@interface NSSet : NSObject
- (BOOL)containsObject:(id)object;
@end
@interface NSMutableSet : NSSet
- (void)addObject:(id)object;
- (void)addObjectsFromArray:(NSArray *)objects;
@end
@interface NSDictionary<KeyType, ObjectType> : NSObject <NSFastEnumeration>
+ (instancetype)dictionary;
+ (instancetype)dictionaryWithObjectsAndKeys:(id)first, ... __attribute__((sentinel));
+ (instancetype)dictionaryWithObjects:(const id[])objects forKeys:(const id[])keys count:(NSUInteger)count;
- (ObjectType)objectForKey:(KeyType)key;
- (NSUInteger)count;
@end
@interface NSMutableDictionary<KeyType, ObjectType> : NSDictionary <KeyType, ObjectType>
+ (instancetype)dictionaryWithObject:(ObjectType)object forKey:(KeyType)key;
- (void)setObject:(ObjectType)object forKey:(KeyType)key;
- (void)addEntriesFromDictionary:(NSDictionary *)other;
- (void)removeAllObjects;
@end

@interface NSData : NSObject
+ (NSData *)data;
+ (NSData *)dataWithBytes:(const void *)bytes length:(NSUInteger)length;
- (NSData *)initWithBase64EncodedString:(NSString *)text options:(NSUInteger)options;
- (const void *)bytes;
- (NSUInteger)length;
@end
@interface NSMutableData : NSData
+ (NSMutableData *)data;
- (void)appendBytes:(const void *)bytes length:(NSUInteger)length;
@end
@interface NSURL : NSObject
+ (NSURL *)fileURLWithPath:(NSString *)path;
@end
@interface NSError : NSObject
+ (NSError *)errorWithDomain:(NSString *)domain code:(NSInteger)code userInfo:(NSDictionary *)info;
- (NSInteger)code;
- (NSString *)localizedDescription;
- (NSDictionary *)userInfo;
@end
extern NSString *const NSLocalizedDescriptionKey;
@interface NSDate : NSObject
+ (NSDate *)dateWithTimeIntervalSinceNow:(NSTimeInterval)seconds;
@end
@interface NSConditionLock : NSObject
- (NSConditionLock *)initWithCondition:(NSInteger)condition;
- (void)lock;
- (BOOL)lockWhenCondition:(NSInteger)condition beforeDate:(NSDate *)date;
- (void)unlockWithCondition:(NSInteger)condition;
@end
@interface NSThread : NSObject
+ (void)detachNewThreadSelector:(SEL)selector toTarget:(id)target withObject:(id)object;
@end
@interface NSProcessInfo : NSObject
+ (NSProcessInfo *)processInfo;
- (NSArray<NSString *> *)arguments;
- (NSString *)operatingSystemVersionString;
@end
@interface NSJSONSerialization : NSObject
+ (id)JSONObjectWithData:(NSData *)data options:(NSUInteger)options error:(NSError **)error;
+ (NSData *)dataWithJSONObject:(id)object options:(NSUInteger)options error:(NSError **)error;
@end
