// Parses an ONNX file and checks what every later step relies on: known
// versions, unique names, definitions before uses, no hidden subgraphs.
#include "Model.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/unknown_field_set.h>
#include <google/protobuf/wire_format_lite.h>

using namespace mlir;
using namespace moe::importer;

// Protobuf counts bytes in an int; a longer model keeps its weights in other
// files.
static constexpr size_t kMaxMessageBytes = 0x7fffffff;
static constexpr int64_t kMinIrVersion = 3, kMaxIrVersion = 13;

std::string
moe::importer::unknownString(const google::protobuf::Message &message,
                             int number) {
  const google::protobuf::UnknownFieldSet &fields =
      message.GetReflection()->GetUnknownFields(message);
  for (int i = 0; i < fields.field_count(); ++i) {
    const google::protobuf::UnknownField &field = fields.field(i);
    if (field.number() == number &&
        field.type() == google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED)
      return field.length_delimited();
  }
  return "";
}

std::string Node::describe() const {
  std::string text = "node '" + name + "' (";
  if (!domain.empty())
    text += domain + ".";
  return text + opType + ", opset " + std::to_string(version) + ")";
}

Location OnnxModel::location() const {
  return FileLineColLoc::get(context, modelPath.empty() ? "-" : modelPath, 0,
                             0);
}

Location OnnxModel::location(const Node &node) const {
  return NameLoc::get(StringAttr::get(context, node.name), location());
}

InFlightDiagnostic OnnxModel::emitError() const {
  return mlir::emitError(location());
}

InFlightDiagnostic OnnxModel::emitError(const Node &node) const {
  InFlightDiagnostic diagnostic = mlir::emitError(location(node));
  diagnostic << node.describe();
  if (!proto.graph().name().empty())
    diagnostic << " of graph '" << proto.graph().name() << "'";
  diagnostic << " ";
  return diagnostic;
}

LogicalResult OnnxModel::checkHeader() {
  if (proto.ir_version() < kMinIrVersion || proto.ir_version() > kMaxIrVersion)
    return emitError() << "expects an ir_version from " << kMinIrVersion
                       << " to " << kMaxIrVersion << ", but got "
                       << proto.ir_version();
  if (!proto.has_graph())
    return emitError() << "expects a model with a graph, but got none";
  llvm::StringSet<> domains;
  bool hasDefault = false;
  for (const ::onnx::OperatorSetIdProto &opset : proto.opset_import()) {
    StringRef domain =
        opset.domain() == "ai.onnx" ? StringRef() : StringRef(opset.domain());
    if (!domains.insert(domain).second)
      return emitError() << "expects one opset_import per domain, but got a "
                            "second one for '"
                         << domain << "'";
    if (domain.empty()) {
      hasDefault = true;
      if (opset.version() < kMinOpset || opset.version() > kMaxOpset)
        return emitError() << "expects an opset from " << kMinOpset << " to "
                           << kMaxOpset << ", but got " << opset.version();
    } else if (domain == "com.microsoft" && opset.version() != 1) {
      return emitError()
             << "expects opset 1 of domain 'com.microsoft', but got "
             << opset.version();
    }
  }
  if (!hasDefault && !domains.contains("com.microsoft"))
    return emitError()
           << "expects an opset_import of the default domain, but got none";
  return success();
}

/// Names a node of the cycle through `start`, following definitions of unmet
/// inputs; -1 where there is none.
static int64_t findCycle(ArrayRef<Node> nodes,
                         const llvm::StringMap<size_t> &definers,
                         size_t start) {
  enum State : char { New, Open, Done };
  std::vector<State> states(nodes.size(), New);
  std::vector<std::pair<size_t, size_t>> stack{{start, 0}};
  states[start] = Open;
  while (!stack.empty()) {
    auto &[index, next] = stack.back();
    if (next == nodes[index].inputs.size() + nodes[index].captures.size()) {
      states[index] = Done;
      stack.pop_back();
      continue;
    }
    const std::vector<std::string> &inputs = nodes[index].inputs,
                                   &captures = nodes[index].captures;
    size_t number = next++;
    auto it = definers.find(number < inputs.size()
                                ? inputs[number]
                                : captures[number - inputs.size()]);
    if (it == definers.end() || states[it->second] == Done)
      continue;
    if (states[it->second] == Open)
      return it->second;
    states[it->second] = Open;
    stack.push_back({it->second, 0});
  }
  return -1;
}

