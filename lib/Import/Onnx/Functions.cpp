// Replaces calls of model-local functions by their bodies.
//
// Values of a body get names of their own per call; formal inputs and outputs
// take the names of the actual ones. A reference to an attribute of the
// function becomes the caller's attribute, the function's default, or
// disappears. Which operator set a node belongs to is decided by the function
// that it was written in.
#include "Model.h"
#include "NodeContext.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/Twine.h"
#include <google/protobuf/unknown_field_set.h>
#include <utility>

using namespace mlir;
using namespace moe::importer;

// Fields that messages have gained since the installed message classes.
static constexpr int kNodeOverload = 8, kFunctionAttributeProto = 11,
                     kFunctionOverload = 13;
// Nested calls can grow a graph exponentially, so its size has a limit.
static constexpr size_t kMaxNodes = 1 << 20, kMaxCalls = 1 << 16,
                        kMaxDepth = 128;

namespace moe::importer {

class FunctionInliner {
public:
  FunctionInliner(OnnxModel &model, const ::onnx::ModelProto &proto,
                  std::vector<Node> &nodes)
      : model(model), proto(proto), nodes(&nodes) {}

  LogicalResult run();

private:
  using Opsets = llvm::StringMap<int64_t>;
  using Attributes = llvm::StringMap<const ::onnx::AttributeProto *>;
  struct Function {
    const ::onnx::FunctionProto *proto;
    Attributes defaults;
    Opsets opsets;
    bool active = false;
  };
  /// The body that is being written out.
  struct Scope {
    const Opsets &opsets;
    /// Attributes of the call; null in the main graph.
    const Attributes *attributes;
    /// Names of the body's values in the flat graph; null in the main graph.
    llvm::StringMap<std::string> *names;
    std::string prefix;
    size_t depth;
    /// The scope around a body of control flow; null elsewhere.
    const Scope *outer = nullptr;
  };

  static std::string key(StringRef domain, StringRef name, StringRef overload) {
    return (domain + Twine('\0') + name + Twine('\0') + overload).str();
  }
  static std::string normalised(const std::string &domain) {
    return domain == "ai.onnx" ? "" : domain;
  }
  InFlightDiagnostic emitError(const Scope &scope,
                               const ::onnx::NodeProto &node) {
    Node stub;
    fillName(stub, scope, node);
    stub.opType = node.op_type();
    stub.domain = normalised(node.domain());
    stub.version = scope.opsets.lookup(stub.domain);
    return model.emitError(stub);
  }
  void fillName(Node &result, const Scope &scope,
                const ::onnx::NodeProto &node);
  LogicalResult collect();
  LogicalResult resolveAttributes(const Scope &scope,
                                  const ::onnx::NodeProto &node,
                                  Attributes &attributes);
  LogicalResult
  inlineNodes(const google::protobuf::RepeatedPtrField<::onnx::NodeProto> &body,
              const Scope &scope);
  LogicalResult inlineCall(const ::onnx::NodeProto &node, const Node &call,
                           Function &function, const Scope &scope);
  LogicalResult inlineSubgraph(const ::onnx::GraphProto &graph,
                               const Scope &scope, Node &node,
                               StringRef attribute);
  std::string freshName(StringRef base);
  /// The name in the flat graph of a value that `scope` sees; none where
  /// nothing defines it.
  static std::optional<std::string> resolve(const Scope &scope,
                                            const std::string &name);

  OnnxModel &model;
  const ::onnx::ModelProto &proto;
  /// Where nodes go: the graph, or the body that is being written out.
  std::vector<Node> *nodes;
  size_t nodeCount = 0;
  llvm::StringMap<Function> functions;
  llvm::StringSet<> usedNames;
  /// Attribute defaults that came in unknown fields.
  std::vector<std::unique_ptr<::onnx::AttributeProto>> ownedAttributes;
  size_t calls = 0;
};

} // namespace moe::importer

