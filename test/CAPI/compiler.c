/* The C API of the compiler: compiles a model in memory, prints a level, and
 * reports what is wrong. Arguments: a directory to write to, a model in ONNX.
 */
#include "moe-c/Compiler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures = 0;

#define CHECK(condition)                                                       \
  do {                                                                         \
    if (!(condition)) {                                                        \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);          \
      ++failures;                                                              \
    }                                                                          \
  } while (0)

static void expectOk(moe_compiler_error_t error, int line) {
  if (!error)
    return;
  fprintf(stderr, "line %d: %s\n", line, moeCompilerErrorMessage(error));
  moeCompilerErrorRelease(error);
  ++failures;
}

static void expectError(moe_compiler_error_t error, moe_compiler_code_t code,
                        const char *part, int line) {
  if (!error || moeCompilerErrorCode(error) != code ||
      !strstr(moeCompilerErrorMessage(error), part)) {
    fprintf(stderr, "line %d: expects an error with '%s', but got '%s'\n", line,
            part, moeCompilerErrorMessage(error));
    ++failures;
  }
  moeCompilerErrorRelease(error);
}

#define OK(call) expectOk(call, __LINE__)
#define ERROR(call, code, part) expectError(call, code, part, __LINE__)

static void countErrors(void *user, moe_compiler_severity_t severity,
                        const char *text, const char *location) {
  CHECK(text && location);
  if (severity == MOE_COMPILER_ERROR)
    ++*(int *)user;
}

static const char model[] =
    "func.func @main(%x: tensor<?x2xf32> {moe.name = \"x\"}) -> "
    "(tensor<?x2xf32> {moe.name = \"y\"}) {\n"
    "  return %x : tensor<?x2xf32>\n"
    "}\n";

/* The `*size` bytes of a file, which the caller frees. */
static char *readFile(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  if (!file)
    exit(2);
  char *bytes = malloc(1 << 20);
  *size = fread(bytes, 1, 1 << 20, file);
  fclose(file);
  return bytes;
}

static int exists(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file)
    fclose(file);
  return file != NULL;
}

/* Whether the text of the source at a level has the part. */
static int has(moe_compiler_session_t session, moe_compiler_source_t source,
               const char *level, const char *part) {
  moe_compiler_output_t output = NULL;
  OK(moeCompilerPrint(session, source, level, &output));
  int found = strstr(moeCompilerOutputText(output, NULL), part) != NULL;
  moeCompilerOutputRelease(output);
  return found;
}

/* Options say how the layer of a model is run. */
static void testSchedules(const char *layer) {
  static const struct {
    const char *name, *value, *expected;
  } refused[] = {
      {"schedule", "slow", "'auto', 'unfused', 'two-kernel' or 'fused', but"},
      {"tokens", "-1", "a number that is not negative, but got '-1'"},
      {"tokens", "many", "a number that is not negative, but got 'many'"},
      {"threads", "0", "a number of at least 1, but got '0'"},
      {"machine-gflops", "-2.5", "a number that is not negative"},
      {"machine-gbps", "nan", "a number that is not negative"},
      {"token-rounding", "away", "a rule (nearest, up, down, sr_f, nr_s, "},
      {"plan-stats", "yes", "'true' or 'false', but got 'yes'"},
  };
  moe_compiler_session_t session = NULL;
  moe_compiler_source_t source = NULL;
  OK(moeCompilerSessionCreate(&session));
  OK(moeCompilerSourceOpen(session, layer, &source));
  OK(moeCompilerSessionSetOption(session, "schedule", "unfused"));
  CHECK(!has(session, source, "tile", "moe_tile.graph"));
  for (size_t i = 0; i < sizeof refused / sizeof *refused; ++i)
    ERROR(
        moeCompilerSessionSetOption(session, refused[i].name, refused[i].value),
        MOE_COMPILER_INVALID_ARGUMENT, refused[i].expected);
  CHECK(!has(session, source, "tile", "moe_tile.graph"));
  OK(moeCompilerSessionSetOption(session, "schedule", "fused"));
  CHECK(has(session, source, "tile", "moe_tile.graph"));
  CHECK(!has(session, source, "tile", "plan_stats"));
  OK(moeCompilerSessionSetOption(session, "plan-stats", "true"));
  CHECK(has(session, source, "tile", "plan_stats"));
  /* What the cost model is told decides. */
  OK(moeCompilerSessionSetOption(session, "schedule", "auto"));
  CHECK(has(session, source, "tile", "moe_tile.graph"));
  OK(moeCompilerSessionSetOption(session, "tokens", "64"));
  CHECK(!has(session, source, "tile", "moe_tile.graph"));
  OK(moeCompilerSessionSetOption(session, "threads", "2"));
  OK(moeCompilerSessionSetOption(session, "machine-gbps", "1000"));
  OK(moeCompilerSessionSetOption(session, "machine-gflops", "0.001"));
  CHECK(has(session, source, "tile", "moe_tile.graph"));
  OK(moeCompilerSessionSetOption(session, "token-rounding", "nearest"));
  OK(moeCompilerSessionSetOption(session, "token-rounding", ""));
  moeCompilerSourceRelease(source);
  moeCompilerSessionRelease(session);
}

