// The reference lowering of experts that are vectors: constants, neurons and
// values.
#include "Bodies.h"

using namespace mlir;
using namespace moe;
using namespace moe::detail;

Value moe::detail::buildConstant(TensorBuilder &b, ClassAttr entry,
                                 ValueRange parameters, Value in, Value out) {
  FloatType element = floatElement(out);
  Value vector = parameters[0];
  if (entry.getMix() == ConstantMix::None)
    return b.mapInto(out, Indexed{vector, {1}},
                     [&](ValueRange in) { return b.convert(in[0], element); });
  Value mix = buildLinear(b, in, parameters[1], {});
  FloatType acc = floatElement(mix);
  // The softmax of two logits is a sigmoid of their difference.
  return b.mapInto(out, {{in, {0, 1}}, {vector, {1}}}, [&](ValueRange in) {
    Value x = b.convert(in[0], acc);
    Value v = b.convert(in[1], acc);
    Value row = b.loopIndex(0);
    Value z0 = b.extract(mix, {row, b.index(0)});
    Value z1 = b.extract(mix, {row, b.index(1)});
    Value mixed = b.add(b.mul(b.sigmoid(b.sub(z0, z1)), x),
                        b.mul(b.sigmoid(b.sub(z1, z0)), v));
    return b.convert(mixed, element);
  });
}

Value moe::detail::buildNeurons(TensorBuilder &b, BodyAttr body,
                                Value expertOfRow, ValueRange parameters,
                                Value in, Value out) {
  Value keys = parameters[0], values = parameters[1];
  FloatType element = floatElement(out), rounded = floatElement(in);
  FloatType acc = computeType({in.getType(), keys.getType(), values.getType()});
  Value zeros = b.filled(b.size(in, 0), b.real(acc, 0.0));
  Value products = b.reduce(
      2, {{in, {0, 1}}, {expertOfRow, {0}}}, {zeros, {0}}, [&](ValueRange in) {
        Value key = b.convert(b.extract(keys, {in[1], b.loopIndex(1)}), acc);
        return b.add(in[2], b.mul(b.convert(in[0], acc), key));
      });
  Value hidden = b.map(b.sizes(products), rounded, Indexed{products, {0}},
                       [&](ValueRange in) {
                         Value h = buildHidden(b, body, {}, in[0]);
                         return b.convert(h, rounded);
                       });
  return b.mapInto(
      out, {{hidden, {0}}, {expertOfRow, {0}}}, [&](ValueRange in) {
        Value value = b.extract(values, {in[1], b.loopIndex(1)});
        Value product = b.mul(b.convert(in[0], acc), b.convert(value, acc));
        return b.convert(product, element);
      });
}

Value moe::detail::buildValues(TensorBuilder &b, Value expertOfRow,
                               ValueRange parameters, Value out) {
  FloatType element = floatElement(out);
  Value vectors = parameters[0];
  auto gather = [&](Value target, FloatType type) {
    return b.mapInto(target, Indexed{expertOfRow, {0}}, [&](ValueRange in) {
      return b.convert(b.extract(vectors, {in[0], b.loopIndex(1)}), type);
    });
  };
  if (parameters.size() == 1)
    return gather(out, element);
  FloatType type = floatElement(vectors);
  Value gathered =
      gather(b.empty({b.size(out, 0), b.size(vectors, 1)}, type), type);
  Value result = buildLinear(b, gathered, parameters[1], {});
  return b.mapInto(out, Indexed{result, {0, 1}},
                   [&](ValueRange in) { return b.convert(in[0], element); });
}