LogicalResult OnnxModel::checkNodes(ArrayRef<Node> nodes,
                                    llvm::StringSet<> &defined) {
  llvm::StringMap<size_t> definers;
  for (const auto &[index, node] : llvm::enumerate(nodes))
    for (const std::string &output : node.outputs)
      if (!output.empty() && (defined.contains(output) ||
                              !definers.try_emplace(output, index).second))
        return emitError(node) << "defines the value '" << output
                               << "', which is defined before";
  for (const auto &[index, node] : llvm::enumerate(nodes)) {
    for (const std::string &input :
         llvm::concat<const std::string>(node.inputs, node.captures)) {
      used.insert(input);
      if (input.empty() || defined.contains(input))
        continue;
      if (!definers.contains(input))
        return emitError(node)
               << "uses the value '" << input << "', which nothing defines";
      int64_t cyclic = findCycle(nodes, definers, index);
      if (cyclic >= 0)
        return emitError(nodes[cyclic])
               << "depends on its own result: the graph has a cycle";
      return emitError(node)
             << "uses the value '" << input << "' before its definition";
    }
    for (const auto &entry : node.subgraphs) {
      // Values of a body are seen by nothing behind it.
      const Subgraph &body = *entry.second;
      for (const auto &[name, tensor] : body.initializers)
        defined.insert(name);
      if (failed(checkNodes(body.nodes, defined)))
        return failure();
      used.insert_range(body.outputs);
      for (const auto &[name, tensor] : body.initializers)
        defined.erase(name);
      for (const Node &inner : body.nodes)
        for (const std::string &output : inner.outputs)
          defined.erase(output);
    }
    for (const std::string &output : node.outputs)
      if (!output.empty())
        defined.insert(output);
  }
  return success();
}

LogicalResult OnnxModel::checkValues() {
  const ::onnx::GraphProto &graph = proto.graph();
  if (graph.sparse_initializer_size() != 0)
    return emitError() << "expects dense initializers, but got the sparse "
                          "initializer '"
                       << graph.sparse_initializer(0).values().name() << "'";
  for (const ::onnx::TensorProto &tensor : graph.initializer()) {
    if (tensor.name().empty())
      return emitError() << "expects initializers with names, but got '' in "
                            "graph '"
                         << graph.name() << "'";
    if (!initializers.try_emplace(tensor.name(), &tensor).second)
      return emitError() << "defines the initializer '" << tensor.name()
                         << "' twice in graph '" << graph.name() << "'";
  }
  llvm::StringSet<> defined;
  for (const ::onnx::ValueInfoProto &input : graph.input()) {
    if (input.name().empty())
      return emitError() << "expects graph inputs with names, but got '' in "
                            "graph '"
                         << graph.name() << "'";
    if (!defined.insert(input.name()).second)
      return emitError() << "defines the input '" << input.name()
                         << "' twice in graph '" << graph.name() << "'";
  }
  for (const auto &entry : initializers)
    defined.insert(entry.getKey());

  if (failed(checkNodes(flatNodes, defined)))
    return failure();
  if (graph.output_size() == 0)
    return emitError() << "expects a graph with outputs, but got none";
  llvm::StringSet<> outputs;
  for (const ::onnx::ValueInfoProto &output : graph.output()) {
    if (!defined.contains(output.name()))
      return emitError() << "has the output '" << output.name()
                         << "', which nothing in graph '" << graph.name()
                         << "' defines";
    used.insert(output.name());
    if (!outputs.insert(output.name()).second)
      return emitError() << "has the output '" << output.name() << "' twice";
  }
  return success();
}

namespace {

/// The messages on the way from a model to the bytes of its initializers.
enum class Message { Model, Graph, Tensor };

} // namespace