LogicalResult FunctionInliner::collect() {
  for (const ::onnx::FunctionProto &proto : proto.functions()) {
    std::string domain = normalised(proto.domain());
    auto [it, isNew] = functions.try_emplace(
        key(domain, proto.name(), unknownString(proto, kFunctionOverload)));
    if (!isNew)
      return model.emitError() << "defines the function '" << proto.name()
                               << "' of domain '" << domain << "' twice";
    Function &function = it->second;
    function.proto = &proto;
    for (const ::onnx::OperatorSetIdProto &opset : proto.opset_import()) {
      std::string imported = normalised(opset.domain());
      if (imported.empty() &&
          (opset.version() < kMinOpset || opset.version() > kMaxOpset))
        return model.emitError()
               << "expects an opset from " << kMinOpset << " to " << kMaxOpset
               << " in function '" << proto.name() << "', but got "
               << opset.version();
      function.opsets[imported] = opset.version();
    }
    const google::protobuf::UnknownFieldSet &fields =
        proto.GetReflection()->GetUnknownFields(proto);
    for (int i = 0; i < fields.field_count(); ++i) {
      const google::protobuf::UnknownField &field = fields.field(i);
      if (field.number() != kFunctionAttributeProto ||
          field.type() != google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED)
        continue;
      auto attribute = std::make_unique<::onnx::AttributeProto>();
      if (!attribute->ParseFromString(field.length_delimited()))
        return model.emitError() << "expects attribute defaults that parse in "
                                    "function '"
                                 << proto.name() << "'";
      function.defaults[attribute->name()] = attribute.get();
      ownedAttributes.push_back(std::move(attribute));
    }
  }
  return success();
}

void FunctionInliner::fillName(Node &result, const Scope &scope,
                               const ::onnx::NodeProto &node) {
  std::string name = node.name();
  if (name.empty()) {
    name = node.op_type();
    if (node.output_size() != 0)
      name += ":" + node.output(0);
  }
  result.name = scope.prefix + name;
}

std::string FunctionInliner::freshName(StringRef base) {
  std::string name = base.str();
  for (size_t suffix = 1; !usedNames.insert(name).second; ++suffix)
    name = (base + "." + Twine(suffix)).str();
  return name;
}

LogicalResult FunctionInliner::resolveAttributes(const Scope &scope,
                                                 const ::onnx::NodeProto &node,
                                                 Attributes &attributes) {
  llvm::StringSet<> seen;
  for (const ::onnx::AttributeProto &attribute : node.attribute()) {
    if (!seen.insert(attribute.name()).second)
      return emitError(scope, node)
             << "has the attribute '" << attribute.name() << "' twice";
    const ::onnx::AttributeProto *value = &attribute;
    if (!attribute.ref_attr_name().empty()) {
      if (!scope.attributes)
        return emitError(scope, node)
               << "refers to the attribute '" << attribute.ref_attr_name()
               << "' of a function, but is in none";
      value = scope.attributes->lookup(attribute.ref_attr_name());
    }
    if (value)
      attributes[attribute.name()] = value;
  }
  return success();
}

