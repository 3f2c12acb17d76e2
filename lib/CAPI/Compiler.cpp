// The C API of the compiler over the C++ one.
#include "moe-c/Compiler.h"
#include "moe/Dialect/MoE/MoE.h"
#include "moe/Import/Onnx.h"
#include "moe/Import/Weights.h"
#include "moe/Pipelines/Compiler.h"
#include "moe/Tools/Registration.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

using namespace mlir;

struct moe_compiler_error_impl {
  moe_compiler_code_t code;
  std::string message;
};

struct moe_compiler_session_impl {
  moe_compiler_session_impl() : context(registry()) {
    context.loadAllAvailableDialects();
    context.getDiagEngine().registerHandler(
        [this](Diagnostic &diagnostic) { report(diagnostic); });
  }

  static DialectRegistry registry() {
    DialectRegistry result;
    moe::registerAllDialects(result);
    moe::registerTargetTranslations(result);
    return result;
  }

  static moe_compiler_severity_t severity(DiagnosticSeverity severity) {
    switch (severity) {
    case DiagnosticSeverity::Error:
      return MOE_COMPILER_ERROR;
    case DiagnosticSeverity::Warning:
      return MOE_COMPILER_WARNING;
    case DiagnosticSeverity::Note:
      return MOE_COMPILER_NOTE;
    case DiagnosticSeverity::Remark:
      return MOE_COMPILER_REMARK;
    }
    llvm_unreachable("a fifth severity");
  }

  void report(Diagnostic &diagnostic) {
    std::string text = diagnostic.str(), location;
    llvm::raw_string_ostream(location) << diagnostic.getLocation();
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
      errors += (errors.empty() ? "" : "\n") + location + ": " + text;
    if (function)
      function(user, severity(diagnostic.getSeverity()), text.c_str(),
               location.c_str());
    for (Diagnostic &note : diagnostic.getNotes())
      report(note);
  }

  /// An error with the diagnostics since `begin`.
  moe_compiler_error_t failure(moe_compiler_code_t code) {
    return new moe_compiler_error_impl{code, std::move(errors)};
  }
  void begin() { errors.clear(); }

  MLIRContext context;
  moe::CompileOptions options;
  moe_compiler_diagnostic_fn_t function = nullptr;
  void *user = nullptr;
  std::string errors;
};

struct moe_compiler_source_impl {
  OwningOpRef<ModuleOp> module;
};

struct moe_compiler_output_impl {
  std::string text;
};

static constexpr const char *kLevels = "'graph', 'moe', 'tile' or 'target'";

static moe_compiler_error_t invalidArgument(const llvm::Twine &message) {
  return new moe_compiler_error_impl{MOE_COMPILER_INVALID_ARGUMENT,
                                     message.str()};
}

uint32_t moeCompilerGetApiVersion(void) { return MOE_COMPILER_API_VERSION; }

moe_compiler_code_t moeCompilerErrorCode(moe_compiler_error_t error) {
  return error ? error->code : 0;
}

const char *moeCompilerErrorMessage(moe_compiler_error_t error) {
  return error ? error->message.c_str() : "";
}

void moeCompilerErrorRelease(moe_compiler_error_t error) { delete error; }

moe_compiler_error_t moeCompilerSessionCreate(moe_compiler_session_t *session) {
  if (!session)
    return invalidArgument("expects a place for the session, but got NULL");
  *session = new moe_compiler_session_impl();
  return nullptr;
}

void moeCompilerSessionRelease(moe_compiler_session_t session) {
  delete session;
}

//===----------------------------------------------------------------------===//
// Options
//===----------------------------------------------------------------------===//

namespace {
/// An option, what its values are, and how one is set: false where it is
/// another one.
struct Option {
  StringRef name, expected;
  bool (*set)(moe::CompileOptions &options, StringRef value);
};
} // namespace

static bool setFlag(bool &flag, StringRef value) {
  flag = value == "true";
  return flag || value == "false";
}

static bool setInteger(int64_t &number, StringRef value, int64_t least) {
  int64_t read;
  if (value.getAsInteger(10, read) || read < least)
    return false;
  number = read;
  return true;
}

