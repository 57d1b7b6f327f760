/* The CUDA runtime and driver that CuPy's Cython modules call, on a machine without a GPU.
 *
 * Device memory is host memory, streams are idle as soon as they are asked, and kernels are
 * functions for the processor (`kernels.py` compiles them). CuPy's modules take these functions
 * from the `__pyx_capi__` capsules of cupy_backends.cuda.api.{runtime,driver}; `install` puts the
 * ones below in their place before CuPy's core is imported.
 */
#include <Python.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

/* --- what happened: counted, and told to a Python function if one listens ---------------------- */
enum event { LAUNCH, ALLOCATE, TO_DEVICE, TO_HOST, ON_DEVICE, FILL, SYNCHRONIZE, EVENTS };
static const char *event_names[EVENTS] = {"launch", "allocate", "to_device", "to_host", "on_device",
                                          "fill", "synchronize"};
static long counted[EVENTS];
static PyObject *listener;

static void tell(enum event event, const char *what, size_t size) {
    counted[event]++;
    if (!listener) return;
    PyObject *done = PyObject_CallFunction(listener, "ssn", event_names[event], what,
                                           (Py_ssize_t)size);
    if (done) Py_DECREF(done);
    else PyErr_WriteUnraisable(listener);
}

static PyObject *none(void) { Py_RETURN_NONE; }

/* --- threads of a block: one fiber each, where a kernel synchronizes them ---------------------- */
#define MOST_THREADS 1024
#define STACK 65536

typedef struct { unsigned x, y, z; } Dim3;
Dim3 cpu_threadIdx, cpu_blockIdx, cpu_blockDim, cpu_gridDim;
unsigned char cpu_exchange[MOST_THREADS][16]; /* what __shfl hands over */

typedef void (*Entry)(void **arguments);
enum state { READY, AT_BLOCK_BARRIER, AT_WARP_BARRIER, DONE };
static struct { ucontext_t context; enum state state; } fibers[MOST_THREADS];
static ucontext_t scheduler;
static char *stacks;
static int in_fibers, running;
static Entry block_entry;
static void **block_arguments;

void cpu_sync(int whole_warp_only) {
    if (!in_fibers) return;
    fibers[running].state = whole_warp_only ? AT_WARP_BARRIER : AT_BLOCK_BARRIER;
    swapcontext(&fibers[running].context, &scheduler);
}

static void fiber_body(void) {
    block_entry(block_arguments);
    fibers[running].state = DONE;
    swapcontext(&fibers[running].context, &scheduler);
}

/* Wake up the warps whose threads all wait at a warp's barrier; returns how many threads. */
static int release_warps(int threads) {
    int released = 0;
    for (int first = 0; first < threads; first += 32) {
        int end = first + 32 < threads ? first + 32 : threads, waiting = 0, others = 0;
        for (int k = first; k < end; k++) {
            waiting += fibers[k].state == AT_WARP_BARRIER;
            others += fibers[k].state == AT_BLOCK_BARRIER || fibers[k].state == READY;
        }
        if (!waiting || others) continue;
        for (int k = first; k < end; k++)
            if (fibers[k].state == AT_WARP_BARRIER) { fibers[k].state = READY; released++; }
    }
    return released;
}

static int release_block(int threads) {
    int released = 0;
    for (int k = 0; k < threads; k++)
        if (fibers[k].state == AT_BLOCK_BARRIER) { fibers[k].state = READY; released++; }
    return released;
}

