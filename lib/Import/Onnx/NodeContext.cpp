// Access to a node's inputs and attributes, with the errors that go with it.
#include "NodeContext.h"

#include "moe/Dialect/Support/MoESupport.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/InterleavedRange.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace moe::importer;
namespace support = moe::support;
using ::onnx::AttributeProto;

bool NodeContext::has(unsigned index) {
  return index < node.inputs.size() && !node.inputs[index].empty();
}

Val NodeContext::input(unsigned index) {
  if (has(index)) {
    readInputs.insert(index);
    if (Val value = values.lookup(node.inputs[index]))
      return value;
  }
  fail("expects an input #" + llvm::Twine(index) + ", but got none");
  return graph.placeholder(graph.builder.getF32Type(), {});
}

Val NodeContext::input(unsigned index, int64_t minRank, int64_t maxRank) {
  Val value = input(index);
  if (value->rank() >= minRank && value->rank() <= maxRank)
    return value;
  fail("requires the rank of input #" + llvm::Twine(index) + " (" +
       llvm::Twine(value->rank()) + ") to be " +
       (value->rank() < minRank ? "at least " + llvm::Twine(minRank)
                                : "at most " + llvm::Twine(maxRank)));
  return graph.placeholder(value->elementType,
                           SymbolicShape(minRank, DimExpr(1)));
}

void NodeContext::output(unsigned index, Val value) {
  setOutputs.insert(index);
  if (hasOutput(index))
    values[node.outputs[index]] = value;
}

const AttributeProto *NodeContext::find(StringRef name,
                                        AttributeProto::AttributeType type) {
  readAttributes.insert(name);
  const AttributeProto *attribute = node.attributes.lookup(name);
  // Files of the first IR versions do not say the type.
  if (!attribute || !attribute->has_type() || attribute->type() == type)
    return attribute;
  fail("expects the attribute '" + name + "' to be " +
       llvm::Twine(AttributeProto::AttributeType_Name(type)) + ", but got " +
       AttributeProto::AttributeType_Name(attribute->type()));
  return nullptr;
}

int64_t NodeContext::intAttr(StringRef name, int64_t otherwise) {
  const AttributeProto *attribute = find(name, AttributeProto::INT);
  return attribute ? attribute->i() : otherwise;
}

float NodeContext::floatAttr(StringRef name, float otherwise) {
  const AttributeProto *attribute = find(name, AttributeProto::FLOAT);
  return attribute ? attribute->f() : otherwise;
}

std::string NodeContext::stringAttr(StringRef name, StringRef otherwise) {
  const AttributeProto *attribute = find(name, AttributeProto::STRING);
  return attribute ? attribute->s() : otherwise.str();
}

std::optional<SmallVector<int64_t>> NodeContext::intsAttr(StringRef name) {
  const AttributeProto *attribute = find(name, AttributeProto::INTS);
  if (!attribute)
    return std::nullopt;
  return SmallVector<int64_t>(attribute->ints().begin(),
                              attribute->ints().end());
}

std::optional<SmallVector<float>> NodeContext::floatsAttr(StringRef name) {
  const AttributeProto *attribute = find(name, AttributeProto::FLOATS);
  if (!attribute)
    return std::nullopt;
  return SmallVector<float>(attribute->floats().begin(),
                            attribute->floats().end());
}

std::optional<SmallVector<int64_t>> NodeContext::constantInts(unsigned index) {
  auto result = graph.constantIntegers(input(index));
  if (!result)
    fail("expects a constant as input #" + llvm::Twine(index) +
         ", but got a value that is known at run time only");
  return result;
}

/// The same bytes as elements of `type`, of the same width; null where they are
/// in no file and not in memory.
static ElementsAttr withElementType(ElementsAttr value, Type type) {
  auto shaped = cast<RankedTensorType>(value.getShapedType().clone(type));
  if (auto external = dyn_cast<support::ExternalAttr>(value))
    return support::ExternalAttr::get(type.getContext(), shaped,
                                      external.getFile(), external.getOffset());
  if (auto dense = dyn_cast<DenseElementsAttr>(value))
    return DenseElementsAttr::getFromRawBuffer(shaped, dense.getRawData());
  return {};
}

