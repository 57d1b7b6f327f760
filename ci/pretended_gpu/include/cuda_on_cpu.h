/* What CUDA C++ has and C++ has not, for kernels that run on the processor. */
#pragma once
#include <cstddef>
#undef _GLIBCXX_USE_STD_SPEC_FUNCS // they make <cmath> slow
#include <cassert>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#define __device__
#define __host__
#define __global__
#define __constant__ static
#define __forceinline__ inline
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#define __shared__ static
#define __align__(n) __attribute__((aligned(n)))

// --- where a thread is: kept by runtime.c ----------------------------------------------------------
struct Dim3 {
    unsigned x, y, z;
    Dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};
typedef Dim3 dim3;
extern "C" {
extern Dim3 cpu_threadIdx, cpu_blockIdx, cpu_blockDim, cpu_gridDim;
extern int cpu_thread; // among those of its block
extern unsigned char cpu_exchange[1024][16], cpu_dynamic_shared[];
void cpu_sync(unsigned warp_mask); // 0: all threads of the block
}
#define threadIdx cpu_threadIdx
#define blockIdx cpu_blockIdx
#define blockDim cpu_blockDim
#define gridDim cpu_gridDim
#define warpSize 32

static inline void __syncthreads() { cpu_sync(0); }
static inline void __syncwarp(unsigned mask = ~0u) { cpu_sync(mask); }
static inline void __threadfence() {}
static inline void __threadfence_block() {}

// Threads hand values over in `cpu_exchange`: all write, all wait, all read, all wait.
static inline int cpu_lane() { return cpu_thread & 31; }
template <class T> static inline void cpu_put(const T &value) {
    static_assert(sizeof(T) <= 16, "a shuffle of more than 16 bytes");
    std::memcpy(cpu_exchange[cpu_thread], &value, sizeof value);
}
template <class T> static inline T cpu_get(int thread) {
    T value;
    std::memcpy((void *)&value, cpu_exchange[thread], sizeof value);
    return value;
}
// The value of another lane of the same segment; its own where there is no such lane.
template <class T> static inline T cpu_shuffle(unsigned mask, T value, int lane, int first, int width) {
    cpu_put(value);
    cpu_sync(mask);
    T found = lane >= first && lane < first + width ? cpu_get<T>((cpu_thread & ~31) + lane) : value;
    cpu_sync(mask);
    return found;
}
#define CPU_SHUFFLE(name, argument, lane)                                                          \
    template <class T> static inline T name(unsigned mask, T v, argument, int width = 32) {        \
        int me = cpu_lane(), first = me & ~(width - 1);                                            \
        (void)me;                                                                                  \
        return cpu_shuffle(mask, v, lane, first, width);                                           \
    }
CPU_SHUFFLE(__shfl_sync, int from, first + (from & (width - 1)))
CPU_SHUFFLE(__shfl_xor_sync, int bits, (me ^ bits) < first + width ? (me ^ bits) : me)
CPU_SHUFFLE(__shfl_up_sync, unsigned by, me - (int)by)
CPU_SHUFFLE(__shfl_down_sync, unsigned by, me + (int)by)

static inline unsigned __ballot_sync(unsigned mask, int predicate) {
    cpu_put(predicate);
    cpu_sync(mask);
    unsigned votes = 0;
    for (int k = 0; k < 32; k++)
        if (mask >> k & 1 && (cpu_thread & ~31) + k < (int)(blockDim.x * blockDim.y * blockDim.z))
            votes |= (unsigned)(cpu_get<int>((cpu_thread & ~31) + k) != 0) << k;
    cpu_sync(mask);
    return votes;
}
static inline int __any_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) != 0; }
static inline int __all_sync(unsigned mask, int predicate) { return __ballot_sync(mask, !predicate) == 0; }
static inline int __syncthreads_count(int predicate) {
    cpu_put(predicate);
    cpu_sync(0);
    int count = 0;
    for (unsigned k = 0; k < blockDim.x * blockDim.y * blockDim.z; k++) count += cpu_get<int>(k) != 0;
    cpu_sync(0);
    return count;
}
static inline int __syncthreads_or(int predicate) { return __syncthreads_count(predicate) != 0; }
static inline int __syncthreads_and(int predicate) { return __syncthreads_count(!predicate) == 0; }

