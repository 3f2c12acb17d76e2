// Canonical integer expressions.
#include "moe/Analysis/Index.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVectorExtras.h"

using namespace mlir;
using namespace moe;
using Kind = IndexAtom::Kind;

static int64_t key(const void *pointer) {
  return reinterpret_cast<int64_t>(pointer);
}

Index IndexTable::unique(IndexSum sum) {
  Key name{sum.constant};
  for (auto [atom, coefficient] : sum.terms) {
    name.push_back(atom->id);
    name.push_back(coefficient);
  }
  std::unique_ptr<IndexSum> &slot = sums[name];
  if (!slot)
    slot = std::make_unique<IndexSum>(std::move(sum));
  return slot.get();
}

const IndexAtom *
IndexTable::unique(Key name, llvm::function_ref<void(IndexAtom &)> fill) {
  unsigned id = atoms.size();
  std::unique_ptr<IndexAtom> &slot = atoms[name];
  if (!slot) {
    slot = std::make_unique<IndexAtom>();
    slot->kind = static_cast<Kind>(name.front());
    slot->id = id;
    fill(*slot);
  }
  return slot.get();
}

Index IndexTable::ofAtom(const IndexAtom *atom) {
  IndexSum sum;
  sum.terms.push_back({atom, 1});
  return unique(std::move(sum));
}

Index IndexTable::constant(int64_t value) {
  IndexSum sum;
  sum.constant = value;
  return unique(std::move(sum));
}

Index IndexTable::symbol(StringRef name, int64_t extent) {
  if (extent == 1)
    return constant(0);
  Key id{static_cast<int64_t>(Kind::Symbol), symbols++};
  return ofAtom(unique(id, [&](IndexAtom &atom) {
    atom.name = name.str();
    if (!ShapedType::isDynamic(extent))
      atom.bound = extent;
  }));
}

Index IndexTable::extent(Value tensor, int64_t dimension) {
  Key name{static_cast<int64_t>(Kind::Extent), key(tensor.getAsOpaquePointer()),
           dimension};
  return ofAtom(unique(name, [&](IndexAtom &atom) {
    atom.element.tensor = tensor;
    atom.number = dimension;
  }));
}

Index IndexTable::element(const Element &element) {
  Key name{static_cast<int64_t>(Kind::Element),
           key(element.tensor.getAsOpaquePointer())};
  for (Index at : element.at)
    name.push_back(key(at));
  return ofAtom(unique(name, [&](IndexAtom &atom) { atom.element = element; }));
}

Index IndexTable::add(Index a, Index b) {
  IndexSum sum;
  sum.constant = a->constant + b->constant;
  auto x = a->terms.begin(), y = b->terms.begin();
  while (x != a->terms.end() || y != b->terms.end()) {
    if (y == b->terms.end() ||
        (x != a->terms.end() && x->first->id < y->first->id)) {
      sum.terms.push_back(*x++);
    } else if (x == a->terms.end() || y->first->id < x->first->id) {
      sum.terms.push_back(*y++);
    } else {
      if (int64_t both = x->second + y->second)
        sum.terms.push_back({x->first, both});
      ++x;
      ++y;
    }
  }
  // d * c * floor(t / d) + c * (t mod d) is c * t.
  for (auto [atom, coefficient] : sum.terms) {
    if (atom->kind != Kind::Mod)
      continue;
    auto quotient = llvm::find_if(sum.terms, [&, atom = atom](auto &term) {
      return term.first->kind == Kind::FloorDiv &&
             term.first->number == atom->number &&
             term.first->operands == atom->operands;
    });
    if (quotient == sum.terms.end() ||
        quotient->second != coefficient * atom->number)
      continue;
    Index whole = scale(atom->operands[0], coefficient);
    IndexSum rest;
    rest.constant = sum.constant;
    for (auto &term : sum.terms)
      if (term.first != atom && term.first != quotient->first)
        rest.terms.push_back(term);
    return add(unique(std::move(rest)), whole);
  }
  return unique(std::move(sum));
}

Index IndexTable::scale(Index a, int64_t factor) {
  if (factor == 0)
    return constant(0);
  IndexSum sum = *a;
  sum.constant *= factor;
  for (auto &term : sum.terms)
    term.second *= factor;
  return unique(std::move(sum));
}

Index IndexTable::multiply(Index a, Index b) {
  if (auto factor = a->asConstant())
    return scale(b, *factor);
  if (auto factor = b->asConstant())
    return scale(a, *factor);
  Index result = constant(a->constant * b->constant);
  auto linear = [&](Index sum, int64_t factor) {
    IndexSum part = *sum;
    part.constant = 0;
    result = add(result, scale(unique(std::move(part)), factor));
  };
  linear(a, b->constant);
  linear(b, a->constant);
  for (auto [x, m] : a->terms)
    for (auto [y, n] : b->terms) {
      std::vector<const IndexAtom *> factors;
      for (const IndexAtom *atom : {x, y}) {
        if (atom->kind == Kind::Product)
          llvm::append_range(factors, atom->factors);
        else
          factors.push_back(atom);
      }
      llvm::sort(factors, [](const IndexAtom *l, const IndexAtom *r) {
        return l->id < r->id;
      });
      Key name{static_cast<int64_t>(Kind::Product)};
      for (const IndexAtom *atom : factors)
        name.push_back(atom->id);
      const IndexAtom *product = unique(
          name, [&](IndexAtom &atom) { atom.factors = std::move(factors); });
      result = add(result, scale(ofAtom(product), m * n));
    }
  return result;
}

