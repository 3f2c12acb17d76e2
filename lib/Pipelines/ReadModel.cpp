// Reads models. Bytecode may come from anywhere, but MLIR's reader of it is
// built without assertions and may corrupt its process on what nobody wrote. So
// it runs in a child process, which hands over the module as text.
#include "moe/Import/Onnx.h"
#include "moe/Pipelines/Compiler.h"

#include "mlir/Bytecode/BytecodeReader.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace mlir;

/// More than the reader needs for any bytecode of a model: weights are not
/// read.
static constexpr rlim_t kMaxReadSeconds = 60;

/// What the child sends first: the module follows as text, or the error.
enum Answer : char { Module = 'm', Error = 'e' };

/// The part of the child: reads, sends the answer to `pipe`, and ends. Only the
/// calling thread lives on here, so that the reader gets a context without
/// threads.
[[noreturn]] static void readInChild(llvm::MemoryBufferRef buffer,
                                     const DialectRegistry &registry,
                                     int pipe) {
  // Crashes are expected: no traces, no core, and no handlers of the parent,
  // which would remove its files.
  for (int number :
       {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGTRAP, SIGXCPU, SIGPIPE})
    std::signal(number, SIG_DFL);
  rlimit none = {0, 0}, time = {kMaxReadSeconds, kMaxReadSeconds};
  setrlimit(RLIMIT_CORE, &none);
  setrlimit(RLIMIT_CPU, &time);
  if (int null = open("/dev/null", O_WRONLY); null >= 0) {
    dup2(null, STDERR_FILENO);
    dup2(null, STDOUT_FILENO);
  }
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  std::string error;
  context.getDiagEngine().registerHandler([&](Diagnostic &diagnostic) {
    if (error.empty() && diagnostic.getSeverity() == DiagnosticSeverity::Error)
      error = diagnostic.str();
  });
  OwningOpRef<ModuleOp> module =
      parseSourceString<ModuleOp>(buffer.getBuffer(), ParserConfig(&context));
  {
    llvm::raw_fd_ostream stream(pipe, /*shouldClose=*/false);
    stream << static_cast<char>(module ? Module : Error);
    if (module)
      module->print(stream, OpPrintingFlags().enableDebugInfo());
    else
      stream << error;
  }
  _exit(0);
}

/// Appends what comes out of `pipe` to `text` until its other end closes.
static bool readAll(int pipe, std::string &text) {
  char chunk[1 << 16];
  while (true) {
    ssize_t count = read(pipe, chunk, sizeof(chunk));
    if (count == 0)
      return true;
    if (count > 0)
      text.append(chunk, count);
    else if (errno != EINTR)
      return false;
  }
}

/// The text of the module that bytecode holds; none after an error.
static std::optional<std::string> readBytecode(llvm::MemoryBufferRef buffer,
                                               MLIRContext &context) {
  auto refuse = [&](const llvm::Twine &reason) {
    emitError(FileLineColLoc::get(&context, buffer.getBufferIdentifier(), 0, 0))
        << reason;
    return std::nullopt;
  };
  auto refuseCall = [&](const char *what) {
    return refuse(llvm::Twine("cannot ") + what +
                  " to read bytecode in: " + std::strerror(errno));
  };
  const DialectRegistry &registry = context.getDialectRegistry();
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    return refuseCall("make a pipe for a process");
  pid_t child = fork();
  if (child == 0)
    readInChild(buffer, registry, ends[1]);
  close(ends[1]);
  if (child < 0) {
    close(ends[0]);
    return refuseCall("start a process");
  }
  std::string answer;
  bool complete = readAll(ends[0], answer);
  close(ends[0]);
  int status = 0;
  pid_t ended;
  do
    ended = waitpid(child, &status, 0);
  while (ended < 0 && errno == EINTR);
  if (ended < 0 || !complete)
    return refuseCall("wait for a process");
  if (WIFSIGNALED(status))
    return refuse(llvm::Twine("expects bytecode that MLIR wrote, but its "
                              "reader ended by signal ") +
                  llvm::Twine(WTERMSIG(status)) + " (" +
                  strsignal(WTERMSIG(status)) + ")");
  if (answer.empty() || answer.front() != Module)
    return refuse(answer.size() > 1 ? answer.substr(1)
                                    : "expects bytecode of a module");
  return answer.substr(1);
}

OwningOpRef<ModuleOp> moe::readModel(StringRef path, MLIRContext &context) {
  if (path.ends_with(".onnx"))
    return importOnnx(path, &context);
  auto file = llvm::MemoryBuffer::getFileOrSTDIN(path);
  if (std::error_code error = file.getError()) {
    emitError(FileLineColLoc::get(&context, path, 0, 0))
        << "expects a file that can be read, but got '" << path
        << "': " << error.message();
    return nullptr;
  }
  return readModule(**file, context);
}

OwningOpRef<ModuleOp> moe::readModule(llvm::MemoryBufferRef buffer,
                                      MLIRContext &context) {
  std::string text;
  StringRef source = buffer.getBuffer();
  if (isBytecode(buffer)) {
    std::optional<std::string> read = readBytecode(buffer, context);
    if (!read)
      return nullptr;
    text = std::move(*read);
    source = text;
  }
  return parseSourceString<ModuleOp>(source, ParserConfig(&context),
                                     buffer.getBufferIdentifier());
}
