// The attribute axes: assembly and verification.
//
// Every axis prints as <head, key = value, ...> with defaults left out.
// Selection and capacity are in SelectionAttrs.cpp, classes in TableAttrs.cpp.
#include "AttrAssembly.h"
#include "moe/Dialect/MoE/MoE.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace moe;
using namespace moe::detail;

#define GET_ATTRDEF_CLASSES
#include "moe/Dialect/MoE/MoEAttrs.cpp.inc"

void MoEDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "moe/Dialect/MoE/MoEAttrs.cpp.inc"
      >();
}

using EmitError = function_ref<InFlightDiagnostic()>;

//===----------------------------------------------------------------------===//
// Score
//===----------------------------------------------------------------------===//

ScoreAttr ScoreAttr::get(MLIRContext *context, ScoreFn fn) {
  return get(context, fn, ScoreOver::Experts, 1, f32(context), f32(context),
             ScorePost::None, FloatAttr());
}

LogicalResult ScoreAttr::verify(EmitError emitError, ScoreFn fn, ScoreOver over,
                                int64_t groups, FloatType, FloatType,
                                ScorePost post, FloatAttr postEps) {
  bool pointwise = fn != ScoreFn::Softmax && fn != ScoreFn::Entmax15;
  // (R1)
  if (groups < 1)
    return emitError() << "expects a positive number of groups, but got "
                       << groups;
  // (score_c1)
  if (over != ScoreOver::Experts && pointwise)
    return emitError() << "expects softmax or entmax15 with 'over', but got '"
                       << stringifyEnum(fn) << "'";
  if (over != ScoreOver::Group && groups != 1)
    return emitError() << "expects groups with 'over = group' alone, but got "
                       << groups;
  // (R9)
  if (post == ScorePost::RmsNorm && !pointwise)
    return emitError() << "expects a pointwise score before 'post = rmsnorm', "
                          "but got '"
                       << stringifyEnum(fn) << "'";
  // (score_c2)
  if ((post == ScorePost::RmsNorm) != static_cast<bool>(postEps))
    return emitError() << "expects an epsilon with 'post = rmsnorm' alone";
  if (postEps && !(postEps.getValueAsDouble() >= 0))
    return emitError() << "expects a non-negative epsilon, but got "
                       << postEps.getValueAsDouble();
  return success();
}

Attribute ScoreAttr::parse(AsmParser &parser, Type) {
  MLIRContext *context = parser.getContext();
  ScoreFn fn;
  auto over = ScoreOver::Experts;
  auto post = ScorePost::None;
  int64_t groups = 1;
  FloatType dtype = f32(context), roundTo;
  FloatAttr postEps;
  SMLoc location = parser.getCurrentLocation();
  if (parser.parseLess() || parseEnum(parser, fn))
    return {};
  auto field = [&](StringRef key) -> std::optional<ParseResult> {
    if (key == "over") {
      if (parseEnum(parser, over))
        return failure();
      if (over != ScoreOver::Group)
        return success();
      return failure(parser.parseLParen() || parser.parseInteger(groups) ||
                     parser.parseRParen());
    }
    if (key == "dtype")
      return parser.parseType(dtype);
    if (key == "round_to")
      return parser.parseType(roundTo);
    if (key == "post") {
      if (parseEnum(parser, post))
        return failure();
      if (post != ScorePost::RmsNorm)
        return success();
      return failure(parser.parseLParen() || parseReal(parser, postEps) ||
                     parser.parseRParen());
    }
    return std::nullopt;
  };
  if (parseFields(parser, "over, dtype, round_to, post", field))
    return {};
  return parser.getChecked<ScoreAttr>(location, context, fn, over, groups,
                                      dtype, roundTo ? roundTo : dtype, post,
                                      postEps);
}

void ScoreAttr::print(AsmPrinter &printer) const {
  printer << "<" << stringifyEnum(getFn());
  printEnum(printer, "over", getOver(), ScoreOver::Experts);
  if (getOver() == ScoreOver::Group)
    printer << "(" << getGroups() << ")";
  if (!getDtype().isF32())
    printer << ", dtype = " << getDtype();
  if (getRoundTo() != getDtype())
    printer << ", round_to = " << getRoundTo();
  printEnum(printer, "post", getPost(), ScorePost::None);
  if (getPostEps()) {
    printer << "(";
    printReal(printer, getPostEps());
    printer << ")";
  }
  printer << ">";
}

//===----------------------------------------------------------------------===//
// Group filter
//===----------------------------------------------------------------------===//

LogicalResult GroupFilterAttr::verify(EmitError emitError, int64_t groups,
                                      int64_t keep, int64_t sumTop, GroupFill) {
  // (R1)
  if (groups < 1)
    return emitError() << "expects a positive number of groups, but got "
                       << groups;
  if (keep < 1 || keep > groups)
    return emitError() << "requires 'keep' (" << keep
                       << ") to be between 1 and the groups (" << groups << ")";
  if (sumTop < 0)
    return emitError() << "expects a positive number of summed keys, but got "
                       << sumTop;
  return success();
}

