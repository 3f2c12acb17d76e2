// The portable form of StableHLO: which operations it has in any version from
// 0.9.0 on, and what the codes of its attributes and types mean.
#include "Carriers.h"

#include "Onnx/TensorData.h"

#include "mlir/Bytecode/BytecodeImplementation.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "moe/Dialect/StableHLO/StableHLO.h"
#include "moe/Dialect/Support/MoESupport.h"
#include "moe/Import/StableHLO.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace moe;
using namespace moe::importer;
namespace hlo = moe::stablehlo;

MLIR_DEFINE_EXPLICIT_TYPE_ID(moe::importer::VhloDialect)

/// Operations with the attributes of each.
// NOLINTBEGIN(bugprone-suspicious-missing-comma): long entries are two
// literals.
static constexpr StringLiteral kOperations[] = {
    "abs_v1",
    "add_v1",
    "after_all_v1",
    "all_gather_v1 all_gather_dim replica_groups channel_id "
    "use_global_device_ids",
    "all_gather_v2 all_gather_dim replica_groups channel_id "
    "use_global_device_ids",
    "all_reduce_v1 replica_groups channel_id use_global_device_ids",
    "all_reduce_v2 replica_groups channel_id use_global_device_ids",
    "all_to_all_v1 split_dimension concat_dimension split_count "
    "replica_groups channel_id",
    "all_to_all_v2 split_dimension concat_dimension split_count "
    "replica_groups channel_id",
    "and_v1",
    "async_done_v1",
    "async_start_v1",
    "atan2_v1",
    "batch_norm_grad_v1 epsilon feature_index",
    "batch_norm_inference_v1 epsilon feature_index",
    "batch_norm_training_v1 epsilon feature_index",
    "bitcast_convert_v1",
    "broadcast_in_dim_v1 broadcast_dimensions",
    "broadcast_v1 broadcast_sizes",
    "call_v1 callee",
    "case_v1",
    "cbrt_v1",
    "cbrt_v2 result_accuracy",
    "ceil_v1",
    "cholesky_v1 lower",
    "clamp_v1",
    "collective_broadcast_v1 replica_groups channel_id",
    "collective_broadcast_v2 replica_groups channel_id has_dynamic_root",
    "collective_permute_v1 source_target_pairs channel_id",
    "collective_reduce_v1 replica_groups channel_id use_global_device_ids "
    "has_dynamic_root",
    "compare_v1 comparison_direction compare_type",
    "complex_v1",
    "composite_v1 name composite_attributes decomposition version",
    "composite_v2 name composite_attributes decomposition version",
    "concatenate_v1 dimension",
    "constant_v1 value",
    "convert_v1",
    "convolution_v1 window_strides padding lhs_dilation rhs_dilation "
    "window_reversal input_batch_dimension input_feature_dimension "
    "input_spatial_dimensions kernel_input_feature_dimension "
    "kernel_output_feature_dimension kernel_spatial_dimensions "
    "output_batch_dimension output_feature_dimension "
    "output_spatial_dimensions feature_group_count batch_group_count "
    "precision_config",
    "cosine_v1",
    "cosine_v2 result_accuracy",
    "count_leading_zeros_v1",
    "create_token_v1",
    "cross-replica-sum_v1 replica_groups",
    "custom_call_v1 call_target_name has_side_effect backend_config "
    "api_version called_computations operand_layouts result_layouts "
    "output_operand_aliases",
    "custom_call_v2 call_target_name has_side_effect backend_config "
    "api_version called_computations operand_layouts result_layouts "
    "output_operand_aliases result_tilings",
    "divide_v1",
    "dot_general_v1 lhs_batching_dimensions rhs_batching_dimensions "
    "lhs_contracting_dimensions rhs_contracting_dimensions precision_config",
    "dot_general_v2 lhs_batching_dimensions rhs_batching_dimensions "
    "lhs_contracting_dimensions rhs_contracting_dimensions precision_config "
    "lhs_precision_type rhs_precision_type accumulation_type "
    "lhs_component_count rhs_component_count num_primitive_operations "
    "allow_imprecise_accumulation",
    "dot_v1 precision_config",
    "dynamic_broadcast_in_dim_v1 broadcast_dimensions "
    "known_expanding_dimensions known_nonexpanding_dimensions",
    "dynamic_conv_v1 window_strides padding lhs_dilation rhs_dilation "
    "window_reversal input_batch_dimension input_feature_dimension "
    "input_spatial_dimensions kernel_input_feature_dimension "
    "kernel_output_feature_dimension kernel_spatial_dimensions "
    "output_batch_dimension output_feature_dimension "
    "output_spatial_dimensions feature_group_count batch_group_count "
    "precision_config",
    "dynamic_conv_v2 window_strides lhs_dilation rhs_dilation window_reversal "
    "input_batch_dimension input_feature_dimension input_spatial_dimensions "
    "kernel_input_feature_dimension kernel_output_feature_dimension "
    "kernel_spatial_dimensions output_batch_dimension "
    "output_feature_dimension output_spatial_dimensions feature_group_count "
    "batch_group_count precision_config",
    "dynamic_gather_v1 offset_dims collapsed_slice_dims start_index_map "
    "index_vector_dim indices_are_sorted",
    "dynamic_gather_v2 offset_dims collapsed_slice_dims "
    "operand_batching_dims start_indices_batching_dims start_index_map "
    "index_vector_dim indices_are_sorted",
    "dynamic_iota_v1 iota_dimension",
    "dynamic_pad_v1",
    "dynamic_reshape_v1",
    "dynamic_slice_v1 slice_sizes",
    "dynamic_update_slice_v1",
    "einsum_v1 einsum_config",
    "exponential_minus_one_v1",
    "exponential_minus_one_v2 result_accuracy",
    "exponential_v1",
    "exponential_v2 result_accuracy",
    "fft_v1 fft_type fft_length",
    "floor_v1",
    "func_v1 sym_name function_type sym_visibility arg_attrs res_attrs",
    "gather_v1 offset_dims collapsed_slice_dims start_index_map "
    "index_vector_dim slice_sizes indices_are_sorted",
    "gather_v2 offset_dims collapsed_slice_dims operand_batching_dims "
    "start_indices_batching_dims start_index_map index_vector_dim "
    "slice_sizes indices_are_sorted",
    "get_dimension_size_v1 dimension",
    "get_tuple_element_v1 index",
    "if_v1",
    "imag_v1",
    "infeed_v1 infeed_config layout",
    "iota_v1 iota_dimension",
    "is_finite_v1",
    "log_plus_one_v1",
    "log_plus_one_v2 result_accuracy",
    "log_v1",
    "log_v2 result_accuracy",
    "logistic_v1",
    "logistic_v2 result_accuracy",
    "map_v1 dimensions",
    "maximum_v1",
    "minimum_v1",
    "multiply_v1",
    "negate_v1",
    "not_v1",
    "optimization_barrier_v1",
    "or_v1",
    "outfeed_v1 outfeed_config",
    "pad_v1 edge_padding_low edge_padding_high interior_padding",
    "partition_id_v1",
    "popcnt_v1",
    "power_v1",
    "real_dynamic_slice_v1",
    "real_v1",
    "recv_v1 channel_id channel_type is_host_transfer",
    "recv_v2 channel_id channel_type is_host_transfer source_target_pairs",
    "reduce_precision_v1 exponent_bits mantissa_bits",
    "reduce_scatter_v1 scatter_dimension replica_groups channel_id "
    "use_global_device_ids",
    "reduce_v1 dimensions",
    "reduce_window_v1 window_dimensions window_strides base_dilations "
    "window_dilations padding",
    "remainder_v1",
    "replica_id_v1",
    "reshape_v1",
    "return_v1",
    "reverse_v1 dimensions",
    "rng_bit_generator_v1 rng_algorithm",
    "rng_v1 rng_distribution",
    "round_nearest_afz_v1",
    "round_nearest_even_v1",
    "rsqrt_v1",
    "rsqrt_v2 result_accuracy",
    "scatter_v1 update_window_dims inserted_window_dims "
    "scatter_dims_to_operand_dims index_vector_dim indices_are_sorted "
    "unique_indices",
    "scatter_v2 update_window_dims inserted_window_dims input_batching_dims "
    "scatter_indices_batching_dims scatter_dims_to_operand_dims "
    "index_vector_dim indices_are_sorted unique_indices",
    "select_and_scatter_v1 window_dimensions window_strides padding",
    "select_v1",
    "send_v1 channel_id channel_type is_host_transfer",
    "send_v2 channel_id channel_type is_host_transfer source_target_pairs",
    "set_dimension_size_v1 dimension",
    "shift_left_v1",
    "shift_right_arithmetic_v1",
    "shift_right_logical_v1",
    "sign_v1",
    "sine_v1",
    "sine_v2 result_accuracy",
    "slice_v1 start_indices limit_indices strides",
    "sort_v1 dimension is_stable",
    "sqrt_v1",
    "sqrt_v2 result_accuracy",
    "subtract_v1",
    "tan_v1",
    "tan_v2 result_accuracy",
    "tanh_v1",
    "tanh_v2 result_accuracy",
    "torch_index_select_v1 dim batch_dims",
    "transpose_v1 permutation",
    "triangular_solve_v1 left_side lower unit_diagonal transpose_a",
    "tuple_v1",
    "unary_einsum_v1 einsum_config",
    "uniform_dequantize_v1",
    "uniform_quantize_v1",
    "while_v1",
    "xor_v1",
};
// NOLINTEND(bugprone-suspicious-missing-comma)