// --- bits ------------------------------------------------------------------------------------------
static inline int __popc(unsigned x) { return __builtin_popcount(x); }
static inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
static inline int __clz(int x) { return x ? __builtin_clz(x) : 32; }
static inline int __clzll(long long x) { return x ? __builtin_clzll(x) : 64; }
static inline int __ffs(int x) { return __builtin_ffs(x); }
static inline int __ffsll(long long x) { return __builtin_ffsll(x); }
static inline unsigned __umulhi(unsigned a, unsigned b) { return (unsigned)((unsigned long long)a * b >> 32); }
static inline int __mulhi(int a, int b) { return (int)((long long)a * b >> 32); }
static inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
    return (unsigned long long)((unsigned __int128)a * b >> 64);
}
template <class T> static inline T __ldg(const T *place) { return *place; }
template <class T> static inline T __ldcg(const T *place) { return *place; }
template <class T> static inline T __ldcs(const T *place) { return *place; }
template <class T> static inline void __stcs(T *place, T value) { *place = value; }
template <class To, class From> static inline To cpu_bits(From from) {
    To to;
    static_assert(sizeof to == sizeof from, "bits of another number of bytes");
    std::memcpy(&to, &from, sizeof to);
    return to;
}
static inline float __int_as_float(int v) { return cpu_bits<float>(v); }
static inline int __float_as_int(float v) { return cpu_bits<int>(v); }
static inline float __uint_as_float(unsigned v) { return cpu_bits<float>(v); }
static inline unsigned __float_as_uint(float v) { return cpu_bits<unsigned>(v); }
static inline double __longlong_as_double(long long v) { return cpu_bits<double>(v); }
static inline long long __double_as_longlong(double v) { return cpu_bits<long long>(v); }
static inline int __double2hiint(double d) { return (int)(__double_as_longlong(d) >> 32); }
static inline int __double2loint(double d) { return (int)__double_as_longlong(d); }
static inline double __hiloint2double(int high, int low) {
    return __longlong_as_double(((long long)high << 32) | (unsigned)low);
}

// --- atomic operations: one thread runs at a time --------------------------------------------------
#define CPU_ATOMIC(name, T, expression)                                                            \
    static inline T name(T *place, T v) {                                                          \
        T o = *place;                                                                              \
        *place = expression;                                                                       \
        return o;                                                                                  \
    }
#define CPU_ATOMICS(T)                                                                             \
    CPU_ATOMIC(atomicSub, T, o - v)                                                                \
    CPU_ATOMIC(atomicMax, T, o < v ? v : o)                                                        \
    CPU_ATOMIC(atomicMin, T, v < o ? v : o)                                                        \
    CPU_ATOMIC(atomicExch, T, v)                                                                   \
    CPU_ATOMIC(atomicAnd, T, o & v)                                                                \
    CPU_ATOMIC(atomicOr, T, o | v)                                                                 \
    CPU_ATOMIC(atomicXor, T, o ^ v)                                                                \
    static inline T atomicCAS(T *place, T compare, T v) {                                          \
        T o = *place;                                                                              \
        if (o == compare) *place = v;                                                              \
        return o;                                                                                  \
    }
CPU_ATOMICS(int)
CPU_ATOMICS(unsigned)
CPU_ATOMICS(long long)
CPU_ATOMICS(unsigned long long)
CPU_ATOMIC(atomicAdd, int, o + v)  // CuPy's atomics.cuh brings that of long long
CPU_ATOMIC(atomicAdd, unsigned, o + v)
CPU_ATOMIC(atomicAdd, unsigned long long, o + v)
CPU_ATOMIC(atomicAdd, float, o + v)
CPU_ATOMIC(atomicAdd, double, o + v)

// --- functions of numbers --------------------------------------------------------------------------
using std::abs; using std::acos; using std::acosh; using std::asin; using std::asinh; using std::atan;
using std::atan2; using std::atanh; using std::cbrt; using std::ceil; using std::copysign; using std::cos;
using std::cosh; using std::erf; using std::erfc; using std::exp; using std::exp2; using std::expm1;
using std::floor; using std::fma; using std::fmax; using std::lgamma; using std::tgamma;
using std::fmin; using std::fmod; using std::frexp; using std::hypot; using std::isfinite; using std::isinf;
using std::isnan; using std::ldexp; using std::log; using std::log10; using std::log1p; using std::log2;
using std::modf; using std::nextafter; using std::pow; using std::rint; using std::round; using std::signbit;
using std::sin; using std::sinh; using std::sqrt; using std::tan; using std::tanh; using std::trunc;
static inline float rsqrt(float x) { return 1 / std::sqrt(x); }
static inline double rsqrt(double x) { return 1 / std::sqrt(x); }
static inline float sinpi(float x) { return std::sin((float)M_PI * x); }
static inline double sinpi(double x) { return std::sin(M_PI * x); }
static inline float rsqrtf(float x) { return rsqrt(x); }
// glibc declares some of these names for itself
#define __expf(x) expf(x)
#define __exp10f(x) exp10f(x)
#define __logf(x) logf(x)
#define __log2f(x) log2f(x)
#define __log10f(x) log10f(x)
#define __sinf(x) sinf(x)
#define __cosf(x) cosf(x)
#define __tanf(x) tanf(x)
#define __sincosf(x, s, c) sincosf(x, s, c)
#define __powf(x, y) powf(x, y)
#define CPU_ROUNDED(T, letter)                                                                     \
    static inline T __##letter##add_rn(T a, T b) { return a + b; }                                 \
    static inline T __##letter##sub_rn(T a, T b) { return a - b; }                                 \
    static inline T __##letter##mul_rn(T a, T b) { return a * b; }                                 \
    static inline T __##letter##div_rn(T a, T b) { return a / b; }                                 \
    static inline T __##letter##rcp_rn(T a) { return 1 / a; }                                      \
    static inline T __##letter##sqrt_rn(T a) { return std::sqrt(a); }
