/* CUDA's half precision, by way of the compiler's _Float16. */
#pragma once

struct __half_raw { unsigned short x; };

struct half {
    _Float16 v;
    half() = default;
    half(float f) : v((_Float16)f) {}
    explicit half(bool f) : v((_Float16)(float)f) {}
    explicit half(double f) : v((_Float16)f) {}
    explicit half(int f) : v((_Float16)(float)f) {}
    explicit half(unsigned f) : v((_Float16)(float)f) {}
    explicit half(long long f) : v((_Float16)(double)f) {}
    explicit half(unsigned long long f) : v((_Float16)(double)f) {}
    explicit half(const __half_raw &raw) { std::memcpy(&v, &raw.x, 2); }
    operator float() const { return (float)v; }
    operator __half_raw() const {
        __half_raw raw;
        std::memcpy(&raw.x, &v, 2);
        return raw;
    }
};
typedef half __half;

static inline unsigned short __half_as_ushort(half h) {
    unsigned short bits;
    std::memcpy(&bits, &h, 2);
    return bits;
}
static inline half __ushort_as_half(unsigned short bits) {
    half h;
    std::memcpy(&h, &bits, 2);
    return h;
}
static inline half __float2half(float f) { return half(f); }
static inline half __float2half_rn(float f) { return half(f); }
static inline half __double2half(double f) { return half(f); }
static inline half __int2half_rn(int i) { return half(i); }
static inline float __half2float(half h) { return (float)h; }
static inline int __half2int_rn(half h) { return (int)std::rint((float)h); }

// Sums, differences, products and quotients of halves that are rounded to float first and to half
// then are those that are rounded once.
#define CPU_HALF(name, assign, sign)                                                               \
    static inline half operator sign(half a, half b) { return half((float)a sign (float)b); }      \
    static inline half &operator assign(half &a, half b) { return a = a sign b; }                  \
    static inline half name(half a, half b) { return a sign b; }
CPU_HALF(__hadd, +=, +) CPU_HALF(__hsub, -=, -) CPU_HALF(__hmul, *=, *) CPU_HALF(__hdiv, /=, /)
#define CPU_HALF_ORDER(name, sign)                                                                 \
    static inline bool operator sign(half a, half b) { return (float)a sign (float)b; }            \
    static inline bool name(half a, half b) { return a sign b; }
CPU_HALF_ORDER(__hlt, <) CPU_HALF_ORDER(__hle, <=) CPU_HALF_ORDER(__hgt, >) CPU_HALF_ORDER(__hge, >=)
CPU_HALF_ORDER(__heq, ==) CPU_HALF_ORDER(__hne, !=)
static inline half operator-(half a) { return half(-(float)a); }
static inline half operator+(half a) { return a; }
static inline half __hneg(half a) { return -a; }
static inline half __habs(half a) { return half(std::fabs((float)a)); }
static inline bool __hisnan(half a) { return std::isnan((float)a); }
static inline half __hmax(half a, half b) { return half(std::fmax((float)a, (float)b)); }
static inline half __hmin(half a, half b) { return half(std::fmin((float)a, (float)b)); }
static inline half __hfma(half a, half b, half c) { return half(std::fma((double)(float)a, (double)(float)b, (double)(float)c)); }
static inline half hexp(half a) { return half(std::exp((float)a)); }
static inline half hlog(half a) { return half(std::log((float)a)); }
static inline half hsqrt(half a) { return half(std::sqrt((float)a)); }
static inline half hrsqrt(half a) { return half(1 / std::sqrt((float)a)); }
static inline half atomicAdd(half *place, half v) {
    half o = *place;
    *place = o + v;
    return o;
}

struct __align__(4) half2 { half x, y; };
typedef half2 __half2;
static inline half2 __halves2half2(half x, half y) { return {x, y}; }
static inline half2 __floats2half2_rn(float x, float y) { return {half(x), half(y)}; }
static inline half2 __float2half2_rn(float x) { return {half(x), half(x)}; }
static inline half __low2half(half2 v) { return v.x; }
static inline half __high2half(half2 v) { return v.y; }
static inline float2 __half22float2(half2 v) { return {(float)v.x, (float)v.y}; }
