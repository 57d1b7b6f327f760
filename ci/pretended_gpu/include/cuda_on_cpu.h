/* What CUDA C++ has and C++ has not, for kernels that run on the processor. */
#pragma once
#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
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
struct Dim3 { unsigned x, y, z; };
extern "C" {
extern Dim3 cpu_threadIdx, cpu_blockIdx, cpu_blockDim, cpu_gridDim;
extern unsigned char cpu_exchange[1024][16];
void cpu_sync(int whole_warp_only);
}
#define threadIdx cpu_threadIdx
#define blockIdx cpu_blockIdx
#define blockDim cpu_blockDim
#define gridDim cpu_gridDim
#define warpSize 32

static inline void __syncthreads() { cpu_sync(0); }
static inline void __syncwarp(unsigned mask = ~0u) { cpu_sync(1); }
static inline void __threadfence() {}

// The value that another thread of the warp has; its own where there is no such thread.
template <class T> static inline T cpu_shuffle(T value, int source) {
    std::memcpy(cpu_exchange[threadIdx.x], &value, sizeof value);
    cpu_sync(1);
    T found = value;
    int first = threadIdx.x & ~31;
    if (source >= 0 && source < 32 && first + source < (int)blockDim.x)
        std::memcpy(&found, cpu_exchange[first + source], sizeof found);
    cpu_sync(1);
    return found;
}
static inline int cpu_lane() { return threadIdx.x & 31; }
template <class T> static inline T __shfl_sync(unsigned, T v, int lane, int = 32) { return cpu_shuffle(v, lane); }
template <class T> static inline T __shfl_xor_sync(unsigned, T v, int m, int = 32) { return cpu_shuffle(v, cpu_lane() ^ m); }
template <class T> static inline T __shfl_up_sync(unsigned, T v, int d, int = 32) { return cpu_shuffle(v, cpu_lane() - d); }
template <class T> static inline T __shfl_down_sync(unsigned, T v, int d, int = 32) { return cpu_shuffle(v, cpu_lane() + d); }

// --- bits ------------------------------------------------------------------------------------------
static inline int __popc(unsigned x) { return __builtin_popcount(x); }
static inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
static inline int __clz(int x) { return x ? __builtin_clz(x) : 32; }
static inline int __ffs(int x) { return __builtin_ffs(x); }
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
using std::cosh; using std::exp; using std::exp2; using std::expm1; using std::floor; using std::fmax;
using std::fmin; using std::fmod; using std::frexp; using std::hypot; using std::isfinite; using std::isinf;
using std::isnan; using std::ldexp; using std::log; using std::log10; using std::log1p; using std::log2;
using std::modf; using std::nextafter; using std::pow; using std::rint; using std::round; using std::signbit;
using std::sin; using std::sinh; using std::sqrt; using std::tan; using std::tanh; using std::trunc;
static inline float rsqrt(float x) { return 1 / std::sqrt(x); }
static inline double rsqrt(double x) { return 1 / std::sqrt(x); }
static inline float sinpi(float x) { return std::sin((float)M_PI * x); }
static inline double sinpi(double x) { return std::sin(M_PI * x); }
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

// --- calling a kernel with the array of pointers that a launch is given ---------------------------
template <class... A, std::size_t... I>
static void cpu_call(void (*kernel)(A...), void **arguments, std::index_sequence<I...>) {
    kernel(*(typename std::remove_const<A>::type *)arguments[I]...);
}
template <class... A> static void cpu_unpack(void (*kernel)(A...), void **arguments) {
    cpu_call(kernel, arguments, std::index_sequence_for<A...>());
}

#define __CUDACC_VER_MAJOR__ 13
#include <cupy/complex.cuh>
#include <cupy/carray.cuh>
#include <cupy/atomics.cuh>
#include <cupy/math_constants.h>
