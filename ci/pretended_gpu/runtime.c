/* The CUDA runtime and driver that CuPy's Cython modules call, on a machine without a GPU.
 *
 * Device memory is host memory, streams are idle as soon as they are asked, and kernels are
 * functions for the processor (`kernels.py` compiles them, threads.c runs them). CuPy's modules
 * take the functions of CUDA from the `__pyx_capi__` capsules of cupy_backends.cuda.api.{runtime,
 * driver}; `install` puts the ones below in their place before CuPy's core is imported.
 */
#include <Python.h>
#include "threads.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
static int cuda_version;
static int version(int skip) { return cuda_version; }
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

/* --- whose memory is where: allocations by address --------------------------------------------- */
#define PINNED (-1) /* host memory that all devices may touch */
typedef struct { uintptr_t start, end; int device; } Block;
static Block *blocks;
static size_t block_count, block_room;

/* How many blocks start at this address or before it. */
static size_t blocks_up_to(uintptr_t address) {
    size_t low = 0, high = block_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (blocks[middle].start <= address) low = middle + 1;
        else high = middle;
    }
    return low;
}
static void add_block(uintptr_t start, size_t size, int owner) {
    if (block_count == block_room)
        blocks = realloc(blocks, (block_room = 2 * block_room + 64) * sizeof *blocks);
    size_t at = blocks_up_to(start);
    memmove(blocks + at + 1, blocks + at, (block_count++ - at) * sizeof *blocks);
    blocks[at] = (Block){start, start + size, owner};
}
static void remove_block(uintptr_t start) {
    size_t at = blocks_up_to(start);
    if (at && blocks[at - 1].start == start)
        memmove(blocks + at - 1, blocks + at, (block_count-- - at) * sizeof *blocks);
}
static const Block *block_of(uintptr_t address) { /* the place after its end counts as its own */
    size_t at = blocks_up_to(address);
    return at && address <= blocks[at - 1].end ? &blocks[at - 1] : NULL;
}

/* What is wrong with a device's touching the bytes from `first` to `last`; empty if nothing is. */
#define ANY_DEVICE (-2)
static const char *wrong(uintptr_t first, uintptr_t last, int toucher) {
    static char why[200];
    const Block *block = block_of(first);
    if (!block)
        snprintf(why, sizeof why, "touches 0x%lx, which is no memory of a device: it was never "
                 "allocated, or was freed", (unsigned long)first);
    else if (last > block->end)
        snprintf(why, sizeof why, "touches memory past the end of an allocation of %lu bytes",
                 (unsigned long)(block->end - block->start));
    else if (toucher != ANY_DEVICE && block->device != PINNED && block->device != toucher)
        snprintf(why, sizeof why, "touches memory of device %d on device %d", block->device,
                 toucher);
    else return NULL;
    return why;
}
static PyObject *illegal(const char *who, const char *why) {
    return PyErr_Format(PyExc_RuntimeError, "%s %s (an illegal address on a GPU)", who, why);
}

/* --- memory ------------------------------------------------------------------------------------ */
#define GAP 512 /* no two allocations touch, so that the place after one belongs to it alone */
static intptr_t take(size_t size, int owner) {
    void *memory = NULL;
    if (posix_memalign(&memory, 512, size + GAP)) return 0;
    add_block((uintptr_t)memory, size, owner);
    return (intptr_t)memory;
}
static intptr_t allocate_host(size_t size, unsigned flags, int skip) { return take(size, PINNED); }
static intptr_t allocate(size_t size, int skip) {
    intptr_t memory = take(size, device);
    tell(ALLOCATE, "malloc", size);
    if (memory) memset((void *)memory, 0x5a, size); /* nobody may rely on zeros */
    return memory;
}
static PyObject *release(intptr_t memory, int skip) {
    remove_block((uintptr_t)memory);
    free((void *)memory);
    return none();
}
static int memory_type(intptr_t memory, int skip) { /* cudaMemoryType: unregistered, host, device */
    const Block *block = block_of((uintptr_t)memory);
    return !block ? 0 : block->device == PINNED ? 1 : 2;
}
/* As CuPy's class for what CUDA says of a pointer. */
static PyObject *attributes(intptr_t memory, int skip) {
    const Block *block = block_of((uintptr_t)memory);
    PyObject *module = PyImport_ImportModule("cupy_backends.cuda.api.runtime"), *made = NULL;
    if (module)
        made = PyObject_CallMethod(module, "PointerAttributes", "inni",
                                   block && block->device != PINNED ? block->device : -1,
                                   block ? memory : 0,
                                   block && block->device != PINNED ? 0 : memory,
                                   memory_type(memory, 0));
    Py_XDECREF(module);
    return made;
}