LogicalResult FunctionInliner::inlineCall(const ::onnx::NodeProto &node,
                                          const Node &call, Function &function,
                                          const Scope &scope) {
  const ::onnx::FunctionProto &proto = *function.proto;
  if (function.active)
    return model.emitError(call)
           << "calls the function '" << proto.name() << "' from itself";
  if (scope.depth >= kMaxDepth)
    return model.emitError(call)
           << "is nested in more than " << kMaxDepth << " function calls";
  if (node.input_size() > proto.input_size() ||
      node.output_size() > proto.output_size())
    return model.emitError(call)
           << "requires its inputs (" << node.input_size() << ") and outputs ("
           << node.output_size() << ") to be no more than the function's ("
           << proto.input_size() << " and " << proto.output_size() << ")";

  Attributes attributes;
  for (const std::string &name : proto.attribute())
    if (auto it = call.attributes.find(name); it != call.attributes.end())
      attributes[name] = it->second;
  for (const auto &entry : function.defaults) {
    auto it = call.attributes.find(entry.getKey());
    attributes[entry.getKey()] =
        it != call.attributes.end() ? it->second : entry.second;
  }

  llvm::StringMap<std::string> names;
  for (int i = 0; i < proto.input_size(); ++i)
    names[proto.input(i)] = i < node.input_size() ? call.inputs[i] : "";
  std::string prefix = call.name + "/";
  // A function may hand an input straight to an output: such an output is a
  // copy, since a value has one definition.
  std::vector<std::pair<std::string, std::string>> copies;
  for (int i = 0; i < node.output_size(); ++i) {
    if (call.outputs[i].empty())
      continue;
    auto [it, isNew] = names.try_emplace(proto.output(i), call.outputs[i]);
    if (!isNew)
      copies.push_back({it->second, call.outputs[i]});
  }
  function.active = true;
  Scope inner{function.opsets, &attributes, &names, prefix, scope.depth + 1};
  LogicalResult result = inlineNodes(proto.node(), inner);
  function.active = false;
  if (failed(result))
    return failure();
  for (auto &[from, to] : copies) {
    Node copy;
    copy.name = call.name;
    copy.opType = "Identity";
    copy.version = kMinOpset;
    copy.inputs = {from};
    copy.outputs = {to};
    nodes->push_back(std::move(copy));
  }
  return success();
}

std::optional<std::string> FunctionInliner::resolve(const Scope &scope,
                                                    const std::string &name) {
  // The main graph uses names as they are.
  if (!scope.names)
    return name;
  if (auto it = scope.names->find(name); it != scope.names->end())
    return it->second;
  return scope.outer ? resolve(*scope.outer, name) : std::nullopt;
}

LogicalResult FunctionInliner::inlineSubgraph(const ::onnx::GraphProto &graph,
                                              const Scope &scope, Node &node,
                                              StringRef attribute) {
  if (scope.depth >= kMaxDepth)
    return model.emitError(node)
           << "is nested in more than " << kMaxDepth << " bodies";
  if (graph.input_size() != 0)
    return model.emitError(node) << "has the body '" << attribute
                                 << "' with inputs, which is not supported";
  if (graph.sparse_initializer_size() != 0)
    return model.emitError(node)
           << "expects dense initializers in the body '" << attribute << "'";
  auto subgraph = std::make_shared<Subgraph>();
  llvm::StringMap<std::string> names;
  std::string prefix = (node.name + "/" + attribute + "/").str();
  for (const ::onnx::TensorProto &tensor : graph.initializer()) {
    auto [it, isNew] = names.try_emplace(tensor.name());
    if (!isNew)
      return model.emitError(node)
             << "defines the initializer '" << tensor.name()
             << "' twice in the body '" << attribute << "'";
    it->second = freshName(prefix + tensor.name());
    subgraph->initializers.push_back({it->second, &tensor});
  }
  Scope inner{scope.opsets, scope.attributes, &names,
              prefix,       scope.depth + 1,  &scope};
  std::vector<Node> *around = std::exchange(nodes, &subgraph->nodes);
  LogicalResult result = inlineNodes(graph.node(), inner);
  nodes = around;
  if (failed(result))
    return failure();
  for (const ::onnx::ValueInfoProto &output : graph.output()) {
    std::optional<std::string> name = resolve(inner, output.name());
    if (!name)
      return model.emitError(node)
             << "has the output '" << output.name() << "' in its body '"
             << attribute << "', which nothing defines";
    subgraph->outputs.push_back(*name);
  }
  // What the body does not define comes from around it.
  llvm::StringSet<> own, seen;
  for (const auto &[name, tensor] : subgraph->initializers)
    own.insert(name);
  for (const Node &each : subgraph->nodes)
    own.insert_range(each.outputs);
  seen.insert_range(node.captures);
  auto capture = [&](const std::string &name) {
    if (!name.empty() && !own.contains(name) && seen.insert(name).second)
      node.captures.push_back(name);
  };
  for (const Node &each : subgraph->nodes) {
    llvm::for_each(each.inputs, capture);
    llvm::for_each(each.captures, capture);
  }
  llvm::for_each(subgraph->outputs, capture);
  node.subgraphs[attribute] = std::move(subgraph);
  return success();
}