/* Inputs become the tensors of a file. */
static void testWeights(const char *path) {
  static const char text[] =
      "func.func @main(%w: tensor<2xf32> {moe.name = \"w\"}, %x: tensor<2xf32> "
      "{moe.name = \"x\"}) -> (tensor<2xf32> {moe.name = \"y\"}) {\n"
      "  %y = stablehlo.add %w, %x : tensor<2xf32>\n"
      "  return %y : tensor<2xf32>\n"
      "}\n";
  static const char table[] =
      "{\"scale\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";
  const float numbers[2] = {2.5f, -7.0f};
  /* The length of the table has 8 bytes, the least significant first. */
  const unsigned char length[8] = {sizeof table - 1};
  FILE *file = fopen(path, "wb");
  if (!file)
    exit(2);
  fwrite(length, 1, sizeof length, file);
  fwrite(table, 1, sizeof table - 1, file);
  fwrite(numbers, 1, sizeof numbers, file);
  fclose(file);

  const moe_compiler_weight_t weights[] = {{"w", "scale"}, {NULL, "scale"}};
  moe_compiler_session_t session = NULL;
  moe_compiler_source_t source = NULL;
  OK(moeCompilerSessionCreate(&session));
  OK(moeCompilerSourceFromMemory(session, "model.mlir", text, strlen(text),
                                 &source));
  ERROR(moeCompilerSourceBindWeights(session, source, path, NULL, 0),
        MOE_COMPILER_INVALID_MODEL, "tensor 'scale' is no input");
  ERROR(moeCompilerSourceBindWeights(session, source, "no-such-file", NULL, 0),
        MOE_COMPILER_INVALID_MODEL, "no-such-file");
  ERROR(moeCompilerSourceBindWeights(session, source, path, NULL, 1),
        MOE_COMPILER_INVALID_ARGUMENT, "expects a session, a source, a path");
  ERROR(moeCompilerSourceBindWeights(session, source, path, weights, 2),
        MOE_COMPILER_INVALID_ARGUMENT, "a tensor of weight #1");
  CHECK(!has(session, source, "graph", "[2.500000e+00, -7.000000e+00]"));
  OK(moeCompilerSourceBindWeights(session, source, path, weights, 1));
  CHECK(has(session, source, "graph", "[2.500000e+00, -7.000000e+00]"));
  CHECK(!has(session, source, "graph", "moe.name = \"w\""));
  moeCompilerSourceRelease(source);
  moeCompilerSessionRelease(session);
}

