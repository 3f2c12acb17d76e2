/* A hand-written artefact for tests of the runtime. CMake compiles it several
   times; FAKE_... macros make the variants that a runtime must refuse. */
#include "moe-rt/abi.h"

#include "fake-weights.h" /* FAKE_WEIGHTS_SIZE, FAKE_WEIGHTS_HASH */

#include <stddef.h>
#include <string.h>

#ifndef FAKE_MAGIC
#define FAKE_MAGIC MOE_ABI_MAGIC
#endif
#ifndef FAKE_MAJOR
#define FAKE_MAJOR MOE_ABI_MAJOR
#endif
#ifndef FAKE_MINOR
#define FAKE_MINOR MOE_ABI_MINOR
#endif
#ifndef FAKE_FEATURES
#define FAKE_FEATURES 0
#endif
#ifndef FAKE_CPU_FEATURES
#define FAKE_CPU_FEATURES "sse3,cx16"
#endif
#ifndef FAKE_WEIGHTS_FILE
#define FAKE_WEIGHTS_FILE "fake.weights"
#endif
#ifndef FAKE_RANKS
#define FAKE_RANKS 1
#endif

static const moe_environment_v1 *env;

static int64_t count(const moe_buffer_v1 *buffer) {
  int64_t elements = 1;
  for (uint32_t d = 0; d < buffer->rank; ++d)
    elements *= buffer->shape[d];
  return elements;
}

/* ---- main: y[b, s, h] = x[b, s, h] * w[h] + r[b, h]; n[] = B * S -------- */

struct axpy {
  const float *x, *r, *w;
  float *y;
  int64_t s;
};

static void axpy_rows(void *context, int64_t begin, int64_t end) {
  struct axpy *a = context;
  for (int64_t row = begin; row < end; ++row)
    for (int64_t h = 0; h < 4; ++h)
      a->y[row * 4 + h] =
          a->x[row * 4 + h] * a->w[h] + a->r[row / a->s * 4 + h];
}

static int32_t run_main(const moe_buffer_v1 *inputs, moe_buffer_v1 *outputs,
                        const void *weights) {
  int64_t b = inputs[0].shape[0], s = inputs[0].shape[1];
  outputs[0].shape[0] = b;
  outputs[0].shape[1] = s;
  outputs[0].shape[2] = 4;
  outputs[0].data = env->allocate((uint64_t)(b * s) * 16, 64);
  outputs[1].data = env->allocate(8, 8);
  *(int64_t *)outputs[1].data = b * s;
  float *w = env->allocate(16, 16);
  memcpy(w, weights, 16);
  struct axpy a = {inputs[0].data, inputs[1].data, w, outputs[0].data, s};
  env->parallel_for(b * s, axpy_rows, &a);
  env->release(w);
  return 0;
}

/* ---- compact: the positive elements of x, and their number -------------- */

static int32_t run_compact(const moe_buffer_v1 *inputs, moe_buffer_v1 *outputs,
                           const void *weights) {
  (void)weights;
  const float *x = inputs[0].data;
  int64_t n = count(&inputs[0]), kept = 0;
  float *y = env->allocate((uint64_t)n * 4, 4);
  for (int64_t i = 0; i < n; ++i)
    if (x[i] > 0)
      y[kept++] = x[i];
  outputs[0].shape[0] = kept;
  outputs[0].data = kept ? y : NULL;
  return 0;
}

/* ---- concat: y[b, :] = past[b, :] then x[b, :]; mask only has the shape -- */

static int32_t run_concat(const moe_buffer_v1 *inputs, moe_buffer_v1 *outputs,
                          const void *weights) {
  (void)weights;
  int64_t b = inputs[0].shape[0], p = inputs[0].shape[1],
          s = inputs[1].shape[1];
  float *y = env->allocate((uint64_t)(b * (p + s)) * 4, 64);
  for (int64_t i = 0; i < b; ++i) {
    if (p)
      memcpy(y + i * (p + s), (const float *)inputs[0].data + i * p,
             (size_t)p * 4);
    if (s)
      memcpy(y + i * (p + s) + p, (const float *)inputs[1].data + i * s,
             (size_t)s * 4);
  }
  outputs[0].shape[0] = b;
  outputs[0].shape[1] = p + s;
  outputs[0].data = y;
  return 0;
}