static void run_block(int threads) {
    if (!stacks) stacks = malloc((size_t)MOST_THREADS * STACK);
    for (int k = 0; k < threads; k++) {
        ucontext_t *context = &fibers[k].context;
        getcontext(context);
        context->uc_stack.ss_sp = stacks + (size_t)k * STACK;
        context->uc_stack.ss_size = STACK;
        context->uc_link = &scheduler;
        makecontext(context, fiber_body, 0);
        fibers[k].state = READY;
    }
    for (;;) {
        int ran = 0, left = 0;
        for (int k = 0; k < threads; k++) {
            if (fibers[k].state == DONE) continue;
            left++;
            if (fibers[k].state != READY) continue;
            running = k;
            cpu_threadIdx.x = k;
            swapcontext(&scheduler, &fibers[k].context);
            ran++;
        }
        if (!left) return;
        if (release_warps(threads) || ran) continue;
        if (!release_block(threads)) {
            fprintf(stderr, "the threads of a block wait for one another forever\n");
            abort();
        }
    }
}

/* --- modules and kernels ----------------------------------------------------------------------- */
#define MOST_KERNELS 65536
static struct { Entry entry; char mode; PyObject *name; } kernels[MOST_KERNELS];
static int kernel_count;
static PyObject *resolver; /* (key of the source, name) -> (address, mode) */

/* mode 's': one thread runs the loop over all elements; 'f': all threads of each block run. */
static void run_kernel(int id, unsigned grid, unsigned block, void **arguments) {
    static const Dim3 origin = {0, 0, 0}, one = {1, 1, 1};
    cpu_threadIdx = cpu_blockIdx = origin;
    cpu_gridDim = cpu_blockDim = one;
    block_entry = kernels[id].entry;
    block_arguments = arguments;
    if (kernels[id].mode == 's') { block_entry(arguments); return; }
    cpu_gridDim.x = grid;
    cpu_blockDim.x = block;
    in_fibers = 1;
    for (unsigned k = 0; k < grid; k++) { cpu_blockIdx.x = k; run_block(block); }
    in_fibers = 0;
}

static intptr_t module_load(PyObject *key, int skip) { Py_INCREF(key); return (intptr_t)key; }

static intptr_t module_function(intptr_t module, PyObject *name, int skip) {
    PyObject *found = PyObject_CallFunction(resolver, "OO", (PyObject *)module, name);
    Py_ssize_t address;
    const char *mode;
    if (!found) return 0;
    if (!PyArg_ParseTuple(found, "ns", &address, &mode)) { Py_DECREF(found); return 0; }
    if (++kernel_count == MOST_KERNELS) { fprintf(stderr, "too many kernels\n"); abort(); }
    Py_INCREF(name);
    kernels[kernel_count].entry = (Entry)address;
    kernels[kernel_count].mode = mode[0];
    kernels[kernel_count].name = name;
    Py_DECREF(found);
    return kernel_count;
}

static PyObject *launch(intptr_t function, unsigned gx, unsigned gy, unsigned gz, unsigned bx,
                        unsigned by, unsigned bz, unsigned shared, intptr_t stream,
                        intptr_t arguments, intptr_t extra, int skip) {
    tell(LAUNCH, PyUnicode_Check(kernels[function].name)
                     ? PyUnicode_AsUTF8(kernels[function].name)
                     : PyBytes_AsString(kernels[function].name), gx);
    run_kernel((int)function, gx, bx, (void **)arguments);
    return none();
}

static int function_attribute(int attribute, intptr_t f, int skip) { return attribute ? 32 : 1024; }
static PyObject *function_set(intptr_t f, int a, int v, int skip) { return none(); }
static int occupancy(intptr_t f, int block, size_t shared, int skip) { return 2; }
static PyObject *occupancy_size(intptr_t f, size_t shared, int limit, int skip) {
    return Py_BuildValue("(ii)", 132, 1024);
}
static intptr_t context_current(int skip) { return 1; }
static PyObject *handle_ignored(intptr_t handle, int skip) { return none(); }
static PyObject *build_version(int skip) { return PyLong_FromLong(13000); }

/* --- devices ----------------------------------------------------------------------------------- */
static int devices = 1;
static __thread int device;

