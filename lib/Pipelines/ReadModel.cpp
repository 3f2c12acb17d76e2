// Reads models of every kind. Bytecode may come from anywhere, but MLIR's
// reader of it is built without assertions and may corrupt its process on what
// nobody wrote. So it runs in a child process, which hands over the module as
// text.
#include "moe/Import/Onnx.h"
#include "moe/Import/StableHLO.h"
#include "moe/Pipelines/Compiler.h"

#include "mlir/Bytecode/BytecodeReader.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/Alignment.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <new>
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

/// The status that the child ends with where its memory does not suffice.
static constexpr int kOutOfMemory = 3;

/// More than the module of so many bytes takes, in either process: a few bytes
/// can name a list of billions, or one list billions of times.
static uint64_t memoryLimit(uint64_t size) {
  return (uint64_t{4} << 30) + 8 * size;
}

/// Bytecode, and where it stands in a file that weights may refer to.
struct Bytecode {
  llvm::StringRef bytes;
  llvm::StringRef file;
  uint64_t offset = 0;
};

/// MLIR reads bytecode at addresses that its sections are aligned to.
static constexpr size_t kBytecodeAlignment = 64;

/// Lets this process take so many bytes more than it has, and end where they do
/// not suffice.
static void limitMemory(uint64_t size) {
  std::set_new_handler([] { _exit(kOutOfMemory); });
  llvm::install_bad_alloc_error_handler(
      [](void *, const char *, bool) { _exit(kOutOfMemory); });
  // Pages: of everything, resident, shared, of code, none, of data.
  uint64_t pages = 0;
  std::ifstream statistics("/proc/self/statm");
  for (int field = 0; field < 6; ++field)
    statistics >> pages;
  rlimit limit;
  if (!statistics || getrlimit(RLIMIT_DATA, &limit) != 0)
    return;
  limit.rlim_cur =
      std::min<rlim_t>(limit.rlim_cur, pages * getpagesize() + size);
  setrlimit(RLIMIT_DATA, &limit);
}

