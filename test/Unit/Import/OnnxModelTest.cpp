// What the ONNX loader accepts, refuses and says: the model itself, before any
// operator is looked at.
#include "Onnx/Model.h"
#include "Onnx/TensorData.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/MLIRContext.h"
#include "moe/Dialect/Support/MoESupport.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"
#include <google/protobuf/unknown_field_set.h>
#include <onnx/defs/parser.h>
#include <unistd.h>

using namespace mlir;
using namespace moe::importer;

namespace {

class OnnxModelTest : public testing::Test {
protected:
  OnnxModelTest() {
    context.loadDialect<moe::support::MoESupportDialect>();
    context.getDiagEngine().registerHandler([this](Diagnostic &diagnostic) {
      messages.push_back(diagnostic.str());
    });
  }

  static ::onnx::ModelProto fromText(const char *graph,
                                     const char *opsets = "\"\" : 20") {
    ::onnx::ModelProto proto;
    std::string text = std::string("<ir_version: 9, opset_import: [") + opsets +
                       "]>\n" + graph;
    auto status = ::onnx::OnnxParser::Parse(proto, text.c_str());
    EXPECT_TRUE(status.IsOK()) << status.ErrorMessage();
    return proto;
  }
  std::unique_ptr<OnnxModel> parse(const ::onnx::ModelProto &proto,
                                   StringRef path = "test.onnx") {
    std::string bytes = proto.SerializeAsString();
    return OnnxModel::parse(bytes, path, &context);
  }
  /// Expects one error with `text` in it.
  void expectError(const ::onnx::ModelProto &proto, StringRef text) {
    EXPECT_EQ(parse(proto), nullptr);
    expectMessage(text);
  }
  void expectMessage(StringRef text) {
    ASSERT_EQ(messages.size(), 1u);
    EXPECT_NE(StringRef(messages[0]).find(text), StringRef::npos)
        << messages[0] << "\nexpected: " << text.str();
    messages.clear();
  }

  MLIRContext context;
  std::vector<std::string> messages;
};

constexpr const char *kSmall = R"(g (float[N] x) => (float[N] y) {
  y = Neg (x)
})";

TEST_F(OnnxModelTest, ReadsAGraph) {
  auto model = parse(fromText(kSmall));
  ASSERT_NE(model, nullptr);
  ASSERT_EQ(model->nodes().size(), 1u);
  EXPECT_EQ(model->nodes()[0].describe(), "node 'Neg:y' (Neg, opset 20)");
}

TEST_F(OnnxModelTest, RefusesTruncatedAndForeignBytes) {
  std::string bytes = fromText(kSmall).SerializeAsString();
  for (size_t length = 0; length < bytes.size(); ++length) {
    messages.clear();
    auto model =
        OnnxModel::parse(ArrayRef(bytes.data(), length), "t.onnx", &context);
    // A prefix that ends between fields is a model without its opsets.
    EXPECT_EQ(model, nullptr) << length;
    EXPECT_EQ(messages.size(), 1u) << length;
  }
  messages.clear();
  EXPECT_EQ(OnnxModel::parse(StringRef("#!/bin/sh\necho"), "t.onnx", &context),
            nullptr);
  expectMessage("expects a serialised ONNX model");
}

TEST_F(OnnxModelTest, RefusesUnknownVersions) {
  auto proto = fromText(kSmall);
  proto.set_ir_version(99);
  expectError(proto, "expects an ir_version from 3 to 13, but got 99");
  expectError(fromText(kSmall, "\"\" : 12"),
              "expects an opset from 13 to 25, but got 12");
  expectError(fromText(kSmall, "\"\" : 26"),
              "expects an opset from 13 to 25, but got 26");
  expectError(fromText(kSmall, "\"\" : 20, \"com.microsoft\" : 2"),
              "expects opset 1 of domain 'com.microsoft', but got 2");
  expectError(fromText(kSmall, "\"\" : 20, \"ai.onnx\" : 20"),
              "a second one for ''");
  proto = fromText(kSmall);
  proto.clear_opset_import();
  expectError(proto, "expects an opset_import of the default domain");
  proto = fromText(kSmall);
  proto.clear_graph();
  expectError(proto, "expects a model with a graph");
}