static PyObject *ensure_context(void) { return none(); }
static int device_count(int skip) { return devices; }
static int device_get(int skip) { return device; }
static PyObject *device_set(int wanted, int skip) {
    if (wanted < 0 || wanted >= devices) {
        PyErr_Format(PyExc_ValueError, "there is no device %d among %d", wanted, devices);
        return NULL;
    }
    device = wanted;
    return none();
}
static int version(int skip) { return 13000; }
static int device_attribute(int attribute, int which, int skip) {
    switch (attribute) { /* cudaDeviceAttr: those that CuPy asks for */
    case 1: return 1024;    /* threads of a block */
    case 8: return 49152;   /* shared memory of a block */
    case 10: return 32;     /* threads of a warp */
    case 16: return 132;    /* multiprocessors */
    case 39: return 2048;   /* threads of a multiprocessor */
    case 75: return 9;      /* compute capability: 9.0 */
    case 82: return 65536;  /* registers */
    default: return 0;
    }
}
static PyObject *device_properties(int which, int skip) {
    return Py_BuildValue("{s:y,s:i,s:i,s:i,s:i,s:i,s:i,s:i}", "name", "pretended", "warpSize", 32,
                         "multiProcessorCount", 132, "maxThreadsPerBlock", 1024, "major", 9,
                         "minor", 0, "sharedMemPerBlock", 49152, "maxThreadsPerMultiProcessor",
                         2048);
}
static int peers(int a, int b, int skip) { return 0; }
static PyObject *memory_info(int skip) { return Py_BuildValue("(LL)", 1LL << 34, 1LL << 35); }

/* --- memory ------------------------------------------------------------------------------------ */
static intptr_t allocate_host(size_t size, unsigned flags, int skip) {
    void *memory = NULL;
    return posix_memalign(&memory, 512, size ? size : 1) ? 0 : (intptr_t)memory;
}
static intptr_t allocate(size_t size, int skip) {
    intptr_t memory = allocate_host(size, 0, 0);
    tell(ALLOCATE, "malloc", size);
    if (memory) memset((void *)memory, 0x5a, size); /* nobody may rely on zeros */
    return memory;
}
static PyObject *release(intptr_t memory, int skip) { free((void *)memory); return none(); }
static int memory_type(intptr_t memory, int skip) { return 2; }

static PyObject *copy(intptr_t to, intptr_t from, size_t size, int kind, int skip) {
    tell(kind == 1 ? TO_DEVICE : kind == 2 ? TO_HOST : ON_DEVICE, "memcpy", size);
    memmove((void *)to, (void *)from, size);
    return none();
}
static PyObject *copy_async(intptr_t to, intptr_t from, size_t size, int kind, intptr_t stream,
                            int skip) {
    return copy(to, from, size, kind, skip);
}
static PyObject *copy_peer(intptr_t to, int to_device, intptr_t from, int from_device, size_t size,
                           int skip) {
    return copy(to, from, size, 3, skip);
}
static PyObject *copy_peer_async(intptr_t to, int to_device, intptr_t from, int from_device,
                                 size_t size, intptr_t stream, int skip) {
    return copy(to, from, size, 3, skip);
}
static PyObject *fill(intptr_t memory, int value, size_t size, int skip) {
    tell(FILL, "memset", size);
    memset((void *)memory, value, size);
    return none();
}
static PyObject *fill_async(intptr_t memory, int value, size_t size, intptr_t stream, int skip) {
    return fill(memory, value, size, skip);
}

/* --- streams and events: all work is done at once ---------------------------------------------- */
static PyObject *synchronize_device(int skip) { tell(SYNCHRONIZE, "device", 0); return none(); }
static PyObject *synchronize_stream(intptr_t stream, int skip) {
    tell(SYNCHRONIZE, "stream", 0);
    return none();
}
static PyObject *synchronize_event(intptr_t event, int skip) {
    tell(SYNCHRONIZE, "event", 0);
    return none();
}
static PyObject *event_record(intptr_t event, intptr_t stream, int skip) { return none(); }
static PyObject *stream_wait(intptr_t stream, intptr_t event, int skip, void *flags) {
    return none();
}
static int is_capturing(intptr_t stream, int skip) { return 0; }
static intptr_t new_handle(int skip) { return (intptr_t)malloc(8); }
static intptr_t new_handle_flags(unsigned flags, int skip) { return new_handle(skip); }
static intptr_t new_handle_priority(unsigned flags, int priority, int skip) {
    return new_handle(skip);
}
static PyObject *query(intptr_t handle, int skip) { return PyLong_FromLong(0); }
static PyObject *check_status(int status, int skip) {
    if (!status) return none();
    PyErr_Format(PyExc_RuntimeError, "CUDA status %d", status);
    return NULL;
}

