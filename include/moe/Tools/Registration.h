// What every tool of the compiler registers.
#ifndef MOE_TOOLS_REGISTRATION_H
#define MOE_TOOLS_REGISTRATION_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace moe {

/// Adds the dialects of this project and of MLIR, with their extensions, to
/// `registry`.
void registerAllDialects(mlir::DialectRegistry &registry);

/// Registers the passes and pipelines of this project and of MLIR with the
/// global pass registry. Call once per process.
void registerAllPasses();

} // namespace moe

#endif // MOE_TOOLS_REGISTRATION_H
