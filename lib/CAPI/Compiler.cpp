// The C API of the compiler over the C++ one.
#include "moe-c/Compiler.h"
#include "moe/Import/Onnx.h"
#include "moe/Pipelines/Compiler.h"
#include "moe/Tools/Registration.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/raw_ostream.h"

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

moe_compiler_error_t moeCompilerSessionSetOption(moe_compiler_session_t session,
                                                 const char *name,
                                                 const char *value) {
  if (!session || !name || !value)
    return invalidArgument("expects a session, a name and a value, but got "
                           "NULL");
  moe::CompileOptions &options = session->options;
  StringRef option(name);
  auto refuse = [&](StringRef expected) {
    return invalidArgument("expects option '" + option + "' to be " + expected +
                           ", but got '" + value + "'");
  };
  if (option == "cpu") {
    options.cpu = value;
  } else if (option == "features") {
    options.features = value;
  } else if (option == "entry") {
    options.entry = value;
  } else if (option == "accept-frozen-export") {
    if (value != StringRef("true") && value != StringRef("false"))
      return refuse("'true' or 'false'");
    options.acceptFrozenExport = value == StringRef("true");
  } else if (option == "start-from") {
    std::optional<moe::Level> level = moe::parseLevel(value);
    if (!level)
      return refuse(kLevels);
    options.from = *level;
  } else if (option == "emit") {
    auto kind = llvm::StringSwitch<std::optional<moe::ArtefactKind>>(value)
                    .Case("so", moe::ArtefactKind::SharedLibrary)
                    .Case("obj", moe::ArtefactKind::Object)
                    .Case("llvm", moe::ArtefactKind::LLVMIR)
                    .Default(std::nullopt);
    if (!kind)
      return refuse("'so', 'obj' or 'llvm'");
    options.kind = *kind;
  } else {
    return invalidArgument("expects the option 'accept-frozen-export', 'cpu', "
                           "'features', 'entry', 'start-from' or 'emit', but "
                           "got '" +
                           option + "'");
  }
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