static PyObject *copy_between(intptr_t to, int to_device, intptr_t from, int from_device,
                              size_t size, int kind) {
    const char *why = NULL;
    tell(kind == 1 ? TO_DEVICE : kind == 2 ? TO_HOST : ON_DEVICE, "memcpy", size);
    if (size && kind != 2 && kind != 4) why = wrong(to, to + size, to_device);
    if (size && kind != 1 && kind != 4 && !why) why = wrong(from, from + size, from_device);
    if (why) return illegal("a copy", why);
    memmove((void *)to, (void *)from, size);
    return none();
}
/* Addresses tell devices apart, so that a copy may go from any to any. */
static PyObject *copy(intptr_t to, intptr_t from, size_t size, int kind, int skip) {
    return copy_between(to, ANY_DEVICE, from, ANY_DEVICE, size, kind);
}
static PyObject *copy_async(intptr_t to, intptr_t from, size_t size, int kind, intptr_t stream,
                            int skip) {
    return copy(to, from, size, kind, skip);
}
static PyObject *copy_peer(intptr_t to, int to_device, intptr_t from, int from_device, size_t size,
                           int skip) {
    return copy_between(to, to_device, from, from_device, size, 3);
}
static PyObject *copy_peer_async(intptr_t to, int to_device, intptr_t from, int from_device,
                                 size_t size, intptr_t stream, int skip) {
    return copy_between(to, to_device, from, from_device, size, 3);
}
static PyObject *fill(intptr_t memory, int value, size_t size, int skip) {
    const char *why = size ? wrong(memory, memory + size, device) : NULL;
    tell(FILL, "memset", size);
    if (why) return illegal("a memset", why);
    memset((void *)memory, value, size);
    return none();
}
static PyObject *fill_async(intptr_t memory, int value, size_t size, intptr_t stream, int skip) {
    return fill(memory, value, size, skip);
}

/* Called by gemm.c, whose callers do not hold the interpreter. */
void cpu_gemm_starts(void) {
    PyGILState_STATE state = PyGILState_Ensure();
    tell(LAUNCH, "gemm", 0);
    PyGILState_Release(state);
}
int cpu_gemm_touches(const void *memory, size_t size) {
    PyGILState_STATE state = PyGILState_Ensure();
    const char *why = wrong((uintptr_t)memory, (uintptr_t)memory + size, device);
    if (why) fprintf(stderr, "a matrix product %s (an illegal address on a GPU)\n", why);
    PyGILState_Release(state);
    return !why;
}

/* --- modules and kernels ----------------------------------------------------------------------- */
#define MOST_KERNELS 65536
static struct { Entry entry; char mode; int most_shared; PyObject *name; } kernels[MOST_KERNELS];
static int kernel_count;
static PyObject *resolver; /* (key of the source, name) -> (address, mode) */

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
    kernels[kernel_count].most_shared = 49152;
    kernels[kernel_count].name = name;
    Py_DECREF(found);
    return kernel_count;
}

static const char *kernel_name(int id) {
    PyObject *name = kernels[id].name;
    return PyUnicode_Check(name) ? PyUnicode_AsUTF8(name) : PyBytes_AsString(name);
}

static PyObject *refuse(int id, const char *why) {
    return PyErr_Format(PyExc_RuntimeError, "the kernel %s: %s", kernel_name(id), why);
}

static int launch_argument;
static const char *launch_problem;
static void see(int argument, const void *first, const void *last) {
    const char *why = first && !launch_problem ? wrong((uintptr_t)first, (uintptr_t)last, device)
                                               : NULL;
    if (why) { launch_problem = why; launch_argument = argument; }
}

static PyObject *launch(intptr_t function, unsigned gx, unsigned gy, unsigned gz, unsigned bx,
                        unsigned by, unsigned bz, unsigned shared, intptr_t stream,
                        intptr_t arguments, intptr_t extra, int skip) {
    int id = (int)function;
    Dim3 grid = {gx, gy, gz}, block = {bx, by, bz};
    tell(LAUNCH, kernel_name(id), gx);
    if (!gx || !gy || !gz || gx >> 31 || gy > 65535 || gz > 65535)
        return refuse(id, "no such grid: 1 to 2^31-1 blocks along x, 65535 along y and z");
    if (!bx || !by || !bz || bz > 64 || (unsigned long long)bx * by * bz > MOST_THREADS)
        return refuse(id, "no such block: 1 to 1024 threads, 64 of them along z");
    if (shared > (unsigned)kernels[id].most_shared)
        return refuse(id, "more shared memory than its attribute allows it (48 KiB if not set)");
    if (stream > 2 && *(int *)stream != device)
        return refuse(id, "its stream belongs to another device than the current one");
    launch_problem = NULL;
    kernels[id].entry((void **)arguments, see);
    if (launch_problem) {
        char who[200];
        snprintf(who, sizeof who, "argument %d of the kernel %s", launch_argument, kernel_name(id));
        return illegal(who, launch_problem);
    }
    memset(cpu_dynamic_shared, 0x5a, shared);
    if (!run_kernel(kernels[id].entry, kernels[id].mode, grid, block, (void **)arguments))
        return refuse(id, "threads of a block wait for one another forever");
    return none();
}

