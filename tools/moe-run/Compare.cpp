// Comparison of tensors.
#include "Compare.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

using namespace moe::run;

static bool isFloat(moe_dtype_t dtype) {
  return dtype == MOE_DTYPE_F16 || dtype == MOE_DTYPE_BF16 ||
         dtype == MOE_DTYPE_F32 || dtype == MOE_DTYPE_F64;
}

bool moe::run::comparable(moe_dtype_t output, moe_dtype_t reference) {
  return output == reference || (isFloat(output) && isFloat(reference));
}

static double halfToDouble(uint16_t bits) {
  int exponent = bits >> 10 & 31;
  int fraction = bits & 1023;
  double value;
  if (exponent == 31)
    value = fraction ? std::numeric_limits<double>::quiet_NaN()
                     : std::numeric_limits<double>::infinity();
  else if (exponent == 0)
    value = std::ldexp(fraction, -24);
  else
    value = std::ldexp(fraction + 1024, exponent - 25);
  return bits & 0x8000 ? -value : value;
}

template <typename T>
static T load(const void *data, size_t index) {
  T value;
  std::memcpy(&value, static_cast<const char *>(data) + index * sizeof(T),
              sizeof(T));
  return value;
}

static double elementAsDouble(moe_dtype_t dtype, const void *data,
                              size_t index) {
  switch (dtype) {
  case MOE_DTYPE_BOOL:
  case MOE_DTYPE_U8:
    return load<uint8_t>(data, index);
  case MOE_DTYPE_I8:
    return load<int8_t>(data, index);
  case MOE_DTYPE_I16:
    return load<int16_t>(data, index);
  case MOE_DTYPE_I32:
    return load<int32_t>(data, index);
  case MOE_DTYPE_I64:
    return static_cast<double>(load<int64_t>(data, index));
  case MOE_DTYPE_U16:
    return load<uint16_t>(data, index);
  case MOE_DTYPE_U32:
    return load<uint32_t>(data, index);
  case MOE_DTYPE_U64:
    return static_cast<double>(load<uint64_t>(data, index));
  case MOE_DTYPE_F16:
    return halfToDouble(load<uint16_t>(data, index));
  case MOE_DTYPE_BF16:
    return std::bit_cast<float>(uint32_t(load<uint16_t>(data, index)) << 16);
  case MOE_DTYPE_F32:
    return load<float>(data, index);
  case MOE_DTYPE_F64:
    return load<double>(data, index);
  default:
    return std::numeric_limits<double>::quiet_NaN(); // no element type
  }
}

/// "[1, 0, 7]": the index of element `position`.
static std::string indexText(const moe_tensor_type_t &type, size_t position) {
  std::vector<size_t> index(type.rank);
  for (uint32_t d = type.rank; d-- > 0;) {
    index[d] = position % static_cast<size_t>(type.dims[d]);
    position /= static_cast<size_t>(type.dims[d]);
  }
  std::string text = "[";
  for (uint32_t d = 0; d < type.rank; ++d)
    text += (d ? ", " : "") + std::to_string(index[d]);
  return text + "]";
}

static std::string numberText(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.9g", value);
  return text;
}

Comparison moe::run::compare(const moe_tensor_t &output, const Array &reference,
                             std::optional<double> tolerance) {
  Comparison result;
  moe_dtype_t dtype = output.type.dtype;
  bool exact = !isFloat(dtype);
  bool narrow = dtype == MOE_DTYPE_F16 || dtype == MOE_DTYPE_BF16;
  result.bound = exact ? 0 : tolerance.value_or(narrow ? 2e-2 : 1e-4);
  std::vector<int64_t> dims(output.type.dims,
                            output.type.dims + output.type.rank);
  if (dims != reference.dims) {
    result.error = std::numeric_limits<double>::infinity();
    result.problem = "expects " + typeText(reference.type()) + ", but got " +
                     typeText(output.type);
    return result;
  }

  size_t count = reference.count(), worst = 0, different = 0;
  size_t patterns = 0, firstPattern = 0;
  size_t size = moeRuntimeDtypeSize(dtype);
  double maxDifference = 0, maxReference = 0;
  for (size_t i = 0; i < count; ++i) {
    double y = elementAsDouble(dtype, output.data, i);
    double r = elementAsDouble(reference.dtype, reference.data.get(), i);
    // 64-bit integers do not all fit into a double: compare bits.
    if (exact &&
        std::memcmp(static_cast<const char *>(output.data) + i * size,
                    reference.data.get() + i * size, size) != 0 &&
        different++ == 0)
      worst = i;
    if (!std::isfinite(y) || !std::isfinite(r)) {
      bool same = std::isnan(r) ? std::isnan(y) : y == r;
      if (!same && patterns++ == 0)
        firstPattern = i;
      continue;
    }
    maxReference = std::max(maxReference, std::abs(r));
    double difference = std::abs(y - r);
    if (difference > maxDifference) {
      maxDifference = difference;
      worst = i;
    }
  }
  if (maxDifference > 0)
    result.error = maxReference > 0 ? maxDifference / maxReference
                                    : std::numeric_limits<double>::infinity();
  auto at = [&](size_t i) {
    return " at " + indexText(output.type, i) + ": expects " +
           numberText(
               elementAsDouble(reference.dtype, reference.data.get(), i)) +
           ", but got " + numberText(elementAsDouble(dtype, output.data, i));
  };
  if (patterns > 0) {
    result.error = std::numeric_limits<double>::infinity();
    result.problem = "NaN or infinity differs in " + std::to_string(patterns) +
                     " of " + std::to_string(count) + " elements, first" +
                     at(firstPattern);
  } else if (exact && different > 0) {
    result.problem = std::to_string(different) + " of " +
                     std::to_string(count) + " elements differ, most" +
                     at(worst);
  } else if (!(result.error <= result.bound)) {
    result.problem = "differs most" + at(worst);
  }
  result.ok = result.problem.empty();
  return result;
}
