// What attention computes, in the forms in which a graph says it.
#ifndef MOE_PASSES_CONVERSION_ATTENTIONTOLINALG_ATTENTION_H
#define MOE_PASSES_CONVERSION_ATTENTIONTOLINALG_ATTENTION_H

#include "mlir/IR/BuiltinTypes.h"
#include "moe/Dialect/StableHLO/StableHLO.h"

#include <optional>
#include <string>

namespace moe {

/// Where the first query stands among the keys: anywhere, so that a mask alone
/// says what it sees; at the first key; so that the last query stands at the
/// last key; or where an operand says.
enum class Causal { None, Start, End, First };

/// One attention. Shape letters: B sequences, H query heads, N key heads, S
/// queries, T keys, D and Dv depths of keys and values.
struct Attention {
  Attention(mlir::Operation *op, mlir::Value query, mlir::Value key,
            mlir::Value value)
      : op(op), query(query), key(key), value(value) {}

  mlir::Operation *op; // whose only result this is
  /// Ops that only `op` reads, directly or not: users in front.
  llvm::SmallVector<mlir::Operation *> parts;
  mlir::Value query; // B x H x S x D
  mlir::Value key;   // B x N x T x D, or with `keysAreColumns` B x N x D x T
  mlir::Value value; // B x N x T x Dv
  mlir::Value first = nullptr; // B or 1, i64; null unless causal is First
  mlir::Value mask = nullptr;  // broadcast to B x H x S x T; may be null
  mlir::Value sink = nullptr;  // H, or 1 x H x 1 x 1; may be null
  Causal causal = Causal::None;
  bool keysAreColumns = false;
  /// Whether queries that see nothing have rows of zeros, instead of what a
  /// softmax makes of logits of -inf.
  bool hasZeroRows = true;
  int64_t window = 0; // keys that a query sees at most; 0: all before it
  double scale = 1, softcap = 0;

  /// None where neither a mask nor causality hides anything. `why` is set where
  /// they do, but the composite has another form than those of importers.
  static std::optional<Attention> match(stablehlo::CompositeOp op,
                                        std::string &why);
  /// Products and a softmax between them, of logits that may be scaled and have
  /// a mask added, and whose rows may have a last one without a key. None as
  /// well where keys lie behind others that were there before: products of few
  /// rows read such caches where they lie.
  static std::optional<Attention> match(stablehlo::DotGeneralOp op);

  /// Whether types, and what is known of sizes, do not contradict this.
  bool hasShapes() const;
  int64_t heads() const { return typeOf(query).getDimSize(1); }
  int64_t keyHeads() const { return typeOf(key).getDimSize(1); }
  unsigned keyDim() const { return keysAreColumns ? 3 : 2; }
  unsigned depthDim() const { return keysAreColumns ? 2 : 3; }
  static mlir::RankedTensorType typeOf(mlir::Value value) {
    return mlir::cast<mlir::RankedTensorType>(value.getType());
  }
};

} // namespace moe

#endif // MOE_PASSES_CONVERSION_ATTENTIONTOLINALG_ATTENTION_H