LogicalResult FunctionInliner::inlineNodes(
    const google::protobuf::RepeatedPtrField<::onnx::NodeProto> &body,
    const Scope &scope) {
  // Outputs are named first: a use before the definition must be told from a
  // use of something that does not exist.
  if (scope.names)
    for (const ::onnx::NodeProto &node : body)
      for (const std::string &output : node.output())
        if (!output.empty() && !scope.names->contains(output))
          (*scope.names)[output] = freshName(scope.prefix + output);

  for (const ::onnx::NodeProto &proto : body) {
    Node node;
    fillName(node, scope, proto);
    node.opType = proto.op_type();
    node.domain = normalised(proto.domain());
    node.version = scope.opsets.lookup(node.domain);
    if (failed(resolveAttributes(scope, proto, node.attributes)))
      return failure();
    for (const std::string &input : proto.input()) {
      if (!scope.names || input.empty()) {
        node.inputs.push_back(input);
        continue;
      }
      std::optional<std::string> name = resolve(scope, input);
      if (!name)
        return model.emitError(node) << "uses the value '" << input
                                     << "', which nothing in its function "
                                        "defines";
      node.inputs.push_back(*name);
    }
    for (const std::string &output : proto.output())
      node.outputs.push_back(scope.names && !output.empty()
                                 ? scope.names->lookup(output)
                                 : output);

    auto function = functions.find(
        key(node.domain, node.opType, unknownString(proto, kNodeOverload)));
    if (function != functions.end()) {
      // Calls count too: bodies may be empty, and calls nested.
      if (++calls > kMaxCalls)
        return model.emitError(node)
               << "makes the graph exceed " << kMaxCalls << " function calls";
      if (failed(inlineCall(proto, node, function->second, scope)))
        return failure();
      continue;
    }
    // What no translation knows is listed later, all at once, without its
    // bodies.
    bool isKnown = findOp(node.domain, node.opType);
    // In the order of the file, so that errors do not depend on hashing.
    for (const ::onnx::AttributeProto &written : proto.attribute()) {
      const ::onnx::AttributeProto *attribute =
          node.attributes.lookup(written.name());
      if (!isKnown || !attribute ||
          (!attribute->has_g() && attribute->graphs_size() == 0))
        continue;
      if (node.opType != "If" || !node.domain.empty() || !attribute->has_g())
        return model.emitError(node) << "has a subgraph ('" << written.name()
                                     << "'), which is not supported";
      if (failed(inlineSubgraph(attribute->g(), scope, node, written.name())))
        return failure();
    }
    if (++nodeCount > kMaxNodes)
      return model.emitError(node)
             << "makes the graph exceed " << kMaxNodes << " nodes";
    nodes->push_back(std::move(node));
  }
  return success();
}

LogicalResult FunctionInliner::run() {
  if (failed(collect()))
    return failure();
  for (const ::onnx::ValueInfoProto &input : proto.graph().input())
    usedNames.insert(input.name());
  for (const ::onnx::TensorProto &tensor : proto.graph().initializer())
    usedNames.insert(tensor.name());
  for (const ::onnx::NodeProto &node : proto.graph().node())
    for (const std::string &output : node.output())
      usedNames.insert(output);
  Opsets opsets;
  for (const ::onnx::OperatorSetIdProto &opset : proto.opset_import())
    opsets[normalised(opset.domain())] = opset.version();
  LogicalResult result =
      inlineNodes(proto.graph().node(), Scope{opsets, nullptr, nullptr, "", 0});
  for (auto &attribute : ownedAttributes)
    model.ownedAttributes.push_back(std::move(attribute));
  return result;
}

LogicalResult moe::importer::inlineFunctions(OnnxModel &model,
                                             const ::onnx::ModelProto &proto,
                                             std::vector<Node> &nodes) {
  return FunctionInliner(model, proto, nodes).run();
}
