/* The launch interface: what the runtime asks of the GPUs of a machine, small
   enough that a CUDA driver and the PTX emulator both implement it.

   back end -> devices, memory, modules (PTX text) -> kernels
            -> streams: copies, launches, events, in order -> synchronize

   Ownership. Whoever creates a handle releases it, in any order: every handle
   keeps its back end alive. Releasing NULL does nothing. Kernels and texts that
   accessors return are borrowed from the handle that they were asked of.

   Threads. A back end and all handles made from it are used by one thread at a
   time; different back ends share nothing.

   Errors are those of moe-rt/runtime.h. What goes wrong on a device (a trap,
   and with the emulator every finding) is reported as MOE_STATUS_MODEL_FAILED
   by the next call that waits.

   Addresses are those of one space for all devices: a kernel may use memory of
   a peer, and a copy may go from any device to any other.

   Parameter structures begin with struct_size; zero means "default". */
#ifndef MOE_RT_DEVICE_H
#define MOE_RT_DEVICE_H

#include "moe-rt/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- back ends and devices ---------------------------------------------- */

typedef struct moe_backend_impl *moe_backend_t;
typedef uint64_t moe_device_address_t;

/* How the emulator chooses what happens when. */
typedef uint32_t moe_emulator_schedule_t;
enum {
  MOE_EMULATOR_RANDOM = 0,
  /* Asynchronous copies complete as late as the program allows. */
  MOE_EMULATOR_LATEST = 1,
  /* One CTA runs only when nothing else can. */
  MOE_EMULATOR_STARVE = 2,
  /* As random, and reads give any value that the memory model allows. */
  MOE_EMULATOR_WEAK = 3
};

/* Flags of an emulator. */
enum {
  /* Only the checks that keep the emulator safe; about three times as fast. */
  MOE_EMULATOR_UNCHECKED = 1u << 0,
  /* Counts instructions and traffic. */
  MOE_EMULATOR_COUNTING = 1u << 1
};

typedef struct moe_emulator_params_t {
  size_t struct_size;
  uint32_t devices; /* 0: one */
  /* Of each device; with a kernel's resources they limit how many CTAs are
     resident. 0: 132. */
  uint32_t multiprocessors;
  uint64_t seed; /* chooses the schedule; 0: 1 */
  moe_emulator_schedule_t schedule;
  uint32_t flags; /* MOE_EMULATOR_... */
  /* Threads of the host that run CTAs side by side, with
     MOE_EMULATOR_UNCHECKED only; 0: one. */
  uint32_t cores;
} moe_emulator_params_t;

/* Opens the PTX emulator. `params` may be NULL. */
MOE_RT_NODISCARD moe_status_t moeDeviceOpenEmulator(
    const moe_emulator_params_t *params, moe_backend_t *backend);
void moeDeviceClose(moe_backend_t backend);

uint32_t moeDeviceCount(moe_backend_t backend);

typedef struct moe_device_properties_t {
  size_t struct_size;
  char name[64];
  uint32_t major, minor; /* compute capability */
  uint32_t multiprocessors;
  uint32_t threads_per_block;
  uint32_t shared_per_block; /* bytes, static and dynamic together */
  uint32_t cluster_size;     /* most CTAs of a cluster */
} moe_device_properties_t;

MOE_RT_NODISCARD moe_status_t
moeDeviceProperties(moe_backend_t backend, uint32_t device,
                    moe_device_properties_t *properties);

/* ---- memory ------------------------------------------------------------- */

/* Memory of a device, not initialised, aligned to 256 bytes. `name` appears in
   findings of the emulator and may be NULL. */
MOE_RT_NODISCARD moe_status_t moeDeviceAllocate(moe_backend_t backend,
                                                uint32_t device, uint64_t bytes,
                                                const char *name,
                                                moe_device_address_t *address);
MOE_RT_NODISCARD moe_status_t moeDeviceFree(moe_backend_t backend,
                                            moe_device_address_t address);

/* A symmetric window: `bytes` bytes on every device, those of device r at
   `base` + r * `stride`. Freed as a whole, by its base. */
typedef struct moe_device_window_t {
  size_t struct_size;
  moe_device_address_t base;
  uint64_t stride;
  /* Loads and stores with multimem instructions go to all devices here; 0
     where the back end has no multicast. */
  moe_device_address_t multicast;
} moe_device_window_t;

MOE_RT_NODISCARD moe_status_t
moeDeviceAllocateSymmetric(moe_backend_t backend, uint64_t bytes,
                           const char *name, moe_device_window_t *window);

/* Describes a tensor in global memory for tensor copies, in the terms and with
   the numbers of cuTensorMapEncodeTiled. Dimension 0 is the innermost one. */
typedef struct moe_tensor_map_params_t {
  size_t struct_size;
  moe_device_address_t address;
  uint32_t type; /* CUtensorMapDataType */
  uint32_t rank;
  uint64_t dims[5];            /* elements */
  uint64_t strides[4];         /* bytes, of dimensions 1 to 4 */
  uint32_t box[5];             /* elements */
  uint32_t element_strides[5]; /* 0: 1 */
  uint32_t swizzle; /* CUtensorMapSwizzle: 0 none, 1: 32, 2: 64, 3: 128 bytes */
  uint32_t l2_promotion; /* CUtensorMapL2promotion */
} moe_tensor_map_params_t;

/* Fills the 128 bytes that kernels get, aligned to 64 there. */
MOE_RT_NODISCARD moe_status_t moeDeviceEncodeTensorMap(
    moe_backend_t backend, const moe_tensor_map_params_t *params, void *map);

/* ---- modules ------------------------------------------------------------ */

typedef struct moe_device_module_impl *moe_device_module_t;
typedef const struct moe_device_kernel_impl *moe_device_kernel_t;