namespace {

/// Codes of attributes that are decoded; the others belong to operations that
/// this compiler does not have.
enum AttributeCode : uint64_t {
  ArrayCode = 1,
  BooleanCode = 2,
  ComparisonDirectionCode = 3,
  ComparisonTypeCode = 4,
  CustomCallApiVersionCode = 5,
  DictionaryCode = 6,
  FftTypeCode = 7,
  FloatCode = 8,
  IntegerCode = 9,
  OutputOperandAliasCode = 10,
  PrecisionCode = 11,
  RngAlgorithmCode = 12,
  RngDistributionCode = 13,
  StringCode = 14,
  TensorCode = 15,
  TransposeCode = 16,
  TypeAttributeCode = 17,
  TypeExtensionsCode = 18,
  ResultAccuracyModeCode = 19,
  ResultAccuracyCode = 20,
};

enum TypeCode : uint64_t {
  BooleanType = 0,
  ComplexTypeCode = 1,
  FunctionTypeCode = 8,
  IndexTypeCode = 9,
  RankedTensorCode = 20,
  RankedTensorWithEncodingCode = 21,
  TokenCode = 22,
  TupleCode = 23,
  UniformQuantizedCode = 24,
  UniformQuantizedPerAxisCode = 30,
  NoneCode = 33,
};

class VhloBytecode : public BytecodeDialectInterface {
public:
  explicit VhloBytecode(Dialect *dialect) : BytecodeDialectInterface(dialect) {}
  Attribute readAttribute(DialectBytecodeReader &reader) const override;
  Type readType(DialectBytecodeReader &reader) const override;

private:
  LogicalResult readCode(DialectBytecodeReader &reader, uint64_t &code) const;
  Attribute readArray(DialectBytecodeReader &reader) const;
  Attribute readDictionary(DialectBytecodeReader &reader) const;
  Attribute readFloat(DialectBytecodeReader &reader) const;
  Attribute readInteger(DialectBytecodeReader &reader) const;
  Attribute readAlias(DialectBytecodeReader &reader) const;
  Attribute readTensor(DialectBytecodeReader &reader) const;
  Attribute readAccuracy(DialectBytecodeReader &reader) const;
  Type readTensorType(DialectBytecodeReader &reader, bool hasEncoding) const;
};

} // namespace

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

