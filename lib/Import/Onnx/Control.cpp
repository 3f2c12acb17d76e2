// Control flow. A body becomes a decomposition over the values that it takes
// from around it; a choice that is known when compiling leaves no trace.
#include "NodeContext.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace moe::importer;

static void translateIf(NodeContext &node) {
  GraphBuilder &graph = node.graph;
  node.ignoreAttr("then_branch");
  node.ignoreAttr("else_branch");
  Val condition = graph.reshape(node.input(0), {});
  if (!condition->isBool())
    node.fail("expects a bool element type of input #0");
  std::shared_ptr<Subgraph> onTrue = node.node.subgraphs.lookup("then_branch"),
                            onFalse = node.node.subgraphs.lookup("else_branch");
  if (!onTrue || !onFalse)
    node.fail("expects the bodies 'then_branch' and 'else_branch'");
  for (const std::shared_ptr<Subgraph> &body : {onTrue, onFalse})
    if (body && body->outputs.size() < node.numOutputs())
      node.fail("requires the outputs of its bodies (" +
                llvm::Twine(body->outputs.size()) +
                ") to be as many as its own (" +
                llvm::Twine(node.numOutputs()) + ")");
  if (node.numOutputs() == 0)
    node.fail("expects at least one output, but got none");
  if (graph.failed())
    return;
  SmallVector<Val> results;
  if (std::optional<int64_t> known = graph.constantScalar(condition)) {
    results = node.emitBodyHere(*known ? *onTrue : *onFalse);
  } else {
    // What is known of a value when compiling stays known inside.
    SmallVector<std::string> names;
    SmallVector<Val> inputs;
    llvm::StringMap<Val> constants;
    for (const std::string &name : node.node.captures) {
      Val value = node.lookup(name);
      if (!value)
        return node.fail("uses the value '" + name +
                         "', which nothing around it defines");
      if (value->constant) {
        constants[name] = value;
        continue;
      }
      names.push_back(name);
      inputs.push_back(value);
    }
    auto build = [&](const Subgraph &body) {
      return [&](GraphBuilder &inner, ArrayRef<Val> in) {
        llvm::StringMap<Val> values;
        for (const auto &entry : constants)
          values[entry.getKey()] = inner.constant(entry.second->constant);
        for (auto [name, value] : llvm::zip(names, in))
          values[name] = value;
        SmallVector<Val> outputs = node.emitBody(body, inner, values);
        outputs.truncate(std::min<size_t>(outputs.size(), node.numOutputs()));
        return outputs;
      };
    };
    // The name of a value is unique, that of a node need not be.
    results = graph.conditional(condition, node.node.outputs.front(), inputs,
                                build(*onTrue), build(*onFalse));
  }
  if (graph.failed())
    return;
  for (unsigned i = 0; i < node.numOutputs(); ++i)
    node.output(i, results[i]);
}

ArrayRef<OpEntry> moe::importer::controlOps() {
  static const OpEntry table[] = {
      {"", "If", 13, translateIf},
  };
  return table;
}
