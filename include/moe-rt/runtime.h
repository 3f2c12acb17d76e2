/* The runtime's C API: loads compiled models and runs them.

   instance (threads, memory) -> module (model.so + model.weights) -> entry ->
   call: create -> reshape (input shapes) -> bind (pointers) -> run.

   Ownership. Whoever creates a handle releases it, in any order: a call keeps
   its module alive, a module keeps its instance alive. Releasing NULL does
   nothing. Pointers that accessors return are borrowed from the handle that
   they were asked of. Memory bound to a call stays the caller's.

   Threads. Instances, modules and entries may be used from any number of
   threads at once. A call is used by one thread at a time; any number of calls
   of one module run concurrently.

   Errors. A function that can fail returns a moe_status_t: NULL is success;
   anything else is owned by the caller and released with
   moeRuntimeStatusRelease. A failed function leaves its out parameters as they
   were.

   Parameter structures begin with struct_size, which the caller sets to the
   structure's size after zeroing it; zero means "default" in every other
   field. */
#ifndef MOE_RT_RUNTIME_H
#define MOE_RT_RUNTIME_H

#include "moe-rt/abi.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define MOE_RT_API __attribute__((visibility("default")))
#define MOE_RT_NODISCARD __attribute__((warn_unused_result))
#else
#define MOE_RT_API
#define MOE_RT_NODISCARD
#endif

/* The runtime's version, such as "0.1.0". Never NULL, never released. */
MOE_RT_API const char *moeRuntimeVersion(void);

/* ---- status ------------------------------------------------------------- */

typedef struct moe_status_impl *moe_status_t;

typedef int32_t moe_status_code_t;
enum {
  MOE_STATUS_OK = 0,
  /* An argument, a shape or a binding is not what the model expects. */
  MOE_STATUS_INVALID_ARGUMENT = 1,
  /* A file, an entry, an input or an output does not exist. */
  MOE_STATUS_NOT_FOUND = 2,
  /* The artefact is for another ABI, CPU or set of weights. */
  MOE_STATUS_INCOMPATIBLE = 3,
  /* The artefact or its weights file is not well formed. */
  MOE_STATUS_CORRUPT = 4,
  MOE_STATUS_OUT_OF_MEMORY = 5,
  /* The operating system refused to read a file. */
  MOE_STATUS_IO = 6,
  /* The model itself stopped the run. */
  MOE_STATUS_MODEL_FAILED = 7,
  /* The artefact or the executor broke its contract. */
  MOE_STATUS_INTERNAL = 8
};

/* MOE_STATUS_OK for NULL. */
MOE_RT_API moe_status_code_t moeRuntimeStatusCode(moe_status_t status);
/* One line of text; borrowed from `status`, "ok" for NULL. Never NULL. */
MOE_RT_API const char *moeRuntimeStatusMessage(moe_status_t status);
MOE_RT_API void moeRuntimeStatusRelease(moe_status_t status);

/* ---- instance ----------------------------------------------------------- */

typedef struct moe_instance_impl *moe_instance_t;

/* Work of a parallel loop: handles the iterations [begin, end). Does not
   throw. */
typedef void (*moe_range_fn_t)(void *context, int64_t begin, int64_t end);

/* Runs body(context, begin, end) over disjoint ranges that cover [0, count)
   exactly once and returns when all are done. Called from several threads at
   once when calls run concurrently, never from inside a body. Ranges may run
   in any order, one after the other included: a body waits at most for bodies
   that have begun. So a body that has begun must be let go on, whatever else
   the threads do. Must not throw. */
typedef void (*moe_parallel_for_fn_t)(void *user, int64_t count,
                                      moe_range_fn_t body, void *context);

/* A task begins or has ended on a thread. `name`: the family of a task of a
   graph, "wait" and a signal's name for a wait of it for others, or "range" for
   a range of a parallel loop. `point`: the first three indices of the task, -1
   for those that it has not; of a range the number of its loop in the run, its
   begin and its end. Borrowed while the callback runs. */
typedef struct moe_trace_event_t {
  const char *name;
  int64_t point[3];
  uint32_t ends;   /* 0: begins, 1: has ended */
  uint32_t thread; /* numbers of threads, from 0 in the order of first events */
  uint64_t nanoseconds; /* of a clock that never goes back */
} moe_trace_event_t;

/* Gets the events of runs, from several threads at once. Must not throw and not
   call the runtime. */
typedef void (*moe_trace_fn_t)(void *user, const moe_trace_event_t *event);

/* Flags of an instance. */
enum {
  /* Fills memory that models allocate with bytes 0xFF (NaN as floating point,
     -1 as an integer), so that reads of it before a write show. Also switched
     on by MOE_POISON=1 in the environment. */
  MOE_INSTANCE_POISON = 1u << 0
};

