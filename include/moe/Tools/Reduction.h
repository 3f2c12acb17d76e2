// How moe-reduce makes modules of this project's dialects smaller.
#ifndef MOE_TOOLS_REDUCTION_H
#define MOE_TOOLS_REDUCTION_H

namespace mlir {
class DialectRegistry;
class MLIRContext;
} // namespace mlir

namespace moe {

/// Adds reduction patterns to the dialects of this project when they are
/// loaded.
void registerReductionPatterns(mlir::DialectRegistry &registry);

/// Loads what the patterns create.
void loadReductionDialects(mlir::MLIRContext &context);

} // namespace moe

#endif // MOE_TOOLS_REDUCTION_H