/* --- putting them in place --------------------------------------------------------------------- */
typedef struct { const char *module, *name; void *function; } Replacement;
#define RUNTIME(name, function) {"runtime", name, (void *)function}
#define DRIVER(name, function) {"driver", name, (void *)function}
static const Replacement replacements[] = {
    RUNTIME("_ensure_context", ensure_context),
    RUNTIME("check_status", check_status),
    RUNTIME("deviceCanAccessPeer", peers),
    RUNTIME("deviceGetAttribute", device_attribute),
    RUNTIME("deviceSynchronize", synchronize_device),
    RUNTIME("driverGetVersion", version),
    RUNTIME("eventCreate", new_handle),
    RUNTIME("eventCreateWithFlags", new_handle_flags),
    RUNTIME("eventDestroy", handle_ignored),
    RUNTIME("eventQuery", query),
    RUNTIME("eventRecord", event_record),
    RUNTIME("eventSynchronize", synchronize_event),
    RUNTIME("free", release),
    RUNTIME("freeHost", release),
    RUNTIME("getDevice", device_get),
    RUNTIME("getDeviceCount", device_count),
    RUNTIME("getDeviceProperties", device_properties),
    RUNTIME("hostAlloc", allocate_host),
    RUNTIME("malloc", allocate),
    RUNTIME("memGetInfo", memory_info),
    RUNTIME("memcpy", copy),
    RUNTIME("memcpyAsync", copy_async),
    RUNTIME("memcpyPeer", copy_peer),
    RUNTIME("memcpyPeerAsync", copy_peer_async),
    RUNTIME("memset", fill),
    RUNTIME("memsetAsync", fill_async),
    RUNTIME("pointerGetMemoryType", memory_type),
    RUNTIME("runtimeGetVersion", version),
    RUNTIME("setDevice", device_set),
    RUNTIME("streamCreate", new_handle),
    RUNTIME("streamCreateWithFlags", new_handle_flags),
    RUNTIME("streamCreateWithPriority", new_handle_priority),
    RUNTIME("streamDestroy", handle_ignored),
    RUNTIME("streamIsCapturing", is_capturing),
    RUNTIME("streamQuery", query),
    RUNTIME("streamSynchronize", synchronize_stream),
    RUNTIME("streamWaitEvent", stream_wait),
    DRIVER("ctxGetCurrent", context_current),
    DRIVER("ctxSetCurrent", handle_ignored),
    DRIVER("funcGetAttribute", function_attribute),
    DRIVER("funcSetAttribute", function_set),
    DRIVER("get_build_version", build_version),
    DRIVER("launchKernel", launch),
    DRIVER("moduleGetFunction", module_function),
    DRIVER("moduleLoadData", module_load),
    DRIVER("moduleUnload", handle_ignored),
    DRIVER("occupancyMaxActiveBlocksPerMultiprocessor", occupancy),
    DRIVER("occupancyMaxPotentialBlockSize", occupancy_size),
    {NULL, NULL, NULL}};