TEST_F(OnnxModelTest, RefusesBrokenGraphs) {
  expectError(fromText("g (float[N] x) => (float[N] y) { y = Neg (z) }"),
              "node 'Neg:y' (Neg, opset 20) of graph 'g' uses the value 'z', "
              "which nothing defines");
  expectError(fromText("g (float[N] x) => (float[N] y) { a = Neg (x)\n"
                       "a = Neg (x)\n y = Neg (a) }"),
              "defines the value 'a', which is defined before");
  expectError(fromText("g (float[N] x) => (float[N] y) { x = Neg (x)\n"
                       "y = Neg (x) }"),
              "defines the value 'x', which is defined before");
  expectError(fromText("g (float[N] x) => (float[N] y) { y = Neg (b)\n"
                       "b = Neg (x) }"),
              "uses the value 'b' before its definition");
  expectError(fromText("g (float[N] x) => (float[N] y) { a = Add (x, b)\n"
                       "b = Neg (a)\n y = Neg (b) }"),
              "'Add:a' (Add, opset 20) of graph 'g' depends on its own result");
  expectError(fromText("g (float[N] x) => (float[N] z) { y = Neg (x) }"),
              "has the output 'z', which nothing in graph 'g' defines");
  expectError(fromText("g (float[N] x) => () { y = Neg (x) }"),
              "expects a graph with outputs");
}

/// One change to the smallest model, and what is said of it.
TEST_F(OnnxModelTest, RefusesPartsOfGraphs) {
  using Proto = ::onnx::ModelProto;
  const std::pair<void (*)(Proto &), const char *> changes[] = {
      {[](Proto &model) {
         model.mutable_graph()
             ->add_sparse_initializer()
             ->mutable_values()
             ->set_name("w");
       },
       "expects dense initializers, but got the sparse initializer 'w'"},
      {[](Proto &model) { model.mutable_graph()->add_initializer(); },
       "expects initializers with names, but got '' in graph 'g'"},
      {[](Proto &model) { model.mutable_graph()->add_input(); },
       "expects graph inputs with names, but got '' in graph 'g'"},
  };
  for (auto [change, text] : changes) {
    Proto proto = fromText(kSmall);
    change(proto);
    expectError(proto, text);
  }
}

/// The same for the body of an If.
TEST_F(OnnxModelTest, RefusesPartsOfBodies) {
  using Body = ::onnx::GraphProto;
  const std::pair<void (*)(Body &), const char *> changes[] = {
      {[](Body &body) { body.add_sparse_initializer(); },
       "expects dense initializers in the body 'then_branch'"},
      {[](Body &body) {
         body.add_initializer()->set_name("w");
         body.add_initializer()->set_name("w");
       },
       "defines the initializer 'w' twice in the body 'then_branch'"},
  };
  for (auto [change, text] : changes) {
    ::onnx::ModelProto proto = fromText(
        "g (bool c, float[2] x) => (float[2] y) {\n"
        "y = If (c) <then_branch = t () => (float[2] a) { a = Neg (x) },\n"
        "else_branch = e () => (float[2] b) { b = Exp (x) }> }");
    for (::onnx::AttributeProto &attribute :
         *proto.mutable_graph()->mutable_node(0)->mutable_attribute())
      if (attribute.name() == "then_branch")
        change(*attribute.mutable_g());
    expectError(proto, text);
  }
}

TEST_F(OnnxModelTest, RefusesSubgraphs) {
  auto proto = fromText(kSmall);
  auto *attribute = proto.mutable_graph()->mutable_node(0)->add_attribute();
  attribute->set_name("then_branch");
  attribute->set_type(::onnx::AttributeProto::GRAPH);
  attribute->mutable_g()->set_name("sub");
  expectError(proto, "has a subgraph ('then_branch'), which is not supported");
}

