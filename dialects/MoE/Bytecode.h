// The bytecode of the moe dialect; private to it.
#ifndef MOE_DIALECTS_MOE_BYTECODE_H
#define MOE_DIALECTS_MOE_BYTECODE_H

#include "moe/Dialect/MoE/MoE.h"

namespace moe::detail {

/// The versions of the dialect's bytecode. Files of all of them are read.
///   1  attributes and types as text (moec 0.1)
///   2  attributes and types in binary; logits have form, acc, projection
///   3  every policy, capacity, domain
///   4  every kind of class; lazy logits; statistics, losses, layers;
///      predictors of routes; quantised storage
///   5  indexed rows
///   6  matrices that stay float among stored ones; widths of nested codes;
///      every expert as a fallback; losses of routers and of chunks of units
///   7  functions as activations; scales of input and places of classes; mpo of
///      any number of tensors; sparse matrices
constexpr uint64_t bytecodeVersion = 7;

/// The version of the file that `reader` reads.
uint64_t getFileVersion(mlir::DialectBytecodeReader &reader);

/// Adds the interface that reads and writes the dialect's attributes, types and
/// version.
void addBytecodeInterface(MoEDialect &dialect);

} // namespace moe::detail

#endif // MOE_DIALECTS_MOE_BYTECODE_H
