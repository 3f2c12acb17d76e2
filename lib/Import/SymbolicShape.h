// Sizes as polynomials over symbols, so that shape arithmetic written into a
// graph folds away when it is imported.
#ifndef MOE_LIB_IMPORT_SYMBOLICSHAPE_H
#define MOE_LIB_IMPORT_SYMBOLICSHAPE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include <cassert>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace moe::importer {

using SymbolId = unsigned;

/// A polynomial with integer coefficients over symbols. Equal polynomials
/// compare equal. Arithmetic that overflows yields an expression that is not
/// valid and stays so.
class DimExpr {
public:
  /// Symbols of a product in ascending order; none is the constant term.
  using Monomial = llvm::SmallVector<SymbolId, 2>;
  using Term = std::pair<Monomial, int64_t>;

  DimExpr(int64_t constant = 0);
  static DimExpr symbol(SymbolId id);
  static DimExpr invalid();

  bool isValid() const { return valid; }
  std::optional<int64_t> constant() const;
  bool is(int64_t value) const { return constant() == value; }
  /// The symbol where the expression is just that.
  std::optional<SymbolId> asSymbol() const;
  llvm::ArrayRef<Term> terms() const { return list; }

  friend DimExpr operator+(const DimExpr &a, const DimExpr &b);
  friend DimExpr operator-(const DimExpr &a, const DimExpr &b);
  friend DimExpr operator*(const DimExpr &a, const DimExpr &b);
  friend bool operator==(const DimExpr &a, const DimExpr &b) {
    return a.valid && b.valid && a.list == b.list;
  }
  friend bool operator<(const DimExpr &a, const DimExpr &b) {
    return a.list < b.list;
  }

private:
  void add(const Monomial &monomial, int64_t coefficient);

  std::vector<Term> list; // ascending monomials, no zero coefficients
  bool valid = true;
};

using SymbolicShape = llvm::SmallVector<DimExpr, 4>;

/// How the value of a symbol comes about.
enum class SymbolKind {
  /// A name for a size that somebody else knows: of an argument, or computed.
  Named,
  /// Rounded down quotient and remainder of operands that are not negative.
  FloorDiv,
  Mod,
  Max,
  Min,
  /// The size that two sizes broadcast to: the first unless that is 1.
  Broadcast,
};

/// The symbols of one function and what is known about them. Expressions mean
/// something only together with the table that made their symbols.
class DimTable {
public:
  struct Symbol {
    SymbolKind kind;
    std::string name; // of a Named one
    std::vector<DimExpr> operands;
    bool nonNegative;
  };

  /// A new symbol; `name` is for printing.
  SymbolId create(llvm::StringRef name, bool nonNegative = true);
  /// The symbol of that name, made where there is none yet.
  SymbolId named(llvm::StringRef name);
  bool hasName(llvm::StringRef name) const { return names.contains(name); }
  const Symbol &operator[](SymbolId id) const { return symbols[id]; }
  size_t size() const { return symbols.size(); }

  DimExpr max(const DimExpr &a, const DimExpr &b);
  DimExpr min(const DimExpr &a, const DimExpr &b);
  DimExpr broadcast(const DimExpr &a, const DimExpr &b);
  /// Quotient rounded towards zero, as integer division has it, and the
  /// remainder that goes with it; none where signs are not known or the
  /// divisor may be zero.
  std::optional<DimExpr> divide(const DimExpr &a, const DimExpr &b);
  std::optional<DimExpr> remainder(const DimExpr &a, const DimExpr &b);
  /// The exact quotient, where it is a polynomial.
  static std::optional<DimExpr> divideExactly(const DimExpr &a,
                                              const DimExpr &b);

  /// Whether a >= 0, as far as that can be told: false is "not known".
  bool isNonNegative(const DimExpr &a) const;
  bool isPositive(const DimExpr &a) const { return isNonNegative(a - 1); }
  /// The truth of a comparison, where it does not depend on the symbols.
  std::optional<bool> equal(const DimExpr &a, const DimExpr &b) const;
  std::optional<bool> less(const DimExpr &a, const DimExpr &b) const;

  /// "2*B + S" over names; "?" where a symbol is not a Named one with a name,
  /// or, with `linearOnly`, where symbols are multiplied.
  std::string print(const DimExpr &expr, bool linearOnly = false) const;
  /// Reads what print writes, over symbols that exist; none where the text is
  /// something else.
  std::optional<DimExpr> parse(llvm::StringRef text) const;

private:
  DimExpr composite(SymbolKind kind, const DimExpr &a, const DimExpr &b);

  std::vector<Symbol> symbols;
  llvm::StringMap<SymbolId> names;
};

} // namespace moe::importer

#endif // MOE_LIB_IMPORT_SYMBOLICSHAPE_H