/// A function "local.F" with the given nodes.
::onnx::FunctionProto *addFunction(::onnx::ModelProto &proto, const char *name,
                                   std::vector<std::string> inputs,
                                   std::vector<std::string> outputs,
                                   const char *nodes) {
  ::onnx::FunctionProto *function = proto.add_functions();
  function->set_name(name);
  function->set_domain("local");
  for (auto &input : inputs)
    function->add_input(input);
  for (auto &output : outputs)
    function->add_output(output);
  auto status = ::onnx::OnnxParser::Parse(*function->mutable_node(), nodes);
  EXPECT_TRUE(status.IsOK()) << status.ErrorMessage();
  auto *opset = function->add_opset_import();
  opset->set_domain("");
  opset->set_version(18);
  opset = function->add_opset_import();
  opset->set_domain("local");
  opset->set_version(1);
  return function;
}

constexpr const char *kCall = R"(g (float[N] x) => (float[N] y) {
  t = Neg (x)
  y = local.F (t)
})";
constexpr const char *kLocal = "\"\" : 20, \"local\" : 1";

TEST_F(OnnxModelTest, InlinesNestedFunctions) {
  auto proto = fromText(kCall, kLocal);
  addFunction(proto, "F", {"a"}, {"b"}, "{ t = local.G (a)\n b = Exp (t) }");
  addFunction(proto, "G", {"a"}, {"t"}, "{ b = Abs (a)\n t = Sqrt (b) }");
  auto model = parse(proto);
  ASSERT_NE(model, nullptr) << messages[0];
  ASSERT_EQ(model->nodes().size(), 4u);
  ArrayRef<Node> nodes = model->nodes();
  EXPECT_EQ(nodes[1].opType, "Abs");
  EXPECT_EQ(nodes[1].version, 18);
  EXPECT_EQ(nodes[1].inputs[0], "t");
  EXPECT_EQ(nodes[2].inputs[0], nodes[1].outputs[0]);
  EXPECT_NE(nodes[2].outputs[0], "t");
  EXPECT_EQ(nodes[3].inputs[0], nodes[2].outputs[0]);
  EXPECT_EQ(nodes[3].outputs[0], "y");
}

TEST_F(OnnxModelTest, ResolvesAttributeReferencesAndDefaults) {
  auto proto = fromText(R"(g (float[N] x) => (float[N] y, float[N] z) {
    y = local.F <a : int = 3> (x)
    z = local.F (x)
  })",
                        kLocal);
  auto *function = addFunction(proto, "F", {"p"}, {"q"}, "{ q = Cast (p) }");
  auto *reference = function->mutable_node(0)->add_attribute();
  reference->set_name("to");
  reference->set_ref_attr_name("a");
  reference->set_type(::onnx::AttributeProto::INT);
  function->add_attribute("a");
  auto model = parse(proto);
  ASSERT_NE(model, nullptr);
  EXPECT_EQ(model->nodes()[0].attributes.lookup("to")->i(), 3);
  EXPECT_FALSE(model->nodes()[1].attributes.contains("to"));

  ::onnx::AttributeProto byDefault;
  byDefault.set_name("a");
  byDefault.set_i(7);
  function->GetReflection()->MutableUnknownFields(function)->AddLengthDelimited(
      11, byDefault.SerializeAsString());
  function->clear_attribute();
  model = parse(proto);
  ASSERT_NE(model, nullptr);
  EXPECT_EQ(model->nodes()[0].attributes.lookup("to")->i(), 3);
  EXPECT_EQ(model->nodes()[1].attributes.lookup("to")->i(), 7);
}

TEST_F(OnnxModelTest, TellsOverloadsApart) {
  auto proto = fromText(kCall, kLocal);
  addFunction(proto, "F", {"a"}, {"b"}, "{ b = Exp (a) }");
  auto *other = addFunction(proto, "F", {"a"}, {"b"}, "{ b = Log (a) }");
  expectError(proto, "defines the function 'F' of domain 'local' twice");
  other->GetReflection()->MutableUnknownFields(other)->AddLengthDelimited(
      13, "second");
  auto model = parse(proto);
  ASSERT_NE(model, nullptr);
  EXPECT_EQ(model->nodes()[1].opType, "Exp");
  auto *call = proto.mutable_graph()->mutable_node(1);
  call->GetReflection()->MutableUnknownFields(call)->AddLengthDelimited(
      8, "second");
  model = parse(proto);
  ASSERT_NE(model, nullptr);
  EXPECT_EQ(model->nodes()[1].opType, "Log");
}

