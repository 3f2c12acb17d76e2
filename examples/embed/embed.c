/* Loads a compiled model, runs it once and prints what it computed:

     embed model.so [<input>=<size>x<size>...]...
     embed model.so x=2x3x64 r=2x8

   Inputs are filled with a fixed pattern. An input whose shape is not given has
   the model's own sizes, and 1 where those are symbolic. */
#include "moe-rt/runtime.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_RANK = 16 };

struct tensor {
  moe_tensor_type_t type;
  int64_t dims[MAX_RANK];
  void *data;
  size_t bytes;
};

/* Ends the program where a call of the runtime failed. */
static void check(moe_status_t status) {
  if (!status)
    return;
  fprintf(stderr, "embed: %s\n", moeRuntimeStatusMessage(status));
  moeRuntimeStatusRelease(status);
  exit(1);
}

static void print_type(const moe_tensor_type_t *type) {
  printf("%s[", moeRuntimeDtypeName(type->dtype));
  for (uint32_t d = 0; d < type->rank; ++d)
    printf(d ? ", %" PRId64 : "%" PRId64, type->dims[d]);
  printf("]");
}

/* Reads "2x3x64" into sizes; ends the program unless there are `rank`. */
static void parse_shape(const char *text, const moe_argument_t *input,
                        int64_t *dims) {
  uint32_t rank = 0;
  char *end = (char *)text;
  while (rank < input->rank && *end) {
    dims[rank++] = strtoll(end, &end, 10);
    if (*end == 'x')
      ++end;
    else if (*end)
      break;
  }
  if (*end || rank != input->rank) {
    fprintf(stderr, "embed: input '%s' expects %s, but got '%s'\n", input->name,
            input->text, text);
    exit(1);
  }
}

/* Small numbers of both signs for floating point, small indices otherwise. */
static void fill(struct tensor *tensor) {
  size_t size = moeRuntimeDtypeSize(tensor->type.dtype);
  memset(tensor->data, 0, tensor->bytes);
  for (size_t i = 0; i < tensor->bytes / size; ++i) {
    char *element = (char *)tensor->data + i * size;
    float value = (float)((int)(i * 7 % 17) - 8) / 8;
    double wide = value;
    uint32_t bits;
    switch (tensor->type.dtype) {
    case MOE_DTYPE_F32:
      memcpy(element, &value, size);
      break;
    case MOE_DTYPE_F64:
      memcpy(element, &wide, size);
      break;
    case MOE_DTYPE_BF16: /* the upper half of an f32 */
      memcpy(&bits, &value, sizeof(bits));
      bits >>= 16;
      memcpy(element, &bits, size);
      break;
    default: /* f16 stays 0; little-endian integers and booleans */
      if (tensor->type.dtype != MOE_DTYPE_F16)
        *element = (char)(tensor->type.dtype == MOE_DTYPE_BOOL ? 1 : i % 5);
    }
  }
}

/* FNV-1a over the bytes: the same numbers give the same text. */
static uint64_t checksum(const void *data, size_t bytes) {
  uint64_t hash = UINT64_C(14695981039346656037);
  for (size_t i = 0; i < bytes; ++i)
    hash = (hash ^ ((const unsigned char *)data)[i]) * UINT64_C(1099511628211);
  return hash;
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: embed model.so [<input>=<size>x<size>...]...\n");
    return 2;
  }
  moe_instance_t instance = NULL;
  moe_module_t module = NULL;
  moe_entry_t entry = NULL;
  moe_call_t call = NULL;
  check(moeRuntimeInstanceCreate(NULL, &instance));
  check(moeRuntimeModuleLoad(instance, argv[1], NULL, &module));
  check(moeRuntimeModuleFindEntry(module, NULL, &entry));
  check(moeRuntimeCallCreate(entry, &call));

  uint32_t count = moeRuntimeEntryInputCount(entry);
  struct tensor *inputs = calloc(count + 1, sizeof(*inputs));
  moe_tensor_type_t *types = calloc(count + 1, sizeof(*types));
  if (!inputs || !types)
    return 1;
  for (uint32_t i = 0; i < count; ++i) {
    const moe_argument_t *input = moeRuntimeEntryInput(entry, i);
    if (input->rank > MAX_RANK)
      return 1;
    for (uint32_t d = 0; d < input->rank; ++d)
      inputs[i].dims[d] =
          input->dims[d] == MOE_DIM_DYNAMIC ? 1 : input->dims[d];
  }
  for (int a = 2; a < argc; ++a) {
    char *equals = strrchr(argv[a], '=');
    uint32_t index = 0;
    if (equals)
      *equals = '\0';
    check(moeRuntimeEntryFindInput(entry, argv[a], &index));
    parse_shape(equals ? equals + 1 : "", moeRuntimeEntryInput(entry, index),
                inputs[index].dims);
  }

  /* Reshape: the sizes of this call's inputs. */
  for (uint32_t i = 0; i < count; ++i) {
    const moe_argument_t *input = moeRuntimeEntryInput(entry, i);
    moe_tensor_type_t type = {input->dtype, input->rank, inputs[i].dims};
    inputs[i].type = types[i] = type;
  }
  check(moeRuntimeCallReshape(call, types, count));

  /* Bind: the memory of the inputs. Outputs stay in the runtime's memory. */
  for (uint32_t i = 0; i < count; ++i) {
    struct tensor *input = &inputs[i];
    input->bytes = moeRuntimeDtypeSize(input->type.dtype);
    for (uint32_t d = 0; d < input->type.rank; ++d)
      input->bytes *= (size_t)input->dims[d];
    input->data = malloc(input->bytes ? input->bytes : 1);
    if (!input->data)
      return 1;
    fill(input);
    check(moeRuntimeCallBindInput(call, i, input->data, input->bytes));
    printf("input %s ", moeRuntimeEntryInput(entry, i)->name);
    print_type(&input->type);
    printf("\n");
  }

  check(moeRuntimeCallRun(call));
  for (uint32_t i = 0; i < moeRuntimeEntryOutputCount(entry); ++i) {
    moe_tensor_t output;
    check(moeRuntimeCallOutput(call, i, &output));
    printf("output %s ", moeRuntimeEntryOutput(entry, i)->name);
    print_type(&output.type);
    printf(" checksum %016" PRIx64 "\n", checksum(output.data, output.bytes));
  }

  for (uint32_t i = 0; i < count; ++i)
    free(inputs[i].data);
  free(inputs);
  free(types);
  moeRuntimeCallRelease(call);
  moeRuntimeModuleRelease(module);
  moeRuntimeInstanceRelease(instance);
  return fflush(stdout) == 0 ? 0 : 1;
}