/* Loads PTX text (`bytes` long, no terminator needed) on every device. `name`
   begins the lines of error messages and may be NULL. */
MOE_RT_NODISCARD moe_status_t moeDeviceModuleLoad(moe_backend_t backend,
                                                  const char *text,
                                                  size_t bytes,
                                                  const char *name,
                                                  moe_device_module_t *module);
void moeDeviceModuleRelease(moe_device_module_t module);

MOE_RT_NODISCARD moe_status_t moeDeviceModuleKernel(
    moe_device_module_t module, const char *name, moe_device_kernel_t *kernel);
uint32_t moeDeviceModuleKernelCount(moe_device_module_t module);
/* NULL behind the last one. */
moe_device_kernel_t moeDeviceModuleKernelAt(moe_device_module_t module,
                                            uint32_t index);
/* Where a variable of the module lies on a device. */
MOE_RT_NODISCARD moe_status_t
moeDeviceModuleVariable(moe_device_module_t module, const char *name,
                        uint32_t device, moe_device_address_t *address);

const char *moeDeviceKernelName(moe_device_kernel_t kernel);
uint32_t moeDeviceKernelParameterCount(moe_device_kernel_t kernel);

typedef struct moe_device_parameter_t {
  size_t struct_size;
  const char *name;
  uint32_t offset, bytes;
  uint32_t is_array; /* a structure, or anything else with '[]' */
} moe_device_parameter_t;

MOE_RT_NODISCARD moe_status_t
moeDeviceKernelParameter(moe_device_kernel_t kernel, uint32_t index,
                         moe_device_parameter_t *parameter);

/* How many CTAs of this size one multiprocessor holds at once: with the number
   of multiprocessors, the largest grid whose CTAs may wait for each other. */
MOE_RT_NODISCARD moe_status_t
moeDeviceKernelOccupancy(moe_device_kernel_t kernel, uint32_t threads,
                         uint32_t dynamic_shared, uint32_t *blocks);

/* ---- streams and events ------------------------------------------------- */

typedef struct moe_device_stream_impl *moe_device_stream_t;
typedef struct moe_device_event_impl *moe_device_event_t;

MOE_RT_NODISCARD moe_status_t moeDeviceStreamCreate(
    moe_backend_t backend, uint32_t device, moe_device_stream_t *stream);
void moeDeviceStreamRelease(moe_device_stream_t stream);

/* The bytes of `data` are taken at once. */
MOE_RT_NODISCARD moe_status_t moeDeviceWrite(moe_device_stream_t stream,
                                             moe_device_address_t to,
                                             const void *data, uint64_t bytes);
/* `data` is filled when the stream comes to it. */
MOE_RT_NODISCARD moe_status_t moeDeviceRead(moe_device_stream_t stream,
                                            void *data,
                                            moe_device_address_t from,
                                            uint64_t bytes);
/* Within a device or between two. The ranges do not overlap. */
MOE_RT_NODISCARD moe_status_t moeDeviceCopy(moe_device_stream_t stream,
                                            moe_device_address_t to,
                                            moe_device_address_t from,
                                            uint64_t bytes);
MOE_RT_NODISCARD moe_status_t moeDeviceFill(moe_device_stream_t stream,
                                            moe_device_address_t to,
                                            uint8_t value, uint64_t bytes);

/* An event is complete until it is recorded for the first time. */
MOE_RT_NODISCARD moe_status_t moeDeviceEventCreate(moe_backend_t backend,
                                                   moe_device_event_t *event);
void moeDeviceEventRelease(moe_device_event_t event);
/* Complete when everything that the stream has so far is done. */
MOE_RT_NODISCARD moe_status_t moeDeviceEventRecord(moe_device_event_t event,
                                                   moe_device_stream_t stream);
/* What the stream gets from now on comes after the event's last record. */
MOE_RT_NODISCARD moe_status_t moeDeviceEventWait(moe_device_event_t event,
                                                 moe_device_stream_t stream);
/* 1 where the event is complete, else 0. Waits for nothing. */
uint32_t moeDeviceEventQuery(moe_device_event_t event);

/* Waits for a stream; others need not be done. */
MOE_RT_NODISCARD moe_status_t
moeDeviceStreamSynchronize(moe_device_stream_t stream);
/* Waits for all streams of all devices. */
MOE_RT_NODISCARD moe_status_t moeDeviceSynchronize(moe_backend_t backend);

/* ---- launches ----------------------------------------------------------- */

/* Flags of a launch. */
enum {
  /* All CTAs must be resident at once; refused where they do not fit. */
  MOE_LAUNCH_COOPERATIVE = 1u << 0,
  /* May start when the kernel before it in the stream says so
     (griddepcontrol.launch_dependents), not when it has ended. */
  MOE_LAUNCH_PROGRAMMATIC = 1u << 1
};

typedef struct moe_launch_params_t {
  size_t struct_size;
  uint32_t grid[3], block[3];
  /* CTAs of a cluster; 0: those that the kernel names, else one. */
  uint32_t cluster[3];
  uint32_t dynamic_shared; /* bytes per CTA */
  uint32_t flags;          /* MOE_LAUNCH_... */
  /* A pointer to each parameter's bytes, in order; read before the call
     returns. */
  const void *const *arguments;
  uint32_t argument_count;
  /* Of a thread, as ptxas reports them: limit in the emulator how many CTAs are
     resident. 0: what the kernel's .maxnreg names, else no limit. A driver has
     compiled the kernel and knows. */
  uint32_t registers;
} moe_launch_params_t;

MOE_RT_NODISCARD moe_status_t
moeDeviceLaunch(moe_device_stream_t stream, moe_device_kernel_t kernel,
                const moe_launch_params_t *params);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* MOE_RT_DEVICE_H */