TEST_F(OnnxModelTest, RefusesWhatFunctionsLack) {
  auto proto = fromText(kCall, kLocal);
  addFunction(proto, "F", {}, {"b"}, "{ b = Constant <value_float = 1.0> () }");
  expectError(proto, "requires its inputs (1) and outputs (1) to be no more "
                     "than the function's (0 and 1)");
  proto = fromText(kCall, kLocal);
  auto *function = addFunction(proto, "F", {"a"}, {"b"}, "{ b = Exp (a) }");
  function->GetReflection()->MutableUnknownFields(function)->AddLengthDelimited(
      11, "\xff");
  expectError(proto, "expects attribute defaults that parse in function 'F'");
}

TEST_F(OnnxModelTest, RefusesRecursionAndExplosion) {
  auto proto = fromText(kCall, kLocal);
  addFunction(proto, "F", {"a"}, {"b"}, "{ b = local.G (a) }");
  addFunction(proto, "G", {"a"}, {"b"}, "{ b = local.F (a) }");
  expectError(proto, "calls the function 'F' from itself");

  const std::pair<const char *, const char *> ends[] = {
      {"{ b = local.Last (a) }", "is nested in more than 128 function calls"},
      {"{ b = If (a) <then_branch = t () => (float c) { c = Neg (a) },\n"
       "else_branch = e () => (float d) { d = Exp (a) }> }",
       "is nested in more than 128 bodies"}};
  for (auto [end, text] : ends) {
    proto = fromText(kCall, kLocal);
    std::string name = "F";
    for (int i = 1; i < 128; ++i) {
      std::string next = "F" + std::to_string(i);
      addFunction(proto, name.c_str(), {"a"}, {"b"},
                  ("{ b = local." + next + " (a) }").c_str());
      name = next;
    }
    addFunction(proto, name.c_str(), {"a"}, {"b"}, end);
    addFunction(proto, "Last", {"a"}, {"b"}, "{ b = Neg (a) }");
    expectError(proto, text);
  }

  proto = fromText(kCall, kLocal);
  addFunction(proto, "F", {"a"}, {"b"}, "{ b = local.F0 (a) }");
  for (int i = 0; i < 30; ++i) {
    std::string next = "local.F" + std::to_string(i + 1);
    std::string body = "{ t = " + next + " (a)\n b = " + next + " (t) }";
    addFunction(proto, ("F" + std::to_string(i)).c_str(), {"a"}, {"b"},
                body.c_str());
  }
  addFunction(proto, "F30", {"a"}, {"b"}, "{ b = Neg (a) }");
  expectError(proto, "makes the graph exceed 65536 function calls");
}

TEST_F(OnnxModelTest, KeepsNamesApart) {
  auto proto = fromText(R"(g (float[N] x) => (float[N] y) {
    t = local.F (x)
    y = local.F (t)
  })",
                        kLocal);
  addFunction(proto, "F", {"t"}, {"x"}, "{ y = Neg (t)\n x = Exp (y) }");
  auto model = parse(proto);
  ASSERT_NE(model, nullptr) << messages[0];
  EXPECT_EQ(model->nodes()[0].inputs[0], "x");
  EXPECT_EQ(model->nodes()[2].inputs[0], "t");
  EXPECT_EQ(model->nodes()[3].outputs[0], "y");
  EXPECT_NE(model->nodes()[0].outputs[0], model->nodes()[2].outputs[0]);
}

//===-- Tensors -----------------------------------------------------------===//

