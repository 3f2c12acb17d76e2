/* Compiles a model and runs it, in one process:

     compile model.onnx model.so <input>=<file.npy>... [<output>=<file.npy>...]
*/
#include "moe-c/Compiler.h"
#include "run.h"

#include <stdio.h>

/* Whether a call of the compiler succeeded; says why where not. */
static int ok(moe_compiler_error_t error) {
  if (!error)
    return 1;
  fprintf(stderr, "compile: %s\n", moeCompilerErrorMessage(error));
  moeCompilerErrorRelease(error);
  return 0;
}

static void print_remark(void *user, moe_compiler_severity_t severity,
                         const char *text, const char *location) {
  (void)user;
  if (severity == MOE_COMPILER_WARNING || severity == MOE_COMPILER_REMARK)
    fprintf(stderr, "compile: %s: %s\n", location, text);
}

static int compile(const char *model, const char *library) {
  moe_compiler_session_t session = NULL;
  moe_compiler_source_t source = NULL;
  if (!ok(moeCompilerSessionCreate(&session)))
    return 0;
  moeCompilerSessionSetDiagnostics(session, print_remark, NULL);
  int done = ok(moeCompilerSessionSetOption(session, "cpu", "host")) &&
             ok(moeCompilerSourceOpen(session, model, &source)) &&
             ok(moeCompilerCompile(session, source, library));
  moeCompilerSourceRelease(source);
  moeCompilerSessionRelease(session);
  return done;
}

int main(int argc, char **argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: compile model.onnx model.so <input>=<file.npy>... "
                    "[<output>=<file.npy>...]\n");
    return 2;
  }
  if (moeCompilerGetApiVersion() >> 16 != MOE_COMPILER_API_VERSION >> 16) {
    fprintf(stderr,
            "compile: expects libmoec %u, but got %u; build this "
            "program again\n",
            MOE_COMPILER_API_VERSION >> 16, moeCompilerGetApiVersion() >> 16);
    return 1;
  }
  return compile(argv[1], argv[2]) ? run_model(argv[2], argc - 3, argv + 3) : 1;
}