typedef struct moe_instance_params_t {
  size_t struct_size;
  /* Threads of a run, the calling one included. 0: MOE_NUM_THREADS from the
     environment, else what OpenMP would use. 1: everything runs on the calling
     thread. Runs at the same time share them: a loop gets those that no other
     loop has when it begins, and always the calling one. Ignored where
     `parallel_for` is given. */
  uint32_t num_threads;
  uint32_t flags; /* MOE_INSTANCE_... */
  /* The application's own parallel loop; NULL: OpenMP, which is not touched
     otherwise. */
  moe_parallel_for_fn_t parallel_for;
  void *parallel_for_user;
  /* The host allocator for model memory, both or neither; thread-safe.
     `allocate` returns memory aligned to `alignment` (a power of two, at least
     64) or NULL; `release` gets the same `bytes`. */
  void *(*allocate)(void *user, size_t bytes, size_t alignment);
  void (*release)(void *user, void *memory, size_t bytes);
  void *allocator_user;
  /* Who is told of ranges of parallel loops and, by libraries that are compiled
     to tell them, of tasks; NULL: nobody. */
  moe_trace_fn_t trace;
  void *trace_user;
} moe_instance_params_t;

/* Creates an instance, owned by the caller. `params` may be NULL. */
MOE_RT_API MOE_RT_NODISCARD moe_status_t moeRuntimeInstanceCreate(
    const moe_instance_params_t *params, moe_instance_t *instance);
/* Threads of a run at most, or 0 where the application runs the loops. */
MOE_RT_API uint32_t moeRuntimeInstanceNumThreads(moe_instance_t instance);
MOE_RT_API void moeRuntimeInstanceRelease(moe_instance_t instance);

/* ---- module ------------------------------------------------------------- */

typedef struct moe_module_impl *moe_module_t;
typedef const struct moe_entry_impl *moe_entry_t;

/* Flags of a load. */
enum {
  /* Reads the whole weights file and compares its XXH3-128 hash with the
     model's. Without it, the hash in the file's header is compared. */
  MOE_LOAD_VERIFY_WEIGHTS = 1u << 0,
  /* Loads the library's description only: its CPU, features and ranks are not
     checked, its weights are not mapped, and no call can be created. */
  MOE_LOAD_DESCRIBE_ONLY = 1u << 1,
  /* Copies the weights into memory of the process, in large pages where the
     system has them (Linux: transparent_hugepage "madvise" or "always"; else
     the copy is in small ones), instead of mapping their file. Models that
     wait for memory then run as fast as memory allows wherever the pages of
     the file lie, and the file may be changed or removed after the load. It
     costs the time to read the whole file and memory of that size, which can
     be swapped but not dropped, and which each process has for itself: loads
     of one unchanged file in one process share one copy, and so do processes
     forked after the load. The load fails with MOE_STATUS_OUT_OF_MEMORY where
     the system refuses the memory; where it gives it and then has none, it
     ends the process as ever. */
  MOE_LOAD_COPY_WEIGHTS = 1u << 2
};

typedef struct moe_load_params_t {
  size_t struct_size;
  uint32_t flags; /* MOE_LOAD_... */
  uint32_t reserved;
  /* The weights file; NULL: the file that the model names, in the folder of
     the library. */
  const char *weights_path;
} moe_load_params_t;

/* Loads the library at `path` (a file name, never searched for) and maps or
   copies its weights. A library runs code when it is loaded: load only what you
   would execute. The module is owned by the caller. `params` may be NULL. */
MOE_RT_API MOE_RT_NODISCARD moe_status_t
moeRuntimeModuleLoad(moe_instance_t instance, const char *path,
                     const moe_load_params_t *params, moe_module_t *module);
/* The artefact's own description (see abi.h); borrowed from `module`. */
MOE_RT_API const moe_module_v1 *
moeRuntimeModuleDescription(moe_module_t module);
MOE_RT_API uint32_t moeRuntimeModuleEntryCount(moe_module_t module);
/* Borrowed from `module`; NULL where `index` is not below the count. */
MOE_RT_API moe_entry_t moeRuntimeModuleEntryAt(moe_module_t module,
                                               uint32_t index);
/* Looks an entry up by name; NULL as name: the first one. Borrowed from
   `module`. */
MOE_RT_API MOE_RT_NODISCARD moe_status_t moeRuntimeModuleFindEntry(
    moe_module_t module, const char *name, moe_entry_t *entry);
MOE_RT_API void moeRuntimeModuleRelease(moe_module_t module);

/* ---- introspection ------------------------------------------------------ */

typedef moe_dtype_v1 moe_dtype_t; /* MOE_DTYPE_... */

/* A size that is not a constant of the model. */
#define MOE_DIM_DYNAMIC (-1)

/* An input or output as the model declares it; everything in it is borrowed
   from the module. */
typedef struct moe_argument_t {
  const char *name;
  moe_dtype_t dtype;
  uint32_t rank;
  const int64_t *dims;          /* rank sizes; MOE_DIM_DYNAMIC */
  const char *const *dim_texts; /* rank texts, such as "64", "B", "P + S" or,
                                   where only a run can tell, "?" */
  const char *text;             /* the type, such as "f32[B, S, 64]" */
} moe_argument_t;

