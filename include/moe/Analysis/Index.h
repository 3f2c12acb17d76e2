// Integers of a program as canonical expressions over symbols and tensor
// elements, so that "the same integer" is pointer equality.
#ifndef MOE_ANALYSIS_INDEX_H
#define MOE_ANALYSIS_INDEX_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace moe {

class IndexSum;
class IndexAtom;

/// An integer, valid as long as the table that made it. Two are the same
/// expression where the pointers are.
using Index = const IndexSum *;
using Coordinates = llvm::SmallVector<Index, 4>;

/// Everything that these analyses look at is a ranked tensor.
inline mlir::RankedTensorType typeOf(mlir::Value tensor) {
  return mlir::cast<mlir::RankedTensorType>(tensor.getType());
}

/// One element of a tensor, at coordinates that may be symbolic.
struct Element {
  mlir::Value tensor;
  Coordinates at;

  explicit operator bool() const { return static_cast<bool>(tensor); }
  friend bool operator==(const Element &a, const Element &b) {
    return a.tensor == b.tensor && a.at == b.at;
  }
};

/// Bounds of an integer, both included; an absent one is not known.
struct IndexRange {
  std::optional<int64_t> low, high;

  bool isNonNegative() const { return low && *low >= 0; }
  /// True where both bounds are known and lie in [from, to].
  bool within(int64_t from, int64_t to) const {
    return low && high && *low >= from && *high <= to;
  }
};

/// What cannot be taken apart further.
class IndexAtom {
public:
  enum class Kind {
    Symbol,   // a free variable: 0 <= it < extent
    Element,  // an element of an integer tensor
    FloorDiv, // floor(operand / divisor), operand >= 0
    Mod,      // operand - divisor * floor(operand / divisor)
    Product,  // a product of other atoms
    Flat,     // the row-major position of coordinates under extents
    Extent,   // the size of a dimension, known only at run time
  };

  Kind kind;
  unsigned id;                  // in order of creation
  std::string name;             // Symbol
  std::optional<int64_t> bound; // Symbol: extent
  Element element;              // Element; Extent: the tensor
  int64_t number = 0;           // divisor; Extent: the dimension
  Coordinates operands;         // FloorDiv, Mod; Flat: the coordinates
  Coordinates extents;          // Flat: of all coordinates but the first
  std::vector<const IndexAtom *> factors; // Product
};

/// constant + sum of coefficient * atom, atoms ascending by id, no zero
/// coefficient.
class IndexSum {
public:
  std::vector<std::pair<const IndexAtom *, int64_t>> terms;
  int64_t constant = 0;

  std::optional<int64_t> asConstant() const {
    return terms.empty() ? std::optional<int64_t>(constant) : std::nullopt;
  }
  /// The atom where the sum is just that.
  const IndexAtom *asAtom() const {
    return terms.size() == 1 && terms[0].second == 1 && constant == 0
               ? terms[0].first
               : nullptr;
  }
  const IndexAtom *asAtom(IndexAtom::Kind kind) const {
    const IndexAtom *atom = asAtom();
    return atom && atom->kind == kind ? atom : nullptr;
  }
};

/// Makes and owns expressions. Overflow of 64 bits is not looked for: sizes of
/// tensors stay far below.
class IndexTable {
public:
  virtual ~IndexTable() = default;

  Index constant(int64_t value);
  /// A new variable in [0, extent), or [0, ∞) where the extent is dynamic; 0
  /// where the extent is 1.
  Index symbol(llvm::StringRef name,
               int64_t extent = mlir::ShapedType::kDynamic);
  Index add(Index a, Index b);
  Index sub(Index a, Index b) { return add(a, scale(b, -1)); }
  Index scale(Index a, int64_t factor);
  Index multiply(Index a, Index b);
  /// Quotient and remainder of an `a` that is not negative; divisor > 0.
  Index floorDiv(Index a, int64_t divisor);
  Index mod(Index a, int64_t divisor);
  /// The position of `at` in a tensor whose dimensions behind the first have
  /// these extents; constant extents make it a sum.
  Index flatten(llvm::ArrayRef<Index> at, llvm::ArrayRef<Index> innerExtents);
  Index extent(mlir::Value tensor, int64_t dimension);
  /// The expression with other ones in the place of symbols.
  Index replace(Index a, llvm::ArrayRef<std::pair<Index, Index>> replacements);
  /// An element as it is, without looking at what defines the tensor.
  Index element(const Element &element);

  /// Bounds that the structure of the expression and facts about its elements
  /// give.
  virtual IndexRange range(Index a);
  bool isNonNegative(Index a) { return range(a).isNonNegative(); }

protected:
  /// The value of an element whose coordinates were replaced.
  virtual Index revalued(const Element &element) {
    return this->element(element);
  }
  /// What is known about an element that is not taken apart.
  virtual IndexRange elementRange(const Element &element) = 0;

private:
  using Key = std::vector<int64_t>;

  Index unique(IndexSum sum);
  const IndexAtom *unique(Key key, llvm::function_ref<void(IndexAtom &)> fill);
  Index ofAtom(const IndexAtom *atom);
  Index replace(const IndexAtom *atom,
                llvm::ArrayRef<std::pair<Index, Index>> replacements);
  IndexRange atomRange(const IndexAtom *atom);

  std::map<Key, std::unique_ptr<IndexAtom>> atoms;
  std::map<Key, std::unique_ptr<IndexSum>> sums;
  unsigned symbols = 0;
};

} // namespace moe

#endif // MOE_ANALYSIS_INDEX_H
