/* How runtime.c has kernels run. */
#define MOST_THREADS 1024  /* of a block */
#define MOST_SHARED 232448 /* bytes of dynamic shared memory that a kernel may ask for */

typedef struct { unsigned x, y, z; } Dim3;
typedef void (*Seen)(int argument, const void *first, const void *last);
typedef void (*Entry)(void **arguments, Seen seen);

extern unsigned char cpu_dynamic_shared[MOST_SHARED];

/* mode '1': one thread runs the loop over all elements; 'a': all threads run, one after another;
 * 'f': the threads of a block run as fibers. Returns 0 if they wait for one another forever. */
int run_kernel(Entry entry, char mode, Dim3 grid, Dim3 block, void **arguments);
