// The logits of a layer's route, as tasks of its graph make them.
#include "LayerLogits.h"

using namespace mlir;
using namespace moe;
using namespace moe::detail;
using namespace moe::tile;

LayerLogits::LayerLogits(TaskBuilder &builder, const TileLayer &layer,
                         const VectorUnit &unit)
    : builder(&builder), op(layer.logits), router(layer.router),
      tokens(Dim::of(Extent::Tokens,
                     unit.rowCut(elementOf(op.getInput())).task())),
      experts(Dim::fixed(router.columns, router.width)),
      logits(MemRefType::get({dynamic, router.columns},
                             elementOf(op.getResult()))),
      sharesInput(op.getInput() == DispatchOp(layer.dispatch).getInput()) {}

void LayerLogits::addBuffers() {
  auto add = [&](StringRef name, Value tensor) {
    auto type = cast<RankedTensorType>(tensor.getType());
    SmallVector<Dim> shape = {Dim::fixed(type.getShape().back())};
    if (type.getRank() == 2)
      shape.insert(shape.begin(), Dim::of(Extent::Tokens));
    builder->buffer(name, shape, type.getElementType(),
                    builder->b.readOnlyBuffer(tensor));
  };
  if (!sharesInput)
    add("router_x", op.getInput());
  router.addBuffers(*builder, "router", Dim::of(Extent::Experts));
  if (Value bias = op.getBias())
    add("router_bias", bias);
  if (Value offset = op.getOffset())
    add("router_offset", offset);
  if (!logits.getElementType().isF32())
    builder->buffer("router_sums",
                    {Dim::fixed(tokens.step), Dim::fixed(experts.step)},
                    builder->b.getF32Type(), Value(), Role::Scratch,
                    /*ring=*/0, Space::Worker);
  builder->buffer("logits",
                  {Dim::of(Extent::Tokens), Dim::fixed(router.columns)},
                  logits.getElementType(), Value(), Role::Scratch);
  builder->signal("multiplied", {});
}

void LayerLogits::build() {
  TensorBuilder &b = builder->b;
  OpBuilder::InsertionGuard guard(b);
  TaskOp task = builder->task("logits", {tokens, experts});
  Value t = task.getBody().getArgument(0), n = task.getBody().getArgument(1);
  TaskBuilder::Regions regions;
  int64_t depth = cast<ShapedType>(op.getInput().getType()).getDimSize(1);
  size_t x = regions.add({Mode::Read,
                          sharesInput ? "x" : "router_x",
                          {t, OpFoldResult()},
                          viewOf(elementOf(op.getInput()), {dynamic, depth})});
  auto panels = router.addRegions(regions, "router", /*e=*/{}, n);
  size_t bias = 0, offset = 0, sums = 0;
  if (Value given = op.getBias())
    bias = regions.add(
        {Mode::Read, "router_bias", {n}, viewOf(elementOf(given), {dynamic})});
  SmallVector<unsigned, 3> offsetLoops = {1};
  if (Value given = op.getOffset()) {
    SmallVector<OpFoldResult> indices = {n};
    if (cast<ShapedType>(given.getType()).getRank() == 2) {
      indices.insert(indices.begin(), t);
      offsetLoops.insert(offsetLoops.begin(), 0);
    }
    offset =
        regions.add({Mode::Read, "router_offset", indices,
                     viewOf(elementOf(given),
                            SmallVector<int64_t>(indices.size(), dynamic))});
  }
  if (!logits.getElementType().isF32())
    sums = regions.add({Mode::Write,
                        "router_sums",
                        {OpFoldResult(), OpFoldResult()},
                        viewOf(b.getF32Type(), {tokens.step, experts.step})});
  regions.add({Mode::Write,
               "logits",
               {t, n},
               viewOf(logits.getElementType(), {dynamic, dynamic})});
  Value done = builder->compute(regions.all, {}, [&](ValueRange views) {
    Value result = views.back(), target = result;
    if (sums)
      target = builder->corner(views[sums], builder->size(result, 0),
                               builder->size(result, 1));
    builder->start(target, bias ? views[bias] : Value());
    router.multiply(b, b.getLoc(), views[x], /*parts=*/{},
                    views.slice(panels.first, panels.second), target);
    if (!sums && !changesSums(op))
      return;
    // What is summed up in place is read there.
    SmallVector<Indexed> inputs;
    if (sums)
      inputs.push_back({target, {0, 1}});
    if (offset)
      inputs.push_back({views[offset], offsetLoops});
    builder->map(result, inputs, [&](ValueRange in) {
      Value sum = sums ? in.front() : in.back();
      Value added = offset ? in[sums ? 1 : 0] : Value();
      return b.convert(buildLogit(b, op, sum, added), logits.getElementType());
    });
  });
  builder->arrive("multiplied", {}, done);
}

Value LayerLogits::wait() {
  return builder->wait("multiplied", {}, {tokens, experts});
}