Attribute GroupFilterAttr::parse(AsmParser &parser, Type) {
  int64_t groups = 0, keep = 0, sumTop = 0;
  auto fill = GroupFill::NegInf;
  SMLoc location = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseInteger(groups))
    return {};
  auto field = [&](StringRef key) -> std::optional<ParseResult> {
    if (key == "keep")
      return parser.parseInteger(keep);
    if (key == "group_score") {
      if (succeeded(parser.parseOptionalKeyword("max")))
        return success();
      SMLoc where = parser.getCurrentLocation();
      if (parser.parseKeyword("sum_top") || parser.parseLParen() ||
          parser.parseInteger(sumTop) || parser.parseRParen())
        return failure();
      if (sumTop < 1)
        return parser.emitError(where)
               << "expects a positive number of summed keys, but got "
               << sumTop;
      return success();
    }
    if (key == "fill")
      return parseEnum(parser, fill);
    return std::nullopt;
  };
  if (parseFields(parser, "keep, group_score, fill", field))
    return {};
  return parser.getChecked<GroupFilterAttr>(location, parser.getContext(),
                                            groups, keep, sumTop, fill);
}

void GroupFilterAttr::print(AsmPrinter &printer) const {
  printer << "<" << getGroups() << ", keep = " << getKeep()
          << ", group_score = ";
  if (getSumTop() == 0)
    printer << "max";
  else
    printer << "sum_top(" << getSumTop() << ")";
  printer << ", fill = " << stringifyEnum(getFill()) << ">";
}

//===----------------------------------------------------------------------===//
// Weight
//===----------------------------------------------------------------------===//

WeightAttr WeightAttr::get(MLIRContext *context, WeightSource source,
                           WeightNorm norm, double normValue, double scale) {
  bool hasValue = norm == WeightNorm::Sum || norm == WeightNorm::PNorm;
  return get(context, source, {}, {}, norm,
             hasValue ? real(context, normValue) : FloatAttr(), EpsMode::Add, 1,
             NormWhen::Before, real(context, scale), f32(context),
             WeightGrad::Standard);
}

/// Ids come in ascending order, so that equal sets are equal attributes.
static LogicalResult verifyIds(EmitError emitError, StringRef name,
                               ArrayRef<int64_t> ids) {
  int64_t previous = -1;
  for (int64_t id : ids) {
    if (id < 0)
      return emitError() << "expects non-negative ids in '" << name
                         << "', but got " << id;
    if (id <= previous)
      return emitError() << "expects ascending ids in '" << name
                         << "', but got " << id << " after " << previous;
    previous = id;
  }
  return success();
}

LogicalResult WeightAttr::verify(EmitError emitError, WeightSource source,
                                 ArrayRef<int64_t> zero,
                                 ArrayRef<int64_t> exclude, WeightNorm norm,
                                 FloatAttr normValue, EpsMode epsMode,
                                 int64_t minK, NormWhen, FloatAttr scale,
                                 FloatType, WeightGrad grad) {
  assert(scale && "a weight always has a scale");
  // (weight_c1)
  if (failed(verifyIds(emitError, "zero", zero)) ||
      failed(verifyIds(emitError, "exclude", exclude)))
    return failure();
  for (int64_t id : zero)
    if (llvm::is_contained(exclude, id))
      return emitError() << "expects ids in 'zero' or in 'exclude', but got "
                         << id << " in both";
  // (weight_c2)
  if (minK < 1)
    return emitError() << "expects a positive 'min_k', but got " << minK;
  bool hasValue = norm == WeightNorm::Sum || norm == WeightNorm::PNorm;
  if (hasValue != static_cast<bool>(normValue))
    return emitError() << "expects a value with 'norm = sum' and 'norm = "
                          "pnorm' alone";
  if (norm == WeightNorm::PNorm && !(normValue.getValueAsDouble() > 0))
    return emitError() << "expects a positive p, but got "
                       << normValue.getValueAsDouble();
  if (norm == WeightNorm::Sum && !(normValue.getValueAsDouble() >= 0))
    return emitError() << "expects a non-negative epsilon, but got "
                       << normValue.getValueAsDouble();
  if (norm != WeightNorm::Sum && epsMode != EpsMode::Add)
    return emitError() << "expects an epsilon mode with 'norm = sum' alone";
  // (R7)
  if (norm == WeightNorm::Softmax &&
      (source == WeightSource::Key || source == WeightSource::One ||
       source == WeightSource::Policy))
    return emitError() << "expects source 'logits' or 'operand' with 'norm = "
                          "softmax', but got '"
                       << stringifyEnum(source) << "'";
  // (R27)
  if (grad == WeightGrad::SteIdentity && source != WeightSource::One)
    return emitError() << "expects source 'one' with 'grad = ste_identity', "
                          "but got '"
                       << stringifyEnum(source) << "'";
  return success();
}

