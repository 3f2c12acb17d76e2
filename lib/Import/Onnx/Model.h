// An ONNX model as the importer sees it: checked, with model-local functions
// inlined and every attribute resolved.
#ifndef MOE_LIB_IMPORT_ONNX_MODEL_H
#define MOE_LIB_IMPORT_ONNX_MODEL_H

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Location.h"
#include "mlir/Support/LLVM.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/StringSet.h"
#include <memory>
#include <onnx/onnx_pb.h>
#include <optional>
#include <string>
#include <vector>

namespace moe::importer {

/// Opsets of the default domain that the importer knows.
constexpr int64_t kMinOpset = 13, kMaxOpset = 25;

struct Subgraph;

/// One node of the flat graph. Names of values are unique in the model; an
/// empty name is an absent optional input or an unused output.
struct Node {
  /// The node's name in the file; its operator and first output where it has
  /// none. Prefixed by the names of the calls that it was inlined from.
  std::string name;
  std::string opType;
  /// "" is the default domain, also where the file says "ai.onnx".
  std::string domain;
  /// The version of the domain's operator set where the node was written.
  int64_t version = 0;
  std::vector<std::string> inputs, outputs;
  /// Attributes after references to function attributes are resolved. They
  /// live as long as the model.
  llvm::StringMap<const ::onnx::AttributeProto *> attributes;
  /// Bodies of control flow, by the name of their attribute.
  llvm::StringMap<std::shared_ptr<Subgraph>> subgraphs;
  /// Values from outside that the bodies use, without duplicates.
  std::vector<std::string> captures;

  /// "node 'n' (Op, opset 20)" for messages.
  std::string describe() const;
};

/// A body of control flow: nodes over the values around it.
struct Subgraph {
  std::vector<std::string> outputs;
  std::vector<std::pair<std::string, const ::onnx::TensorProto *>> initializers;
  std::vector<Node> nodes;
};

/// A checked ONNX model: nodes in an order in which every value is defined
/// before it is used, and no two definitions share a name.
class OnnxModel {
public:
  /// Parses and checks the model in `bytes`; `path` names it, and is the file
  /// that holds these bytes where `isFile` says so. Reports what is wrong to
  /// the context and returns null then.
  static std::unique_ptr<OnnxModel> parse(llvm::ArrayRef<char> bytes,
                                          llvm::StringRef path,
                                          mlir::MLIRContext *context,
                                          bool isFile = false);

  const ::onnx::GraphProto &graph() const { return proto.graph(); }
  llvm::ArrayRef<Node> nodes() const { return flatNodes; }
  llvm::StringRef path() const { return modelPath; }
  mlir::MLIRContext *getContext() const { return context; }

  /// The initializer with that name, or null.
  const ::onnx::TensorProto *initializer(llvm::StringRef name) const {
    return initializers.lookup(name);
  }

  /// Where in the model's file the raw data of an initializer begin, if the
  /// model is a file.
  std::optional<uint64_t>
  rawDataOffset(const ::onnx::TensorProto &tensor) const {
    auto it = rawDataOffsets.find(&tensor);
    return it == rawDataOffsets.end() ? std::nullopt
                                      : std::optional(it->second);
  }

  /// Whether a node reads the value, or the graph returns it.
  bool isUsed(llvm::StringRef name) const { return used.contains(name); }

  /// Where the model, or one of its nodes, lies.
  mlir::Location location() const;
  mlir::Location location(const Node &node) const;

  /// An error about the model, or about one of its nodes: the message begins
  /// with what it is about, so that it reads well wherever it is printed.
  mlir::InFlightDiagnostic emitError() const;
  mlir::InFlightDiagnostic emitError(const Node &node) const;

private:
  friend class FunctionInliner;

  OnnxModel(llvm::StringRef path, mlir::MLIRContext *context)
      : modelPath(path), context(context) {}
  mlir::LogicalResult checkHeader();
  mlir::LogicalResult checkValues();
  mlir::LogicalResult checkNodes(llvm::ArrayRef<Node> nodes,
                                 llvm::StringSet<> &defined);
  void findRawData(llvm::ArrayRef<char> bytes);

  ::onnx::ModelProto proto;
  std::string modelPath;
  mlir::MLIRContext *context;
  std::vector<Node> flatNodes;
  llvm::StringMap<const ::onnx::TensorProto *> initializers;
  llvm::StringSet<> used;
  llvm::DenseMap<const ::onnx::TensorProto *, uint64_t> rawDataOffsets;
  /// Defaults of function attributes, which the nodes' attributes refer to.
  std::vector<std::unique_ptr<::onnx::AttributeProto>> ownedAttributes;
};

/// Replaces calls of model-local functions by their bodies and resolves
/// attributes; fills the model's list of nodes.
mlir::LogicalResult inlineFunctions(OnnxModel &model,
                                    const ::onnx::ModelProto &proto,
                                    std::vector<Node> &nodes);

/// The string in field `number` of a message written by a newer ONNX than the
/// message classes know, or "".
std::string unknownString(const google::protobuf::Message &message, int number);

} // namespace moe::importer

#endif // MOE_LIB_IMPORT_ONNX_MODEL_H