static PyObject *install(PyObject *self, PyObject *arguments) {
    const char *module;
    PyObject *capsules;
    if (!PyArg_ParseTuple(arguments, "sO!", &module, &PyDict_Type, &capsules)) return NULL;
    for (const Replacement *r = replacements; r->module; r++) {
        if (strcmp(r->module, module)) continue;
        PyObject *theirs = PyDict_GetItemString(capsules, r->name);
        if (!theirs)
            return PyErr_Format(PyExc_LookupError, "this CuPy's %s has no %s", module, r->name);
        PyObject *ours = PyCapsule_New(r->function, strdup(PyCapsule_GetName(theirs)), NULL);
        if (!ours || PyDict_SetItemString(capsules, r->name, ours)) return NULL;
        Py_DECREF(ours);
    }
    Py_RETURN_NONE;
}

static PyObject *counts(PyObject *self, PyObject *unused) {
    PyObject *found = PyDict_New();
    for (int k = 0; k < EVENTS; k++) {
        PyObject *count = PyLong_FromLong(counted[k]);
        PyDict_SetItemString(found, event_names[k], count);
        Py_DECREF(count);
    }
    return found;
}

static PyObject *note(PyObject *self, PyObject *arguments) {
    const char *what;
    if (!PyArg_ParseTuple(arguments, "s", &what)) return NULL;
    tell(LAUNCH, what, 0);
    Py_RETURN_NONE;
}

static PyObject *replace(PyObject **held, PyObject *function) {
    PyObject *before = *held;
    *held = function == Py_None ? NULL : Py_NewRef(function);
    Py_XDECREF(before);
    Py_RETURN_NONE;
}
static PyObject *set_listener(PyObject *self, PyObject *f) { return replace(&listener, f); }
static PyObject *set_resolver(PyObject *self, PyObject *f) { return replace(&resolver, f); }
static PyObject *set_devices(PyObject *self, PyObject *count) {
    devices = (int)PyLong_AsLong(count);
    Py_RETURN_NONE;
}

/* What Python code calls by the names of the runtime's module. */
static PyObject *py_count(PyObject *self, PyObject *unused) { return PyLong_FromLong(devices); }
static PyObject *py_current(PyObject *self, PyObject *unused) { return PyLong_FromLong(device); }
static PyObject *py_select(PyObject *self, PyObject *which) {
    return device_set((int)PyLong_AsLong(which), 0);
}
static PyObject *py_attribute(PyObject *self, PyObject *arguments) {
    int attribute, which;
    if (!PyArg_ParseTuple(arguments, "ii", &attribute, &which)) return NULL;
    return PyLong_FromLong(device_attribute(attribute, which, 0));
}
static PyObject *py_properties(PyObject *self, PyObject *which) { return device_properties(0, 0); }
static PyObject *py_synchronize(PyObject *self, PyObject *unused) { return synchronize_device(0); }
static PyObject *py_wait(PyObject *self, PyObject *stream) { return synchronize_stream(0, 0); }

static PyMethodDef methods[] = {
    {"install", install, METH_VARARGS, "Replace functions among a module's capsules."},
    {"counts", counts, METH_NOARGS, "How often each kind of event has happened."},
    {"note", note, METH_VARARGS, "Count a launch of a kernel that runs elsewhere."},
    {"set_listener", set_listener, METH_O, "Name what is called with each event."},
    {"set_resolver", set_resolver, METH_O, "Name what compiles kernels."},
    {"set_devices", set_devices, METH_O, "Pretend that there are so many devices."},
    {"device_count", py_count, METH_NOARGS, "How many devices there are."},
    {"current_device", py_current, METH_NOARGS, "The current device of this thread."},
    {"select_device", py_select, METH_O, "Make a device the current one of this thread."},
    {"device_attribute", py_attribute, METH_VARARGS, "An attribute of a device."},
    {"device_properties", py_properties, METH_O, "The properties of a device."},
    {"synchronize_device", py_synchronize, METH_NOARGS, "Count a synchronization."},
    {"synchronize_stream", py_wait, METH_O, "Count a synchronization."},
    {NULL, NULL, 0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "pretended_cuda", NULL, -1, methods};
PyMODINIT_FUNC PyInit_pretended_cuda(void) { return PyModule_Create(&definition); }
