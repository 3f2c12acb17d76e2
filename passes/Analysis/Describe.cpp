// Routing and experts in words.
#include "moe/Analysis/Describe.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace moe;

std::string moe::describe(RouteOp route) {
  std::string text;
  llvm::raw_string_ostream out(text);
  SelectAttr select = route.getSelect();
  WeightAttr weight = route.getWeight();
  int64_t experts = route.getPlan().getType().getExperts();
  DomainAttr domain = route.getDomainAttr();
  bool ofTokens = select.getPolicy() == Policy::TopK;
  // "all tokens", "12 tokens", "12 of each 24 tokens"
  auto nameTokens = [&](std::optional<int64_t> count) {
    if (count)
      out << *count << (domain ? " of " : "");
    if (domain)
      out << "each " << domain.getSize();
    else if (!count)
      out << "all";
    out << " tokens";
  };
  if (select.getPolicy() == Policy::SoftSlots) {
    out << select.getK() << " rows of each of " << experts << " experts from ";
    nameTokens(std::nullopt);
  } else if (select.getPolicy() == Policy::ExpertTopC) {
    out << "each of " << experts << " experts takes ";
    nameTokens(select.getCount().getNumber());
  } else if (select.getK() != 0) {
    out << "top-" << select.getK() << " of " << experts;
  } else {
    out << stringifyEnum(select.getPolicy()) << " of " << experts;
  }
  ScoreFn function = route.getScore().getFn();
  if (function != ScoreFn::Identity)
    out << ", " << stringifyEnum(function)
        << (!ofTokens                        ? " scores"
            : select.getKey() == Key::Logits ? " of the picked logits"
                                             : " before top-k");
  if (route.getKeyOffset())
    out << ", biased keys";
  if (GroupFilterAttr filter = route.getGroupFilterAttr())
    out << ", best " << filter.getKeep() << " of " << filter.getGroups()
        << " groups";
  if (select.getPolicy() == Policy::SparseMixer)
    out << llvm::format(
        ", sparse mixer (softmax over logits within %g %% of the pick)",
        200 * select.getValue().getValueAsDouble());
  if (weight.getSource() == WeightSource::One)
    out << ", unweighted";
  if (weight.getNorm() == WeightNorm::Sum)
    out << ", renormalised";
  if (weight.getNorm() == WeightNorm::Softmax)
    out << ", softmax over the picks";
  if (weight.getScaleValue() != 1.0)
    out << llvm::format(", scaled by %g", weight.getScaleValue());
  if (!weight.getDtype().isF32())
    out << ", weights in " << weight.getDtype();
  if (CapacityAttr capacity = route.getCapacityAttr()) {
    out << ", at most ";
    if (auto number = capacity.getCount().getNumber())
      nameTokens(number);
    else
      out << "a part of the tokens";
    out << " per expert";
    switch (capacity.getPriority()) {
    case Priority::ChoiceMajor:
      out << ", first choices first";
      break;
    case Priority::Bpr:
      out << ", first choices and best scores first";
      break;
    default:
      out << ", in order of tokens";
      break;
    }
  }
  return text;
}

std::string moe::describe(BodyAttr body, int64_t width) {
  std::string text;
  llvm::raw_string_ostream out(text);
  switch (body.getAct()) {
  case Activation::Silu:
    out << (body.getGated() ? "SwiGLU" : "SiLU");
    break;
  case Activation::GeluErf:
  case Activation::GeluTanh:
    out << (body.getGated() ? "GeGLU" : "GELU");
    break;
  case Activation::Relu:
    out << (body.getGated() ? "ReGLU" : "ReLU");
    break;
  default:
    out << stringifyEnum(body.getAct());
    break;
  }
  out << " width " << width;
  return text;
}

/// "4 bits in groups of 32"
static std::string describe(QuantAttr quant) {
  std::string text;
  llvm::raw_string_ostream out(text);
  if (quant.getBits() != 0)
    out << quant.getBits() << " bits";
  else
    out << stringifyEnum(quant.getFormat());
  if (quant.getGroup() != 0)
    out << " in groups of " << quant.getGroup();
  return text;
}

std::string moe::describe(ExpertsOp experts) {
  std::string text;
  llvm::raw_string_ostream out(text);
  llvm::ListSeparator separator;
  for (ClassAttr entry : experts.getTable().getClasses()) {
    out << separator;
    if (entry.isAlways())
      out << entry.getCount() << " shared ";
    if (entry.getKind() != ClassKind::Ffn)
      out << stringifyEnum(entry.getKind()) << (entry.getBody() ? " " : "");
    if (entry.getBody())
      out << moe::describe(entry.getBody(), entry.getWidth());
    if (entry.getKind() == ClassKind::Linear)
      out << " width " << experts.getType().getWidth();
    std::string last;
    for (QuantAttr quant : entry.getQuant())
      if (std::string own = ::describe(quant); own != last)
        out << ", " << (last = own);
  }
  if (experts.getApply() == Apply::Input)
    out << ", weights on the experts' input";
  return text;
}
