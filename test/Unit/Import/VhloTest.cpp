// What the conversion of portable artifacts refuses. Nobody verifies carriers,
// so that what no exporter writes comes as far as this; text stands for bytes.
#include "moe/Import/StableHLO.h"

#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

using namespace mlir;

namespace {

/// A function of one tensor, with `body` before its end.
std::string function(const std::string &body) {
  return "\"vhlo.func_v1\"() <{sym_name = \"main\", sym_visibility = "
         "\"public\", function_type = (tensor<2x3xf32>) -> (), arg_attrs = [], "
         "res_attrs = []}> ({\n^bb0(%a: tensor<2x3xf32>):\n" +
         body + "\n\"vhlo.return_v1\"() : () -> ()\n}) : () -> ()\n";
}

TEST(VhloTest, RefusesWhatNobodyWrites) {
  const std::pair<std::string, const char *> cases[] = {
      {"\"vhlo.func_v1\"() <{}> ({ \"vhlo.return_v1\"() : () -> () }) : () -> "
       "()",
       "expects another attribute 'sym_name' of 'vhlo.func_v1'"},
      {"\"vhlo.func_v1\"() <{sym_name = \"main\", sym_visibility = \"public\", "
       "function_type = () -> (), arg_attrs = [{}], res_attrs = []}> ({ "
       "\"vhlo.return_v1\"() : () -> () }) : () -> ()",
       "expects one dictionary of 'arg_attrs' for each of 0, but got 1"},
      {"\"vhlo.func_v1\"() <{sym_name = \"\", sym_visibility = \"public\", "
       "function_type = () -> (), arg_attrs = [], res_attrs = []}> ({ "
       "\"vhlo.return_v1\"() : () -> () }) : () -> ()",
       "expects a function with a name, a type and a body in the module"},
      {function("%b = \"vhlo.dot_general_v2\"(%a, %a) "
                "<{lhs_batching_dimensions = \"x\"}> : (tensor<2x3xf32>, "
                "tensor<2x3xf32>) -> tensor<2x2xf32>"),
       "expects 'lhs_batching_dimensions' of 'vhlo.dot_general_v2' to be a "
       "list of integers"},
      {function("%b = \"vhlo.return_v1\"(%b) : (tensor<f32>) -> tensor<f32>"),
       "expects 'vhlo.return_v1' neither to read its own results nor to have "
       "more of them than its kind"},
      {function("%b = \"vhlo.composite_v2\"(%a) <{name = \"a.b\", "
                "composite_attributes = {}, decomposition = \"f\", version = 1 "
                ": i32}> ({ \"vhlo.return_v1\"() : () -> () }) : "
                "(tensor<2x3xf32>) -> tensor<2x3xf32>"),
       "expects a composite without regions"},
  };
  for (const auto &[text, expected] : cases) {
    MLIRContext context(MLIRContext::Threading::DISABLED);
    std::vector<std::string> messages;
    context.getDiagEngine().registerHandler([&](Diagnostic &diagnostic) {
      if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
        messages.push_back(diagnostic.str());
    });
    EXPECT_FALSE(moe::readStableHLOBytecode(text, "", 0, context)) << text;
    EXPECT_EQ(messages, std::vector<std::string>{expected}) << text;
  }
}

} // namespace