class TensorTest : public OnnxModelTest {
protected:
  void SetUp() override {
    llvm::SmallString<128> path;
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("moe-import", path));
    directory = std::string(path);
    ASSERT_FALSE(llvm::sys::fs::create_directory(directory + "/model"));
    modelPath = directory + "/model/m.onnx";
    model = parse(fromText(kSmall), modelPath);
    ASSERT_NE(model, nullptr);
    reader.emplace(*model);
  }
  void TearDown() override {
    (void)llvm::sys::fs::remove_directories(directory);
  }
  void writeFile(const std::string &name, size_t bytes) {
    std::error_code error;
    llvm::raw_fd_ostream file(directory + "/" + name, error);
    ASSERT_FALSE(error);
    file << std::string(bytes, '\x01');
  }
  ::onnx::TensorProto external(const char *location, const char *offset,
                               const char *length, int64_t size = 4,
                               const char *name = "w") {
    ::onnx::TensorProto tensor;
    tensor.set_name(name);
    tensor.set_data_type(1);
    tensor.add_dims(size);
    tensor.set_data_location(::onnx::TensorProto::EXTERNAL);
    auto add = [&](const char *key, const char *value) {
      if (!value)
        return;
      auto *entry = tensor.add_external_data();
      entry->set_key(key);
      entry->set_value(value);
    };
    add("location", location);
    add("offset", offset);
    add("length", length);
    return tensor;
  }
  ElementsAttr read(const ::onnx::TensorProto &tensor) {
    auto result = reader->read(tensor, [&] { return model->emitError(); });
    return failed(result) ? ElementsAttr() : *result;
  }
  void expectRefusal(const ::onnx::TensorProto &tensor, StringRef text) {
    EXPECT_FALSE(read(tensor));
    expectMessage(text);
  }
  std::string print(Attribute attribute) {
    std::string text;
    llvm::raw_string_ostream(text) << attribute;
    return text;
  }

  std::string directory, modelPath;
  std::unique_ptr<OnnxModel> model;
  std::optional<TensorReader> reader;
};

TEST_F(TensorTest, ExternalDataIsAReference) {
  writeFile("model/w.bin", 8208);
  ::onnx::TensorProto tensor = external("w.bin", "16", "8192");
  tensor.set_dims(0, 2048);
  ElementsAttr attr = read(tensor);
  ASSERT_TRUE(attr);
  auto reference = dyn_cast<moe::support::ExternalAttr>(attr);
  ASSERT_TRUE(reference);
  EXPECT_EQ(reference.getFile(), directory + "/model/w.bin");
  EXPECT_EQ(reference.getOffset(), 16u);
}

TEST_F(TensorTest, SmallExternalDataIsRead) {
  writeFile("model/w.bin", 64);
  EXPECT_TRUE(isa<DenseElementsAttr>(read(external("w.bin", "16", "16"))));
  EXPECT_TRUE(read(external("w.bin", nullptr, nullptr, 16, "v")));
}

TEST_F(TensorTest, ExternalDataStaysInTheDirectory) {
  writeFile("secret.bin", 64);
  writeFile("model/two.bin", 64);
  ASSERT_EQ(symlink("../secret.bin", (directory + "/model/link.bin").c_str()),
            0);
  ASSERT_EQ(symlink("..", (directory + "/model/up").c_str()), 0);
  ASSERT_EQ(link((directory + "/secret.bin").c_str(),
                 (directory + "/model/hard.bin").c_str()),
            0);
  ASSERT_EQ(symlink("two.bin", (directory + "/model/inside.bin").c_str()), 0);
  expectRefusal(external("/etc/passwd", "0", nullptr),
                "to be named relative to the model's directory");
  expectRefusal(external("../secret.bin", "0", nullptr), "its name has '..'");
  expectRefusal(external("a/../../secret.bin", "0", nullptr),
                "its name has '..'");
  expectRefusal(external("link.bin", "0", nullptr), "a link leads out of it");
  expectRefusal(external("up/secret.bin", "0", nullptr),
                "a link leads out of it");
  expectRefusal(external("hard.bin", "0", nullptr), "2 hard links");
  expectRefusal(external("none.bin", "0", nullptr), "to exist (");
  expectRefusal(external(".", "0", nullptr), "to be a regular file");
  expectRefusal(external("", "0", nullptr), "to have a file name");
  EXPECT_TRUE(read(external("inside.bin", "0", nullptr)));
}

