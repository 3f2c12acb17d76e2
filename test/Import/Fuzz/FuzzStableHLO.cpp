// Feeds the readers of StableHLO with hostile bytes: portable artifacts, files
// of jax.export, text. They may refuse them, with a diagnostic, but must
// neither crash nor hang.
//
//   moe-fuzz-stablehlo -max_len=8192 -fork=1 -ignore_crashes=1 CORPUS
//
// MLIR's own reader of bytecode, which compilers run in a child process, can
// crash on what nobody wrote; hence the fork mode. Crashes count here where the
// trace has a frame of moe.
#include "moe/Import/StableHLO.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/SmallVector.h"
#include <cstring>
#include <memory>
#include <random>
#include <string>

using namespace mlir;

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize);

/// A module, or null after an error.
static OwningOpRef<ModuleOp> read(StringRef bytes, MLIRContext &context) {
  if (moe::isJaxExport(bytes)) {
    llvm::Expected<StringRef> module = moe::findJaxModule(bytes);
    if (!module) {
      emitError(UnknownLoc::get(&context))
          << llvm::toString(module.takeError());
      return nullptr;
    }
    bytes = *module;
  }
  OwningOpRef<ModuleOp> module;
  if (bytes.starts_with("ML\xefR")) {
    // Sections of bytecode are aligned from its beginning on.
    auto copy = std::make_unique<std::max_align_t[]>(
        bytes.size() / sizeof(std::max_align_t) + 8);
    void *begin = copy.get();
    size_t space = bytes.size() + 64;
    begin = std::align(64, bytes.size(), begin, space);
    std::memcpy(begin, bytes.data(), bytes.size());
    module = moe::readStableHLOBytecode(
        StringRef(static_cast<char *>(begin), bytes.size()), "", 0, context);
    if (!module)
      return nullptr;
    if (failed(moe::prepareStableHLO(*module)))
      return nullptr;
    return module;
  }
  std::string missing = moe::findMissing(bytes, context);
  if (!missing.empty()) {
    emitError(UnknownLoc::get(&context)) << missing;
    return nullptr;
  }
  // MLIR's lexer stops at a terminator, which the fuzzer's bytes lack.
  std::string text = bytes.str();
  module = parseSourceString<ModuleOp>(text, ParserConfig(&context));
  if (!module || failed(moe::prepareStableHLO(*module)))
    return nullptr;
  return module;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  // A context keeps every attribute that it has seen, so it is renewed at
  // times.
  static std::unique_ptr<MLIRContext> context;
  static unsigned uses = 0;
  if (uses++ % 256 == 0) {
    DialectRegistry registry;
    moe::registerStableHLOImportDialects(registry);
    context = std::make_unique<MLIRContext>(registry,
                                            MLIRContext::Threading::DISABLED);
    context->loadAllAvailableDialects();
  }
  bool hasError = false;
  ScopedDiagnosticHandler handler(context.get(), [&](Diagnostic &diagnostic) {
    hasError |= diagnostic.getSeverity() == DiagnosticSeverity::Error;
    return success();
  });
  OwningOpRef<ModuleOp> module =
      read(StringRef(reinterpret_cast<const char *>(data), size), *context);
  // A module, or an error: nothing fails silently.
  if (static_cast<bool>(module) == hasError)
    __builtin_trap();
  return 0;
}

//===----------------------------------------------------------------------===//
// Mutation
//===----------------------------------------------------------------------===//

/// A number in the encoding of bytecode; none at the end of the bytes.
static std::optional<uint64_t> takeNumber(llvm::ArrayRef<uint8_t> &bytes) {
  if (bytes.empty())
    return std::nullopt;
  unsigned length = bytes[0] == 0 ? 9 : llvm::countr_zero(bytes[0]) + 1u;
  if (bytes.size() < length)
    return std::nullopt;
  uint64_t value = 0;
  for (unsigned i = length; i-- > 0;)
    value = value << 8 | bytes[i];
  value = length == 9 ? 0 : value >> length;
  bytes = bytes.drop_front(length);
  return value;
}

/// The sections of bytecode that hold attributes and types, and operations:
/// offsets and sizes.
static llvm::SmallVector<std::pair<size_t, size_t>>
findSections(llvm::ArrayRef<uint8_t> file) {
  llvm::SmallVector<std::pair<size_t, size_t>> found;
  constexpr uint8_t attributes = 2, operations = 4;
  if (file.size() < 6 || std::memcmp(file.data(), "ML\xefR", 4) != 0)
    return found;
  llvm::ArrayRef<uint8_t> rest = file.drop_front(4);
  (void)takeNumber(rest);
  const auto *end = llvm::find(rest, 0);
  if (end == rest.end())
    return found;
  rest = rest.drop_front(end - rest.begin() + 1);
  while (!rest.empty()) {
    uint8_t id = rest[0];
    rest = rest.drop_front();
    std::optional<uint64_t> size = takeNumber(rest);
    if (!size)
      break;
    if (id & 0x80) {
      std::optional<uint64_t> alignment = takeNumber(rest);
      if (!alignment || !llvm::isPowerOf2_64(*alignment))
        break;
      size_t offset = rest.data() - file.data();
      size_t padding = llvm::alignTo(offset, *alignment) - offset;
      if (padding > rest.size())
        break;
      rest = rest.drop_front(padding);
    }
    if (*size > rest.size())
      break;
    if ((id & 0x7f) == attributes || (id & 0x7f) == operations)
      found.push_back({rest.data() - file.data(), *size});
    rest = rest.drop_front(*size);
  }
  return found;
}

/// Blind mutations of bytecode rarely pass its framing. Most of those here keep
/// the sizes of its sections and change the bytes of attributes, types and
/// operations, which is what this project decodes.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size,
                                          size_t maxSize, unsigned seed) {
  std::minstd_rand random(seed);
  auto sections = findSections(llvm::ArrayRef(data, size));
  if (sections.empty() || random() % 8 == 0)
    return LLVMFuzzerMutate(data, size, maxSize);
  auto [offset, length] = sections[random() % sections.size()];
  if (length == 0)
    return LLVMFuzzerMutate(data, size, maxSize);
  for (unsigned count = 1 + random() % 4; count-- > 0;) {
    size_t at = offset + random() % length;
    size_t width = std::min<size_t>(1 + random() % 8, offset + length - at);
    switch (random() % 4) {
    case 0:
      data[at] ^= 1u << random() % 8;
      break;
    case 1:
      data[at] = static_cast<uint8_t>(random());
      break;
    case 2: {
      size_t from = offset + random() % (length - width + 1);
      std::memmove(data + at, data + from, width);
      break;
    }
    default: {
      llvm::SmallVector<uint8_t, 8> part(data + at, data + at + width);
      size_t changed = LLVMFuzzerMutate(part.data(), width, width);
      std::memcpy(data + at, part.data(), changed);
      break;
    }
    }
  }
  return size;
}