/// Splits a into d * quotient + rest, with constant coefficients of the rest in
/// [0, d).
static std::pair<IndexSum, IndexSum> splitBy(Index a, int64_t divisor) {
  IndexSum quotient, rest;
  for (auto [atom, coefficient] : a->terms) {
    if (coefficient % divisor == 0)
      quotient.terms.push_back({atom, coefficient / divisor});
    else
      rest.terms.push_back({atom, coefficient});
  }
  rest.constant = ((a->constant % divisor) + divisor) % divisor;
  quotient.constant = (a->constant - rest.constant) / divisor;
  return {quotient, rest};
}

Index IndexTable::floorDiv(Index a, int64_t divisor) {
  if (divisor == 1)
    return a;
  auto [quotient, rest] = splitBy(a, divisor);
  Index whole = unique(std::move(quotient)), part = unique(std::move(rest));
  if (range(part).within(0, divisor - 1))
    return whole;
  Key name{static_cast<int64_t>(Kind::FloorDiv), key(part), divisor};
  const IndexAtom *atom = unique(name, [&](IndexAtom &atom) {
    atom.operands = {part};
    atom.number = divisor;
  });
  return add(whole, ofAtom(atom));
}

Index IndexTable::mod(Index a, int64_t divisor) {
  if (divisor == 1)
    return constant(0);
  Index part = unique(splitBy(a, divisor).second);
  if (range(part).within(0, divisor - 1))
    return part;
  Key name{static_cast<int64_t>(Kind::Mod), key(part), divisor};
  return ofAtom(unique(name, [&](IndexAtom &atom) {
    atom.operands = {part};
    atom.number = divisor;
  }));
}

Index IndexTable::flatten(ArrayRef<Index> at, ArrayRef<Index> innerExtents) {
  assert(at.size() == innerExtents.size() + 1 && "an extent per inner dim");
  if (llvm::all_of(innerExtents, [](Index e) { return e->asConstant(); })) {
    Index position = at.front();
    for (auto [coordinate, extent] : llvm::zip(at.drop_front(), innerExtents))
      position = add(scale(position, *extent->asConstant()), coordinate);
    return position;
  }
  Key name{static_cast<int64_t>(Kind::Flat)};
  for (Index part : llvm::concat<const Index>(at, innerExtents))
    name.push_back(key(part));
  return ofAtom(unique(name, [&](IndexAtom &atom) {
    atom.operands.assign(at.begin(), at.end());
    atom.extents.assign(innerExtents.begin(), innerExtents.end());
  }));
}

//===----------------------------------------------------------------------===//
// Substitution
//===----------------------------------------------------------------------===//

Index IndexTable::replace(Index a,
                          ArrayRef<std::pair<Index, Index>> replacements) {
  Index result = constant(a->constant);
  for (auto [atom, coefficient] : a->terms)
    result = add(result, scale(replace(atom, replacements), coefficient));
  return result;
}

Index IndexTable::replace(const IndexAtom *atom,
                          ArrayRef<std::pair<Index, Index>> replacements) {
  for (auto [symbol, value] : replacements)
    if (symbol->asAtom() == atom)
      return value;
  auto replaced = [&](const Coordinates &list) {
    Coordinates result;
    for (Index part : list)
      result.push_back(replace(part, replacements));
    return result;
  };
  switch (atom->kind) {
  case Kind::Symbol:
  case Kind::Extent:
    return ofAtom(atom);
  case Kind::Element:
    return revalued({atom->element.tensor, replaced(atom->element.at)});
  case Kind::FloorDiv:
    return floorDiv(replace(atom->operands[0], replacements), atom->number);
  case Kind::Mod:
    return mod(replace(atom->operands[0], replacements), atom->number);
  case Kind::Flat:
    return flatten(replaced(atom->operands), replaced(atom->extents));
  case Kind::Product: {
    Index result = constant(1);
    for (const IndexAtom *factor : atom->factors)
      result = multiply(result, replace(factor, replacements));
    return result;
  }
  }
  llvm_unreachable("an atom of unknown kind");
}

//===----------------------------------------------------------------------===//
// Ranges
//===----------------------------------------------------------------------===//

IndexRange IndexTable::atomRange(const IndexAtom *atom) {
  switch (atom->kind) {
  case Kind::Symbol:
    return {0, atom->bound ? std::optional(*atom->bound - 1) : std::nullopt};
  case Kind::Element:
    return elementRange(atom->element);
  case Kind::Mod:
    return {0, atom->number - 1};
  case Kind::FloorDiv: {
    IndexRange inner = range(atom->operands[0]);
    if (inner.high)
      return {0, *inner.high / atom->number};
    return {0, std::nullopt};
  }
  case Kind::Product: {
    bool nonNegative = llvm::all_of(atom->factors, [&](const IndexAtom *f) {
      return atomRange(f).isNonNegative();
    });
    return {nonNegative ? std::optional<int64_t>(0) : std::nullopt,
            std::nullopt};
  }
  case Kind::Flat:
  case Kind::Extent:
    return {0, std::nullopt};
  }
  llvm_unreachable("an atom of unknown kind");
}

IndexRange IndexTable::range(Index a) {
  IndexRange result{a->constant, a->constant};
  for (auto [atom, coefficient] : a->terms) {
    IndexRange own = atomRange(atom);
    if (coefficient < 0)
      std::swap(own.low, own.high);
    auto extend = [coefficient = coefficient](std::optional<int64_t> &bound,
                                              std::optional<int64_t> part) {
      bound = bound && part ? std::optional(*bound + coefficient * *part)
                            : std::nullopt;
    };
    extend(result.low, own.low);
    extend(result.high, own.high);
  }
  return result;
}
