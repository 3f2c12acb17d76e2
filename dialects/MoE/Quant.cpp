// #moe.quant and moe.dequant: what formats store, and verifiers.
#include "moe/Dialect/MoE/Quant.h"
#include "AttrFields.h"
#include "Shapes.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace moe;
using namespace moe::detail;

using EmitError = llvm::function_ref<InFlightDiagnostic()>;

//===----------------------------------------------------------------------===//
// Fields
//===----------------------------------------------------------------------===//

static bool isUnsigned(QuantFormat format) {
  return format == QuantFormat::USym || format == QuantFormat::UAffine;
}

static bool hasGroup(QuantFormat format) {
  switch (format) {
  case QuantFormat::I8Group:
  case QuantFormat::USym:
  case QuantFormat::UAffine:
  case QuantFormat::USb:
  case QuantFormat::Gptq4:
  case QuantFormat::Awq4:
  case QuantFormat::Hqq:
  case QuantFormat::Fp8Block:
  case QuantFormat::Nested:
  case QuantFormat::NOfM:
    return true;
  case QuantFormat::I8Chan:
  case QuantFormat::GgufQ40:
  case QuantFormat::GgufQ80:
  case QuantFormat::Mxfp4:
  case QuantFormat::GgufMxfp4:
  case QuantFormat::Nvfp4:
  case QuantFormat::GgufNvfp4:
  case QuantFormat::QMoE:
  case QuantFormat::Ternary:
  case QuantFormat::Float:
  case QuantFormat::Bitmask:
    return false;
  }
  llvm_unreachable("every format is listed");
}

/// Whether `format` has codes of `bits`; 0 for formats that fix them.
static bool hasBits(QuantFormat format, int64_t bits) {
  switch (format) {
  case QuantFormat::USym:
  case QuantFormat::UAffine:
    return bits == 2 || bits == 4 || bits == 8;
  case QuantFormat::USb:
    return (bits >= 2 && bits <= 6) || bits == 8;
  case QuantFormat::Hqq:
    return bits >= 1 && bits <= 4;
  case QuantFormat::Nested:
    return bits >= 2 && bits <= 8;
  default:
    return bits == 0;
  }
}

/// (quant_c1), (quant_c3): what nested codes are read in.
static LogicalResult verifyNested(EmitError emitError, int64_t bits,
                                  int64_t base, int64_t plane, int64_t width,
                                  QuantWidths widths, bool overrides) {
  if ((base != 1 && base != 2 && base != 4) || (plane != 1 && plane != 2))
    return emitError() << "expects 'base' 1, 2 or 4 and 'plane' 1 or 2, but "
                          "got "
                       << base << " and " << plane;
  if (base > bits || (bits - base) % plane != 0)
    return emitError() << "requires 'base' (" << base << ") and planes of "
                       << plane << " to make up 'bits' (" << bits << ")";
  // (quant_c3)
  if (width != 0 &&
      (width < base || width >= bits || (width - base) % plane != 0))
    return emitError() << "requires 'width' (" << width
                       << ") to end a plane and to be below 'bits' (" << bits
                       << ")";
  if (width != 0 && widths == QuantWidths::Operand)
    return emitError() << "expects a 'width' or 'widths = operand', but got "
                          "both";
  if (overrides && base == bits)
    return emitError() << "expects 'overrides' of widths below 'bits', but "
                          "'base' has them all";
  return success();
}

