// functions.cc: types, conversions, operators, integer, relational, common and geometric functions against plain
// arithmetic.
#include "msl_library.h"

#include "check.h"

using namespace metal;

namespace {

// --- layout (MSL 2.2, 2.3)

template <class T, unsigned long Size, unsigned long Align>
constexpr bool laid_out = sizeof(T) == Size && alignof(T) == Align;
static_assert(laid_out<float2, 8, 8> && laid_out<float3, 16, 16> && laid_out<float4, 16, 16>);
static_assert(laid_out<half2, 4, 4> && laid_out<half3, 8, 8> && laid_out<half4, 8, 8> && laid_out<bfloat3, 8, 8>);
static_assert(laid_out<char3, 4, 4> && laid_out<uchar4, 4, 4> && laid_out<short3, 8, 8> && laid_out<long3, 32, 32>);
static_assert(laid_out<bool4, 4, 4> && laid_out<ulong2, 16, 16> && sizeof(size_t) == 8 && sizeof(bool) == 1);
static_assert(laid_out<packed_float3, 12, 4> && laid_out<packed_half3, 6, 2> && laid_out<packed_long3, 24, 8> &&
              laid_out<packed_char4, 4, 1>);
static_assert(laid_out<float3x3, 48, 16> && laid_out<float4x4, 64, 16> && laid_out<half3x3, 24, 8> &&
              laid_out<float2x4, 32, 16>);
static_assert(is_same_v<char4, vec<char, 4>> && is_same_v<metal::uint, unsigned int> &&
              is_same_v<decltype(float4().xyz), float3>);
static_assert(__is_trivially_constructible(float4) && is_floating_point_v<half> && is_integral_v<ushort> &&
              !is_integral_v<float>);
static_assert(is_same_v<enable_if_t<true, int>, int> && is_same_v<conditional_t<false, int, float>, float>);
static_assert(numeric_limits<int>::max() == INT_MAX && numeric_limits<ushort>::max() == 65535 &&
              numeric_limits<char>::min() == -128);
static_assert(numeric_limits<float>::infinity() == INFINITY && numeric_limits<half>::max() == static_cast<half>(65504));
static_assert(numeric_limits<float>::epsilon() == FLT_EPSILON && numeric_limits<ulong>::max() == ULONG_MAX &&
              LONG_MIN < 0);
constant float table[4] = {1, 2, 3, 4};
constexpr constant float4 vector_constant = float4(1, 2, 3, 4);
static_assert(vector_constant.z == 3.0f && vector_constant.wzyx.x == 4.0f);

template <class T, int N> T first(vec<T, N> v) { return v[0]; }

void vectors() {
  float4 a(1, 2, 3, 4);
  CHECK(all(a == float4(float2(1, 2), float2(3, 4))) && all(a == float4(float3(1, 2, 3), 4)) &&
        all(a == float4(1, float3(2, 3, 4))));
  CHECK(all(a == float4(1, float2(2, 3), 4)) && all(a == float4(1, 2, float2(3, 4))) &&
        all(a == float4(float2(1, 2), 3, 4)));
  CHECK(all(a.wzyx == float4(4, 3, 2, 1)) && all(a.xxy == float3(1, 1, 2)) && all(a.rgba == a) &&
        all(a.bg == float2(3, 2)));
  a.xz = a.zx;
  CHECK(all(a == float4(3, 2, 1, 4)));
  a.zyx = a.xyz;
  CHECK(all(a == float4(1, 2, 3, 4)));
  a.yz *= 2;
  a.w += 1;
  a.r = 7;
  CHECK(all(a == float4(7, 4, 6, 5)));
  a[2] = 9;
  int i = 2;
  CHECK(a[i] == 9 && a.z == 9 && first(a.yx) == 4 && first(a.xyz) == 7);
  auto part = a.xy;
  part += 1;
  CHECK(all(part == float2(8, 5)) && all(a.xy == float2(7, 4)));
  const int4 k(7, -7, 5, -5);
  CHECK(all(k / 2 == int4(3, -3, 2, -2)) && all(k % 4 == int4(3, -3, 1, -1)) && all((k & 3) == int4(3, 1, 1, 3)));
  CHECK(all((uint4(1, 2, 3, 4) << uint4(4, 3, 2, 1)) == uint4(16, 16, 12, 8)) && all((k >> 1) == int4(3, -4, 2, -3)));
  CHECK(all(~uint2(0) == uint2(0xffffffffu)) && all(-k == int4(-7, 7, -5, 5)) && any(!bool2(true, false)));
  CHECK(all((k > 0) == bool4(true, false, true, false)) && all((k > 0 || k < -6) == bool4(true, true, true, false)));
  CHECK(all(uchar4(uint4(256, 257, 3, 255)) == uchar4(0, 1, 3, 255)) && all(int2(float2(-1.9, 2.9)) == int2(-1, 2)));
  CHECK(all(2 * float2(1, 2) + 1 == float2(3, 5)) && all(1.0f / float2(2, 4) == float2(0.5, 0.25)));
  CHECK(all(uchar2(200, 100) + uchar2(100, 100) == uchar2(44, 200)));
  uint2 counter(1, 5);
  CHECK(all(counter++ == uint2(1, 5)) && all(--counter == uint2(1, 5)));
  float3 broadcast = 2;
  CHECK(all(broadcast == float3(2)) && table[3] == 4);
}

void packed() {
  packed_float3 memory[2] = {packed_float3(1, 2, 3), float3(4, 5, 6)};
  float3 sum = memory[0] + memory[1];
  CHECK(all(sum == float3(5, 7, 9)) && all(float3(memory[0]) == float3(1, 2, 3)) &&
        all(memory[0] * 2 == float3(2, 4, 6)));
  memory[0] = sum;
  memory[1] += float3(1);
  memory[1].xy = memory[1].yx;
  CHECK(memory[0].y == 7 && memory[1][0] == 6 && memory[1].y == 5 && all(memory[1].xyz == float3(6, 5, 7)));
  const float words[6] = {1, 2, 3, 4, 5, 6};
  CHECK(all(float3(reinterpret_cast<const packed_float3 *>(words)[1]) == float3(4, 5, 6)));
}

void matrices() {
  const float2x3 a(float3(1, 2, 3), float3(4, 5, 6));
  CHECK(all(a * float2(1, 2) == float3(9, 12, 15)) && all(float3(1, 0, 2) * a == float2(7, 16)));
  const float3x2 t = transpose(a);
  CHECK(all(t[0] == float2(1, 4)) && all(t[2] == float2(3, 6)));
  const float3x3 square = a * t;
  CHECK(all(square[0] == float3(17, 22, 27)) && all(square[2] == float3(27, 36, 45)));
  const float3x3 d(2, 0, 1, 1, 3, 0, 0, 1, 4);
  CHECK(determinant(d) == 25.0f && determinant(float2x2(1, 2, 3, 4)) == -2.0f);
  float4x4 m(3.0f);
  CHECK(determinant(m) == 81.0f && m[1][1] == 3 && m[1][0] == 0);
  m[3] = float4(1, 2, 3, 1);
  CHECK(determinant(m) == 27.0f && all((m * float4(1, 1, 1, 1)) == float4(4, 5, 6, 1)));
  m *= m;
  CHECK(m[0][0] == 9 && all(m[3] == float4(4, 8, 12, 1)));
  CHECK(all((d + d - d)[1] == d[1]) && all((2.0f * d)[0] == float3(4, 0, 2)) &&
        all((d / 2.0f)[0] == float3(1, 0, 0.5)) && all((-d)[0] == float3(-2, 0, -1)));
  const half2x2 h(half2(1, 2), half2(3, 4));
  CHECK((h * h)[1][0] == static_cast<half>(15));
}

// --- integers

template <class T> T clamped(__int128 x) {
  const __int128 high = numeric_limits<T>::max(), low = numeric_limits<T>::min();
  return static_cast<T>(x > high ? high : x < low ? low : x);
}
template <class T> void integers_of_type() {
  using W = __int128;
  const int bits = sizeof(T) * 8;
  const T high = numeric_limits<T>::max(), low = numeric_limits<T>::min();
  const T values[] = {low,
                      static_cast<T>(low + 1),
                      static_cast<T>(low / 2),
                      static_cast<T>(-3),
                      T(0),
                      T(1),
                      T(2),
                      T(100),
                      static_cast<T>(high / 3),
                      high};
  for (const T a : values) {
    int ones = 0, leading = bits, trailing = bits;
    T reversed = 0;
    for (int i = 0; i < bits; ++i)
      if (static_cast<unsigned long>(a) >> i & 1) {
        ++ones;
        leading = bits - 1 - i;
        trailing = trailing == bits ? i : trailing;
        reversed = static_cast<T>(static_cast<unsigned long>(reversed) | 1ul << (bits - 1 - i));
      }
    CHECK(popcount(a) == static_cast<T>(ones) && clz(a) == static_cast<T>(leading) &&
          ctz(a) == static_cast<T>(trailing));
    CHECK(reverse_bits(a) == reversed);
    CHECK(metal::abs(a) == static_cast<T>(W(a) < 0 ? -W(a) : W(a)));
    for (const T b : values) {
      CHECK(addsat(a, b) == clamped<T>(W(a) + W(b)) && subsat(a, b) == clamped<T>(W(a) - W(b)));
      CHECK(hadd(a, b) == static_cast<T>((W(a) + W(b)) >> 1) && rhadd(a, b) == static_cast<T>((W(a) + W(b) + 1) >> 1));
      CHECK(absdiff(a, b) == static_cast<decltype(absdiff(a, b))>(a > b ? W(a) - W(b) : W(b) - W(a)));
      CHECK(min(a, b) == (a < b ? a : b) && max(a, b) == (a < b ? b : a));
      if (bits < 64 || __is_signed(T)) {
        CHECK(mulhi(a, b) == static_cast<T>(W(a) * W(b) >> bits));
        CHECK(madhi(a, b, T(5)) == static_cast<T>((W(a) * W(b) >> bits) + 5));
        CHECK(madsat(a, b, T(7)) == clamped<T>(W(a) * W(b) + 7));
      }
      const unsigned n = static_cast<unsigned>(static_cast<unsigned long>(b)) & static_cast<unsigned>(bits - 1);
      using U = __make_unsigned(T);
      const U u = static_cast<U>(a);
      CHECK(static_cast<U>(rotate(a, b)) ==
            static_cast<U>(n ? (u << n) | (u >> (static_cast<unsigned>(bits) - n)) : u));
    }
    CHECK(extract_bits(a, 0u, static_cast<uint>(bits)) == a && extract_bits(a, 3u, 0u) == T(0));
    const unsigned long field = static_cast<unsigned long>(a) >> 2 & 31;
    CHECK(extract_bits(a, 2u, 5u) ==
          static_cast<T>(__is_signed(T) && field > 15 ? static_cast<long>(field) - 32 : static_cast<long>(field)));
    CHECK(extract_bits(insert_bits(a, T(9), 2u, 5u), 2u, 5u) == T(9));
    CHECK(static_cast<__make_unsigned(T)>(insert_bits(a, T(9), 2u, 5u) & 3) == static_cast<__make_unsigned(T)>(a & 3));
  }
  CHECK(median3(T(3), T(1), T(2)) == T(2) && min3(T(3), T(1), T(2)) == T(1) && max3(T(3), T(1), T(2)) == T(3) &&
        clamp(T(9), T(1), T(5)) == T(5));
}
void integers() {
  integers_of_type<char>();
  integers_of_type<uchar>();
  integers_of_type<short>();
  integers_of_type<ushort>();
  integers_of_type<int>();
  integers_of_type<uint>();
  integers_of_type<long>();
  integers_of_type<ulong>();
  CHECK(mulhi(0xffffffffffffffffUL, 0xffffffffffffffffUL) == 0xfffffffffffffffeUL);
  CHECK(mul24(3, -5) == -15 && mul24(0x1000003u, 5u) == 15u && mad24(3, 4, 5) == 17);
  CHECK(all(popcount(uint2(7, 8)) == uint2(3, 1)) && all(clamp(int3(-5, 0, 5), -1, 1) == int3(-1, 0, 1)) &&
        all(abs(int2(-3, 3)) == int2(3)));
  CHECK(all(max(int4(1, 5, 2, 4), 3) == int4(3, 5, 3, 4)) && all(rotate(uint2(1), uint2(33)) == uint2(2)));
}

// --- relational, common, bits

float opaque(uint word) {
  volatile uint hidden = word;
  return as_type<float>(static_cast<uint>(hidden));
}
void relational() {
  const float inf = opaque(0x7f800000u), nan = opaque(0x7fc00001u), tiny = opaque(1u), one = opaque(0x3f800000u);
  CHECK(!isfinite(inf) && !isfinite(-inf) && !isfinite(nan) && isfinite(one) && isfinite(tiny) && !isfinite(INFINITY));
  CHECK(isinf(inf) && isinf(-inf) && !isinf(nan) && isnan(nan) && !isnan(inf) && isnan(NAN));
  CHECK(isnormal(one) && !isnormal(tiny) && !isnormal(0.0f) && !isnormal(inf) && signbit(-one) &&
        signbit(opaque(0x80000000u)) && !signbit(one));
  CHECK(isordered(one, inf) && isunordered(one, nan));
  CHECK(all(isnan(float3(one, nan, inf)) == bool3(false, true, false)) && isinf(static_cast<half>(inf)) &&
        isnan(static_cast<bfloat>(nan)));
  CHECK(isinf(exp(float2(1000, 0))).x && isnan(sqrt(opaque(0xbf800000u))));
  CHECK(select(1, 2, true) == 2 && all(select(float2(1, 2), float2(3, 4), bool2(true, false)) == float2(3, 2)));
  CHECK(all(select(0.0f, float2(3, 4), float2(1, -1) > 0) == float2(3, 0)));
  CHECK(as_type<uint>(1.0f) == 0x3f800000u &&
        all(as_type<uint3>(float3(1, 2, -1)) == uint3(0x3f800000u, 0x40000000u, 0xbf800000u)));
  CHECK(all(as_type<half2>(0x3c004000u) == half2(2, 1)) && as_type<uint>(uchar4(1, 2, 3, 4)) == 0x04030201u);
}
void common() {
  const float nan = opaque(0x7fc00000u), inf = opaque(0x7f800000u);
  CHECK(fmax(nan, 1.0f) == 1 && fmin(1.0f, nan) == 1 && max(nan, 2.0f) == 2 && isnan(fmax(nan, nan)) &&
        sign(nan) == 0 && sign(-3.0f) == -1);
  CHECK(clamp(5.0f, 0.0f, 1.0f) == 1 && saturate(-2.0f) == 0 && saturate(0.25f) == 0.25f && mix(1.0f, 3.0f, 0.5f) == 2);
  CHECK(step(1.0f, 0.5f) == 0 && step(1.0f, 1.0f) == 1 && smoothstep(0.0f, 1.0f, 0.5f) == 0.5f &&
        all(smoothstep(0.0f, 2.0f, float2(1, 3)) == float2(0.5, 1)));
  CHECK(round(2.5f) == 3 && round(-2.5f) == -3 && rint(2.5f) == 2 && rint(3.5f) == 4 && trunc(-1.5f) == -1 &&
        floor(-1.5f) == -2 && ceil(1.2f) == 2);
  CHECK(fmedian3(3.0f, 1.0f, 2.0f) == 2 && fmin3(3.0f, 1.0f, 2.0f) == 1 && max3(3.0f, 1.0f, 2.0f) == 3 &&
        fdim(3.0f, 1.0f) == 2 && fdim(1.0f, 3.0f) == 0);
  CHECK(fract(-0.25f) == 0.75f && fract(opaque(0x80000001u)) < 1 && copysign(2.0f, -1.0f) == -2 &&
        fma(2.0f, 3.0f, 4.0f) == 10 && divide(1.0f, 4.0f) == 0.25f);
  CHECK(all(fma(2.0f, float2(1, 2), 1.0f) == float2(3, 5)) && all(max(0.0f, float2(-1, 1)) == float2(0, 1)) &&
        all(clamp(float2(-1, 3), 0.0f, float2(1, 2)) == float2(0, 2)));
  float whole, cosine;
  int exponent;
  CHECK(modf(-2.75f, whole) == -0.75f && whole == -2 && modf(inf, whole) == 0 && whole == inf);
  CHECK(frexp(12.0f, exponent) == 0.75f && exponent == 4 && frexp(opaque(1u), exponent) == 0.5f && exponent == -148 &&
        frexp(0.0f, exponent) == 0 && exponent == 0);
  CHECK(ldexp(0.75f, 4) == 12 && ldexp(1.0f, -149) == opaque(1u) && ldexp(1.0f, 400) == inf &&
        ldexp(opaque(1u), 149) == 1 && ilogb(12.0f) == 3 && ilogb(opaque(1u)) == -149);
  CHECK(nextafter(1.0f, 2.0f) == 1.0f + FLT_EPSILON && nextafter(0.0f, -1.0f) == -opaque(1u) &&
        nextafter(1.0f, 0.0f) == 1.0f - FLT_EPSILON / 2);
  CHECK(sincos(0.5f, cosine) == sin(0.5f) && cosine == cos(0.5f));
  float2 cosines;
  CHECK(all(sincos(float2(0.5, 1), cosines) == sin(float2(0.5, 1))) && all(cosines == cos(float2(0.5, 1))));
  CHECK(fast::exp(1.0f) == exp(1.0f) && precise::divide(1.0f, 3.0f) == 1.0f / 3.0f &&
        all(fast::rsqrt(float2(4, 16)) == float2(0.5, 0.25)));
  CHECK(exp(static_cast<half>(1)) == static_cast<half>(2.71828f) && all(sqrt(half2(4, 9)) == half2(2, 3)) &&
        tanh(static_cast<bfloat>(100)) == static_cast<bfloat>(1));
  CHECK(static_cast<half>(2049.0f) == static_cast<half>(2048) && static_cast<half>(2051.0f) == static_cast<half>(2052));
  CHECK(as_type<ushort>(static_cast<bfloat>(opaque(0x3f808000u))) == 0x3f80 &&
        as_type<ushort>(static_cast<bfloat>(opaque(0x3f818000u))) == 0x3f82);
}
void geometric() {
  const float3 a(1, 2, 3), b(4, 5, 6);
  CHECK(dot(a, b) == 32 && all(cross(a, b) == float3(-3, 6, -3)) && length(float2(3, 4)) == 5 &&
        length_squared(a) == 14);
  CHECK(distance(float2(1, 1), float2(4, 5)) == 5 && distance_squared(a, b) == 27 &&
        all(normalize(float2(3, 0)) == float2(1, 0)));
  CHECK(all(reflect(float2(1, -1), float2(0, 1)) == float2(1, 1)) && all(faceforward(a, b, b) == -a));
  CHECK(all(refract(float2(0, -1), float2(0, 1), 0.5f) == float2(0, -1)) &&
        all(refract(float2(1, 0), float2(0, 1), 2.0f) == float2(0)));
  CHECK(dot(half4(100), half4(100)) == static_cast<half>(40000) && length(half2(300, 400)) == static_cast<half>(500));
}
void atomics() {
  atomic_uint u[2];
  atomic_store_explicit(u, 5, memory_order_relaxed);
  CHECK(atomic_fetch_add_explicit(u, 2, memory_order_relaxed) == 5 &&
        atomic_fetch_sub_explicit(u, 8, memory_order_relaxed) == 7);
  CHECK(atomic_load_explicit(u, memory_order_relaxed) == 0xffffffffu &&
        atomic_fetch_and_explicit(u, 0xf0, memory_order_relaxed) == 0xffffffffu);
  CHECK(atomic_fetch_or_explicit(u, 1, memory_order_relaxed) == 0xf0 &&
        atomic_fetch_xor_explicit(u, 0xff, memory_order_relaxed) == 0xf1);
  CHECK(atomic_fetch_max_explicit(u, 100, memory_order_relaxed) == 0x0e &&
        atomic_fetch_min_explicit(u, 3, memory_order_relaxed) == 100);
  uint expected = 4;
  CHECK(!atomic_compare_exchange_weak_explicit(u, &expected, 9, memory_order_relaxed, memory_order_relaxed) &&
        expected == 3);
  while (!atomic_compare_exchange_weak_explicit(u, &expected, 9, memory_order_relaxed, memory_order_relaxed)) {
  }
  CHECK(atomic_exchange_explicit(u, 1, memory_order_relaxed) == 9);
  atomic_float f;
  atomic_store_explicit(&f, 1, memory_order_relaxed);
  CHECK(atomic_fetch_add_explicit(&f, 0.5f, memory_order_relaxed) == 1 &&
        atomic_load_explicit(&f, memory_order_relaxed) == 1.5f);
  atomic_int i;
  atomic_store_explicit(&i, -1, memory_order_relaxed);
  CHECK(atomic_fetch_max_explicit(&i, 1, memory_order_relaxed) == -1 &&
        atomic_load_explicit(&i, memory_order_relaxed) == 1);
  atomic_ulong l;
  atomic_store_explicit(&l, 5, memory_order_relaxed);
  atomic_max_explicit(&l, 1ul << 40, memory_order_relaxed);
  CHECK(atomic_load_explicit(&l, memory_order_relaxed) == 1ul << 40);
  atomic_thread_fence(mem_flags::mem_device, memory_order_seq_cst, thread_scope_device);
}
void library() {
  array<int, 3> items = {1, 2, 3};
  int sum = 0;
  for (int item : items)
    sum += item;
  CHECK(sum == 6 && items.size() == 3 && items[2] == 3);
  items.fill(4);
  CHECK(items.back() == 4);
  os_log_default.log("value %d", 3);
  os_log_default.log_error("value %f %v4hlf", 1.0f, half4(1));
}

} // namespace

int main() {
  vectors();
  packed();
  matrices();
  integers();
  relational();
  common();
  geometric();
  atomics();
  library();
  return finish();
}