/// A rate in units of 10^9 per second.
static bool setRate(double &rate, StringRef value) {
  double read;
  if (value.getAsDouble(read) || !(read >= 0) || std::isinf(read))
    return false;
  rate = read * 1e9;
  return true;
}

static const Option compileOptions[] = {
    {"cpu", "",
     [](moe::CompileOptions &options, StringRef value) {
       options.cpu = value.str();
       return true;
     }},
    {"features", "",
     [](moe::CompileOptions &options, StringRef value) {
       options.features = value.str();
       return true;
     }},
    {"entry", "",
     [](moe::CompileOptions &options, StringRef value) {
       options.entry = value.str();
       return true;
     }},
    {"accept-frozen-export", "'true' or 'false'",
     [](moe::CompileOptions &options, StringRef value) {
       return setFlag(options.acceptFrozenExport, value);
     }},
    {"start-from", kLevels,
     [](moe::CompileOptions &options, StringRef value) {
       std::optional<moe::Level> level = moe::parseLevel(value);
       options.from = level.value_or(options.from);
       return level.has_value();
     }},
    {"emit", "'so', 'obj' or 'llvm'",
     [](moe::CompileOptions &options, StringRef value) {
       using Kind = moe::ArtefactKind;
       auto kind = llvm::StringSwitch<std::optional<Kind>>(value)
                       .Case("so", Kind::SharedLibrary)
                       .Case("obj", Kind::Object)
                       .Case("llvm", Kind::LLVMIR)
                       .Default(std::nullopt);
       options.kind = kind.value_or(options.kind);
       return kind.has_value();
     }},
    {"schedule", "'auto', 'unfused', 'two-kernel' or 'fused'",
     [](moe::CompileOptions &options, StringRef value) {
       std::optional<moe::Schedule> form = moe::parseSchedule(value);
       options.schedule.form = form.value_or(options.schedule.form);
       return form.has_value();
     }},
    {"tokens", "a number that is not negative",
     [](moe::CompileOptions &options, StringRef value) {
       return setInteger(options.schedule.tokens, value, 0);
     }},
    {"threads", "a number of at least 1",
     [](moe::CompileOptions &options, StringRef value) {
       return setInteger(options.schedule.threads, value, 1);
     }},
    {"machine-gflops", "a number that is not negative",
     [](moe::CompileOptions &options, StringRef value) {
       return setRate(options.machineFlops, value);
     }},
    {"machine-gbps", "a number that is not negative",
     [](moe::CompileOptions &options, StringRef value) {
       return setRate(options.machineReadBytes, value);
     }},
    {"token-rounding",
     "a rule (nearest, up, down, sr_f, nr_s, balance_f), or empty",
     [](moe::CompileOptions &options, StringRef value) {
       if (!value.empty() && !moe::symbolizeTileMode(value))
         return false;
       options.tokenRounding = value.str();
       return true;
     }},
    {"plan-stats", "'true' or 'false'",
     [](moe::CompileOptions &options, StringRef value) {
       return setFlag(options.planStats, value);
     }},
};

moe_compiler_error_t moeCompilerSessionSetOption(moe_compiler_session_t session,
                                                 const char *name,
                                                 const char *value) {
  if (!session || !name || !value)
    return invalidArgument("expects a session, a name and a value, but got "
                           "NULL");
  const Option *option = llvm::find_if(
      compileOptions, [&](const Option &known) { return known.name == name; });
  if (option == std::end(compileOptions)) {
    std::string names;
    for (const Option &known : compileOptions)
      names += (names.empty() ? "'" : ", '") + known.name.str() + "'";
    return invalidArgument("expects an option (" + names + "), but got '" +
                           llvm::Twine(name) + "'");
  }
  moe::CompileOptions changed = session->options;
  if (!option->set(changed, value))
    return invalidArgument("expects option '" + option->name + "' to be " +
                           option->expected + ", but got '" + value + "'");
  session->options = std::move(changed);
  return nullptr;
}

void moeCompilerSessionSetDiagnostics(moe_compiler_session_t session,
                                      moe_compiler_diagnostic_fn_t function,
                                      void *user) {
  if (!session)
    return;
  session->function = function;
  session->user = user;
}

