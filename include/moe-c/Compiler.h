/* The compiler as a C library (libmoec): a model in, the library that runs it
   out.

   session (options, diagnostics) + source (a model) -> compile -> model.so,
   model.weights, model.h

   What a create or open function returns belongs to the caller and is released
   with the matching release function, which accepts NULL. Functions that can
   fail return an error object, NULL on success; the caller releases it. A
   session and its sources may be used by one thread at a time; different
   sessions are independent. Strings are NUL-terminated UTF-8. */
#ifndef MOE_C_COMPILER_H
#define MOE_C_COMPILER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define MOE_C_API __attribute__((visibility("default")))
#define MOE_C_NODISCARD __attribute__((warn_unused_result))
#else
#define MOE_C_API
#define MOE_C_NODISCARD
#endif

/* The version of this header: major in the upper 16 bits, minor in the lower. A
   library serves programs of the same major and a minor not above its own. */
#define MOE_COMPILER_API_VERSION UINT32_C(0x00010001)

/* The version that the library has. Since 1.0. */
MOE_C_API uint32_t moeCompilerGetApiVersion(void);

/* ---- errors ------------------------------------------------------------- */

typedef struct moe_compiler_error_impl *moe_compiler_error_t;

typedef uint32_t moe_compiler_code_t;
enum {
  MOE_COMPILER_INVALID_ARGUMENT = 1, /* a NULL, an unknown option or value */
  MOE_COMPILER_INVALID_MODEL = 2,    /* the model cannot be read */
  MOE_COMPILER_FAILED = 3            /* it cannot be compiled or written */
};

/* Since 1.0. */
MOE_C_API moe_compiler_code_t moeCompilerErrorCode(moe_compiler_error_t error);
/* What was wrong, where and what was expected; one line per diagnostic.
 * Borrowed from `error`. Since 1.0. */
MOE_C_API const char *moeCompilerErrorMessage(moe_compiler_error_t error);
/* Since 1.0. */
MOE_C_API void moeCompilerErrorRelease(moe_compiler_error_t error);

/* ---- session ------------------------------------------------------------ */

typedef struct moe_compiler_session_impl *moe_compiler_session_t;

/* Creates a session with the options' defaults. Since 1.0. */
MOE_C_API MOE_C_NODISCARD moe_compiler_error_t
moeCompilerSessionCreate(moe_compiler_session_t *session);
/* Its sources are released before. Since 1.0. */
MOE_C_API void moeCompilerSessionRelease(moe_compiler_session_t session);

/* Sets an option by name, for what is compiled and printed from then on: "cpu"
   ("host"), "features" (""), "entry" ("main"), "accept-frozen-export"
   ("false"), "start-from" ("graph"; "moe", "tile", "target"), "emit" ("so";
   "obj", "llvm"). Since 1.0.
   "schedule" ("auto"; "unfused", "two-kernel", "fused"), "tokens" ("0": nobody
   knows) and "threads" ("1") of a usual call, "machine-gflops" and
   "machine-gbps" ("0": those of "cpu"), "token-rounding" (""; a rule, which
   changes results), "plan-stats" ("false"). Since 1.1.
   They mean what they mean for moe-compile. What is refused changes nothing. */
MOE_C_API MOE_C_NODISCARD moe_compiler_error_t moeCompilerSessionSetOption(
    moe_compiler_session_t session, const char *name, const char *value);

typedef uint32_t moe_compiler_severity_t;
enum {
  MOE_COMPILER_ERROR = 1,
  MOE_COMPILER_WARNING = 2,
  MOE_COMPILER_NOTE = 3,
  MOE_COMPILER_REMARK = 4
};

/* Gets every diagnostic as it comes; the strings live as long as the call. */
typedef void (*moe_compiler_diagnostic_fn_t)(void *user,
                                             moe_compiler_severity_t severity,
                                             const char *text,
                                             const char *location);
/* NULL: none. Errors are part of the error object either way. Since 1.0. */
MOE_C_API void
moeCompilerSessionSetDiagnostics(moe_compiler_session_t session,
                                 moe_compiler_diagnostic_fn_t function,
                                 void *user);

/* ---- source ------------------------------------------------------------- */

typedef struct moe_compiler_source_impl *moe_compiler_source_t;

/* Reads a model: ONNX where `path` ends in ".onnx", else what its first bytes
 * tell: ONNX, IR as text or bytecode, or what jax.export writes. Weights stay
 * in their files. Since 1.0. */
MOE_C_API MOE_C_NODISCARD moe_compiler_error_t
moeCompilerSourceOpen(moe_compiler_session_t session, const char *path,
                      moe_compiler_source_t *source);
/* The same from memory, which may go afterwards; `name` stands for the path.
 * Since 1.0. */
MOE_C_API MOE_C_NODISCARD moe_compiler_error_t moeCompilerSourceFromMemory(
    moe_compiler_session_t session, const char *name, const void *data,
    size_t size, moe_compiler_source_t *source);
/* An input of a model, by name or number, and its tensor in a file. */
typedef struct {
  const char *input;
  const char *tensor;
} moe_compiler_weight_t;

/* Makes constants of inputs of the function that the option "entry" names:
 * those that have tensors in a safetensors file. Each of the `count` elements
 * of `weights` (NULL where there are none) says which tensor an input has where
 * their names differ; all is borrowed for the call. Large tensors stay in the
 * file, which has to be there when the source is compiled. An error
 * (MOE_COMPILER_INVALID_MODEL) lists all that does not fit, and leaves the
 * source as it was. Since 1.1. */
MOE_C_API MOE_C_NODISCARD moe_compiler_error_t moeCompilerSourceBindWeights(
    moe_compiler_session_t session, moe_compiler_source_t source,
    const char *path, const moe_compiler_weight_t *weights, size_t count);

/* Since 1.0. */
MOE_C_API void moeCompilerSourceRelease(moe_compiler_source_t source);

/* ---- compile ------------------------------------------------------------ */

/* Writes the library to `path`, weights and header beside it, all or nothing.
 * The source stays as it is. Since 1.0. */
MOE_C_API MOE_C_NODISCARD moe_compiler_error_t
moeCompilerCompile(moe_compiler_session_t session, moe_compiler_source_t source,
                   const char *path);

typedef struct moe_compiler_output_impl *moe_compiler_output_t;

/* Lowers a copy of the source to a level ("graph", "moe", "tile", "target") and
 * prints it. Since 1.0. */
MOE_C_API MOE_C_NODISCARD moe_compiler_error_t
moeCompilerPrint(moe_compiler_session_t session, moe_compiler_source_t source,
                 const char *level, moe_compiler_output_t *output);
/* The text and its length; borrowed from `output`. Since 1.0. */
MOE_C_API const char *moeCompilerOutputText(moe_compiler_output_t output,
                                            size_t *size);
/* Since 1.0. */
MOE_C_API void moeCompilerOutputRelease(moe_compiler_output_t output);

#ifdef __cplusplus
}
#endif
#endif /* MOE_C_COMPILER_H */