LogicalResult QuantAttr::verify(EmitError emitError, QuantFormat format,
                                int64_t group, int64_t bits, int64_t blockN,
                                int64_t version, NibbleOrder order,
                                GlobalScale global, int64_t base, int64_t plane,
                                QuantSlice slice, int64_t width,
                                QuantWidths widths, bool overrides,
                                int64_t keep) {
  StringRef name = stringifyEnum(format);
  // (quant_c1), (quant_c2)
  auto belongs = [&](StringRef field, bool has, bool given) -> LogicalResult {
    if (has == given)
      return success();
    return emitError() << "expects " << (has ? "a" : "no") << " positive '"
                       << field << "' in '" << name << "'";
  };
  if (failed(belongs("group", hasGroup(format), group > 0)) || group < 0)
    return failure();
  if (!hasBits(format, bits))
    return emitError() << "expects 'bits' that '" << name << "' has, but got "
                       << bits;
  bool isNested = format == QuantFormat::Nested;
  if (failed(belongs("block_n", format == QuantFormat::Fp8Block, blockN > 0)) ||
      failed(belongs("version", format == QuantFormat::Gptq4, version > 0)) ||
      failed(belongs("base", isNested, base > 0)) ||
      failed(belongs("plane", isNested, plane > 0)) ||
      failed(belongs("keep", format == QuantFormat::NOfM, keep > 0)))
    return failure();
  // (quant_c4)
  if (format == QuantFormat::NOfM && (keep >= group || group > 16))
    return emitError() << "requires 'keep' (" << keep
                       << ") to be below 'group' (" << group
                       << "), which is at most 16";
  if (version > 2)
    return emitError() << "expects 'version' 1 or 2, but got " << version;
  bool ordered = (isUnsigned(format) && bits == 4) ||
                 format == QuantFormat::Mxfp4 || format == QuantFormat::Nvfp4;
  if (order != NibbleOrder::Adjacent && !ordered)
    return emitError() << "expects 'order' with nibbles alone, but got '"
                       << name << "'";
  if (order == NibbleOrder::HalfSplit && group % 2 != 0)
    return emitError() << "requires 'group' (" << group
                       << ") to be even where its halves share bytes";
  if (global != GlobalScale::Multiply && format != QuantFormat::Nvfp4)
    return emitError() << "expects 'global' in 'nvfp4' alone, but got '" << name
                       << "'";
  if (isNested)
    return verifyNested(emitError, bits, base, plane, width, widths, overrides);
  StringRef given = slice != QuantSlice::Floor      ? "slice"
                    : width != 0                    ? "width"
                    : widths != QuantWidths::Static ? "widths"
                    : overrides                     ? "overrides"
                                                    : "";
  if (!given.empty())
    return emitError() << "expects '" << given
                       << "' in 'nested' alone, but got '" << name << "'";
  return success();
}

int64_t QuantAttr::getStoredBits() const {
  // A rounded slice needs what it loses.
  return getWidth() != 0 && getSlice() != QuantSlice::Round ? getWidth()
                                                            : getBits();
}

Attribute QuantAttr::parse(AsmParser &parser, Type) {
  QuantFields fields;
  SMLoc location = parser.getCurrentLocation();
  if (parser.parseLess() || parseEnum(parser, fields.format))
    return {};
  return parseNamedFields(parser, location, fields);
}

void QuantAttr::print(AsmPrinter &printer) const {
  printer << "<" << stringifyEnum(getFormat());
  printNamedFields<QuantFields>(printer, *this);
}

//===----------------------------------------------------------------------===//
// Storage
//===----------------------------------------------------------------------===//

std::string moe::whyNotStored(QuantAttr quant, int64_t n, int64_t k) {
  QuantFormat format = quant.getFormat();
  auto multiple = [](StringRef name, int64_t size, int64_t of) -> std::string {
    if (size % of == 0)
      return {};
    return llvm::formatv("{0} ({1}) to be a multiple of {2}", name, size, of);
  };
  int64_t group = quant.getGroup(), bits = quant.getBits();
  std::string why;
  // A block may be cut off where scales are of blocks, and nowhere else.
  if (group != 0 && format != QuantFormat::Fp8Block)
    why = multiple("K", k, group);
  if (!why.empty())
    return why;
  switch (format) {
  case QuantFormat::USym:
  case QuantFormat::UAffine:
    return multiple("K", k, 8 / bits);
  case QuantFormat::USb:
    return multiple("K times bits", k * bits, 32);
  case QuantFormat::Gptq4:
    why = multiple("K", k, 8);
    return why.empty() ? multiple("N", n, 8) : why;
  case QuantFormat::Awq4:
    return multiple("N", n, 8);
  case QuantFormat::GgufQ40:
  case QuantFormat::GgufQ80:
  case QuantFormat::Mxfp4:
  case QuantFormat::GgufMxfp4:
    return multiple("K", k, 32);
  case QuantFormat::Hqq:
    // Three bits lie in words whose last rows may be empty.
    return bits == 3
               ? std::string()
               : multiple("the number of groups", n * k / group, 8 / bits);
  case QuantFormat::Nvfp4:
    return multiple("K", k, 16);
  case QuantFormat::GgufNvfp4:
    return multiple("K", k, 64);
  case QuantFormat::QMoE:
    return multiple("K", k, 2);
  case QuantFormat::Ternary:
    return multiple("K", k, 4);
  case QuantFormat::Nested:
    return multiple("N times K", n * k, 8);
  case QuantFormat::NOfM:
    return multiple("the bits of a row's positions",
                    k / group * quant.getKeep() * quant.getPositionBits(), 8);
  case QuantFormat::Bitmask:
    return multiple("K", k, 8);
  case QuantFormat::I8Chan:
  case QuantFormat::I8Group:
  case QuantFormat::Fp8Block:
  case QuantFormat::Float:
    return {};
  }
  llvm_unreachable("every format is listed");
}

