// Checks references to tensors stored outside of the model file: a model must
// not make the compiler read files that its directory does not hold.
#include "TensorData.h"

#include "moe/Dialect/Support/MoESupport.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include <optional>
#include <sys/stat.h>
#include <tuple>

using namespace mlir;
using namespace moe::importer;
namespace path = llvm::sys::path;

FailureOr<std::string> TensorReader::resolveFile(const std::string &location,
                                                 const std::string &tensor,
                                                 uint64_t &size,
                                                 EmitError emitError) {
  auto refuse = [&](const llvm::Twine &reason) -> FailureOr<std::string> {
    emitError() << "requires the external data of tensor '" << tensor << "' ('"
                << llvm::StringRef(location).take_until(
                       [](char c) { return c == '\0'; })
                << "') to " << reason;
    return failure();
  };
  if (location.empty() || location.find('\0') != std::string::npos)
    return refuse("have a file name");
  if (path::is_absolute(location, path::Style::posix) ||
      path::is_absolute(location, path::Style::windows))
    return refuse("be named relative to the model's directory");
  for (StringRef part : llvm::make_range(
           path::begin(location, path::Style::posix), path::end(location)))
    if (part == "..")
      return refuse("lie in the model's directory, but its name has '..'");

  llvm::SmallString<128> directory = path::parent_path(model.path());
  llvm::SmallString<128> file = directory;
  path::append(file, location);
  if (directory.empty())
    directory = ".";
  auto known = files.find(location);
  if (known == files.end()) {
    llvm::SmallString<128> realDirectory, realFile;
    if (llvm::sys::fs::real_path(directory, realDirectory))
      return refuse("be in a directory that can be read");
    if (std::error_code error = llvm::sys::fs::real_path(file, realFile))
      return refuse("exist (" + error.message() + ")");
    llvm::SmallString<128> prefix = realDirectory;
    if (!prefix.ends_with("/"))
      prefix += '/';
    if (realFile != realDirectory && !realFile.starts_with(prefix))
      return refuse("lie in the model's directory, but a link leads out of it");
    struct stat status;
    if (stat(realFile.c_str(), &status) != 0 || !S_ISREG(status.st_mode))
      return refuse("be a regular file");
    if (status.st_nlink > 1)
      return refuse("be a file with one name, but it has " +
                    llvm::Twine(uint64_t(status.st_nlink)) +
                    " hard links, which may lead out of the model's directory");
    known = files
                .try_emplace(location, std::string(realFile),
                             static_cast<uint64_t>(status.st_size))
                .first;
  }
  size = known->second.second;
  return std::string(file);
}

FailureOr<ElementsAttr>
TensorReader::readExternal(const ::onnx::TensorProto &tensor,
                           RankedTensorType type, EmitError emitError) {
  const std::string *location = nullptr;
  uint64_t offset = 0;
  std::optional<uint64_t> length;
  for (const ::onnx::StringStringEntryProto &entry : tensor.external_data()) {
    if (entry.key() == "location") {
      location = &entry.value();
      continue;
    }
    if (entry.key() != "offset" && entry.key() != "length")
      continue;
    uint64_t value;
    if (!llvm::to_integer(entry.value(), value, 10)) {
      emitError() << "expects a number as " << entry.key()
                  << " of the external data of tensor '" << tensor.name()
                  << "', but got '" << entry.value() << "'";
      return failure();
    }
    if (entry.key() == "offset")
      offset = value;
    else
      length = value;
  }
  if (!location) {
    emitError() << "expects a location of the external data of tensor '"
                << tensor.name() << "', but got none";
    return failure();
  }
  uint64_t size;
  FailureOr<std::string> file =
      resolveFile(*location, tensor.name(), size, emitError);
  if (failed(file))
    return failure();
  uint64_t bits = type.getElementTypeBitWidth();
  uint64_t elements = type.getNumElements();
  // A truth value takes a byte; two 4-bit numbers share one.
  uint64_t expected =
      bits == 1 ? elements : llvm::divideCeil(elements * bits, 8);
  if (length && *length != expected) {
    emitError() << "requires the length of the external data of tensor '"
                << tensor.name() << "' (" << *length
                << " bytes) to equal that of its type, " << type << " ("
                << expected << " bytes)";
    return failure();
  }
  if (offset > size || size - offset < expected) {
    emitError() << "requires the file '" << *location << "' (" << size
                << " bytes) to hold the external data of tensor '"
                << tensor.name() << "' (" << expected << " bytes from byte "
                << offset << " on)";
    return failure();
  }
  if (expected != 0)
    ranges[files.lookup(*location).first].push_back(
        {offset, expected, tensor.name()});
  // Small ones are read: what a graph does may depend on them.
  if (expected != 0 && expected <= kMaxDenseBytes) {
    auto buffer = llvm::MemoryBuffer::getFileSlice(
        files.lookup(*location).first, expected, offset);
    if (!buffer || (*buffer)->getBufferSize() != expected) {
      emitError() << "requires the file '" << *location
                  << "' to be readable for the external data of tensor '"
                  << tensor.name() << "'";
      return failure();
    }
    return decodeElements(type, ArrayRef((*buffer)->getBufferStart(),
                                         (*buffer)->getBufferSize()));
  }
  return ElementsAttr(
      support::ExternalAttr::get(type.getContext(), type, *file, offset));
}

LogicalResult TensorReader::checkOverlaps() {
  for (auto &entry : ranges) {
    std::vector<Range> &list = entry.second;
    llvm::sort(list, [](const Range &a, const Range &b) {
      return std::tie(a.offset, a.length, a.tensor) <
             std::tie(b.offset, b.length, b.tensor);
    });
    for (size_t i = 1; i < list.size(); ++i) {
      const Range &a = list[i - 1], &b = list[i];
      bool same = a.offset == b.offset && a.length == b.length;
      if (!same && b.offset < a.offset + a.length)
        return model.emitError()
               << "requires the external data of tensors '" << a.tensor
               << "' (bytes " << a.offset << " to " << a.offset + a.length
               << ") and '" << b.tensor << "' (bytes " << b.offset << " to "
               << b.offset + b.length << ") to be the same or disjoint";
    }
  }
  return success();
}