int main(int argc, char **argv) {
  if (argc != 3)
    return 2;
  char library[4096], header[4096], missing[4096], weights[4096];
  snprintf(library, sizeof library, "%s/capi.so", argv[1]);
  snprintf(header, sizeof header, "%s/capi.h", argv[1]);
  snprintf(missing, sizeof missing, "%s/no such directory/capi.so", argv[1]);
  snprintf(weights, sizeof weights, "%s/capi.safetensors", argv[1]);
  remove(library);
  remove(header);

  CHECK(moeCompilerGetApiVersion() >> 16 == MOE_COMPILER_API_VERSION >> 16);
  moe_compiler_session_t session = NULL;
  OK(moeCompilerSessionCreate(&session));
  int errors = 0;
  moeCompilerSessionSetDiagnostics(session, countErrors, &errors);
  OK(moeCompilerSessionSetOption(session, "cpu", "host"));
  OK(moeCompilerSessionSetOption(session, "start-from", "moe"));

  moe_compiler_source_t source = NULL;
  OK(moeCompilerSourceFromMemory(session, "model.mlir", model, strlen(model),
                                 &source));
  moeCompilerSourceRelease(source);
  // The bytes end where their number says, without a terminator.
  size_t length = strlen(model);
  char *bytes = malloc(length + 1);
  memcpy(bytes, model, length);
  bytes[length] = '"';
  OK(moeCompilerSourceFromMemory(session, "model.mlir", bytes, length,
                                 &source));
  free(bytes);
  OK(moeCompilerCompile(session, source, library));
  CHECK(exists(library));
  CHECK(exists(header));

  moe_compiler_output_t output = NULL;
  OK(moeCompilerPrint(session, source, "target", &output));
  size_t size = 0;
  const char *text = moeCompilerOutputText(output, &size);
  CHECK(size == strlen(text));
  CHECK(strstr(text, "llvm.func @main"));
  moeCompilerOutputRelease(output);
  CHECK(errors == 0);

  ERROR(moeCompilerCompile(session, source, missing), MOE_COMPILER_FAILED,
        "cannot write in the directory");
  CHECK(errors == 1);
  ERROR(moeCompilerCompile(session, NULL, library),
        MOE_COMPILER_INVALID_ARGUMENT, "expects a session, a source");
  ERROR(moeCompilerPrint(session, source, "basement", &output),
        MOE_COMPILER_INVALID_ARGUMENT,
        "'graph', 'moe', 'tile' or 'target', but got 'basement'");
  OK(moeCompilerPrint(session, source, "tile", &output));
  moeCompilerOutputRelease(output);
  ERROR(moeCompilerSessionSetOption(session, "start-from", "basement"),
        MOE_COMPILER_INVALID_ARGUMENT,
        "'graph', 'moe', 'tile' or 'target', but got 'basement'");
  ERROR(moeCompilerSessionSetOption(session, "colour", "blue"),
        MOE_COMPILER_INVALID_ARGUMENT, "'colour'");
  ERROR(moeCompilerSessionSetOption(session, "emit", "jar"),
        MOE_COMPILER_INVALID_ARGUMENT, "'so', 'obj' or 'llvm'");
  OK(moeCompilerSessionSetOption(session, "cpu", "abacus"));
  ERROR(moeCompilerCompile(session, source, library), MOE_COMPILER_FAILED,
        "expects the name of a CPU, but got 'abacus'");

  moe_compiler_source_t none = NULL;
  ERROR(moeCompilerSourceFromMemory(session, "bad.mlir", "func", 4, &none),
        MOE_COMPILER_INVALID_MODEL, "bad.mlir");
  ERROR(moeCompilerSourceOpen(session, "no-such-model.onnx", &none),
        MOE_COMPILER_INVALID_MODEL, "no-such-model.onnx");
  CHECK(none == NULL);

  // A model is the same from a file and from memory, its entry point too.
  moeCompilerSourceRelease(source);
  OK(moeCompilerSessionSetOption(session, "cpu", "host"));
  OK(moeCompilerSessionSetOption(session, "start-from", "graph"));
  OK(moeCompilerSessionSetOption(session, "entry", "layer"));
  bytes = readFile(argv[2], &size);
  for (int inMemory = 0; inMemory < 2; ++inMemory) {
    OK(inMemory
           ? moeCompilerSourceFromMemory(session, argv[2], bytes, size, &source)
           : moeCompilerSourceOpen(session, argv[2], &source));
    ERROR(moeCompilerCompile(session, source, library), MOE_COMPILER_FAILED,
          "expects a function 'layer' with a body");
    moeCompilerSourceRelease(source);
  }
  free(bytes);

  testSchedules(argv[2]);
  testWeights(weights);

  moeCompilerSourceRelease(NULL);
  moeCompilerSessionRelease(session);
  moeCompilerSessionRelease(NULL);
  moeCompilerErrorRelease(NULL);
  moeCompilerOutputRelease(NULL);
  return failures != 0;
}