/* ---- memory and failure ------------------------------------------------- */

static int32_t give(const moe_buffer_v1 *inputs, moe_buffer_v1 *outputs,
                    void *data) {
  outputs[0].shape[0] = inputs[0].shape[0];
  outputs[0].data = data;
  return 0;
}

/* Stops with allocations outstanding. */
static int32_t run_fail(const moe_buffer_v1 *inputs, moe_buffer_v1 *outputs,
                        const void *weights) {
  (void)weights;
  for (int i = 0; i < 8; ++i)
    env->allocate(1000u << i, 64);
  give(inputs, outputs, env->allocate(4, 4));
  env->fail("index 7 is out of range [0, 5)");
  return 0;
}

static void fail_body(void *context, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i) {
    env->allocate(100, 64);
    if (i == *(int64_t *)context / 2)
      env->fail("iteration in the middle failed");
  }
}

static int32_t run_fail_in_body(const moe_buffer_v1 *inputs,
                                moe_buffer_v1 *outputs, const void *weights) {
  (void)weights;
  int64_t n = inputs[0].shape[0];
  env->parallel_for(n, fail_body, &n);
  return give(inputs, outputs, env->allocate((uint64_t)n * 4, 64));
}

/* Sums of 0..i, through memory allocated in bodies and a nested loop. */
struct nested {
  int64_t *values;
};

static void fill_body(void *context, int64_t begin, int64_t end) {
  struct nested *nest = context;
  for (int64_t i = begin; i < end; ++i)
    nest->values[i] = i;
}

static void scratch_body(void *context, int64_t begin, int64_t end) {
  float *y = context;
  for (int64_t i = begin; i < end; ++i) {
    struct nested nest = {env->allocate((uint64_t)(i + 1) * 8, 128)};
    env->parallel_for(i + 1, fill_body, &nest);
    int64_t sum = 0;
    for (int64_t j = 0; j <= i; ++j)
      sum += nest.values[j];
    y[i] = (float)sum;
    if (i % 2)
      env->release(nest.values);
  }
}

static int32_t run_scratch(const moe_buffer_v1 *inputs, moe_buffer_v1 *outputs,
                           const void *weights) {
  (void)weights;
  int64_t n = inputs[0].shape[0];
  float *y = env->allocate((uint64_t)n * 4, 64);
  env->parallel_for(n, scratch_body, y);
  return give(inputs, outputs, y);
}

/* Returns memory that it never wrote. */
static int32_t run_unwritten(const moe_buffer_v1 *inputs,
                             moe_buffer_v1 *outputs, const void *weights) {
  (void)weights;
  return give(inputs, outputs,
              env->allocate((uint64_t)inputs[0].shape[0] * 4, 64));
}

static int32_t run_huge(const moe_buffer_v1 *inputs, moe_buffer_v1 *outputs,
                        const void *weights) {
  (void)weights;
  return give(inputs, outputs, env->allocate(UINT64_C(1) << 62, 64));
}

/* ---- broken promises ---------------------------------------------------- */

static int32_t run_wrong_shape(const moe_buffer_v1 *inputs,
                               moe_buffer_v1 *outputs, const void *weights) {
  run_unwritten(inputs, outputs, weights);
  outputs[0].shape[0] += 1;
  return 0;
}

static int32_t run_foreign_memory(const moe_buffer_v1 *inputs,
                                  moe_buffer_v1 *outputs, const void *weights) {
  (void)weights;
  return give(inputs, outputs, inputs[0].data);
}

static int32_t run_double_release(const moe_buffer_v1 *inputs,
                                  moe_buffer_v1 *outputs, const void *weights) {
  (void)weights;
  void *memory = env->allocate(64, 64);
  env->release(memory);
  env->release(memory);
  return give(inputs, outputs, NULL);
}

static int32_t run_returns_seven(const moe_buffer_v1 *inputs,
                                 moe_buffer_v1 *outputs, const void *weights) {
  run_unwritten(inputs, outputs, weights);
  return 7;
}

/* ---- description -------------------------------------------------------- */

