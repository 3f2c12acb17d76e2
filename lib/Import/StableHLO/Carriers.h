// Dialects that are read but never meant: their operations carry operands,
// regions and attributes from an artifact to the conversion that follows.
#ifndef MOE_LIB_IMPORT_STABLEHLO_CARRIERS_H
#define MOE_LIB_IMPORT_STABLEHLO_CARRIERS_H

#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "llvm/ADT/StringMap.h"

#include <optional>

namespace moe::importer {

/// The number of elements of a static shape that a file claims; nothing beyond
/// 2^63 - 1.
std::optional<int64_t> checkedElementCount(llvm::ArrayRef<int64_t> shape);

/// A dialect whose operations are only names. Properties of bytecode are read
/// as the attributes that the operation's table entry names, sorted by name.
class CarrierDialect : public mlir::Dialect {
protected:
  CarrierDialect(llvm::StringRef name, mlir::MLIRContext *context,
                 mlir::TypeID id);

  /// Registers an operation, given as its name and then the names of its
  /// attributes, all separated by spaces.
  /// `parse` reads its text; without it only the generic form is read.
  void addCarrier(llvm::StringRef entry,
                  mlir::ParseResult (*parse)(mlir::OpAsmParser &,
                                             mlir::OperationState &) = nullptr);

public:
  /// The names of the attributes of the operation `name` (without dialect).
  llvm::ArrayRef<mlir::StringAttr> attributesOf(llvm::StringRef name) const;

private:
  llvm::StringMap<llvm::SmallVector<mlir::StringAttr>> attributes;
  mlir::TypeIDAllocator ids;
};

/// Portable artifacts of StableHLO: the operations of every version, and the
/// codes of types and attributes, which are decoded into builtin ones and those
/// of the stablehlo dialect as they are read.
class VhloDialect : public CarrierDialect {
public:
  explicit VhloDialect(mlir::MLIRContext *context);
  static constexpr llvm::StringLiteral getDialectNamespace() {
    return llvm::StringLiteral("vhlo");
  }

  /// Where the bytes that are read stand in a file. Tensors of more than
  /// kMaxDenseBytes become references into it; without a file, none do.
  struct Source {
    llvm::ArrayRef<char> bytes;
    std::string file;
    uint64_t offset = 0;
    /// How many types and attributes were read from them, each again for each
    /// time that MLIR's reader puts it off.
    uint64_t reads = 0;
  };
  Source source;
};

/// Shardings of Shardy, which say where a program runs and not what it
/// computes. Its attributes are read as strings.
class ShardyDialect : public CarrierDialect {
public:
  explicit ShardyDialect(mlir::MLIRContext *context);
  static constexpr llvm::StringLiteral getDialectNamespace() {
    return llvm::StringLiteral("sdy");
  }
  mlir::Attribute parseAttribute(mlir::DialectAsmParser &parser,
                                 mlir::Type type) const override;
};

} // namespace moe::importer

MLIR_DECLARE_EXPLICIT_TYPE_ID(moe::importer::VhloDialect)
MLIR_DECLARE_EXPLICIT_TYPE_ID(moe::importer::ShardyDialect)

#endif // MOE_LIB_IMPORT_STABLEHLO_CARRIERS_H