SmallVector<StoragePart> moe::getStorageParts(QuantAttr quant, int64_t n,
                                              int64_t k) {
  using Element = StorageElement;
  constexpr int64_t dynamic = ShapedType::kDynamic;
  int64_t group = quant.getGroup(), bits = quant.getBits();
  int64_t groups = group != 0 ? k / group : 0;
  StoragePart scales{"scales", Element::Real, {n, groups}};
  StoragePart global{"global scale", Element::Real, {}};
  switch (quant.getFormat()) {
  case QuantFormat::I8Chan:
    return {{"codes", Element::Bytes, {n, k}}, {"scales", Element::Real, {n}}};
  case QuantFormat::I8Group:
    return {{"codes", Element::Bytes, {n, k}}, scales};
  case QuantFormat::USym:
    return {{"codes", Element::Bytes, {n, k * bits / 8}}, scales};
  case QuantFormat::UAffine:
    return {{"codes", Element::Bytes, {n, k * bits / 8}},
            scales,
            {"zeros",
             Element::BytesOrReal,
             {n, groups},
             {n, llvm::divideCeilSigned(groups * bits, 8)}}};
  case QuantFormat::USb:
    return {{"words", Element::Words, {n, k * bits / 32}},
            scales,
            {"biases", Element::Real, {n, groups}}};
  case QuantFormat::Gptq4:
    return {{"words", Element::Words, {k / 8, n}},
            {"zeros", Element::Words, {groups, n / 8}},
            {"scales", Element::Real, {groups, n}},
            {"groups", Element::Words, {k}}};
  case QuantFormat::Awq4:
    return {{"words", Element::Words, {k, n / 8}},
            {"zeros", Element::Words, {groups, n / 8}},
            {"scales", Element::Real, {groups, n}}};
  case QuantFormat::GgufQ40:
    return {{"blocks", Element::Bytes, {n, k / 32, 18}}};
  case QuantFormat::GgufQ80:
    return {{"blocks", Element::Bytes, {n, k / 32, 34}}};
  case QuantFormat::Hqq: {
    int64_t rows = n * k / group;
    StoragePart codes{"codes", Element::Bytes, {rows * bits / 8, group}};
    if (bits == 3)
      codes = {
          "codes", Element::Words, {llvm::divideCeilSigned(rows, 10), group}};
    return {codes,
            {"scales", Element::Real, {rows}},
            {"zeros", Element::Real, {rows}}};
  }
  case QuantFormat::Fp8Block: {
    SmallVector<int64_t, 3> blocks = {
        llvm::divideCeilSigned(n, quant.getBlockN()),
        llvm::divideCeilSigned(k, group)};
    return {{"codes", Element::Bytes, {n, k}},
            {"scales", Element::BytesOrReal, blocks, blocks}};
  }
  case QuantFormat::Mxfp4:
    return {{"blocks", Element::Bytes, {n, k / 32, 16}},
            {"exponents", Element::Bytes, {n, k / 32}}};
  case QuantFormat::GgufMxfp4:
    return {{"blocks", Element::Bytes, {n, k / 32, 17}}};
  case QuantFormat::Nvfp4:
    return {{"codes", Element::Bytes, {n, k / 2}},
            {"scales", Element::Bytes, {n, k / 16}},
            global};
  case QuantFormat::GgufNvfp4:
    return {{"blocks", Element::Bytes, {n, k / 64, 36}}, global};
  case QuantFormat::QMoE: {
    StoragePart dictionary{"dictionary", Element::Words, {65536, 2}};
    dictionary.shared = true;
    return {{"codewords", Element::Halves, {dynamic}},
            {"offsets", Element::Words, {n + 1}},
            {"low", Element::Real, {n}},
            {"high", Element::Real, {n}},
            dictionary};
  }
  case QuantFormat::Ternary:
    return {{"codes", Element::Bytes, {n, k / 4}},
            {"scale", Element::Real, {}}};
  case QuantFormat::Nested: {
    SmallVector<StoragePart> parts = {
        {"planes", Element::Bytes, {n * k * quant.getStoredBits() / 8}},
        scales,
        {"zeros", Element::Real, {n, groups}}};
    if (quant.getOverrides() && quant.getWidth() == 0) {
      int64_t narrow = quant.getNumNarrowWidths();
      parts.push_back({"narrow scales", Element::Real, {narrow, n, groups}});
      parts.push_back({"narrow zeros", Element::Real, {narrow, n, groups}});
    }
    if (quant.getWidths() == QuantWidths::Operand)
      parts.push_back({"widths", Element::Bytes, {}});
    return parts;
  }
  case QuantFormat::Float:
    return {{"matrix", Element::Real, {n, k}}};
  case QuantFormat::NOfM: {
    int64_t kept = groups * quant.getKeep();
    return {
        {"values", Element::Real, {n, kept}},
        {"positions", Element::Bytes, {n, kept * quant.getPositionBits() / 8}}};
  }
  case QuantFormat::Bitmask:
    return {{"mask", Element::Bytes, {n, k / 8}},
            {"values", Element::Real, {dynamic}},
            {"offsets", Element::Words, {n + 1}}};
  }
  llvm_unreachable("every format has parts");
}