/// Types without parameters; null for the other codes. Integers of the format
/// that are called signed are signless ones here.
static Type plainType(uint64_t code, MLIRContext *context) {
  auto integer = [&](unsigned width, bool isUnsigned = false) {
    return IntegerType::get(context, width,
                            isUnsigned ? IntegerType::Unsigned
                                       : IntegerType::Signless);
  };
  switch (code) {
  case BooleanType:
    return integer(1);
  case 2:
    return BFloat16Type::get(context);
  case 3:
    return Float16Type::get(context);
  case 4:
    return Float32Type::get(context);
  case 5:
    return Float64Type::get(context);
  case 6:
    return Float8E4M3FNType::get(context);
  case 7:
    return Float8E5M2Type::get(context);
  case IndexTypeCode:
    return IndexType::get(context);
  case 10:
  case 11:
  case 12:
  case 13:
  case 14:
    return integer(4u << (code - 10));
  case 15:
  case 16:
  case 17:
  case 18:
  case 19:
    return integer(4u << (code - 15), /*isUnsigned=*/true);
  case 27:
    return Float8E4M3FNUZType::get(context);
  case 28:
    return Float8E5M2FNUZType::get(context);
  case 29:
    return Float8E4M3B11FNUZType::get(context);
  case 31:
    return integer(2);
  case 32:
    return integer(2, /*isUnsigned=*/true);
  case NoneCode:
    return NoneType::get(context);
  case 34:
    return FloatTF32Type::get(context);
  case 35:
    return Float8E4M3Type::get(context);
  case 36:
    return Float8E3M4Type::get(context);
  case 37:
    return Float4E2M1FNType::get(context);
  case 38:
    return Float6E2M3FNType::get(context);
  case 39:
    return Float6E3M2FNType::get(context);
  case 40:
    return Float8E8M0FNUType::get(context);
  default:
    return {};
  }
}