Attribute WeightAttr::parse(AsmParser &parser, Type) {
  MLIRContext *context = parser.getContext();
  WeightSource source;
  SmallVector<int64_t> zero, exclude;
  auto norm = WeightNorm::None;
  auto epsMode = EpsMode::Add;
  auto when = NormWhen::Before;
  auto grad = WeightGrad::Standard;
  int64_t minK = 1;
  FloatAttr normValue, scale = real(context, 1.0);
  FloatType dtype = f32(context);
  SMLoc location = parser.getCurrentLocation();
  if (parser.parseLess() || parseEnum(parser, source))
    return {};
  auto parseNorm = [&]() -> ParseResult {
    if (parseEnum(parser, norm))
      return failure();
    if (norm != WeightNorm::Sum && norm != WeightNorm::PNorm)
      return success();
    if (parser.parseLParen() || parseReal(parser, normValue))
      return failure();
    if (norm == WeightNorm::Sum &&
        (parser.parseComma() || parseEnum(parser, epsMode)))
      return failure();
    return parser.parseRParen();
  };
  auto field = [&](StringRef key) -> std::optional<ParseResult> {
    if (key == "zero")
      return parseIds(parser, zero);
    if (key == "exclude")
      return parseIds(parser, exclude);
    if (key == "norm")
      return parseNorm();
    if (key == "min_k")
      return parser.parseInteger(minK);
    if (key == "when")
      return parseEnum(parser, when);
    if (key == "scale")
      return parseReal(parser, scale);
    if (key == "dtype")
      return parser.parseType(dtype);
    if (key == "grad")
      return parseEnum(parser, grad);
    return std::nullopt;
  };
  if (parseFields(parser,
                  "zero, exclude, norm, min_k, when, scale, dtype, grad",
                  field))
    return {};
  return parser.getChecked<WeightAttr>(location, context, source, zero, exclude,
                                       norm, normValue, epsMode, minK, when,
                                       scale, dtype, grad);
}

void WeightAttr::print(AsmPrinter &printer) const {
  printer << "<" << stringifyEnum(getSource());
  printIds(printer, "zero", getZero());
  printIds(printer, "exclude", getExclude());
  printEnum(printer, "norm", getNorm(), WeightNorm::None);
  if (getNormValue()) {
    printer << "(";
    printReal(printer, getNormValue());
    if (getNorm() == WeightNorm::Sum)
      printer << ", " << stringifyEnum(getEpsMode());
    printer << ")";
  }
  if (getMinK() != 1)
    printer << ", min_k = " << getMinK();
  printEnum(printer, "when", getWhen(), NormWhen::Before);
  if (getScaleValue() != 1.0)
    printReal(printer, "scale", getScale());
  if (!getDtype().isF32())
    printer << ", dtype = " << getDtype();
  printEnum(printer, "grad", getGrad(), WeightGrad::Standard);
  printer << ">";
}

//===----------------------------------------------------------------------===//
// Body
//===----------------------------------------------------------------------===//

BodyAttr BodyAttr::get(MLIRContext *context, bool gated, Activation act) {
  return get(context, gated, act, {}, {}, {}, ClampAt::Pre, {}, {}, {}, false,
             false, false, Storage::Split);
}

BodyAttr BodyAttr::get(MLIRContext *context, bool gated, Activation act,
                       FloatAttr alpha, FloatAttr gateLo, FloatAttr gateHi,
                       ClampAt clampAt, FloatAttr upLo, FloatAttr upHi,
                       FloatAttr upOffset, bool gateBias, bool upBias,
                       bool downBias, Storage storage) {
  return get(context, gated, act, alpha, gateLo, gateHi, clampAt, upLo, upHi,
             upOffset, gateBias, upBias, downBias, storage,
             FlatSymbolRefAttr());
}

BodyAttr BodyAttr::withStorage(Storage storage) const {
  return get(getContext(), getGated(), getAct(), getAlpha(), getGateLo(),
             getGateHi(), getClampAt(), getUpLo(), getUpHi(), getUpOffset(),
             getGateBias(), getUpBias(), getDownBias(), storage, getCallee());
}

