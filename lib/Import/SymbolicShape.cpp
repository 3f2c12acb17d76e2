// Polynomials over symbolic sizes.
#include "SymbolicShape.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <limits>

using namespace moe::importer;

// Larger polynomials come from hostile graphs only; they are made invalid.
static constexpr size_t kMaxTerms = 1024, kMaxDegree = 16;

DimExpr::DimExpr(int64_t constant) {
  if (constant != 0)
    list.push_back({{}, constant});
}

DimExpr DimExpr::symbol(SymbolId id) {
  DimExpr result;
  result.list.push_back({{id}, 1});
  return result;
}

DimExpr DimExpr::invalid() {
  DimExpr result;
  result.valid = false;
  return result;
}

std::optional<int64_t> DimExpr::constant() const {
  if (!valid)
    return std::nullopt;
  if (list.empty())
    return 0;
  if (list.size() == 1 && list[0].first.empty())
    return list[0].second;
  return std::nullopt;
}

std::optional<SymbolId> DimExpr::asSymbol() const {
  if (valid && list.size() == 1 && list[0].first.size() == 1 &&
      list[0].second == 1)
    return list[0].first[0];
  return std::nullopt;
}

void DimExpr::add(const Monomial &monomial, int64_t coefficient) {
  auto it = llvm::lower_bound(
      list, monomial,
      [](const Term &term, const Monomial &key) { return term.first < key; });
  if (it == list.end() || it->first != monomial)
    it = list.insert(it, {monomial, 0});
  if (llvm::AddOverflow(it->second, coefficient, it->second))
    valid = false;
  if (it->second == 0)
    list.erase(it);
  if (list.size() > kMaxTerms || monomial.size() > kMaxDegree)
    valid = false;
}

DimExpr moe::importer::operator+(const DimExpr &a, const DimExpr &b) {
  if (!a.valid || !b.valid)
    return DimExpr::invalid();
  DimExpr result = a;
  for (const DimExpr::Term &term : b.list)
    result.add(term.first, term.second);
  return result.valid ? result : DimExpr::invalid();
}

DimExpr moe::importer::operator-(const DimExpr &a, const DimExpr &b) {
  return a + b * DimExpr(-1);
}

DimExpr moe::importer::operator*(const DimExpr &a, const DimExpr &b) {
  if (!a.valid || !b.valid)
    return DimExpr::invalid();
  DimExpr result;
  for (const DimExpr::Term &x : a.list) {
    for (const DimExpr::Term &y : b.list) {
      DimExpr::Monomial monomial(x.first);
      llvm::append_range(monomial, y.first);
      llvm::sort(monomial);
      int64_t coefficient;
      if (llvm::MulOverflow(x.second, y.second, coefficient))
        return DimExpr::invalid();
      result.add(monomial, coefficient);
      if (!result.valid)
        return DimExpr::invalid();
    }
  }
  return result;
}

SymbolId DimTable::create(llvm::StringRef name, bool nonNegative) {
  symbols.push_back({SymbolKind::Named, name.str(), {}, nonNegative});
  return symbols.size() - 1;
}

SymbolId DimTable::named(llvm::StringRef name) {
  auto it = names.find(name);
  if (it != names.end())
    return it->second;
  return names[name] = create(name);
}

DimExpr DimTable::composite(SymbolKind kind, const DimExpr &a,
                            const DimExpr &b) {
  for (const auto &[id, symbol] : llvm::enumerate(symbols))
    if (symbol.kind == kind && symbol.operands[0] == a &&
        symbol.operands[1] == b)
      return DimExpr::symbol(id);
  bool nonNegative = true;
  if (kind != SymbolKind::FloorDiv && kind != SymbolKind::Mod) {
    bool first = isNonNegative(a), second = isNonNegative(b);
    nonNegative = kind == SymbolKind::Max ? first || second : first && second;
  }
  symbols.push_back({kind, "", {a, b}, nonNegative});
  return DimExpr::symbol(symbols.size() - 1);
}

DimExpr DimTable::max(const DimExpr &a, const DimExpr &b) {
  if (!a.isValid() || !b.isValid())
    return DimExpr::invalid();
  if (auto x = a.constant(), y = b.constant(); x && y)
    return DimExpr(std::max(*x, *y));
  if (isNonNegative(a - b))
    return a;
  if (isNonNegative(b - a))
    return b;
  return b < a ? composite(SymbolKind::Max, b, a)
               : composite(SymbolKind::Max, a, b);
}

DimExpr DimTable::min(const DimExpr &a, const DimExpr &b) {
  if (!a.isValid() || !b.isValid())
    return DimExpr::invalid();
  if (auto x = a.constant(), y = b.constant(); x && y)
    return DimExpr(std::min(*x, *y));
  if (isNonNegative(a - b))
    return b;
  if (isNonNegative(b - a))
    return a;
  return b < a ? composite(SymbolKind::Min, b, a)
               : composite(SymbolKind::Min, a, b);
}

DimExpr DimTable::broadcast(const DimExpr &a, const DimExpr &b) {
  if (!a.isValid() || !b.isValid())
    return DimExpr::invalid();
  if (a == b || b.is(1))
    return a;
  if (a.is(1))
    return b;
  // The other one must be 1 or the same.
  if (a.constant())
    return a;
  if (b.constant())
    return b;
  return composite(SymbolKind::Broadcast, a, b);
}

