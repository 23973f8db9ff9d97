// msl_macros.h: the constants that MSL defines as macros (chapter 8.1 and the limits of chapter 2.1); usable in a
// preprocessor run of its own.
#pragma once

#define INFINITY (__builtin_inff())
#define NAN (__builtin_nanf(""))
#define HUGE_VALF (__builtin_inff())
#define HUGE_VALH ((_Float16)__builtin_inff())
#define MAXFLOAT 0x1.fffffep127f
#define MAXHALF ((_Float16)65504.0f)

#define FLT_DIG 6
#define FLT_MANT_DIG 24
#define FLT_MAX_10_EXP 38
#define FLT_MAX_EXP 128
#define FLT_MIN_10_EXP (-37)
#define FLT_MIN_EXP (-125)
#define FLT_RADIX 2
#define FLT_MAX 0x1.fffffep127f
#define FLT_MIN 0x1.0p-126f
#define FLT_EPSILON 0x1.0p-23f
#define FLT_DECIMAL_DIG 9
#define FP_ILOGB0 (-2147483647 - 1)
#define FP_ILOGBNAN (-2147483647 - 1)

#define HALF_DIG 3
#define HALF_MANT_DIG 11
#define HALF_MAX_10_EXP 4
#define HALF_MAX_EXP 16
#define HALF_MIN_10_EXP (-4)
#define HALF_MIN_EXP (-13)
#define HALF_RADIX 2
#define HALF_MAX ((_Float16)0x1.ffcp15f)
#define HALF_MIN ((_Float16)0x1.0p-14f)
#define HALF_EPSILON ((_Float16)0x1.0p-10f)
#define HALF_DECIMAL_DIG 5

#define BFLT_DIG 2
#define BFLT_MANT_DIG 8
#define BFLT_MAX_EXP 128
#define BFLT_MIN_EXP (-125)
#define BFLT_MAX_10_EXP 38
#define BFLT_MIN_10_EXP (-37)
#define BFLT_RADIX 2
#define BFLT_MAX ((__bf16)0x1.fep127f)
#define BFLT_MIN ((__bf16)0x1.0p-126f)
#define BFLT_EPSILON ((__bf16)0x1.0p-7f)
#define BFLT_DECIMAL_DIG 4

#define CHAR_BIT 8
#define SCHAR_MAX 127
#define SCHAR_MIN (-127 - 1)
#define CHAR_MAX SCHAR_MAX
#define CHAR_MIN SCHAR_MIN
#define UCHAR_MAX 255
#define SHRT_MAX 32767
#define SHRT_MIN (-32767 - 1)
#define USHRT_MAX 65535
#define INT_MAX 2147483647
#define INT_MIN (-2147483647 - 1)
#define UINT_MAX 0xffffffffU
#define LONG_MAX 0x7fffffffffffffffL
#define LONG_MIN (-0x7fffffffffffffffL - 1)
#define ULONG_MAX 0xffffffffffffffffUL

#define M_E_F 2.71828182845904523536f
#define M_LOG2E_F 1.44269504088896340736f
#define M_LOG10E_F 0.434294481903251827651f
#define M_LN2_F 0.693147180559945309417f
#define M_LN10_F 2.30258509299404568402f
#define M_PI_F 3.14159265358979323846f
#define M_PI_2_F 1.57079632679489661923f
#define M_PI_4_F 0.785398163397448309616f
#define M_1_PI_F 0.318309886183790671538f
#define M_2_PI_F 0.636619772367581343076f
#define M_2_SQRTPI_F 1.12837916709551257390f
#define M_SQRT2_F 1.41421356237309504880f
#define M_SQRT1_2_F 0.707106781186547524401f

#define M_E_H ((_Float16)M_E_F)
#define M_LOG2E_H ((_Float16)M_LOG2E_F)
#define M_LOG10E_H ((_Float16)M_LOG10E_F)
#define M_LN2_H ((_Float16)M_LN2_F)
#define M_LN10_H ((_Float16)M_LN10_F)
#define M_PI_H ((_Float16)M_PI_F)
#define M_PI_2_H ((_Float16)M_PI_2_F)
#define M_PI_4_H ((_Float16)M_PI_4_F)
#define M_1_PI_H ((_Float16)M_1_PI_F)
#define M_2_PI_H ((_Float16)M_2_PI_F)
#define M_2_SQRTPI_H ((_Float16)M_2_SQRTPI_F)
#define M_SQRT2_H ((_Float16)M_SQRT2_F)
#define M_SQRT1_2_H ((_Float16)M_SQRT1_2_F)

#define M_E_BF ((__bf16)M_E_F)
#define M_LOG2E_BF ((__bf16)M_LOG2E_F)
#define M_LOG10E_BF ((__bf16)M_LOG10E_F)
#define M_LN2_BF ((__bf16)M_LN2_F)
#define M_LN10_BF ((__bf16)M_LN10_F)
#define M_PI_BF ((__bf16)M_PI_F)
#define M_PI_2_BF ((__bf16)M_PI_2_F)
#define M_PI_4_BF ((__bf16)M_PI_4_F)
#define M_1_PI_BF ((__bf16)M_1_PI_F)
#define M_2_PI_BF ((__bf16)M_2_PI_F)
#define M_2_SQRTPI_BF ((__bf16)M_2_SQRTPI_F)
#define M_SQRT2_BF ((__bf16)M_SQRT2_F)
#define M_SQRT1_2_BF ((__bf16)M_SQRT1_2_F)