/// The part of the child: reads, sends the answer to `pipe`, and ends. Only the
/// calling thread lives on here, so that the reader gets a context without
/// threads.
[[noreturn]] static void readInChild(const Bytecode &bytecode,
                                     const DialectRegistry &registry,
                                     int pipe) {
  // Crashes are expected: no traces, no core, and no handlers of the parent,
  // which would remove its files.
  for (int number :
       {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGTRAP, SIGXCPU, SIGPIPE})
    std::signal(number, SIG_DFL);
  rlimit none = {0, 0}, time;
  setrlimit(RLIMIT_CORE, &none);
  // The hard limit would kill without telling why.
  if (getrlimit(RLIMIT_CPU, &time) == 0) {
    time.rlim_cur = std::min(time.rlim_cur, kMaxReadSeconds);
    setrlimit(RLIMIT_CPU, &time);
  }
  limitMemory(memoryLimit(bytecode.bytes.size()));
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
  std::unique_ptr<llvm::MemoryBuffer> aligned;
  StringRef bytes = bytecode.bytes;
  if (!llvm::isAddrAligned(llvm::Align(kBytecodeAlignment), bytes.data())) {
    auto copy = llvm::WritableMemoryBuffer::getNewUninitMemBuffer(
        bytes.size(), "", llvm::Align(kBytecodeAlignment));
    llvm::copy(bytes, copy->getBufferStart());
    aligned = std::move(copy);
    bytes = aligned->getBuffer();
  }
  OwningOpRef<ModuleOp> module = moe::readStableHLOBytecode(
      bytes, bytecode.file, bytecode.offset, context);
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

/// Appends what comes out of `pipe` to `text` until its other end closes or
/// there are more than `limit` bytes.
static bool readAll(int pipe, uint64_t limit, std::string &text) {
  char chunk[1 << 16];
  while (text.size() <= limit) {
    ssize_t count = read(pipe, chunk, sizeof(chunk));
    if (count == 0)
      return true;
    if (count > 0)
      text.append(chunk, count);
    else if (errno != EINTR)
      return false;
  }
  return true;
}

/// The text of the module that bytecode holds; none after an error.
static std::optional<std::string>
readBytecode(const Bytecode &bytecode, StringRef name, MLIRContext &context) {
  auto refuse = [&](const llvm::Twine &reason) {
    emitError(FileLineColLoc::get(&context, name, 0, 0)) << reason;
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
    readInChild(bytecode, registry, ends[1]);
  close(ends[1]);
  if (child < 0) {
    close(ends[0]);
    return refuseCall("start a process");
  }
  std::string answer;
  uint64_t limit = memoryLimit(bytecode.bytes.size());
  bool complete = readAll(ends[0], limit, answer);
  // A child that has more to say ends by its signal.
  close(ends[0]);
  int status = 0;
  pid_t ended;
  do
    ended = waitpid(child, &status, 0);
  while (ended < 0 && errno == EINTR);
  if (ended < 0 || !complete)
    return refuseCall("wait for a process");
  if (answer.size() > limit ||
      (WIFEXITED(status) && WEXITSTATUS(status) == kOutOfMemory))
    return refuse("expects bytecode whose module takes at most " +
                  llvm::Twine(limit >> 20) + " MiB, but it asks for more");
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

namespace {
enum class FileKind { Text, Bytecode, JaxExport, Onnx, Unknown };
} // namespace

/// What a file is, by its first bytes.
static FileKind kindOf(llvm::MemoryBufferRef buffer) {
  StringRef bytes = buffer.getBuffer();
  if (isBytecode(buffer))
    return FileKind::Bytecode;
  if (moe::isJaxExport(bytes))
    return FileKind::JaxExport;
  // A model in ONNX begins with its version: field 1, a small number.
  if (bytes.size() > 2 && bytes[0] == 0x08 && bytes[1] > 0 && bytes[1] < 64)
    return FileKind::Onnx;
  if (bytes.contains('\0'))
    return FileKind::Unknown;
  return FileKind::Text;
}

/// `name` is that of the file, or stands for one in messages where `file`,
/// which weights may refer to, is empty.
static OwningOpRef<ModuleOp> readBuffer(llvm::MemoryBufferRef buffer,
                                        StringRef name, StringRef file,
                                        MLIRContext &context) {
  auto refuse = [&](const llvm::Twine &reason) -> OwningOpRef<ModuleOp> {
    emitError(FileLineColLoc::get(&context, name, 0, 0)) << reason;
    return nullptr;
  };
  DialectRegistry registry;
  moe::registerStableHLOImportDialects(registry);
  context.appendDialectRegistry(registry);
  context.loadAllAvailableDialects();

  std::string text;
  StringRef source = buffer.getBuffer();
  Bytecode bytecode{source, file};
  switch (kindOf(buffer)) {
  case FileKind::Onnx:
    return moe::importOnnxBuffer(ArrayRef(source.data(), source.size()), name,
                                 &context);
  case FileKind::Unknown:
    return refuse("expects a model in ONNX, StableHLO's text, its portable "
                  "bytecode or the form of jax.export, but the file is none of "
                  "them");
  case FileKind::JaxExport: {
    llvm::Expected<StringRef> module = moe::findJaxModule(source);
    if (!module)
      return refuse(llvm::toString(module.takeError()));
    bytecode.offset = module->data() - source.data();
    bytecode.bytes = *module;
    [[fallthrough]];
  }
  case FileKind::Bytecode: {
    std::optional<std::string> read = readBytecode(bytecode, name, context);
    if (!read)
      return nullptr;
    text = std::move(*read);
    source = text;
    break;
  }
  case FileKind::Text:
    if (source.trim().empty())
      return refuse("expects a model, but the file is empty");
    if (std::string missing = moe::findMissing(source, context);
        !missing.empty())
      return refuse(missing);
    // A caller's bytes need not end in the terminator that MLIR's lexer stops
    // at.
    if (file.empty()) {
      text = source.str();
      source = text;
    }
    break;
  }
  OwningOpRef<ModuleOp> module =
      parseSourceString<ModuleOp>(source, ParserConfig(&context), name);
  if (!module || failed(moe::prepareStableHLO(*module)))
    return nullptr;
  return module;
}

OwningOpRef<ModuleOp> moe::readModel(StringRef path, MLIRContext &context) {
  if (path.ends_with(".onnx"))
    return moe::importOnnx(path, &context);
  auto file = llvm::MemoryBuffer::getFileOrSTDIN(path);
  if (std::error_code error = file.getError()) {
    emitError(FileLineColLoc::get(&context, path, 0, 0))
        << "expects a file that can be read, but got '" << path
        << "': " << error.message();
    return nullptr;
  }
  if (kindOf(**file) == FileKind::Onnx && path != "-")
    return moe::importOnnx(path, &context);
  return readBuffer(**file, path, path == "-" ? StringRef() : path, context);
}

OwningOpRef<ModuleOp> moe::readModule(llvm::MemoryBufferRef buffer,
                                      MLIRContext &context) {
  return readBuffer(buffer, buffer.getBufferIdentifier(), /*file=*/"", context);
}
