/* The binary contract between compiled artefacts and the runtime: what a model
   library exports and what it may call.

   A model library (model.so) exports one symbol, moe_module_query. The runtime
   calls it once with the functions that the library may use and gets the
   module's description back. Weights live in a file beside the library (weights
   file, layout below) that the runtime maps; every entry point receives the
   address of its data. This header depends on <stdint.h> alone and is included
   by the compiler and the runtime.

   Compatibility: the majors are equal, the artefact's minor is not above the
   runtime's, and an unknown feature bit is a refusal. So that a refusal can
   name both sides, some things are the same in every major: the query function
   and its signature, abi_major and abi_minor of the environment, and magic,
   abi_major, abi_minor and producer of the description. Every structure has a
   fixed layout (checked below); reserved fields are zero when written and
   ignored when read. All strings are NUL-terminated UTF-8 and, like everything
   that a module description points to, live as long as the library stays
   loaded. */
#ifndef MOE_RT_ABI_H
#define MOE_RT_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MOE_ABI_MAJOR 1u
#define MOE_ABI_MINOR 1u
#define MOE_ABI_MAGIC 0x43454F4Du /* "MOEC", little endian */
#define MOE_QUERY_SYMBOL "moe_module_query"

/* Element types; the values are part of the contract. */
typedef uint32_t moe_dtype_v1;
enum {
  MOE_DTYPE_BOOL = 1, /* one byte, 0 or 1 */
  MOE_DTYPE_I8 = 2,
  MOE_DTYPE_I16 = 3,
  MOE_DTYPE_I32 = 4,
  MOE_DTYPE_I64 = 5,
  MOE_DTYPE_U8 = 6,
  MOE_DTYPE_U16 = 7,
  MOE_DTYPE_U32 = 8,
  MOE_DTYPE_U64 = 9,
  MOE_DTYPE_F16 = 10,
  MOE_DTYPE_BF16 = 11,
  MOE_DTYPE_F32 = 12,
  MOE_DTYPE_F64 = 13
};

/* A dense row-major tensor. `data` may be NULL only where the tensor has no
 * element. `data` is aligned to its element size at least. */
typedef struct moe_buffer_v1 {
  void *data;
  int64_t *shape; /* rank sizes */
  uint32_t rank;
  moe_dtype_v1 dtype;
} moe_buffer_v1;

/* What a module may call. Functions are thread-safe unless said otherwise. */
typedef struct moe_environment_v1 {
  uint32_t abi_major;
  uint32_t abi_minor;
  /* Returns `bytes` bytes aligned to `alignment` (a power of two) until the
     entry point returns or `release` is called; never NULL (calls `fail`). */
  void *(*allocate)(uint64_t bytes, uint64_t alignment);
  void (*release)(void *memory);
  /* Runs body(context, begin, end) over disjoint ranges that cover [0, count)
     once, and returns when all are done. Ranges may run on other threads, in
     any order or one after the other: a body waits for no range that has not
     begun. */
  void (*parallel_for)(int64_t count,
                       void (*body)(void *context, int64_t begin, int64_t end),
                       void *context);
  /* Ends the running entry point with an error; does not return. Called only
     from the thread that called the entry point. */
  void (*fail)(const char *message);
  /* Since minor 1. Says that a task begins (phase 0) or has ended (phase 1) on
     the calling thread: its family and the first three indices of its point, -1
     for those that it has not. Tasks of a thread do not overlap; a wait within
     one, or before it, is told as "wait" and the name of its signal, without
     indices. Called only by libraries compiled to do so. */
  void (*trace)(const char *task, int64_t i, int64_t j, int64_t k,
                uint32_t phase);
  uint64_t reserved[3];
} moe_environment_v1;

/* One dimension: size = constant + sum over symbols of coefficients[s] *
   value(symbol s); coefficients is NULL for a static size. constant =
   MOE_DIM_UNKNOWN: known only after the run (outputs only). */
#define MOE_DIM_UNKNOWN INT64_MIN
typedef struct moe_dim_v1 {
  int64_t constant;
  const int64_t *coefficients; /* one per symbol of the entry point, or NULL */
} moe_dim_v1;

typedef struct moe_argument_v1 {
  const char *name;
  moe_dtype_v1 dtype;
  uint32_t rank;
  const moe_dim_v1 *dims; /* rank of them */
  uint64_t reserved[2];
} moe_argument_v1;

/* Computes the outputs. `inputs` and `outputs` have one element per argument,
   in order. On entry the runtime has checked inputs against their descriptions;
   outputs[i].shape points to room for rank sizes and outputs[i].data is NULL.
   On return outputs[i].data is memory from `allocate` that the runtime owns
   (never memory of an input or of the weights), and shape is filled in. Returns
   0; errors end through `fail`. Reentrant. */
typedef int32_t (*moe_entry_fn_v1)(const moe_buffer_v1 *inputs,
                                   moe_buffer_v1 *outputs, const void *weights);

typedef struct moe_entry_v1 {
  const char *name;
  const char *const *symbols; /* names of the symbolic sizes */
  uint32_t symbol_count;
  uint32_t input_count;
  uint32_t output_count;
  uint32_t reserved0;
  const moe_argument_v1 *inputs;
  const moe_argument_v1 *outputs;
  moe_entry_fn_v1 run;
  uint64_t reserved[4];
} moe_entry_v1;

/* Feature bits of an artefact; a runtime refuses bits that it does not know.
 * None is defined yet. */
#define MOE_FEATURES_KNOWN UINT64_C(0)