TEST_F(TensorTest, ExternalDataFitsTheFile) {
  writeFile("model/w.bin", 64);
  expectRefusal(external("w.bin", "0", "12"),
                "(12 bytes) to equal that of its type, 'tensor<4xf32>' (16 "
                "bytes)");
  expectRefusal(external("w.bin", "49", nullptr), "(64 bytes) to hold");
  expectRefusal(external("w.bin", "18446744073709551615", nullptr),
                "(64 bytes) to hold");
  expectRefusal(external("w.bin", "-4", nullptr), "expects a number as offset");
  expectRefusal(external("w.bin", "0", "16x"), "expects a number as length");
  expectRefusal(external(nullptr, "0", "16"), "expects a location");
  expectRefusal(external("w.bin", "0", nullptr, int64_t(1) << 62),
                "that are not negative and can be counted");
  expectRefusal(external("w.bin", "0", nullptr, -1), "but got -1");
}

TEST_F(TensorTest, ExternalDataMayBeSharedButNotOverlap) {
  writeFile("model/w.bin", 64);
  EXPECT_TRUE(read(external("w.bin", "0", nullptr, 4, "a")));
  EXPECT_TRUE(read(external("w.bin", "0", nullptr, 4, "b")));
  EXPECT_TRUE(read(external("w.bin", "16", nullptr, 4, "c")));
  EXPECT_TRUE(succeeded(reader->checkOverlaps()));
  EXPECT_TRUE(read(external("w.bin", "20", nullptr, 4, "d")));
  EXPECT_TRUE(failed(reader->checkOverlaps()));
  expectMessage("tensors 'c' (bytes 16 to 32) and 'd' (bytes 20 to 36) to be "
                "the same or disjoint");
}

TEST_F(TensorTest, ReadsEveryEncoding) {
  ::onnx::TensorProto tensor;
  tensor.set_name("t");
  tensor.add_dims(2);
  auto reset = [&](int32_t type) {
    tensor.clear_int32_data();
    tensor.clear_raw_data();
    tensor.set_data_type(type);
  };
  reset(10);
  tensor.add_int32_data(0x3c00);
  tensor.add_int32_data(0xc000);
  EXPECT_EQ(print(read(tensor)),
            "dense<[1.000000e+00, -2.000000e+00]> : tensor<2xf16>");
  reset(16);
  tensor.add_int32_data(0x3f80);
  tensor.add_int32_data(0xc000);
  EXPECT_EQ(print(read(tensor)),
            "dense<[1.000000e+00, -2.000000e+00]> : tensor<2xbf16>");
  reset(3);
  tensor.add_int32_data(-1);
  tensor.add_int32_data(2);
  EXPECT_EQ(print(read(tensor)), "dense<[-1, 2]> : tensor<2xi8>");
  reset(9);
  tensor.add_int32_data(1);
  tensor.add_int32_data(0);
  EXPECT_EQ(print(read(tensor)), "dense<[true, false]> : tensor<2xi1>");
  reset(9);
  tensor.set_raw_data(std::string("\0\1", 2));
  EXPECT_EQ(print(read(tensor)), "dense<[false, true]> : tensor<2xi1>");
  reset(22);
  tensor.add_int32_data(0x7f);
  EXPECT_EQ(print(read(tensor)), "dense<[-1, 7]> : tensor<2xi4>");
  reset(21);
  tensor.set_raw_data("\x7f");
  EXPECT_EQ(print(read(tensor)), "dense<[15, 7]> : tensor<2xui4>");
  reset(7);
  tensor.add_int64_data(-5);
  tensor.add_int64_data(6);
  EXPECT_EQ(print(read(tensor)), "dense<[-5, 6]> : tensor<2xi64>");
  reset(12);
  tensor.add_uint64_data(4000000000u);
  tensor.add_uint64_data(6);
  EXPECT_EQ(print(read(tensor)), "dense<[4000000000, 6]> : tensor<2xui32>");
  reset(6);
  tensor.set_raw_data("1234567");
  expectRefusal(tensor, "(7 bytes) to be as long as that of its type");
  reset(8);
  expectRefusal(tensor,
                "expects a supported element type in tensor 't', but got "
                "string");
  reset(1);
  tensor.mutable_segment()->set_begin(0);
  expectRefusal(tensor, "expects whole tensors, but tensor 't' is a segment");
  reset(17);
  expectRefusal(tensor, "but got float8e4m3fn");
  reset(77);
  expectRefusal(tensor, "but got code 77");
}

} // namespace