ElementsAttr NodeContext::constantBytes(unsigned index,
                                        ArrayRef<int64_t> shape) {
  Val value = input(index);
  if (graph.failed())
    return {};
  if (!value->elementType.isUnsignedInteger(8)) {
    fail("expects uint8 elements of input #" + llvm::Twine(index));
    return {};
  }
  ElementsAttr bytes;
  if (value->constant)
    bytes = withElementType(value->constant, graph.builder.getI8Type());
  if (!bytes) {
    fail("expects an initializer as input #" + llvm::Twine(index));
    return {};
  }
  if (bytes.getNumElements() != ShapedType::getNumElements(shape)) {
    std::string wanted;
    llvm::raw_string_ostream(wanted) << llvm::interleaved_array(shape, "x");
    fail("requires the elements of input #" + llvm::Twine(index) + " (" +
         llvm::Twine(bytes.getNumElements()) + ") to be as many as those of " +
         wanted);
    return {};
  }
  return support::reshapeWeight(bytes, shape);
}

Type NodeContext::elementType(int64_t code) {
  Type type = code == static_cast<int32_t>(code)
                  ? elementTypeFromOnnx(static_cast<int32_t>(code),
                                        graph.builder.getContext())
                  : Type();
  if (type)
    return type;
  fail("expects a supported element type, but got " +
       llvm::Twine(elementTypeName(static_cast<int32_t>(code))));
  return graph.builder.getF32Type();
}

int64_t NodeContext::axis(int64_t axis, int64_t rank) {
  if (axis >= -rank && axis < rank)
    return axis < 0 ? axis + rank : axis;
  fail("requires an axis (" + llvm::Twine(axis) + ") to be within the rank (" +
       llvm::Twine(rank) + ")");
  return 0;
}

SmallVector<int64_t> NodeContext::axes(ArrayRef<int64_t> list, int64_t rank) {
  SmallVector<int64_t> result;
  for (int64_t element : list) {
    int64_t dim = axis(element, rank);
    if (llvm::is_contained(result, dim) && !graph.failed())
      fail("has the axis " + llvm::Twine(element) + " twice");
    result.push_back(dim);
  }
  return result;
}

std::optional<SmallVector<int64_t>> NodeContext::axesOperand(unsigned index,
                                                             int64_t rank) {
  std::optional<SmallVector<int64_t>> list;
  if (hasAttr("axes"))
    list = intsAttr("axes");
  else if (has(index))
    list = constantInts(index);
  if (!list)
    return std::nullopt;
  SmallVector<int64_t> result = axes(*list, rank);
  llvm::sort(result);
  return result;
}

SmallVector<Val> NodeContext::emitBody(const Subgraph &body, GraphBuilder &into,
                                       llvm::StringMap<Val> &inner) {
  SmallVector<Val> results;
  for (const auto &[name, tensor] : body.initializers) {
    auto elements = reader.read(*tensor, [&] { return model.emitError(node); });
    if (failed(elements)) {
      into.stop();
      return results;
    }
    inner[name] = into.constant(*elements);
  }
  emitNodes(body.nodes, into, inner);
  if (into.failed())
    return results;
  for (const std::string &name : body.outputs)
    results.push_back(inner.lookup(name));
  return results;
}

void NodeContext::finish() {
  if (graph.failed())
    return;
  for (unsigned i = 0; i < node.inputs.size(); ++i)
    if (has(i) && !readInputs.contains(i))
      return fail("has the input #" + llvm::Twine(i) + " ('" + node.inputs[i] +
                  "'), which is not supported");
  SmallVector<StringRef> unread;
  for (const auto &attribute : node.attributes)
    if (!readAttributes.contains(attribute.getKey()))
      unread.push_back(attribute.getKey());
  if (!unread.empty())
    return fail("has the attribute '" + *llvm::min_element(unread) +
                "', which is not supported");
  for (unsigned i = 0; i < node.outputs.size(); ++i)
    if (hasOutput(i) && !setOutputs.contains(i) &&
        model.isUsed(node.outputs[i]))
      return fail("has the output #" + llvm::Twine(i) + " ('" +
                  node.outputs[i] + "'), which is not supported");
}
