// What the translation of one ONNX node sees, and the table of translations.
#ifndef MOE_LIB_IMPORT_ONNX_NODECONTEXT_H
#define MOE_LIB_IMPORT_ONNX_NODECONTEXT_H

#include "GraphBuilder.h"
#include "Model.h"
#include "TensorData.h"
#include "llvm/ADT/StringSet.h"

namespace moe::importer {

/// One node that is being translated. Inputs and attributes that a translation
/// does not read, and outputs that it does not set, are errors: nothing in a
/// model is ignored silently.
class NodeContext {
public:
  /// Translates nodes one after the other into `graph`; reports errors at the
  /// node.
  using EmitNodes =
      llvm::function_ref<void(llvm::ArrayRef<Node> nodes, GraphBuilder &graph,
                              llvm::StringMap<Val> &values)>;

  NodeContext(const OnnxModel &model, TensorReader &reader, const Node &node,
              GraphBuilder &graph, llvm::StringMap<Val> &values,
              EmitNodes emitNodes)
      : model(model), reader(reader), node(node), graph(graph), values(values),
        emitNodes(emitNodes) {}

  const OnnxModel &model;
  TensorReader &reader;
  const Node &node;
  GraphBuilder &graph;

  int64_t version() const { return node.version; }
  void fail(const llvm::Twine &message) { graph.fail(message); }

  /// Whether the optional input is there.
  bool has(unsigned index);
  /// An input. One that the operator needs but the node lacks is an error, and
  /// reads as a scalar 0.
  Val input(unsigned index);
  /// The same with a rank that must be at least `minRank`; fails and gives
  /// a placeholder of that rank otherwise.
  Val input(unsigned index, int64_t minRank, int64_t maxRank = 64);
  unsigned numInputs() const { return node.inputs.size(); }
  unsigned numOutputs() const { return node.outputs.size(); }
  bool hasOutput(unsigned index) const {
    return index < node.outputs.size() && !node.outputs[index].empty();
  }
  void output(unsigned index, Val value);

  bool hasAttr(llvm::StringRef name) const {
    return node.attributes.contains(name);
  }
  int64_t intAttr(llvm::StringRef name, int64_t otherwise);
  float floatAttr(llvm::StringRef name, float otherwise);
  std::string stringAttr(llvm::StringRef name, llvm::StringRef otherwise);
  std::optional<llvm::SmallVector<int64_t>> intsAttr(llvm::StringRef name);
  std::optional<llvm::SmallVector<float>> floatsAttr(llvm::StringRef name);
  /// Marks an attribute that has no influence on the result as read.
  void ignoreAttr(llvm::StringRef name) { readAttributes.insert(name); }
  void ignoreInput(unsigned index) { readInputs.insert(index); }

  /// The elements of an integer input that must be known when compiling.
  std::optional<llvm::SmallVector<int64_t>> constantInts(unsigned index);
  /// The bytes of a uint8 input that must be known when compiling, as elements
  /// of i8 in `shape`, whatever shape the input declares; null after an error.
  mlir::ElementsAttr constantBytes(unsigned index,
                                   llvm::ArrayRef<int64_t> shape);
  /// The element types of ONNX, from its code.
  mlir::Type elementType(int64_t code);
  /// An axis counted from the front; fails where it is out of range.
  int64_t axis(int64_t axis, int64_t rank);
  llvm::SmallVector<int64_t> axes(llvm::ArrayRef<int64_t> axes, int64_t rank);
  /// Axes from the input `index` or the attribute "axes", ascending; none
  /// where neither is there.
  std::optional<llvm::SmallVector<int64_t>> axesOperand(unsigned index,
                                                        int64_t rank);

  /// What a body of control flow sees of the values around it.
  Val lookup(llvm::StringRef name) const { return values.lookup(name); }
  /// Emits a body; its values from around it are in `inner` already. Gives its
  /// results.
  llvm::SmallVector<Val> emitBody(const Subgraph &body, GraphBuilder &into,
                                  llvm::StringMap<Val> &inner);
  /// The same in place, among the values of the node.
  llvm::SmallVector<Val> emitBodyHere(const Subgraph &body) {
    return emitBody(body, graph, values);
  }

  /// Reports what was not read or set.
  void finish();

private:
  const ::onnx::AttributeProto *
  find(llvm::StringRef name, ::onnx::AttributeProto::AttributeType type);

  llvm::StringMap<Val> &values;
  EmitNodes emitNodes;
  llvm::StringSet<> readAttributes;
  llvm::DenseSet<unsigned> readInputs, setOutputs;
};

using Handler = void (*)(NodeContext &);

/// One translation: of the operator `name` of `domain`, from version `since`
/// of the operator set on.
struct OpEntry {
  const char *domain;
  const char *name;
  int64_t since;
  Handler handler;
};

/// The entry for a node, or null where the operator is not supported.
const OpEntry *findOp(llvm::StringRef domain, llvm::StringRef name);

/// gelu(x), by the error function or its approximation.
Val geluBody(GraphBuilder &graph, Val x, bool tanh);

/// The tables, one per group of operators.
llvm::ArrayRef<OpEntry> elementwiseOps();
llvm::ArrayRef<OpEntry> shapeOps();
llvm::ArrayRef<OpEntry> sliceOps();
llvm::ArrayRef<OpEntry> indexingOps();
llvm::ArrayRef<OpEntry> reductionOps();
llvm::ArrayRef<OpEntry> normalizationOps();
llvm::ArrayRef<OpEntry> quantizationOps();
llvm::ArrayRef<OpEntry> controlOps();
llvm::ArrayRef<OpEntry> attentionOps();
llvm::ArrayRef<OpEntry> microsoftOps();
llvm::ArrayRef<OpEntry> moeOps();

} // namespace moe::importer

#endif // MOE_LIB_IMPORT_ONNX_NODECONTEXT_H