static StringRef describe(StorageElement element) {
  switch (element) {
  case StorageElement::Bytes:
    return "i8";
  case StorageElement::Halves:
    return "i16";
  case StorageElement::Words:
    return "i32";
  case StorageElement::Real:
    return "float";
  case StorageElement::BytesOrReal:
    return "i8 or float";
  }
  llvm_unreachable("every kind of element has a name");
}

static bool isElement(Type type, StorageElement element) {
  switch (element) {
  case StorageElement::Bytes:
    return type.isInteger(8);
  case StorageElement::Halves:
    return type.isInteger(16);
  case StorageElement::Words:
    return type.isInteger(32);
  case StorageElement::Real:
    return isa<FloatType>(type);
  case StorageElement::BytesOrReal:
    return isa<FloatType>(type) || type.isInteger(8);
  }
  llvm_unreachable("every kind of element is listed");
}

LogicalResult moe::verifyStorage(Operation *op, QuantAttr quant,
                                 ValueRange storage, ArrayRef<int64_t> leading,
                                 int64_t n, int64_t k) {
  SmallVector<StoragePart> parts = getStorageParts(quant, n, k);
  if (storage.size() != parts.size())
    return op->emitOpError("expects ")
           << parts.size() << " tensors that store '"
           << stringifyEnum(quant.getFormat()) << "', but got "
           << storage.size();
  for (auto [value, part] : llvm::zip_equal(storage, parts)) {
    auto type = cast<RankedTensorType>(value.getType());
    if (!isElement(type.getElementType(), part.element))
      return op->emitOpError("expects ")
             << describe(part.element) << " elements of '" << part.name
             << "', but got " << type;
    bool packed = part.element == StorageElement::BytesOrReal &&
                  type.getElementType().isInteger(8);
    SmallVector<int64_t> expected;
    if (!part.shared)
      llvm::append_range(expected, leading);
    llvm::append_range(expected, packed ? part.packedShape : part.shape);
    if (!llvm::equal(type.getShape(), expected, compatible))
      return op->emitOpError("requires '")
             << part.name << "' (" << type << ") to have the shape ["
             << expected << "]";
  }
  return success();
}

LogicalResult DequantOp::verify() {
  auto result = cast<RankedTensorType>(getType());
  ArrayRef<int64_t> shape = result.getShape();
  int64_t n = shape[shape.size() - 2], k = shape.back();
  // (dequant_c1)
  if (ShapedType::isDynamic(n) || ShapedType::isDynamic(k))
    return emitOpError("expects a matrix of static sizes, but got ") << result;
  std::string why = whyNotStored(getQuant(), n, k);
  if (!why.empty())
    return emitOpError("requires ") << why;
  // (dequant_c2)
  if (failed(verifyStorage(*this, getQuant(), getStorage(), shape.drop_back(2),
                           n, k)))
    return failure();
  // (dequant_c3)
  QuantAttr quant = getQuant();
  if (getBits() && (quant.getFormat() != QuantFormat::Nested ||
                    quant.getWidth() != 0 || result.getRank() != 3 ||
                    !compatible(getBits().getType().getDimSize(0), shape[0])))
    return emitOpError("expects 'bits' for each matrix of a nested stack "
                       "alone, but got ")
           << getBits().getType() << " for " << result;
  if (quant.getWidths() == QuantWidths::Operand)
    return emitOpError("expects 'bits' in place of 'widths = operand'");
  // (dequant_c4)
  if (quant.getOverrides() && quant.getWidth() == 0 && !getBits())
    return emitOpError("expects 'overrides' where fewer than all bits are "
                       "read");
  return success();
}
