#include "run.h"
#include "npy.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whether a call of the runtime succeeded; says why where not. */
static int ok(moe_status_t status) {
  if (!status)
    return 1;
  fprintf(stderr, "embed: %s\n", moeRuntimeStatusMessage(status));
  moeRuntimeStatusRelease(status);
  return 0;
}

/* What a run holds; all of it may be NULL or empty. */
struct run {
  moe_instance_t instance;
  moe_module_t module;
  moe_entry_t entry;
  moe_call_t call;
  uint32_t input_count, output_count;
  struct npy *inputs;   /* input_count; data is NULL where not given */
  struct npy *expected; /* output_count; data is NULL where not given */
};

static int load(struct run *run, const char *path) {
  if (!ok(moeRuntimeInstanceCreate(NULL, &run->instance)) ||
      !ok(moeRuntimeModuleLoad(run->instance, path, NULL, &run->module)) ||
      !ok(moeRuntimeModuleFindEntry(run->module, NULL, &run->entry)) ||
      !ok(moeRuntimeCallCreate(run->entry, &run->call)))
    return 0;
  run->input_count = moeRuntimeEntryInputCount(run->entry);
  run->output_count = moeRuntimeEntryOutputCount(run->entry);
  run->inputs = calloc(run->input_count + 1, sizeof(*run->inputs));
  run->expected = calloc(run->output_count + 1, sizeof(*run->expected));
  return run->inputs && run->expected;
}

/* The place for the tensor named `name`; NULL after an error. */
static struct npy *find_place(struct run *run, const char *name) {
  for (uint32_t i = 0; i < run->output_count; ++i)
    if (strcmp(moeRuntimeEntryOutput(run->entry, i)->name, name) == 0)
      return &run->expected[i];
  uint32_t index = 0;
  if (!ok(moeRuntimeEntryFindInput(run->entry, name, &index)))
    return NULL;
  return &run->inputs[index];
}

static int read_files(struct run *run, int count, char **arguments) {
  for (int a = 0; a < count; ++a) {
    char *equals = strrchr(arguments[a], '=');
    if (!equals) {
      fprintf(stderr, "embed: expects <name>=<file.npy>, but got '%s'\n",
              arguments[a]);
      return 0;
    }
    *equals = '\0';
    struct npy *place = find_place(run, arguments[a]);
    if (!place || npy_read(equals + 1, place) != 0)
      return 0;
  }
  for (uint32_t i = 0; i < run->input_count; ++i)
    if (!run->inputs[i].data) {
      const moe_argument_t *input = moeRuntimeEntryInput(run->entry, i);
      fprintf(stderr, "embed: the model expects '%s' %s; add %s=<file.npy>\n",
              input->name, input->text, input->name);
      return 0;
    }
  return 1;
}

/* Reshape with the sizes of this call's inputs, bind their memory, run. Outputs
   stay in the runtime's memory. */
static int call_model(struct run *run) {
  moe_tensor_type_t *types = calloc(run->input_count + 1, sizeof(*types));
  if (!types)
    return 0;
  for (uint32_t i = 0; i < run->input_count; ++i)
    types[i] = run->inputs[i].type;
  int done = ok(moeRuntimeCallReshape(run->call, types, run->input_count));
  free(types);
  for (uint32_t i = 0; done && i < run->input_count; ++i)
    done = ok(moeRuntimeCallBindInput(run->call, i, run->inputs[i].data,
                                      run->inputs[i].bytes));
  return done && ok(moeRuntimeCallRun(run->call));
}

static int same_type(const moe_tensor_type_t *a, const moe_tensor_type_t *b) {
  return a->dtype == b->dtype && a->rank == b->rank &&
         (a->rank == 0 ||
          memcmp(a->dims, b->dims, a->rank * sizeof(*a->dims)) == 0);
}

/* max|y - r| / max|r| for f32; 0 or infinity for other types, which must be
   equal. */
static double error_of(const moe_tensor_t *output,
                       const struct npy *reference) {
  if (!same_type(&output->type, &reference->type))
    return INFINITY;
  if (output->type.dtype != MOE_DTYPE_F32)
    return output->bytes == 0 ||
                   memcmp(output->data, reference->data, output->bytes) == 0
               ? 0
               : INFINITY;
  const float *y = output->data, *r = reference->data;
  double error = 0, scale = 0;
  for (size_t i = 0; i < output->bytes / sizeof(float); ++i) {
    if (isnan(y[i]) || isnan(r[i]))
      return INFINITY;
    error = fmax(error, fabs((double)y[i] - r[i]));
    scale = fmax(scale, fabs(r[i]));
  }
  return error == 0 ? 0 : error / scale;
}

static int print_outputs(const struct run *run) {
  int good = 1;
  for (uint32_t i = 0; i < run->output_count; ++i) {
    moe_tensor_t output;
    if (!ok(moeRuntimeCallOutput(run->call, i, &output)))
      return 0;
    printf("output %s %s[", moeRuntimeEntryOutput(run->entry, i)->name,
           moeRuntimeDtypeName(output.type.dtype));
    for (uint32_t d = 0; d < output.type.rank; ++d)
      printf(d ? ", %" PRId64 : "%" PRId64, output.type.dims[d]);
    printf("]");
    if (run->expected[i].data) {
      double error = error_of(&output, &run->expected[i]);
      printf(": error %.3g, %s", error, error <= 1e-4 ? "ok" : "FAILED");
      good &= error <= 1e-4;
    }
    printf("\n");
  }
  return good && fflush(stdout) == 0;
}

int run_model(const char *path, int count, char **arguments) {
  struct run run = {0};
  int good = load(&run, path) && read_files(&run, count, arguments) &&
             call_model(&run) && print_outputs(&run);
  for (uint32_t i = 0; run.inputs && i < run.input_count; ++i)
    free(run.inputs[i].data);
  for (uint32_t i = 0; run.expected && i < run.output_count; ++i)
    free(run.expected[i].data);
  free(run.inputs);
  free(run.expected);
  moeRuntimeCallRelease(run.call);
  moeRuntimeModuleRelease(run.module);
  moeRuntimeInstanceRelease(run.instance);
  return good ? 0 : 1;
}
