/* CUDA's half precision, by way of the compiler's _Float16. */
#pragma once

struct __half_raw { unsigned short x; };

struct half {
    _Float16 v;
    half() {}
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
static inline unsigned short __float2half_rn(float f) { return __half_as_ushort(half(f)); }
static inline float __half2float(unsigned short bits) { return (float)__ushort_as_half(bits); }
