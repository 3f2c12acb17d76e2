// Makes parts of bf16 of rows that tile registers multiply.
#include "Contraction.h"
#include "moe/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"

namespace moe {
#define GEN_PASS_DEF_SPLITROWSPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace moe

using namespace mlir;
using namespace moe;

namespace {

/// Elements of bf16 in a cache line: rows whose size is a multiple of 1 KiB
/// would share a few sets of the first cache.
constexpr int64_t lineElements = 32;

bool pays(const Contraction &contraction, const VectorUnit &unit) {
  linalg::GenericOp op = contraction.op;
  SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  int64_t rows = 1;
  for (unsigned dim : contraction.m)
    rows = ShapedType::isDynamic(sizes[dim]) || ShapedType::isDynamic(rows)
               ? ShapedType::kDynamic
               : rows * sizes[dim];
  return op.hasPureTensorSemantics() && contraction.takesParts(unit) &&
         (ShapedType::isDynamic(rows) || rows > mostRowsBesideParts);
}

/// The parts of `rows`, one behind another in memory whose rows lie apart.
SmallVector<Value> split(OpBuilder &builder, Location loc, Value rows) {
  auto type = cast<RankedTensorType>(rows.getType());
  Type bf16 = builder.getBF16Type();
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, rows);
  OpFoldResult zero = builder.getIndexAttr(0), one = builder.getIndexAttr(1);
  sizes.insert(sizes.begin(), builder.getIndexAttr(partsOfNumber));
  sizes.back() = builder.getIndexAttr(type.getShape().back() + lineElements);
  Value memory = tensor::EmptyOp::create(builder, loc, sizes, bf16);
  sizes.front() = one;
  sizes.back() = builder.getIndexAttr(type.getShape().back());
  SmallVector<OpFoldResult> offsets(sizes.size(), zero),
      strides(sizes.size(), one);
  SmallVector<Value> inits;
  for (int64_t part = 0; part < partsOfNumber; ++part) {
    offsets.front() = builder.getIndexAttr(part);
    inits.push_back(tensor::ExtractSliceOp::create(
        builder, loc, type.clone(bf16), memory, offsets, sizes, strides));
  }
  AffineMap map = builder.getMultiDimIdentityMap(type.getRank());
  auto op = linalg::GenericOp::create(
      builder, loc, ValueRange(inits).getTypes(), rows, inits,
      SmallVector<AffineMap>(1 + partsOfNumber, map),
      SmallVector<utils::IteratorType>(type.getRank(),
                                       utils::IteratorType::parallel),
      [](OpBuilder &nested, Location loc, ValueRange in) {
        linalg::YieldOp::create(nested, loc, buildParts(nested, loc, in[0]));
      });
  return llvm::to_vector_of<Value>(op.getResults());
}

struct SplitRows : moe::impl::SplitRowsPassBase<SplitRows> {
  using SplitRowsPassBase::SplitRowsPassBase;

  void runOnOperation() override {
    VectorUnit unit = {vectorBits, vectorRegisters, bf16Dot, bf16Tiles,
                       fetchDistance};
    SmallVector<Contraction> found;
    getOperation().walk([&](linalg::GenericOp op) {
      std::optional<Contraction> contraction = Contraction::match(op);
      if (contraction && pays(*contraction, unit))
        found.push_back(*contraction);
    });
    for (Contraction &contraction : found) {
      linalg::GenericOp op = contraction.op;
      OpBuilder builder(op);
      addParts(builder, contraction,
               split(builder, op.getLoc(), contraction.a->get()));
    }
  }
};

} // namespace

void moe::addParts(OpBuilder &builder, const Contraction &contraction,
                   ValueRange parts) {
  linalg::GenericOp op = contraction.op;
  SmallVector<Value> inputs(op.getInputs());
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  size_t read = inputs.size();
  maps.insert(maps.begin() + read, parts.size(),
              contraction.map(contraction.a));
  llvm::append_range(inputs, parts);
  auto product = linalg::GenericOp::create(
      builder, op.getLoc(), op.getResultTypes(), inputs, op.getOutputs(), maps,
      op.getIteratorTypesArray(),
      [&](OpBuilder &nested, Location, ValueRange in) {
        IRMapping mapping;
        mapping.map(op.getBody()->getArguments().take_front(read),
                    in.take_front(read));
        mapping.map(op.getBody()->getArguments().back(), in.back());
        for (Operation &inner : *op.getBody())
          nested.clone(inner, mapping);
      });
  op.replaceAllUsesWith(product);
  op.erase();
}

SmallVector<Value> moe::buildParts(OpBuilder &builder, Location loc,
                                   Value number) {
  Type bf16 = builder.getBF16Type(), f32 = builder.getF32Type();
  SmallVector<Value> parts;
  for (int64_t part = 0; part < partsOfNumber; ++part) {
    parts.push_back(arith::TruncFOp::create(builder, loc, bf16, number));
    if (part + 1 < partsOfNumber)
      number = arith::SubFOp::create(
          builder, loc, number,
          arith::ExtFOp::create(builder, loc, f32, parts.back()));
  }
  return parts;
}
