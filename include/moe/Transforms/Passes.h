// The passes that stay on a level, and their options.
#ifndef MOE_TRANSFORMS_PASSES_H
#define MOE_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"

#include <memory>

namespace moe {

/// Where `moe-simplify-routing` puts the softmax of a router that normalises
/// what it picks: over the picks, or over the scores.
enum class SoftmaxForm { Keep, Picks, Scores };

/// Where `moe-simplify-routing` has weights multiply: the hidden vector or the
/// output.
enum class ApplyForm { Keep, Hidden, Output };

/// What `moe-simplify-routing` makes of shared experts: `moe.ffn` ops beside
/// the layer, or always-on classes of its table.
enum class SharedForm { Keep, Ffn, Table };

/// The layout that `moe-simplify-routing` gives the first matrices of gated
/// bodies.
enum class StorageForm { Keep, Split, ConcatGateUp, ConcatUpGate, Interleaved };

/// Where the products of units with the base of lora experts are made.
enum class BaseForm { Keep, Units };

/// Where `moe-simplify-routing` puts the factors of combine weights.
enum class ScaleForm { Keep, Weights };

/// Who reads what `moe-print-plan-stats` has routes print.
enum class ReportFormat { Text, Json, Results };

#define GEN_PASS_DECL
#include "moe/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "moe/Transforms/Passes.h.inc"

} // namespace moe

#endif // MOE_TRANSFORMS_PASSES_H