std::optional<DimExpr> DimTable::divideExactly(const DimExpr &a,
                                               const DimExpr &b) {
  if (!a.isValid() || !b.isValid() || b.terms().size() != 1) {
    if (a == b && !b.is(0))
      return DimExpr(1);
    return std::nullopt;
  }
  const auto &[divisor, coefficient] = b.terms()[0];
  DimExpr result;
  for (const auto &[monomial, value] : a.terms()) {
    if (value % coefficient != 0 ||
        (value == std::numeric_limits<int64_t>::min() && coefficient == -1))
      return std::nullopt;
    DimExpr::Monomial rest(monomial);
    for (SymbolId id : divisor) {
      auto it = llvm::find(rest, id);
      if (it == rest.end())
        return std::nullopt;
      rest.erase(it);
    }
    DimExpr term(value / coefficient);
    for (SymbolId id : rest)
      term = term * DimExpr::symbol(id);
    result = result + term;
  }
  return result;
}

std::optional<DimExpr> DimTable::divide(const DimExpr &a, const DimExpr &b) {
  if (!a.isValid() || !b.isValid() || b.is(0))
    return std::nullopt;
  auto x = a.constant(), y = b.constant();
  if (x && y) {
    if (*x == std::numeric_limits<int64_t>::min() && *y == -1)
      return std::nullopt;
    return DimExpr(*x / *y);
  }
  // An exact quotient by a symbol is right only where the symbol is not 0;
  // where it is, the division has no result that anyone could rely on.
  if (std::optional<DimExpr> exact = divideExactly(a, b))
    return exact;
  if (!isNonNegative(a) || !isPositive(b))
    return std::nullopt;
  return composite(SymbolKind::FloorDiv, a, b);
}

std::optional<DimExpr> DimTable::remainder(const DimExpr &a, const DimExpr &b) {
  if (!a.isValid() || !b.isValid() || b.is(0))
    return std::nullopt;
  auto x = a.constant(), y = b.constant();
  if (x && y)
    return DimExpr(*y == -1 ? 0 : *x % *y);
  if (divideExactly(a, b))
    return DimExpr(0);
  if (!isNonNegative(a) || !isPositive(b))
    return std::nullopt;
  return composite(SymbolKind::Mod, a, b);
}

bool DimTable::isNonNegative(const DimExpr &a) const {
  return a.isValid() && llvm::all_of(a.terms(), [&](const DimExpr::Term &term) {
           return term.second >= 0 &&
                  llvm::all_of(term.first, [&](SymbolId id) {
                    return symbols[id].nonNegative;
                  });
         });
}

std::optional<bool> DimTable::equal(const DimExpr &a, const DimExpr &b) const {
  if (auto x = a.constant(), y = b.constant(); x && y)
    return *x == *y;
  DimExpr difference = a - b;
  if (auto value = difference.constant())
    return *value == 0;
  if (isPositive(difference) || isPositive(b - a))
    return false;
  return std::nullopt;
}

std::optional<bool> DimTable::less(const DimExpr &a, const DimExpr &b) const {
  if (auto x = a.constant(), y = b.constant(); x && y)
    return *x < *y;
  if (isPositive(b - a))
    return true;
  if (isNonNegative(a - b))
    return false;
  return std::nullopt;
}

std::string DimTable::print(const DimExpr &expr, bool linearOnly) const {
  if (!expr.isValid())
    return "?";
  if (auto value = expr.constant())
    return std::to_string(*value);
  std::string text;
  // The constant term is the first one, but reads better as the last.
  auto terms = llvm::to_vector(expr.terms());
  if (terms.front().first.empty())
    std::rotate(terms.begin(), terms.begin() + 1, terms.end());
  for (const auto &[monomial, coefficient] : terms) {
    if (coefficient == std::numeric_limits<int64_t>::min() ||
        (linearOnly && monomial.size() > 1))
      return "?";
    if (text.empty())
      text += coefficient < 0 ? "-" : "";
    else
      text += coefficient < 0 ? " - " : " + ";
    int64_t magnitude = coefficient < 0 ? -coefficient : coefficient;
    if (monomial.empty() || magnitude != 1)
      text += std::to_string(magnitude);
    for (auto [index, id] : llvm::enumerate(monomial)) {
      const Symbol &symbol = symbols[id];
      if (symbol.kind != SymbolKind::Named || symbol.name.empty())
        return "?";
      if (index != 0 || magnitude != 1)
        text += "*";
      text += symbol.name;
    }
  }
  return text;
}

std::optional<DimExpr> DimTable::parse(llvm::StringRef text) const {
  DimExpr sum;
  bool first = true;
  for (text = text.trim(); first || !text.empty(); first = false) {
    int64_t sign = 1;
    if (text.consume_front("-"))
      sign = -1;
    else if (!text.consume_front("+") && !first)
      return std::nullopt;
    DimExpr product(sign);
    do {
      text = text.ltrim();
      size_t length = 0;
      while (length < text.size() &&
             (llvm::isAlnum(text[length]) || text[length] == '_'))
        ++length;
      llvm::StringRef factor = text.take_front(length);
      text = text.drop_front(length).ltrim();
      int64_t value;
      if (llvm::to_integer(factor, value, 10))
        product = product * DimExpr(value);
      else if (auto it = names.find(factor); it != names.end())
        product = product * DimExpr::symbol(it->second);
      else
        return std::nullopt;
    } while (text.consume_front("*"));
    sum = sum + product;
  }
  return sum.isValid() ? std::optional<DimExpr>(sum) : std::nullopt;
}