Type VhloBytecode::readTensorType(DialectBytecodeReader &reader,
                                  bool hasEncoding) const {
  Attribute encoding;
  SmallVector<int64_t> shape;
  Type element;
  // Bounds of dynamic sizes limit what may be passed and change no result.
  if ((hasEncoding && failed(reader.readAttribute(encoding))) ||
      failed(reader.readSignedVarInts(shape)) ||
      failed(reader.readType(element)))
    return {};
  if (!RankedTensorType::isValidElementType(element)) {
    reader.emitError() << "expects an element type of a tensor, but got "
                       << element;
    return {};
  }
  for (int64_t size : shape)
    if (size < 0 && !ShapedType::isDynamic(size)) {
      reader.emitError() << "expects sizes of a tensor that are not negative, "
                            "but got "
                         << size;
      return {};
    }
  return RankedTensorType::get(shape, element);
}

/// Begins a type or an attribute. MLIR's reader puts off those that need others
/// first and reads them again, without end where they need themselves.
LogicalResult VhloBytecode::readCode(DialectBytecodeReader &reader,
                                     uint64_t &code) const {
  constexpr uint64_t readsPerByte = 16;
  VhloDialect::Source &source =
      static_cast<VhloDialect *>(getDialect())->source;
  if (++source.reads > readsPerByte * source.bytes.size())
    return reader.emitError() << "expects types and attributes that are not "
                                 "part of themselves";
  return reader.readVarInt(code);
}