static int function_attribute(int attribute, intptr_t f, int skip) {
    switch (attribute) { /* CUfunction_attribute */
    case 0: return MOST_THREADS;
    case 8: return kernels[f].most_shared;
    default: return 32;
    }
}
static PyObject *function_set(intptr_t f, int attribute, int value, int skip) {
    if (attribute != 8) return none();
    if (value < 0 || value > MOST_SHARED) return refuse((int)f, "at most 227 KiB of shared memory");
    kernels[f].most_shared = value;
    return none();
}
static int occupancy(intptr_t f, int block, size_t shared, int skip) { return 2; }
static PyObject *occupancy_size(intptr_t f, size_t shared, int limit, int skip) {
    return Py_BuildValue("(ii)", 132, 1024);
}
static intptr_t context_current(int skip) { return 1; }
static PyObject *handle_ignored(intptr_t handle, int skip) { return none(); }
static PyObject *nvrtc_version(int skip) { return Py_BuildValue("(ii)", cuda_version / 1000, 0); }
static PyObject *build_version(int skip) { return PyLong_FromLong(cuda_version); }

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
static intptr_t new_handle(int skip) { /* holds the device that was current */
    int *handle = malloc(sizeof *handle);
    *handle = device;
    return (intptr_t)handle;
}
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
#define RUNTIME(name, function) {"api.runtime", name, (void *)function}
#define DRIVER(name, function) {"api.driver", name, (void *)function}
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
    RUNTIME("pointerGetAttributes", attributes),
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
    {"libs.nvrtc", "getVersion", (void *)nvrtc_version},
    {NULL, NULL, NULL}};

static PyObject *install(PyObject *self, PyObject *arguments) {
    const char *module;
    PyObject *capsules, *missing = PyList_New(0);
    if (!PyArg_ParseTuple(arguments, "sO!", &module, &PyDict_Type, &capsules)) return NULL;
    for (const Replacement *r = replacements; r->module; r++) {
        if (strcmp(r->module, module)) continue;
        PyObject *theirs = PyDict_GetItemString(capsules, r->name);
        if (!theirs) {
            PyList_Append(missing, PyUnicode_FromString(r->name));
            continue;
        }
        PyObject *ours = PyCapsule_New(r->function, strdup(PyCapsule_GetName(theirs)), NULL);
        if (!ours || PyDict_SetItemString(capsules, r->name, ours)) return NULL;
        Py_DECREF(ours);
    }
    return missing;
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

static PyObject *check_touch(PyObject *self, PyObject *arguments) {
    const char *what, *why;
    Py_ssize_t address, size;
    if (!PyArg_ParseTuple(arguments, "snn", &what, &address, &size)) return NULL;
    why = size ? wrong(address, address + size, device) : NULL;
    return why ? illegal(what, why) : none();
}

/* Memory that another library has allocated on a device, until it is taken back. */
static PyObject *lend(PyObject *self, PyObject *arguments) {
    Py_ssize_t address, size;
    int owner;
    if (!PyArg_ParseTuple(arguments, "nni", &address, &size, &owner)) return NULL;
    add_block(address, size, owner);
    Py_RETURN_NONE;
}
static PyObject *take_back(PyObject *self, PyObject *address) {
    remove_block((uintptr_t)PyLong_AsSize_t(address));
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
static PyObject *set_version(PyObject *self, PyObject *number) {
    cuda_version = (int)PyLong_AsLong(number);
    Py_RETURN_NONE;
}
static PyObject *py_version(PyObject *self, PyObject *unused) {
    return PyLong_FromLong(cuda_version);
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
    {"install", install, METH_VARARGS,
     "Replace functions among a module's capsules; returns the names of those it has not."},
    {"counts", counts, METH_NOARGS, "How often each kind of event has happened."},
    {"note", note, METH_VARARGS, "Count a launch of a kernel that runs elsewhere."},
    {"check_touch", check_touch, METH_VARARGS, "Refuse memory that the device may not touch."},
    {"lend", lend, METH_VARARGS, "Know of memory of another library's, on a device."},
    {"take_back", take_back, METH_O, "Forget memory that was lent."},
    {"set_listener", set_listener, METH_O, "Name what is called with each event."},
    {"set_resolver", set_resolver, METH_O, "Name what compiles kernels."},
    {"set_devices", set_devices, METH_O, "Pretend that there are so many devices."},
    {"set_version", set_version, METH_O, "Pretend to be that version of CUDA: 13000."},
    {"version", py_version, METH_NOARGS, "The version of CUDA that is pretended."},
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
