// Instructions that change tensor maps and make the changes visible.
#include "Decoder.h"

using namespace moe::emu;

void Decoder::readTensormap(const ast::Operand &operand, TensormapInfo &info,
                            uint32_t &code, size_t index) {
  Address where = address(operand);
  code = where.code;
  info.offsets[index] = where.offset;
  info.narrow[index] = where.is32;
}

void Decoder::decodeTensormap(const ast::Instruction &i, Modifiers &m) {
  if (m.take("replace")) {
    decodeTensormapReplace(i, m);
    return;
  }
  need(m.take("cp_fenceproxy"), "expects '.replace' or '.cp_fenceproxy'");
  need(m.takeFront() == "global" && m.takeFront() == "shared::cta" &&
           m.take("tensormap::generic") && m.take("release"),
       "expects '.global.shared::cta.tensormap::generic.release'");
  auto *info = newInfo<TensormapInfo>();
  std::optional<Scope> scope = takeScope(m);
  need(scope.has_value(), "expects a scope");
  info->scope = *scope;
  need(m.take("sync") && m.take("aligned"), "expects '.sync.aligned'");
  needOperands(i, 3, 3);
  need(immediate(i.operands[2], "the size") == 128, "expects a size of 128");
  Op op;
  op.run = runTensormapCopy;
  op.info = info;
  readTensormap(i.operands[0], *info, op.a, 0);
  readTensormap(i.operands[1], *info, op.b, 1);
  emit(op);
}

void Decoder::decodeTensormapFence(const ast::Instruction &i, Modifiers &m) {
  auto *info = newInfo<TensormapInfo>();
  int order = m.takeOneOf({"release", "acquire"});
  need(order >= 0, "expects '.release' or '.acquire'");
  info->acquires = order == 1;
  std::optional<Scope> scope = takeScope(m);
  need(scope.has_value(), "expects a scope");
  info->scope = *scope;
  Op op;
  op.run = runTensormapFence;
  op.info = info;
  needOperands(i, info->acquires ? 2 : 0, info->acquires ? 2 : 0);
  if (info->acquires) {
    need(immediate(i.operands[1], "the size") == 128, "expects a size of 128");
    readTensormap(i.operands[0], *info, op.a, 0);
  }
  emit(op);
}

void Decoder::decodeTensormapReplace(const ast::Instruction &i, Modifiers &m) {
  using Field = TensormapInfo::Field;
  auto *info = newInfo<TensormapInfo>();
  need(m.take("tile"), "expects '.tile'");
  // In the order of Field.
  int field = m.takeOneOf({"global_address", "rank", "box_dim", "global_dim",
                           "global_stride", "element_stride", "elemtype",
                           "interleave_layout", "swizzle_mode", "fill_mode"});
  need(field >= 0, "expects a field that is supported");
  info->field = static_cast<Field>(field);
  int space = m.takeOneOf({"global", "shared::cta"});
  info->space = space < 0    ? Space::Generic
                : space == 0 ? Space::Global
                             : Space::Shared;
  need(m.take("b1024"), "expects '.b1024'");
  info->wideValue =
      info->field == Field::GlobalAddress || info->field == Field::GlobalStride;
  need(m.takeType() == (info->wideValue ? Type::B64 : Type::B32),
       info->wideValue ? "expects '.b64'" : "expects '.b32'");
  bool byDimension =
      info->field >= Field::BoxDim && info->field <= Field::ElementStride;
  size_t count = byDimension ? 3 : 2;
  needOperands(i, count, count);
  if (byDimension) {
    uint64_t ordinal = immediate(i.operands[1], "the dimension");
    need(ordinal < (info->field == Field::GlobalStride ? 4 : 5),
         "expects a dimension of a tensor map, but got " +
             std::to_string(ordinal));
    info->ordinal = static_cast<uint8_t>(ordinal);
  }
  Op op;
  op.run = runTensormapReplace;
  op.info = info;
  readTensormap(i.operands[0], *info, op.a, 0);
  op.b =
      readCode(i.operands[count - 1], info->wideValue ? Type::B64 : Type::B32);
  emit(op);
}