/* The symbols of every entry: B, S, P. */
static const char *const symbols[] = {"B", "S", "P"};
static const int64_t b1[] = {1, 0, 0}, s1[] = {0, 1, 0}, p1[] = {0, 0, 1},
                     ps[] = {0, 1, 1};
static const moe_dim_v1 bs4[] = {{0, b1}, {0, s1}, {4, NULL}};
static const moe_dim_v1 b4[] = {{0, b1}, {4, NULL}};
static const moe_dim_v1 bs[] = {{0, b1}, {0, s1}};
static const moe_dim_v1 bp[] = {{0, b1}, {0, p1}};
static const moe_dim_v1 bps[] = {{0, b1}, {0, ps}};
static const moe_dim_v1 unknown[] = {{MOE_DIM_UNKNOWN, NULL}};

#define ARGUMENT(name, dtype, dims)                                            \
  {name, dtype, sizeof(dims) / sizeof(moe_dim_v1), dims, {0, 0}}
#define SCALAR(name, dtype) {name, dtype, 0, NULL, {0, 0}}
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define ENTRY(name, inputs, outputs, run)                                      \
  {name, symbols, 3,       COUNT(inputs), COUNT(outputs),                      \
   0,    inputs,  outputs, run,           {0}}

static const moe_argument_v1 main_in[] = {ARGUMENT("x", MOE_DTYPE_F32, bs4),
                                          ARGUMENT("r", MOE_DTYPE_F32, b4)};
static const moe_argument_v1 main_out[] = {ARGUMENT("y", MOE_DTYPE_F32, bs4),
                                           SCALAR("n", MOE_DTYPE_I64)};
static const moe_argument_v1 concat_in[] = {
    ARGUMENT("past", MOE_DTYPE_F32, bp), ARGUMENT("x", MOE_DTYPE_F32, bs),
    ARGUMENT("mask", MOE_DTYPE_BOOL, bps)};
static const moe_argument_v1 concat_out[] = {ARGUMENT("y", MOE_DTYPE_F32, bps)};
static const moe_argument_v1 plain_in[] = {
    {"x", MOE_DTYPE_F32, 1, bs4, {0, 0}}};
static const moe_argument_v1 plain_out[] = {
    {"y", MOE_DTYPE_F32, 1, bs4, {0, 0}}};
static const moe_argument_v1 compact_out[] = {
    ARGUMENT("y", MOE_DTYPE_F32, unknown)};

static const moe_entry_v1 entries[] = {
    ENTRY("main", main_in, main_out, run_main),
    ENTRY("compact", plain_in, compact_out, run_compact),
    ENTRY("concat", concat_in, concat_out, run_concat),
    ENTRY("fail", plain_in, plain_out, run_fail),
    ENTRY("fail_in_body", plain_in, plain_out, run_fail_in_body),
    ENTRY("scratch", plain_in, plain_out, run_scratch),
    ENTRY("unwritten", plain_in, plain_out, run_unwritten),
    ENTRY("huge", plain_in, plain_out, run_huge),
    ENTRY("wrong_shape", plain_in, plain_out, run_wrong_shape),
    ENTRY("foreign_memory", plain_in, plain_out, run_foreign_memory),
    ENTRY("double_release", plain_in, plain_out, run_double_release),
    ENTRY("returns_seven", plain_in, plain_out, run_returns_seven),
};

const moe_module_v1 fake_module;
const moe_module_v1 fake_module = {
    FAKE_MAGIC,
    FAKE_MAJOR,
    FAKE_MINOR,
    COUNT(entries),
    FAKE_FEATURES,
    "fake 1.0",
    "x86_64-pc-linux-gnu",
    "x86-64",
    FAKE_CPU_FEATURES,
    FAKE_WEIGHTS_FILE,
    FAKE_WEIGHTS_SIZE,
    FAKE_WEIGHTS_HASH,
    FAKE_RANKS,
    0,
    entries,
    {0},
};

#ifdef FAKE_NO_QUERY
#define moe_module_query some_other_function
#endif
const moe_module_v1 *moe_module_query(const moe_environment_v1 *environment);
const moe_module_v1 *moe_module_query(const moe_environment_v1 *environment) {
  env = environment;
#ifdef FAKE_SILENT
  return NULL;
#else
  return &fake_module;
#endif
}
