// Shapes of published models and the IR of one layer of each.
#include "Layers.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

#include <cmath>

using namespace moe::bench;

using Router = Layer::Router;
using Body = Layer::Body;

// From the models' published configurations (routing-spec.md, section 8).
static constexpr Layer layers[] = {
    {"qwen3-30b-a3b", 2048, 768, 128, 8, 0, Router::SoftmaxTopKRenorm,
     Body::Silu},
    {"olmoe-1b-7b", 2048, 1024, 64, 8, 0, Router::SoftmaxTopK, Body::Silu},
    {"mixtral-8x7b", 4096, 14336, 8, 2, 0, Router::SoftmaxTopKRenorm,
     Body::Silu},
    {"gpt-oss-20b", 2880, 2880, 32, 4, 0, Router::TopKSoftmax, Body::GptOss},
    {"deepseek-v2-lite", 2048, 1408, 64, 6, 2816, Router::SoftmaxTopK,
     Body::Silu},
    {"granite-3-1b-a400m", 1024, 512, 32, 8, 0, Router::TopKSoftmax,
     Body::Silu},
    {"phi-3.5-moe", 4096, 6400, 16, 2, 0, Router::SparseMixer, Body::Silu},
    {"lfm2-8b-a1b", 2048, 1792, 32, 4, 0, Router::SigmoidTopKRenorm,
     Body::Silu},
    {"switch-base-8", 768, 3072, 8, 1, 0, Router::SoftmaxTopK, Body::Relu},
    {"switch-base-128", 768, 3072, 128, 1, 0, Router::SoftmaxTopK, Body::Relu},
};

llvm::ArrayRef<Layer> moe::bench::allLayers() { return layers; }

const Layer *moe::bench::findLayer(llvm::StringRef name) {
  const Layer *found = llvm::find_if(
      layers, [&](const Layer &layer) { return layer.name == name; });
  return found == std::end(layers) ? nullptr : found;
}