CPU_ROUNDED(float, f)
CPU_ROUNDED(double, d)
static inline float __fdividef(float a, float b) { return a / b; }
static inline float __frsqrt_rn(float x) { return rsqrt(x); }
static inline float __fmaf_rn(float a, float b, float c) { return std::fma(a, b, c); }
static inline double __fma_rn(double a, double b, double c) { return std::fma(a, b, c); }
static inline float __saturatef(float x) { return x > 0 ? x < 1 ? x : 1 : 0; }
static inline int __float2int_rn(float x) { return (int)std::rint(x); }
static inline long long __float2ll_rn(float x) { return (long long)std::rint(x); }
static inline int __float2int_rz(float x) { return (int)x; }
static inline int __float2int_rd(float x) { return (int)std::floor(x); }
static inline float __int2float_rn(int x) { return (float)x; }
static inline double normcdf(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

// min and max of mixed types; of floats they pass over nan, as CUDA's do
template <class A, class B> using CpuCommon = typename std::enable_if<
    std::is_arithmetic<A>::value && std::is_arithmetic<B>::value, typename std::common_type<A, B>::type>::type;
template <class A, class B> static inline CpuCommon<A, B> min(A a, B b) {
    typedef CpuCommon<A, B> T;
    if constexpr (std::is_floating_point<T>::value) return std::fmin((T)a, (T)b);
    else return (T)a < (T)b ? (T)a : (T)b;
}
template <class A, class B> static inline CpuCommon<A, B> max(A a, B b) {
    typedef CpuCommon<A, B> T;
    if constexpr (std::is_floating_point<T>::value) return std::fmax((T)a, (T)b);
    else return (T)a < (T)b ? (T)b : (T)a;
}

// --- short vectors ---------------------------------------------------------------------------------
#define CPU_VECTORS(T, name)                                                                       \
    struct __align__(2 * sizeof(T)) name##2 { T x, y; };                                           \
    struct name##3 { T x, y, z; };                                                                 \
    struct __align__(sizeof(T) < 8 ? 4 * sizeof(T) : 16) name##4 { T x, y, z, w; };                \
    static inline name##2 make_##name##2(T x, T y) { return {x, y}; }                              \
    static inline name##3 make_##name##3(T x, T y, T z) { return {x, y, z}; }                      \
    static inline name##4 make_##name##4(T x, T y, T z, T w) { return {x, y, z, w}; }
CPU_VECTORS(char, char) CPU_VECTORS(unsigned char, uchar) CPU_VECTORS(short, short)
CPU_VECTORS(unsigned short, ushort) CPU_VECTORS(int, int) CPU_VECTORS(unsigned, uint)
CPU_VECTORS(long long, longlong) CPU_VECTORS(unsigned long long, ulonglong)
CPU_VECTORS(float, float) CPU_VECTORS(double, double)

#define __CUDACC_VER_MAJOR__ 13
#include <cupy/complex.cuh>
#include <cupy/carray.cuh>
#include <cupy/atomics.cuh>
#include <cupy/math_constants.h>

// --- calling a kernel with the array of pointers that a launch is given ---------------------------
// First for the memory that its arguments name: `seen` is told the places from `first` to `last`.
typedef void (*CpuSeen)(int argument, const void *first, const void *last);
template <class T> static void cpu_see(CpuSeen, int, const T &) {}
template <class T> static void cpu_see(CpuSeen seen, int argument, T *const &place) {
    seen(argument, (const void *)place, (const void *)place);
}
template <class T, int n, bool c, bool i>
static void cpu_see(CpuSeen seen, int argument, const CArray<T, n, c, i> &array) {
    const char *first = *(const char *const *)&array, *last = first + sizeof(T) - 1;
    if (!array.size()) return;
    for (int k = 0; k < n; k++) {
        std::ptrdiff_t step = array.strides()[k] * (array.shape()[k] - 1);
        (step < 0 ? first : last) += step;
    }
    seen(argument, first, last);
}
template <class... A, std::size_t... I>
static void cpu_call(void (*kernel)(A...), void **arguments, CpuSeen seen, std::index_sequence<I...>) {
    if (seen) (cpu_see(seen, I, *(typename std::remove_const<A>::type *)arguments[I]), ...);
    else kernel(*(typename std::remove_const<A>::type *)arguments[I]...);
}
template <class... A> static void cpu_unpack(void (*kernel)(A...), void **arguments, CpuSeen seen) {
    cpu_call(kernel, arguments, seen, std::index_sequence_for<A...>());
}