MOE_RT_API const char *moeRuntimeEntryName(moe_entry_t entry);
MOE_RT_API uint32_t moeRuntimeEntryInputCount(moe_entry_t entry);
MOE_RT_API uint32_t moeRuntimeEntryOutputCount(moe_entry_t entry);
/* NULL where `index` is not below the count. */
MOE_RT_API const moe_argument_t *moeRuntimeEntryInput(moe_entry_t entry,
                                                      uint32_t index);
MOE_RT_API const moe_argument_t *moeRuntimeEntryOutput(moe_entry_t entry,
                                                       uint32_t index);
MOE_RT_API uint32_t moeRuntimeEntrySymbolCount(moe_entry_t entry);
MOE_RT_API const char *moeRuntimeEntrySymbol(moe_entry_t entry, uint32_t index);
/* The index of an input or output by name. The error lists the names that the
   model has. */
MOE_RT_API MOE_RT_NODISCARD moe_status_t
moeRuntimeEntryFindInput(moe_entry_t entry, const char *name, uint32_t *index);
MOE_RT_API MOE_RT_NODISCARD moe_status_t
moeRuntimeEntryFindOutput(moe_entry_t entry, const char *name, uint32_t *index);

/* "f32", "i64", ...; "?" for a value that is no element type. */
MOE_RT_API const char *moeRuntimeDtypeName(moe_dtype_t dtype);
/* Bytes per element; 0 for a value that is no element type. */
MOE_RT_API size_t moeRuntimeDtypeSize(moe_dtype_t dtype);

/* ---- call --------------------------------------------------------------- */

typedef struct moe_call_impl *moe_call_t;

/* The element type and shape of one tensor. */
typedef struct moe_tensor_type_t {
  moe_dtype_t dtype;
  uint32_t rank;
  const int64_t *dims; /* rank sizes */
} moe_tensor_type_t;

/* A dense row-major tensor. */
typedef struct moe_tensor_t {
  moe_tensor_type_t type;
  const void *data; /* NULL only where bytes = 0 */
  size_t bytes;
} moe_tensor_t;

/* Creates a call, owned by the caller. */
MOE_RT_API MOE_RT_NODISCARD moe_status_t moeRuntimeCallCreate(moe_entry_t entry,
                                                              moe_call_t *call);

/* Sets the types of all inputs, in order, checks them against the model and
   solves its symbolic sizes. Forgets every binding; results of earlier runs
   stay. Copies what it is given. After an error the call has no shape. */
MOE_RT_API MOE_RT_NODISCARD moe_status_t moeRuntimeCallReshape(
    moe_call_t call, const moe_tensor_type_t *inputs, uint32_t count);

/* The type of an output for the current shape. A size that only the run can
   tell is MOE_DIM_DYNAMIC. `type->dims` is borrowed until the next reshape. */
MOE_RT_API MOE_RT_NODISCARD moe_status_t moeRuntimeCallOutputType(
    moe_call_t call, uint32_t index, moe_tensor_type_t *type);

/* Binds an input to `bytes` bytes at `data`, which stay unchanged and valid
   while runs read them. NULL only where the input has no element. A result
   that an earlier run of this call left in the runtime's memory may be bound:
   it lives until the run that reads it has ended. */
MOE_RT_API MOE_RT_NODISCARD moe_status_t moeRuntimeCallBindInput(
    moe_call_t call, uint32_t index, const void *data, size_t bytes);

/* Binds an output to `capacity` bytes at `data`, which each run overwrites;
   NULL (the state after a reshape): the runtime keeps the result. */
MOE_RT_API MOE_RT_NODISCARD moe_status_t moeRuntimeCallBindOutput(
    moe_call_t call, uint32_t index, void *data, size_t capacity);

/* Runs the model on the calling thread and the instance's workers, and returns
   when it has ended. Once memory for the current shapes has been obtained,
   further runs get none from the host allocator. After an error the bound
   outputs hold unspecified values, and the call may run again. */
MOE_RT_API MOE_RT_NODISCARD moe_status_t moeRuntimeCallRun(moe_call_t call);

/* The result of the last run. Memory of the runtime (an output bound to NULL)
   stays valid until the next successful run of this call has ended, or the
   call is released. `tensor->type.dims` is borrowed for as long. */
MOE_RT_API MOE_RT_NODISCARD moe_status_t
moeRuntimeCallOutput(moe_call_t call, uint32_t index, moe_tensor_t *tensor);

typedef struct moe_memory_stats_t {
  size_t struct_size;
  uint64_t reserved_bytes;    /* held from the host allocator now */
  uint64_t peak_bytes;        /* most that models had in use at once */
  uint64_t host_allocations;  /* how often the host allocator was asked */
  uint64_t model_allocations; /* how often models asked */
} moe_memory_stats_t;

/* What the call's memory pool has done so far. */
MOE_RT_API MOE_RT_NODISCARD moe_status_t
moeRuntimeCallMemory(moe_call_t call, moe_memory_stats_t *stats);

/* Gives memory that no result lives in back to the host allocator. */
MOE_RT_API void moeRuntimeCallTrim(moe_call_t call);
MOE_RT_API void moeRuntimeCallRelease(moe_call_t call);

#ifdef __cplusplus
}
#endif
#endif /* MOE_RT_RUNTIME_H */