int64_t Parameter::elements() const {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

unsigned moe::bench::bitsOf(Format format) {
  switch (format) {
  case Format::F32:
    return 32;
  case Format::BF16:
    return 16;
  case Format::Int8:
    return 8;
  case Format::Int4:
    return 4;
  }
  llvm_unreachable("a format without a width");
}

llvm::StringRef moe::bench::formatName(Format format) {
  switch (format) {
  case Format::F32:
    return "f32";
  case Format::BF16:
    return "bf16";
  case Format::Int8:
    return "int8";
  case Format::Int4:
    return "int4";
  }
  llvm_unreachable("a format without a name");
}

double moe::bench::weightBytesPerElement(Precision precision) {
  Parameter group{{scaleGroup}, precision.weights, precision.activations, 0, 1};
  return double(group.bytes()) / scaleGroup;
}

std::vector<Parameter> moe::bench::parametersOf(const Layer &layer,
                                                Precision precision) {
  std::vector<Parameter> parameters;
  uint64_t offset = 0;
  auto add = [&](std::vector<int64_t> shape, Format format, float range) {
    parameters.push_back(
        {std::move(shape), format, precision.activations, offset, range});
    offset += parameters.back().bytes();
  };
  // Uniform values of variance 1 / depth keep every activation of order 1.
  auto addMatrix = [&](int64_t count, int64_t rows, int64_t depth) {
    add({count, rows, depth}, precision.weights, std::sqrt(3.0f / depth));
  };
  auto addClass = [&](int64_t count, int64_t inner) {
    bool biased = layer.body == Body::GptOss;
    int64_t first = layer.gated() ? 2 * inner : inner;
    addMatrix(count, first, layer.hidden);
    if (biased)
      add({count, first}, precision.activations, 0.5f);
    addMatrix(count, layer.hidden, inner);
    if (biased)
      add({count, layer.hidden}, precision.activations, 0.5f);
  };
  addClass(layer.experts, layer.width);
  if (layer.sharedWidth)
    addClass(1, layer.sharedWidth);
  return parameters;
}

static std::string bodyText(Body body) {
  switch (body) {
  case Body::Silu:
    return "<gated, silu, storage = concat_gate_up>";
  case Body::GptOss:
    return "<gated, silu, alpha = 1.702, gate_hi = 7.0, up_lo = -7.0, up_hi = "
           "7.0, up_offset = 1.0, bias = [gate, up, down], storage = "
           "interleaved>";
  case Body::Relu:
    return "<ungated, relu>";
  }
  llvm_unreachable("a body without text");
}

static std::string routeText(const Layer &layer) {
  const char *score = "softmax", *key = "scores";
  const char *weight = "scores, norm = sum(0.0, add)";
  std::string policy = llvm::formatv("topk({0})", layer.topK);
  switch (layer.router) {
  case Router::SoftmaxTopK:
    weight = "scores";
    break;
  case Router::SoftmaxTopKRenorm:
    break;
  case Router::TopKSoftmax:
    score = "identity";
    key = "logits";
    weight = "logits, norm = softmax";
    break;
  case Router::SigmoidTopKRenorm:
    score = "sigmoid";
    break;
  case Router::SparseMixer:
    score = "identity";
    key = "logits";
    weight = "policy";
    policy = llvm::formatv("sparsemixer({0:e2}, {1})", sparseMixerEpsilon,
                           layer.topK);
    break;
  }
  return llvm::formatv("score <{0}> select <{1}, key = {2}> weight <{3}>",
                       score, policy, key, weight);
}

static std::string tensorType(llvm::ArrayRef<int64_t> shape,
                              llvm::StringRef element) {
  std::string type = "tensor<";
  for (int64_t size : shape)
    type += std::to_string(size) + "x";
  return type + element.str() + ">";
}

/// The op that makes "%w<index>" of a parameter in `weightsFile`.
static std::string parameterText(const Parameter &parameter, size_t index,
                                 llvm::StringRef weightsFile) {
  auto weight = [&](llvm::StringRef name, uint64_t offset,
                    const std::string &type) {
    return llvm::formatv("  %{0}{1} = moe_support.weight "
                         "#moe_support.external<\"{2}\", {3}> : {4}\n",
                         name, index, weightsFile, offset, type)
        .str();
  };
  if (!parameter.isQuantized())
    return weight("w", parameter.offset,
                  tensorType(parameter.shape, formatName(parameter.format)));
  bool isInt8 = parameter.format == Format::Int8;
  llvm::StringRef code = isInt8 ? "i8" : "i4";
  llvm::StringRef scale = formatName(parameter.scaleFormat);
  std::vector<int64_t> groups = parameter.shape;
  groups.back() /= scaleGroup;
  std::string codes = tensorType(parameter.shape, code);
  std::string scales = tensorType(groups, scale);
  std::string result = tensorType(parameter.shape, "f32");
  std::string body = isInt8 ? "    %v = arith.sitofp %c : i8 to f32\n"
                            : "    %u = arith.uitofp %c : i4 to f32\n"
                              "    %zero = arith.constant 8.0 : f32\n"
                              "    %v = arith.subf %u, %zero : f32\n";
  bool widens = scale != "f32";
  if (widens)
    body += "    %t = arith.extf %s : bf16 to f32\n";
  return weight("q", parameter.offset, codes) +
         weight("s", parameter.scaleOffset(), scales) +
         llvm::formatv(
             R"(  %e{0} = tensor.empty() : {1}
  %w{0} = linalg.generic {{indexing_maps = [affine_map<(e, n, k) -> (e, n, k)>, affine_map<(e, n, k) -> (e, n, k floordiv {2})>, affine_map<(e, n, k) -> (e, n, k)>],
      iterator_types = ["parallel", "parallel", "parallel"]} ins(%q{0}, %s{0} : {3}, {4}) outs(%e{0} : {1}) {{
  ^bb0(%c: {5}, %s: {6}, %o: f32):
{7}    %r = arith.mulf %v, %{8} : f32
    linalg.yield %r : f32
  } -> {1}
)",
             index, result, scaleGroup, codes, scales, code, scale, body,
             widens ? "t" : "s")
             .str();
}

std::string moe::bench::layerText(const Layer &layer, Precision precision,
                                  llvm::StringRef weightsFile) {
  int64_t h = layer.hidden, e = layer.experts, k = layer.topK;
  std::string weights, names, types;
  for (auto [index, parameter] :
       llvm::enumerate(parametersOf(layer, precision))) {
    weights += parameterText(parameter, index, weightsFile);
    names += (index ? ", %w" : "%w") + std::to_string(index);
    llvm::StringRef element =
        parameter.isQuantized() ? "f32" : formatName(parameter.format);
    types += (index ? ", " : "") + tensorType(parameter.shape, element);
  }
  std::string classes = llvm::formatv("<ffn, {0}, width = {1}, body = {2}>", e,
                                      layer.width, bodyText(layer.body));
  std::string always;
  if (layer.sharedWidth) {
    classes += llvm::formatv(
        ", <ffn, 1, width = {0}, body = {1}, activation = always>",
        layer.sharedWidth, bodyText(layer.body));
    always = ", always = 1";
  }
  llvm::StringRef element = formatName(precision.activations);
  std::string x = llvm::formatv("tensor<?x{0}x{1}>", h, element);
  std::string z = llvm::formatv("tensor<?x{0}xf32>", e);
  std::string plan =
      llvm::formatv("!moe.plan<{0}, slots<{1}>{2}>", e, k, always);
  std::string rows = llvm::formatv("!moe.rows<{0}, {1}, grouped>", element, h);
  return llvm::formatv(
      R"(func.func @main(%x: {0} {{moe.name = "x", moe.symbols = ["T", ""]}, %z: {1} {{moe.name = "logits", moe.symbols = ["T", ""]})
    -> ({0} {{moe.name = "y", moe.symbols = ["T", ""]}) {{
{2}  %p = moe.route %z {3} : {1} -> {4}
  %r = moe.dispatch %x, %p apply <output> : {0}, {4} -> {5}
  %h = moe.experts %r, %p ({6} : {7})
    table <[{8}]> apply <output>
    : {5}, {4} -> {5}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : {5}, {4}, {0} -> {0}
  return %y : {0}
}
)",
      x, z, weights, routeText(layer), plan, rows, names, types, classes);
}
