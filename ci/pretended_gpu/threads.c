/* Running a kernel: its blocks one after another, and their threads one after another, too, or in
 * turns, as fibers, where they synchronize. */
#include "threads.h"
#include <setjmp.h>
#include <stdlib.h>
#include <ucontext.h>

#define STACK 262144 /* the system gives memory to what is touched of it only */

Dim3 cpu_threadIdx, cpu_blockIdx, cpu_blockDim, cpu_gridDim;
int cpu_thread;                               /* among those of its block */
unsigned char cpu_exchange[MOST_THREADS][16]; /* what __shfl hands over */
unsigned char cpu_dynamic_shared[MOST_SHARED] __attribute__((aligned(512)));

enum state { NEW, READY, AT_BLOCK_BARRIER, AT_WARP_BARRIER, DONE };
static struct { ucontext_t start; jmp_buf place; enum state state; unsigned mask; }
    fibers[MOST_THREADS];
static jmp_buf scheduler; /* jumps, since swapcontext asks the kernel for signal masks */
static char *stacks;
static int in_fibers;
static Entry block_entry;
static void **block_arguments;

static void go_to_thread(int k) {
    cpu_thread = k;
    cpu_threadIdx.x = k % cpu_blockDim.x;
    cpu_threadIdx.y = k / cpu_blockDim.x % cpu_blockDim.y;
    cpu_threadIdx.z = k / cpu_blockDim.x / cpu_blockDim.y;
}

void cpu_sync(unsigned warp_mask) {
    if (!in_fibers) return;
    int me = cpu_thread;
    fibers[me].state = warp_mask ? AT_WARP_BARRIER : AT_BLOCK_BARRIER;
    fibers[me].mask = warp_mask;
    if (!_setjmp(fibers[me].place)) _longjmp(scheduler, 1);
}

static void fiber_body(void) {
    block_entry(block_arguments, NULL);
    fibers[cpu_thread].state = DONE;
    _longjmp(scheduler, 1);
}

static void run_fiber(int k) {
    go_to_thread(k);
    if (_setjmp(scheduler)) return;
    if (fibers[k].state == READY) _longjmp(fibers[k].place, 1);
    ucontext_t *context = &fibers[k].start;
    getcontext(context);
    context->uc_stack.ss_sp = stacks + (size_t)k * STACK;
    context->uc_stack.ss_size = STACK;
    context->uc_link = NULL;
    makecontext(context, fiber_body, 0);
    setcontext(context);
}

/* Wake up the threads that wait at a warp's barrier, where all that it names and that have not
 * ended wait at it; returns how many. */
static int release_warps(int threads) {
    int released = 0;
    for (int k = 0; k < threads; k++) {
        int first = k & ~31, missing = 0;
        if (fibers[k].state != AT_WARP_BARRIER) continue;
        unsigned mask = fibers[k].mask;
        for (int other = first; other < first + 32 && other < threads; other++)
            if (mask >> (other - first) & 1 && fibers[other].state != DONE)
                missing += fibers[other].state != AT_WARP_BARRIER || fibers[other].mask != mask;
        if (missing) continue;
        for (int other = first; other < first + 32 && other < threads; other++)
            if (fibers[other].state == AT_WARP_BARRIER && fibers[other].mask == mask) {
                fibers[other].state = READY;
                released++;
            }
    }
    return released;
}

static int release_block(int threads) {
    for (int k = 0; k < threads; k++)
        if (fibers[k].state == AT_WARP_BARRIER) return 0;
    for (int k = 0; k < threads; k++)
        if (fibers[k].state == AT_BLOCK_BARRIER) fibers[k].state = READY;
    return 1;
}

/* Run the threads of a block; 0 if they wait for one another forever. */
static int run_block(int threads) {
    if (!stacks) stacks = malloc((size_t)MOST_THREADS * STACK);
    for (int k = 0; k < threads; k++) fibers[k].state = NEW;
    for (;;) {
        int ran = 0, left = 0;
        for (int k = 0; k < threads; k++) {
            if (fibers[k].state == DONE) continue;
            left++;
            if (fibers[k].state != NEW && fibers[k].state != READY) continue;
            run_fiber(k);
            ran++;
        }
        if (!left) return 1;
        if (!release_warps(threads) && !ran && !release_block(threads)) return 0;
    }
}

int run_kernel(Entry entry, char mode, Dim3 grid, Dim3 block, void **arguments) {
    static const Dim3 origin = {0, 0, 0}, one = {1, 1, 1};
    int alone = mode == '1', threads = alone ? 1 : block.x * block.y * block.z, fine = 1;
    cpu_threadIdx = cpu_blockIdx = origin;
    cpu_thread = 0;
    cpu_gridDim = alone ? one : grid;
    cpu_blockDim = alone ? one : block;
    block_entry = entry;
    block_arguments = arguments;
    in_fibers = mode == 'f';
    for (cpu_blockIdx.z = 0; cpu_blockIdx.z < cpu_gridDim.z; cpu_blockIdx.z++)
        for (cpu_blockIdx.y = 0; cpu_blockIdx.y < cpu_gridDim.y; cpu_blockIdx.y++)
            for (cpu_blockIdx.x = 0; cpu_blockIdx.x < cpu_gridDim.x; cpu_blockIdx.x++)
                if (in_fibers) fine = fine && run_block(threads);
                else
                    for (int k = 0; k < threads; k++) {
                        go_to_thread(k);
                        block_entry(arguments, NULL);
                    }
    in_fibers = 0;
    return fine;
}