/// Appends the offset and length of each initializer's raw data in the
/// serialised message that ends at `end`; an initializer without has length 0.
static bool walkMessage(google::protobuf::io::CodedInputStream &stream,
                        Message message, int end,
                        std::vector<std::pair<uint64_t, uint64_t>> &found) {
  using google::protobuf::internal::WireFormatLite;
  while (stream.CurrentPosition() < end) {
    uint32_t tag = stream.ReadTag(), length;
    int field = WireFormatLite::GetTagFieldNumber(tag);
    if (tag == 0)
      return false;
    if (WireFormatLite::GetTagWireType(tag) !=
        WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      if (!WireFormatLite::SkipField(&stream, tag))
        return false;
      continue;
    }
    if (!stream.ReadVarint32(&length))
      return false;
    int start = stream.CurrentPosition();
    if (length > static_cast<uint32_t>(end - start))
      return false;
    if (message == Message::Model &&
        field == ::onnx::ModelProto::kGraphFieldNumber) {
      if (!walkMessage(stream, Message::Graph, start + length, found))
        return false;
      continue;
    }
    if (message == Message::Graph &&
        field == ::onnx::GraphProto::kInitializerFieldNumber) {
      found.push_back({0, 0});
      if (!walkMessage(stream, Message::Tensor, start + length, found))
        return false;
      continue;
    }
    if (message == Message::Tensor &&
        field == ::onnx::TensorProto::kRawDataFieldNumber)
      found.back() = {start, length};
    if (!stream.Skip(length))
      return false;
  }
  return true;
}

void OnnxModel::findRawData(ArrayRef<char> bytes) {
  google::protobuf::io::CodedInputStream stream(
      reinterpret_cast<const uint8_t *>(bytes.data()),
      static_cast<int>(bytes.size()));
  stream.SetTotalBytesLimit(static_cast<int>(kMaxMessageBytes));
  std::vector<std::pair<uint64_t, uint64_t>> found;
  const auto &tensors = proto.graph().initializer();
  if (!walkMessage(stream, Message::Model, static_cast<int>(bytes.size()),
                   found) ||
      found.size() != static_cast<size_t>(tensors.size()))
    return;
  for (auto [tensor, place] : llvm::zip(tensors, found)) {
    auto [offset, length] = place;
    // What was found must be what was parsed.
    if (length != 0 &&
        StringRef(bytes.data() + offset, length) == tensor.raw_data())
      rawDataOffsets[&tensor] = offset;
  }
}

std::unique_ptr<OnnxModel> OnnxModel::parse(ArrayRef<char> bytes,
                                            StringRef path,
                                            MLIRContext *context, bool isFile) {
  std::unique_ptr<OnnxModel> model(new OnnxModel(path, context));
  // To protobuf, no bytes are a message without fields.
  if (bytes.empty()) {
    model->emitError() << "expects a model, but the file is empty";
    return nullptr;
  }
  if (bytes.size() > kMaxMessageBytes) {
    model->emitError() << "expects a model of less than 2 GiB, but got "
                       << bytes.size()
                       << " bytes; save its weights as external data";
    return nullptr;
  }
  {
    google::protobuf::LogSilencer silencer;
    google::protobuf::io::ArrayInputStream array(
        bytes.data(), static_cast<int>(bytes.size()));
    google::protobuf::io::CodedInputStream stream(&array);
    stream.SetTotalBytesLimit(static_cast<int>(kMaxMessageBytes));
    if (!model->proto.ParseFromCodedStream(&stream) ||
        !stream.ConsumedEntireMessage()) {
      model->emitError()
          << "expects a serialised ONNX model, but got " << bytes.size()
          << " bytes that do not parse (truncated or another format)";
      return nullptr;
    }
  }
  if (failed(model->checkHeader()) ||
      failed(inlineFunctions(*model, model->proto, model->flatNodes)) ||
      failed(model->checkValues()))
    return nullptr;
  if (isFile)
    model->findRawData(bytes);
  return model;
}
