// Turns ONNX tensors into elements attributes: small ones into dense elements,
// external ones into references that are checked here and read much later.
#ifndef MOE_LIB_IMPORT_ONNX_TENSORDATA_H
#define MOE_LIB_IMPORT_ONNX_TENSORDATA_H

#include "Model.h"
#include "mlir/IR/BuiltinAttributeInterfaces.h"
#include "mlir/IR/BuiltinTypes.h"
#include <vector>

namespace moe::importer {

/// The builtin type of an ONNX element type, or null where the graph level has
/// none.
mlir::Type elementTypeFromOnnx(int32_t dataType, mlir::MLIRContext *context);

/// The name of an ONNX element type for messages, such as "float16".
std::string elementTypeName(int32_t dataType);

/// Dense elements from their bytes: row-major, little endian, a byte per truth
/// value, two 4-bit numbers per byte.
mlir::ElementsAttr decodeElements(mlir::RankedTensorType type,
                                  llvm::ArrayRef<char> bytes);

/// Larger tensors stay references where they come from a file.
inline constexpr size_t kMaxDenseBytes = 4096;

/// Reads the tensors of one model.
class TensorReader {
public:
  using EmitError = llvm::function_ref<mlir::InFlightDiagnostic()>;

  explicit TensorReader(const OnnxModel &model) : model(model) {}

  /// The elements of `tensor`. `emitError` begins an error about whoever holds
  /// the tensor.
  mlir::FailureOr<mlir::ElementsAttr> read(const ::onnx::TensorProto &tensor,
                                           EmitError emitError);

  /// Refuses tensors whose bytes overlap in a file without being the same.
  /// Call when all tensors are read.
  mlir::LogicalResult checkOverlaps();

private:
  struct Range {
    uint64_t offset, length;
    std::string tensor;
  };

  mlir::FailureOr<mlir::RankedTensorType>
  checkType(const ::onnx::TensorProto &tensor, EmitError emitError);
  mlir::FailureOr<mlir::ElementsAttr>
  readExternal(const ::onnx::TensorProto &tensor, mlir::RankedTensorType type,
               EmitError emitError);
  mlir::FailureOr<mlir::ElementsAttr>
  readInline(const ::onnx::TensorProto &tensor, mlir::RankedTensorType type,
             EmitError emitError);
  mlir::FailureOr<std::string> resolveFile(const std::string &location,
                                           const std::string &tensor,
                                           uint64_t &size, EmitError emitError);

  const OnnxModel &model;
  /// Byte ranges in use, by canonical file name.
  llvm::StringMap<std::vector<Range>> ranges;
  /// What resolveFile found out, by location: canonical name and size.
  llvm::StringMap<std::pair<std::string, uint64_t>> files;
};

} // namespace moe::importer

#endif // MOE_LIB_IMPORT_ONNX_TENSORDATA_H