Type VhloBytecode::readType(DialectBytecodeReader &reader) const {
  uint64_t code;
  if (failed(readCode(reader, code)))
    return {};
  if (Type type = plainType(code, getContext()))
    return type;
  switch (code) {
  case ComplexTypeCode: {
    Type element;
    if (failed(reader.readType(element)))
      return {};
    if (!isa<FloatType>(element)) {
      reader.emitError() << "expects a complex number of floats, but got one "
                            "of "
                         << element;
      return {};
    }
    return ComplexType::get(element);
  }
  case FunctionTypeCode: {
    SmallVector<Type> inputs, results;
    if (failed(reader.readTypes(inputs)) || failed(reader.readTypes(results)))
      return {};
    return FunctionType::get(getContext(), inputs, results);
  }
  case RankedTensorCode:
    return readTensorType(reader, /*hasEncoding=*/false);
  case RankedTensorWithEncodingCode:
    return readTensorType(reader, /*hasEncoding=*/true);
  case TupleCode: {
    SmallVector<Type> types;
    if (failed(reader.readTypes(types)))
      return {};
    return TupleType::get(getContext(), types);
  }
  case TokenCode:
    reader.emitError()
        << "expects tensors, but the artifact has a token, which "
           "orders side effects";
    return {};
  case UniformQuantizedCode:
  case UniformQuantizedPerAxisCode:
    reader.emitError() << "expects integers and floats, but the artifact has a "
                          "quantised type";
    return {};
  default:
    reader.emitError() << "expects a type of StableHLO up to version "
                       << kNewestArtifact << ", but got type code " << code;
    return {};
  }
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

Attribute VhloBytecode::readArray(DialectBytecodeReader &reader) const {
  SmallVector<Attribute> elements;
  if (failed(reader.readAttributes(elements)))
    return {};
  return ArrayAttr::get(getContext(), elements);
}

Attribute VhloBytecode::readDictionary(DialectBytecodeReader &reader) const {
  SmallVector<NamedAttribute> entries;
  auto readEntry = [&](NamedAttribute &entry) -> LogicalResult {
    StringAttr name;
    Attribute value;
    if (failed(reader.readAttribute(name)) ||
        failed(reader.readAttribute(value)))
      return failure();
    if (name.empty())
      return reader.emitError() << "expects names in a dictionary";
    entry = NamedAttribute(name, value);
    return success();
  };
  uint64_t count;
  if (failed(reader.readVarInt(count)))
    return {};
  for (uint64_t i = 0; i < count; ++i) {
    NamedAttribute entry(StringAttr::get(getContext(), "none"),
                         UnitAttr::get(getContext()));
    if (failed(readEntry(entry)))
      return {};
    entries.push_back(entry);
  }
  if (std::optional<NamedAttribute> twice =
          DictionaryAttr::findDuplicate(entries, /*isSorted=*/false)) {
    reader.emitError() << "expects every name of a dictionary once, but got '"
                       << twice->getName().getValue() << "' again";
    return {};
  }
  return DictionaryAttr::get(getContext(), entries);
}

Attribute VhloBytecode::readFloat(DialectBytecodeReader &reader) const {
  FloatType type;
  if (failed(reader.readType(type)))
    return {};
  FailureOr<APFloat> value =
      reader.readAPFloatWithKnownSemantics(type.getFloatSemantics());
  if (failed(value))
    return {};
  return FloatAttr::get(type, *value);
}

Attribute VhloBytecode::readInteger(DialectBytecodeReader &reader) const {
  Type type;
  if (failed(reader.readType(type)))
    return {};
  if (!type.isIntOrIndex()) {
    reader.emitError() << "expects a number of an integer type, but got one of "
                       << type;
    return {};
  }
  unsigned width = type.isIndex() ? IndexType::kInternalStorageBitWidth
                                  : type.getIntOrFloatBitWidth();
  FailureOr<APInt> value = reader.readAPIntWithKnownWidth(width);
  if (failed(value))
    return {};
  return IntegerAttr::get(type, *value);
}

Attribute VhloBytecode::readAlias(DialectBytecodeReader &reader) const {
  SmallVector<int64_t> outputs, operands;
  int64_t index;
  if (failed(reader.readSignedVarInts(outputs)) ||
      failed(reader.readSignedVarInt(index)) ||
      failed(reader.readSignedVarInts(operands)))
    return {};
  return hlo::OutputOperandAliasAttr::get(getContext(), outputs, index,
                                          operands);
}

/// Truth values: one byte for all of them, eight in a byte with the lowest bit
/// first, or a byte for each, according to the version of the producer.
static FailureOr<SmallVector<bool>> decodeBools(ArrayRef<char> bytes,
                                                int64_t count) {
  auto size = static_cast<int64_t>(bytes.size());
  auto packed = static_cast<int64_t>(llvm::divideCeil(count, 8));
  if (size == 1 && (bytes[0] == char(0xFF) || count > 8))
    return SmallVector<bool>(1, bytes[0] != 0);
  if (size == packed && size != count) {
    SmallVector<bool> values;
    for (int64_t i = 0; i < count; ++i)
      values.push_back((bytes[i / 8] >> (i % 8)) & 1);
    return values;
  }
  if (size != count)
    return failure();
  SmallVector<bool> values;
  for (char byte : bytes)
    values.push_back(byte != 0);
  return values;
}

Attribute VhloBytecode::readTensor(DialectBytecodeReader &reader) const {
  RankedTensorType type;
  ArrayRef<char> bytes;
  if (failed(reader.readType(type)) || failed(reader.readBlob(bytes)))
    return {};
  std::optional<int64_t> count;
  if (type.hasStaticShape())
    count = checkedElementCount(type.getShape());
  auto refuse = [&]() -> Attribute {
    reader.emitError() << "expects the elements of " << type << ", but got "
                       << bytes.size() << " bytes";
    return {};
  };
  if (!count || !type.getElementType().isIntOrIndexOrFloat())
    return refuse();
  if (type.getElementType().isInteger(1)) {
    FailureOr<SmallVector<bool>> values = decodeBools(bytes, *count);
    if (failed(values))
      return refuse();
    return DenseElementsAttr::get(type, *values);
  }
  bool isSplat = false;
  if (!DenseElementsAttr::isValidRawBuffer(type, bytes, isSplat))
    return refuse();
  const VhloDialect::Source &source =
      static_cast<VhloDialect *>(getDialect())->source;
  bool isWide = type.getElementType().isIntOrFloat() &&
                type.getElementTypeBitWidth() >= 8;
  bool inFile = !source.file.empty() && bytes.begin() >= source.bytes.begin() &&
                bytes.end() <= source.bytes.end();
  if (bytes.size() > kMaxDenseBytes && !isSplat && isWide && inFile)
    return support::ExternalAttr::get(
        getContext(), type, source.file,
        source.offset + (bytes.begin() - source.bytes.begin()));
  return DenseElementsAttr::getFromRawBuffer(type, bytes);
}

Attribute VhloBytecode::readAccuracy(DialectBytecodeReader &reader) const {
  auto readDouble = [&] {
    return reader.readAPFloatWithKnownSemantics(APFloat::IEEEdouble());
  };
  FailureOr<APFloat> atol = readDouble();
  if (failed(atol))
    return {};
  FailureOr<APFloat> rtol = readDouble();
  int64_t ulps;
  hlo::ResultAccuracyModeAttr mode;
  if (failed(rtol) || failed(reader.readSignedVarInt(ulps)) ||
      failed(reader.readAttribute(mode)))
    return {};
  return hlo::ResultAccuracyAttr::get(getContext(), *atol, *rtol, ulps, mode);
}

/// An enumeration's value through `symbolize`, which knows its numbers.
template <typename AttrT, typename Symbolize>
static Attribute readEnum(DialectBytecodeReader &reader, StringRef what,
                          Symbolize symbolize) {
  uint64_t number;
  if (failed(reader.readVarInt(number)))
    return {};
  if (auto value = number > UINT32_MAX ? std::nullopt : symbolize(number))
    return AttrT::get(reader.getContext(), *value);
  reader.emitError() << "expects a " << what << ", but got number " << number;
  return {};
}

Attribute VhloBytecode::readAttribute(DialectBytecodeReader &reader) const {
  uint64_t code;
  if (failed(readCode(reader, code)))
    return {};
  switch (code) {
  case ArrayCode:
    return readArray(reader);
  case BooleanCode: {
    uint64_t value;
    if (failed(reader.readVarInt(value)))
      return {};
    return BoolAttr::get(getContext(), value != 0);
  }
  case ComparisonDirectionCode:
    return readEnum<hlo::ComparisonDirectionAttr>(
        reader, "comparison direction", [](uint32_t number) {
          return hlo::symbolizeComparisonDirection(number);
        });
  case ComparisonTypeCode:
    return readEnum<hlo::ComparisonTypeAttr>(
        reader, "comparison type",
        [](uint32_t number) { return hlo::symbolizeComparisonType(number); });
  case PrecisionCode:
    return readEnum<hlo::PrecisionAttr>(
        reader, "precision",
        [](uint32_t number) { return hlo::symbolizePrecision(number); });
  case ResultAccuracyModeCode:
    return readEnum<hlo::ResultAccuracyModeAttr>(
        reader, "accuracy mode", [](uint32_t number) {
          return hlo::symbolizeResultAccuracyMode(number);
        });
  case CustomCallApiVersionCode:
  case FftTypeCode:
  case RngAlgorithmCode:
  case RngDistributionCode:
  case TransposeCode: {
    // Only the first belongs to an operation of this compiler; the others are
    // read so that the operation can be named in an error.
    uint64_t number;
    if (failed(reader.readVarInt(number)))
      return {};
    return IntegerAttr::get(IntegerType::get(getContext(), 32),
                            static_cast<int64_t>(number & INT32_MAX));
  }
  case DictionaryCode:
    return readDictionary(reader);
  case FloatCode:
    return readFloat(reader);
  case IntegerCode:
    return readInteger(reader);
  case OutputOperandAliasCode:
    return readAlias(reader);
  case StringCode: {
    StringRef text;
    if (failed(reader.readString(text)))
      return {};
    return StringAttr::get(getContext(), text);
  }
  case TensorCode:
    return readTensor(reader);
  case TypeAttributeCode: {
    Type type;
    if (failed(reader.readType(type)))
      return {};
    return TypeAttr::get(type);
  }
  case TypeExtensionsCode: {
    SmallVector<int64_t> bounds;
    if (failed(reader.readSignedVarInts(bounds)))
      return {};
    return DenseI64ArrayAttr::get(getContext(), bounds);
  }
  case ResultAccuracyCode:
    return readAccuracy(reader);
  default:
    reader.emitError() << "expects an attribute of StableHLO up to version "
                       << kNewestArtifact
                       << " that describes no devices, but got attribute code "
                       << code;
    return {};
  }
}

VhloDialect::VhloDialect(MLIRContext *context)
    : CarrierDialect(getDialectNamespace(), context,
                     TypeID::get<VhloDialect>()) {
  for (StringRef entry : kOperations)
    addCarrier(entry);
  addInterfaces<VhloBytecode>();
}