/* The instruction sets beyond x86-64 itself, in LLVM's names, that a code
   generator uses where they are. What only tunes code, what only system
   software uses and what must be asked for by an intrinsic function is not
   among them; AMX is, because a kernel may be generated for it. The elements of
   an array. */
#define MOE_X86_INSTRUCTION_SETS                                               \
  "cx16", "sahf", "sse3", "ssse3", "sse4.1", "sse4.2", "sse4a", "popcnt",      \
      "movbe", "lzcnt", "bmi", "bmi2", "tbm", "pclmul", "vpclmulqdq", "gfni",  \
      "prfchw", "cmpccxadd", "raoint", "avx", "f16c", "fma", "fma4", "xop",    \
      "avx2", "avxvnni", "avxifma", "avxvnniint8", "avxvnniint16",             \
      "avxneconvert", "avx512f", "evex512", "avx512cd", "avx512bw",            \
      "avx512dq", "avx512vl", "avx512ifma", "avx512vbmi", "avx512vbmi2",       \
      "avx512vnni", "avx512bitalg", "avx512vpopcntdq", "avx512bf16",           \
      "avx512fp16", "avx512vp2intersect", "avx10.1", "avx10.1-512", "avx10.2", \
      "avx10.2-512", "amx-tile", "amx-int8", "amx-bf16", "amx-fp16",           \
      "amx-complex", "amx-fp8", "amx-tf32", "amx-avx512", "amx-movrs", "egpr", \
      "push2pop2", "ppx", "ndd", "ccmp", "nf", "cf", "zu"

typedef struct moe_module_v1 {
  uint32_t magic; /* MOE_ABI_MAGIC */
  uint32_t abi_major;
  uint32_t abi_minor;
  uint32_t entry_count;
  uint64_t features;
  const char *producer;      /* such as "moec 0.1.0" */
  const char *target_triple; /* such as "x86_64-pc-linux-gnu" */
  /* LLVM's name of the CPU it was built for, for people. */
  const char *target_cpu;
  /* The instruction sets that the code may use: names of
     MOE_X86_INSTRUCTION_SETS separated by commas, such as "avx2,fma"; the
     runtime refuses where one is missing. Empty on other machines. */
  const char *target_features;
  /* File name beside the library; NULL: the module has no weights. */
  const char *weights_file;
  uint64_t weights_size; /* of the data, without the file's header, in bytes */
  uint8_t weights_hash[16]; /* XXH3-128 (canonical, big endian) of the data */
  uint32_t ranks;           /* expert-parallel degree; 1 today */
  uint32_t reserved0;
  const moe_entry_v1 *entries;
  uint64_t reserved[6];
} moe_module_v1;

/* Exported as MOE_QUERY_SYMBOL. Returns the module's description, never NULL.
   Keeps `environment`, which outlives the module, where its abi_major is the
   module's own; otherwise no entry point may be called. Calling it again with
   the same pointer is harmless. It runs on every CPU of the target triple,
   before anything is known about the CPU's instruction sets. */
typedef const moe_module_v1 *(*moe_module_query_fn)(
    const moe_environment_v1 *environment);

/* Head of a weights file; the data begins at byte MOE_WEIGHTS_DATA_OFFSET and
 * is `size` bytes. All fields are little endian. */
#define MOE_WEIGHTS_MAGIC UINT64_C(0x0031544757454F4D) /* "MOEWGT1\0" */
#define MOE_WEIGHTS_DATA_OFFSET 4096u
typedef struct moe_weights_header_v1 {
  uint64_t magic;
  uint32_t abi_major;
  uint32_t abi_minor;
  uint64_t size;
  uint8_t hash[16];
  uint64_t reserved[8];
} moe_weights_header_v1;

#if defined(__cplusplus)
#define MOE_STATIC_ASSERT static_assert
#else
#define MOE_STATIC_ASSERT _Static_assert
#endif
/* The contract is for 64-bit targets. */
MOE_STATIC_ASSERT(sizeof(void *) == 8,
                  "the artefact ABI needs 64-bit pointers");
MOE_STATIC_ASSERT(sizeof(moe_buffer_v1) == 24, "moe_buffer_v1");
MOE_STATIC_ASSERT(sizeof(moe_environment_v1) == 72, "moe_environment_v1");
MOE_STATIC_ASSERT(sizeof(moe_dim_v1) == 16, "moe_dim_v1");
MOE_STATIC_ASSERT(sizeof(moe_argument_v1) == 40, "moe_argument_v1");
MOE_STATIC_ASSERT(sizeof(moe_entry_v1) == 88, "moe_entry_v1");
MOE_STATIC_ASSERT(sizeof(moe_module_v1) == 152, "moe_module_v1");
/* The same in every major. */
#define MOE_STATIC_ASSERT_AT(type, field, offset)                              \
  MOE_STATIC_ASSERT(__builtin_offsetof(type, field) == (offset),               \
                    #type "." #field)
MOE_STATIC_ASSERT_AT(moe_environment_v1, abi_major, 0);
MOE_STATIC_ASSERT_AT(moe_environment_v1, abi_minor, 4);
MOE_STATIC_ASSERT_AT(moe_module_v1, magic, 0);
MOE_STATIC_ASSERT_AT(moe_module_v1, abi_major, 4);
MOE_STATIC_ASSERT_AT(moe_module_v1, abi_minor, 8);
MOE_STATIC_ASSERT_AT(moe_module_v1, producer, 24);
MOE_STATIC_ASSERT(sizeof(moe_weights_header_v1) == 104,
                  "moe_weights_header_v1");

#ifdef __cplusplus
}
#endif
#endif /* MOE_RT_ABI_H */