LogicalResult BodyAttr::verify(EmitError emitError, bool gated, Activation act,
                               FloatAttr alpha, FloatAttr gateLo,
                               FloatAttr gateHi, ClampAt clampAt,
                               FloatAttr upLo, FloatAttr upHi,
                               FloatAttr upOffset, bool gateBias, bool upBias,
                               bool, Storage storage,
                               FlatSymbolRefAttr callee) {
  // (body_c1)
  if (!gated &&
      (gateLo || gateHi || upOffset || gateBias || storage != Storage::Split))
    return emitError() << "expects gate clamps, 'up_offset', a gate bias and "
                          "joint storage in a gated body alone";
  if (clampAt == ClampAt::Post && !gateLo && !gateHi)
    return emitError() << "expects a gate clamp with 'clamp_at = post'";
  // (body_c2)
  if (alpha && act != Activation::Silu)
    return emitError() << "expects 'alpha' with 'silu' alone, but got '"
                       << stringifyEnum(act) << "'";
  // (body_c3)
  if (gated && storage != Storage::Split && gateBias != upBias)
    return emitError() << "expects joint storage to have both a gate and an up "
                          "bias or neither";
  // (body_c4)
  auto ordered = [](FloatAttr lo, FloatAttr hi) {
    return !lo || !hi || lo.getValueAsDouble() <= hi.getValueAsDouble();
  };
  if (!ordered(gateLo, gateHi) || !ordered(upLo, upHi))
    return emitError() << "requires lower clamp bounds to be at most the upper "
                          "ones";
  // (body_c5)
  if ((act == Activation::External) != static_cast<bool>(callee))
    return emitError() << "expects a 'callee' with 'external' alone, but got '"
                       << stringifyEnum(act) << "'"
                       << (callee ? " with one" : "");
  return success();
}

Attribute BodyAttr::parse(AsmParser &parser, Type) {
  bool gated = false, gateBias = false, upBias = false, downBias = false;
  Activation act;
  FloatAttr alpha, gateLo, gateHi, upLo, upHi, upOffset;
  auto clampAt = ClampAt::Pre;
  auto storage = Storage::Split;
  FlatSymbolRefAttr callee;
  SMLoc location = parser.getCurrentLocation();
  if (parser.parseLess())
    return {};
  gated = succeeded(parser.parseOptionalKeyword("gated"));
  if ((!gated && parser.parseKeyword("ungated", " or 'gated'")) ||
      parser.parseComma() || parseEnum(parser, act))
    return {};
  auto parseBias = [&]() -> ParseResult {
    return parser.parseCommaSeparatedList(
        AsmParser::Delimiter::Square, [&]() -> ParseResult {
          if (succeeded(parser.parseOptionalKeyword("gate")))
            return gateBias = true, success();
          if (succeeded(parser.parseOptionalKeyword("up")))
            return upBias = true, success();
          downBias = true;
          return parser.parseKeyword("down", " or 'gate' or 'up'");
        });
  };
  auto field = [&](StringRef key) -> std::optional<ParseResult> {
    if (key == "alpha")
      return parseReal(parser, alpha);
    if (key == "gate_lo")
      return parseReal(parser, gateLo);
    if (key == "gate_hi")
      return parseReal(parser, gateHi);
    if (key == "clamp_at")
      return parseEnum(parser, clampAt);
    if (key == "up_lo")
      return parseReal(parser, upLo);
    if (key == "up_hi")
      return parseReal(parser, upHi);
    if (key == "up_offset")
      return parseReal(parser, upOffset);
    if (key == "bias")
      return parseBias();
    if (key == "storage")
      return parseEnum(parser, storage);
    if (key == "callee")
      return parser.parseAttribute(callee);
    return std::nullopt;
  };
  if (parseFields(parser,
                  "alpha, gate_lo, gate_hi, clamp_at, up_lo, up_hi, up_offset, "
                  "bias, storage, callee",
                  field))
    return {};
  return parser.getChecked<BodyAttr>(
      location, parser.getContext(), gated, act, alpha, gateLo, gateHi, clampAt,
      upLo, upHi, upOffset, gateBias, upBias, downBias, storage, callee);
}

void BodyAttr::print(AsmPrinter &printer) const {
  printer << "<" << (getGated() ? "gated" : "ungated") << ", "
          << stringifyEnum(getAct());
  printReal(printer, "alpha", getAlpha());
  printReal(printer, "gate_lo", getGateLo());
  printReal(printer, "gate_hi", getGateHi());
  printEnum(printer, "clamp_at", getClampAt(), ClampAt::Pre);
  printReal(printer, "up_lo", getUpLo());
  printReal(printer, "up_hi", getUpHi());
  printReal(printer, "up_offset", getUpOffset());
  if (getGateBias() || getUpBias() || getDownBias()) {
    SmallVector<StringRef> biases;
    if (getGateBias())
      biases.push_back("gate");
    if (getUpBias())
      biases.push_back("up");
    if (getDownBias())
      biases.push_back("down");
    printer << ", bias = [";
    llvm::interleaveComma(biases, printer);
    printer << "]";
  }
  printEnum(printer, "storage", getStorage(), Storage::Split);
  if (getCallee())
    printer << ", callee = " << getCallee();
  printer << ">";
}
