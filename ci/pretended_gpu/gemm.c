/* The matrix products of cuBLAS, as plain loops: right, and slow. Matrices are column-major. */
#include <complex.h>
#include <stdio.h>
#include <stdlib.h>

/* In runtime.c: counts a product; says whether the current device may touch memory. */
void cpu_gemm_starts(void);
int cpu_gemm_touches(const void *memory, size_t size);
#define EXECUTION_FAILED 13

typedef _Float16 half;
typedef float complex cfloat;
typedef double complex cdouble;

/* c = alpha op(a) op(b) + beta c, in matrices of T and sums of S. */
#define GEMM(name, T, S)                                                                          \
    static void name(int ta, int tb, int m, int n, int k, S alpha, const T *a, long lda,          \
                     const T *b, long ldb, S beta, T *c, long ldc) {                              \
        for (int j = 0; j < n; j++)                                                               \
            for (int i = 0; i < m; i++) {                                                         \
                S sum = 0;                                                                        \
                for (int l = 0; l < k; l++)                                                       \
                    sum += (S)(ta ? a[l + i * lda] : a[i + l * lda]) *                            \
                           (S)(tb ? b[j + l * ldb] : b[l + j * ldb]);                             \
                S before = beta == 0 ? (S)0 : beta * (S)c[i + j * ldc];                           \
                c[i + j * ldc] = (T)(alpha * sum + before);                                       \
            }                                                                                     \
    }
GEMM(gemm_h, half, float)
GEMM(gemm_s, float, float)
GEMM(gemm_d, double, double)
GEMM(gemm_c, cfloat, cfloat)
GEMM(gemm_z, cdouble, cdouble)

enum { FLOAT, DOUBLE, HALF, CFLOAT = 4, CDOUBLE = 5 }; /* cudaDataType */
static const int item_size[] = {4, 8, 2, 0, 8, 16};

static void gemm(int type, int ta, int tb, int m, int n, int k, const void *alpha, const void *a,
                 long lda, const void *b, long ldb, const void *beta, void *c, long ldc) {
#define CASE(type, function, S)                                                                   \
    case type:                                                                                    \
        function(ta, tb, m, n, k, *(S *)alpha, a, lda, b, ldb, *(S *)beta, c, ldc);               \
        return;
    switch (type) {
        CASE(FLOAT, gemm_s, float)
        CASE(DOUBLE, gemm_d, double)
        CASE(HALF, gemm_h, float)
        CASE(CFLOAT, gemm_c, cfloat)
        CASE(CDOUBLE, gemm_z, cdouble)
    }
    fprintf(stderr, "no matrix product of data type %d\n", type);
    abort();
}

/* Whether `count` matrices, `step` items apart, are memory that may be touched. */
static int fine(const void *memory, int type, long rows, long columns, long ld, long step,
                int count) {
    if (!rows || !columns || !count) return 1;
    size_t items = (columns - 1) * ld + rows + (count - 1) * step;
    return cpu_gemm_touches(memory, items * item_size[type]);
}

int cublasGemmStridedBatchedEx(void *handle, int ta, int tb, int m, int n, int k,
                               const void *alpha, const void *a, int a_type, int lda,
                               long long a_step, const void *b, int b_type, int ldb,
                               long long b_step, const void *beta, void *c, int c_type, int ldc,
                               long long c_step, int count, int compute, int algorithm) {
    cpu_gemm_starts();
    if (!fine(a, a_type, ta ? k : m, ta ? m : k, lda, a_step, count) ||
        !fine(b, b_type, tb ? n : k, tb ? k : n, ldb, b_step, count) ||
        !fine(c, c_type, m, n, ldc, c_step, count))
        return EXECUTION_FAILED;
    for (int q = 0; q < count; q++)
        gemm(a_type, ta, tb, m, n, k, alpha, (char *)a + q * a_step * item_size[a_type], lda,
             (char *)b + q * b_step * item_size[b_type], ldb, beta,
             (char *)c + q * c_step * item_size[c_type], ldc);
    return 0;
}

int cublasGemmEx(void *handle, int ta, int tb, int m, int n, int k, const void *alpha,
                 const void *a, int a_type, int lda, const void *b, int b_type, int ldb,
                 const void *beta, void *c, int c_type, int ldc, int compute, int algorithm) {
    return cublasGemmStridedBatchedEx(handle, ta, tb, m, n, k, alpha, a, a_type, lda, 0, b, b_type,
                                      ldb, 0, beta, c, c_type, ldc, 0, 1, compute, algorithm);
}

#define BATCHED(name, type)                                                                       \
    int name(void *handle, int ta, int tb, int m, int n, int k, const void *alpha, void **a,      \
             int lda, void **b, int ldb, const void *beta, void **c, int ldc, int count) {        \
        size_t table = count * sizeof(void *);                                                    \
        cpu_gemm_starts();                                                                        \
        if (!cpu_gemm_touches(a, table) || !cpu_gemm_touches(b, table) ||                         \
            !cpu_gemm_touches(c, table))                                                          \
            return EXECUTION_FAILED;                                                              \
        for (int q = 0; q < count; q++) {                                                         \
            if (!fine(a[q], type, ta ? k : m, ta ? m : k, lda, 0, 1) ||                           \
                !fine(b[q], type, tb ? n : k, tb ? k : n, ldb, 0, 1) ||                           \
                !fine(c[q], type, m, n, ldc, 0, 1))                                               \
                return EXECUTION_FAILED;                                                          \
            gemm(type, ta, tb, m, n, k, alpha, a[q], lda, b[q], ldb, beta, c[q], ldc);            \
        }                                                                                         \
        return 0;                                                                                 \
    }
BATCHED(cublasSgemmBatched, FLOAT)
BATCHED(cublasDgemmBatched, DOUBLE)
BATCHED(cublasCgemmBatched, CFLOAT)
BATCHED(cublasZgemmBatched, CDOUBLE)