static moe_compiler_error_t finishSource(moe_compiler_session_t session,
                                         OwningOpRef<ModuleOp> module,
                                         moe_compiler_source_t *source) {
  if (!module)
    return session->failure(MOE_COMPILER_INVALID_MODEL);
  *source = new moe_compiler_source_impl{std::move(module)};
  return nullptr;
}

moe_compiler_error_t moeCompilerSourceOpen(moe_compiler_session_t session,
                                           const char *path,
                                           moe_compiler_source_t *source) {
  if (!session || !path || !source)
    return invalidArgument("expects a session, a path and a place for the "
                           "source, but got NULL");
  session->begin();
  return finishSource(session, moe::readModel(path, session->context), source);
}

moe_compiler_error_t
moeCompilerSourceFromMemory(moe_compiler_session_t session, const char *name,
                            const void *data, size_t size,
                            moe_compiler_source_t *source) {
  if (!session || !name || (!data && size != 0) || !source)
    return invalidArgument("expects a session, a name, data and a place for "
                           "the source, but got NULL");
  session->begin();
  ArrayRef<char> bytes(static_cast<const char *>(data), size);
  if (StringRef(name).ends_with(".onnx"))
    return finishSource(
        session, moe::importOnnxBuffer(bytes, name, &session->context), source);
  return finishSource(
      session,
      moe::readModule(
          llvm::MemoryBufferRef(StringRef(bytes.data(), bytes.size()), name),
          session->context),
      source);
}

moe_compiler_error_t moeCompilerSourceBindWeights(
    moe_compiler_session_t session, moe_compiler_source_t source,
    const char *path, const moe_compiler_weight_t *weights, size_t count) {
  if (!session || !source || !path || (!weights && count != 0))
    return invalidArgument("expects a session, a source, a path and weights, "
                           "but got NULL");
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto &[input, tensor] : ArrayRef(weights, count)) {
    if (!input || !tensor)
      return invalidArgument("expects an input and a tensor of weight #" +
                             llvm::Twine(pairs.size()) + ", but got NULL");
    pairs.emplace_back(input, tensor);
  }
  session->begin();
  if (failed(moe::bindWeights(*source->module, path, pairs,
                              session->options.entry)))
    return session->failure(MOE_COMPILER_INVALID_MODEL);
  return nullptr;
}

void moeCompilerSourceRelease(moe_compiler_source_t source) { delete source; }

moe_compiler_error_t moeCompilerCompile(moe_compiler_session_t session,
                                        moe_compiler_source_t source,
                                        const char *path) {
  if (!session || !source || !path)
    return invalidArgument("expects a session, a source and a path, but got "
                           "NULL");
  session->begin();
  OwningOpRef<ModuleOp> copy = source->module->clone();
  if (failed(moe::compileToArtefact(*copy, path, session->options)))
    return session->failure(MOE_COMPILER_FAILED);
  return nullptr;
}

moe_compiler_error_t moeCompilerPrint(moe_compiler_session_t session,
                                      moe_compiler_source_t source,
                                      const char *level,
                                      moe_compiler_output_t *output) {
  if (!session || !source || !level || !output)
    return invalidArgument("expects a session, a source, a level and a place "
                           "for the output, but got NULL");
  std::optional<moe::Level> to = moe::parseLevel(level);
  if (!to)
    return invalidArgument("expects the level " + llvm::Twine(kLevels) +
                           ", but got '" + level + "'");
  session->begin();
  OwningOpRef<ModuleOp> copy = source->module->clone();
  if (failed(moe::lowerToLevel(*copy, *to, session->options)))
    return session->failure(MOE_COMPILER_FAILED);
  auto result = std::make_unique<moe_compiler_output_impl>();
  llvm::raw_string_ostream stream(result->text);
  copy->print(stream);
  *output = result.release();
  return nullptr;
}

const char *moeCompilerOutputText(moe_compiler_output_t output, size_t *size) {
  if (size)
    *size = output ? output->text.size() : 0;
  return output ? output->text.c_str() : "";
}

void moeCompilerOutputRelease(moe_compiler_output_t output) { delete output; }
