// Description of entry points and solving of symbolic sizes.
#include "Entry.h"
#include "Status.h"

using namespace moe::rt;

/// More dimensions than any model has; bounds what a broken artefact can make
/// the runtime do.
static constexpr uint32_t kMaxRank = 64;
static constexpr uint32_t kMaxArguments = 1u << 20;

static constexpr struct {
  const char *name;
  size_t size;
} kDtypes[] = {{"?", 0},   {"bool", 1}, {"i8", 1},  {"i16", 2}, {"i32", 4},
               {"i64", 8}, {"u8", 1},   {"u16", 2}, {"u32", 4}, {"u64", 8},
               {"f16", 2}, {"bf16", 2}, {"f32", 4}, {"f64", 8}};
static constexpr uint32_t kDtypeCount = sizeof(kDtypes) / sizeof(kDtypes[0]);

const char *moeRuntimeDtypeName(moe_dtype_t dtype) {
  return kDtypes[dtype < kDtypeCount ? dtype : 0].name;
}

size_t moeRuntimeDtypeSize(moe_dtype_t dtype) {
  return kDtypes[dtype < kDtypeCount ? dtype : 0].size;
}

std::string moe::rt::typeText(moe_dtype_t dtype, const int64_t *dims,
                              uint32_t rank) {
  std::string text = std::string(moeRuntimeDtypeName(dtype)) + "[";
  for (uint32_t d = 0; d < rank; ++d)
    text += (d ? ", " : "") + std::to_string(dims[d]);
  return text + "]";
}

std::optional<int64_t>
moe::rt::evaluateDim(const moe_dim_v1 &dim,
                     const std::vector<std::optional<int64_t>> &symbols) {
  if (dim.constant == MOE_DIM_UNKNOWN)
    return std::nullopt;
  int64_t size = dim.constant;
  for (size_t s = 0; dim.coefficients && s < symbols.size(); ++s) {
    if (dim.coefficients[s] == 0)
      continue;
    const std::optional<int64_t> &value = symbols[s];
    int64_t term = 0;
    if (!value || __builtin_mul_overflow(dim.coefficients[s], *value, &term) ||
        __builtin_add_overflow(size, term, &size))
      return std::nullopt;
  }
  return size;
}

std::optional<int64_t>
moe::rt::tensorBytes(moe_dtype_t dtype, const int64_t *dims, uint32_t rank) {
  for (uint32_t d = 0; d < rank; ++d)
    if (dims[d] == 0)
      return 0;
  int64_t bytes = static_cast<int64_t>(moeRuntimeDtypeSize(dtype));
  for (uint32_t d = 0; d < rank; ++d)
    if (__builtin_mul_overflow(bytes, dims[d], &bytes))
      return std::nullopt;
  return bytes;
}

/// A dimension as text, such as "64", "B", "P + S", "2*B - 1" or "?".
static std::string dimText(const moe_dim_v1 &dim, const moe_entry_v1 &entry) {
  if (dim.constant == MOE_DIM_UNKNOWN)
    return "?";
  std::string text;
  auto append = [&](int64_t coefficient, const std::string &factor) {
    bool negative = coefficient < 0;
    uint64_t magnitude =
        negative ? -static_cast<uint64_t>(coefficient) : coefficient;
    text += text.empty() ? (negative ? "-" : "") : (negative ? " - " : " + ");
    if (factor.empty())
      text += std::to_string(magnitude);
    else
      text += (magnitude == 1 ? "" : std::to_string(magnitude) + "*") + factor;
  };
  for (uint32_t s = 0; dim.coefficients && s < entry.symbol_count; ++s)
    if (dim.coefficients[s] != 0)
      append(dim.coefficients[s], entry.symbols[s]);
  if (text.empty())
    return std::to_string(dim.constant);
  if (dim.constant != 0)
    append(dim.constant, "");
  return text;
}

static bool isStatic(const moe_dim_v1 &dim, uint32_t symbolCount) {
  if (dim.constant == MOE_DIM_UNKNOWN)
    return false;
  for (uint32_t s = 0; dim.coefficients && s < symbolCount; ++s)
    if (dim.coefficients[s] != 0)
      return false;
  return true;
}

[[noreturn]] static void corrupt(const std::string &place,
                                 const std::string &problem) {
  throw Error(MOE_STATUS_CORRUPT, place + " " + problem);
}

static void describeArguments(const moe_entry_v1 &entry,
                              const moe_argument_v1 *raw, uint32_t count,
                              const std::string &place, const char *kind,
                              std::vector<Argument> &arguments) {
  if (count > kMaxArguments || (count > 0 && !raw))
    corrupt(place, "expects a table of its " + std::string(kind) + "s");
  arguments.resize(count);
  for (uint32_t i = 0; i < count; ++i) {
    Argument &argument = arguments[i];
    std::string here = place + " " + kind + " #" + std::to_string(i);
    if (!raw[i].name)
      corrupt(here, "has no name");
    here = place + " " + kind + " '" + raw[i].name + "'";
    for (uint32_t j = 0; j < i; ++j)
      if (std::strcmp(raw[i].name, raw[j].name) == 0)
        corrupt(here, "exists twice");
    if (moeRuntimeDtypeSize(raw[i].dtype) == 0)
      corrupt(here, "has element type " + std::to_string(raw[i].dtype) +
                        ", which this runtime does not know");
    if (raw[i].rank > kMaxRank || (raw[i].rank > 0 && !raw[i].dims))
      corrupt(here, "expects a table of its " + std::to_string(raw[i].rank) +
                        " dimensions");
    argument.raw = &raw[i];
    argument.text = std::string(moeRuntimeDtypeName(raw[i].dtype)) + "[";
    for (uint32_t d = 0; d < raw[i].rank; ++d) {
      const moe_dim_v1 &dim = raw[i].dims[d];
      bool known = isStatic(dim, entry.symbol_count);
      if (known && dim.constant < 0)
        corrupt(here, "has dimension #" + std::to_string(d) + " of size " +
                          std::to_string(dim.constant));
      argument.dims.push_back(known ? dim.constant : MOE_DIM_DYNAMIC);
      argument.dimTexts.push_back(dimText(dim, entry));
      argument.text += (d ? ", " : "") + argument.dimTexts.back();
    }
    argument.text += "]";
    for (const std::string &text : argument.dimTexts)
      argument.dimTextPointers.push_back(text.c_str());
    argument.info = {raw[i].name,
                     raw[i].dtype,
                     raw[i].rank,
                     argument.dims.data(),
                     argument.dimTextPointers.data(),
                     argument.text.c_str()};
  }
}

void moe::rt::describeEntry(const moe_entry_v1 &raw, const std::string &place,
                            moe_entry_impl &entry) {
  if (!raw.name)
    corrupt(place, "has an entry point without a name");
  std::string here = place + " entry '" + raw.name + "'";
  if (!raw.run)
    corrupt(here, "has no function");
  if (raw.symbol_count > kMaxArguments ||
      (raw.symbol_count > 0 && !raw.symbols))
    corrupt(here, "expects a table of its symbols");
  for (uint32_t s = 0; s < raw.symbol_count; ++s)
    if (!raw.symbols[s])
      corrupt(here, "symbol #" + std::to_string(s) + " has no name");
  entry.raw = &raw;
  describeArguments(raw, raw.inputs, raw.input_count, here, "input",
                    entry.inputs);
  describeArguments(raw, raw.outputs, raw.output_count, here, "output",
                    entry.outputs);
  for (const Argument &input : entry.inputs)
    for (uint32_t d = 0; d < input.info.rank; ++d)
      if (input.raw->dims[d].constant == MOE_DIM_UNKNOWN)
        corrupt(here + " input '" + input.info.name + "'",
                "has an unknown size, which only outputs may have");
}

namespace {

/// One attempt to make an entry's declarations and given types agree.
class Solver {
public:
  Solver(const moe_entry_impl &entry, const moe_tensor_type_t *types)
      : entry(entry), types(types), values(entry.raw->symbol_count),
        sources(entry.raw->symbol_count) {}

  std::vector<std::optional<int64_t>> solve() {
    for (size_t i = 0; i < entry.inputs.size(); ++i)
      checkType(i);
    for (bool progress = true; progress;) {
      progress = false;
      forEachDim([&](size_t i, uint32_t d) { progress |= solveDim(i, d); });
    }
    forEachDim([&](size_t i, uint32_t d) {
      const moe_dim_v1 &dim = entry.inputs[i].raw->dims[d];
      std::optional<int64_t> size = evaluateDim(dim, values);
      if (size && *size != types[i].dims[d])
        mismatch(i, &dim);
    });
    return std::move(values);
  }

private:
  template <typename Function>
  void forEachDim(Function function) {
    for (size_t i = 0; i < entry.inputs.size(); ++i)
      for (uint32_t d = 0; d < types[i].rank; ++d)
        function(i, d);
  }

  void checkType(size_t i) {
    const moe_argument_t &expected = entry.inputs[i].info;
    const moe_tensor_type_t &type = types[i];
    if (type.rank > 0 && !type.dims)
      throw Error(MOE_STATUS_INVALID_ARGUMENT,
                  std::string("input '") + expected.name +
                      "' expects its sizes, but got NULL");
    if (type.dtype != expected.dtype || type.rank != expected.rank)
      mismatch(i, nullptr);
    for (uint32_t d = 0; d < type.rank; ++d)
      if (type.dims[d] < 0 || (expected.dims[d] != MOE_DIM_DYNAMIC &&
                               expected.dims[d] != type.dims[d]))
        mismatch(i, nullptr);
    if (!tensorBytes(type.dtype, type.dims, type.rank))
      mismatch(i, nullptr);
  }

  /// Finds the value of the only unknown symbol of a dimension, if so.
  bool solveDim(size_t i, uint32_t d) {
    const moe_dim_v1 &dim = entry.inputs[i].raw->dims[d];
    std::optional<size_t> unknown;
    for (size_t s = 0; dim.coefficients && s < values.size(); ++s) {
      if (dim.coefficients[s] == 0 || values[s])
        continue;
      if (unknown)
        return false;
      unknown = s;
    }
    if (!unknown)
      return false;
    // size = constant + coefficient * value + what is known.
    values[*unknown] = 0;
    std::optional<int64_t> known = evaluateDim(dim, values);
    values[*unknown].reset();
    int64_t rest = 0, coefficient = dim.coefficients[*unknown];
    if (!known || __builtin_sub_overflow(types[i].dims[d], *known, &rest) ||
        rest % coefficient != 0 || rest / coefficient < 0)
      mismatch(i, &dim);
    values[*unknown] = rest / coefficient;
    sources[*unknown] = i;
    return true;
  }

  /// `dim`: the dimension that does not agree with symbols found elsewhere.
  [[noreturn]] void mismatch(size_t i, const moe_dim_v1 *dim) {
    const moe_argument_t &expected = entry.inputs[i].info;
    std::string text =
        std::string("input '") + expected.name + "' expects " + expected.text;
    const char *separator = " with ";
    for (size_t s = 0; dim && dim->coefficients && s < values.size(); ++s) {
      const std::optional<int64_t> &value = values[s];
      if (dim->coefficients[s] == 0 || !value)
        continue;
      text += separator + std::string(entry.raw->symbols[s]) + " = " +
              std::to_string(*value) + " (from input '" +
              entry.inputs[sources[s]].info.name + "')";
      separator = ", ";
    }
    throw Error(MOE_STATUS_INVALID_ARGUMENT,
                text + ", but got " +
                    typeText(types[i].dtype, types[i].dims, types[i].rank));
  }

  const moe_entry_impl &entry;
  const moe_tensor_type_t *types;
  std::vector<std::optional<int64_t>> values;
  std::vector<size_t> sources;
};

} // namespace

/// "x f32[B, S], r f32[B]".
static std::string listArguments(const std::vector<Argument> &arguments) {
  std::string text;
  for (const Argument &argument : arguments)
    text += (text.empty() ? "" : ", ") + std::string(argument.info.name) + " " +
            argument.text;
  return text.empty() ? "none" : text;
}

std::vector<std::optional<int64_t>>
moe::rt::solveSymbols(const moe_entry_impl &entry,
                      const moe_tensor_type_t *inputs, uint32_t count) {
  if (count != entry.inputs.size())
    throw Error(MOE_STATUS_INVALID_ARGUMENT,
                std::string("entry '") + entry.raw->name + "' expects " +
                    std::to_string(entry.inputs.size()) + " inputs (" +
                    listArguments(entry.inputs) + "), but got " +
                    std::to_string(count));
  requireArgument(count == 0 || inputs,
                  "moeRuntimeCallReshape expects input types, but got NULL");
  return Solver(entry, inputs).solve();
}

const char *moeRuntimeEntryName(moe_entry_t entry) {
  return entry ? entry->raw->name : nullptr;
}

uint32_t moeRuntimeEntryInputCount(moe_entry_t entry) {
  return entry ? entry->raw->input_count : 0;
}

uint32_t moeRuntimeEntryOutputCount(moe_entry_t entry) {
  return entry ? entry->raw->output_count : 0;
}

const moe_argument_t *moeRuntimeEntryInput(moe_entry_t entry, uint32_t index) {
  return entry && index < entry->inputs.size() ? &entry->inputs[index].info
                                               : nullptr;
}

const moe_argument_t *moeRuntimeEntryOutput(moe_entry_t entry, uint32_t index) {
  return entry && index < entry->outputs.size() ? &entry->outputs[index].info
                                                : nullptr;
}

uint32_t moeRuntimeEntrySymbolCount(moe_entry_t entry) {
  return entry ? entry->raw->symbol_count : 0;
}

const char *moeRuntimeEntrySymbol(moe_entry_t entry, uint32_t index) {
  return entry && index < entry->raw->symbol_count ? entry->raw->symbols[index]
                                                   : nullptr;
}

static moe_status_t findArgument(moe_entry_t entry, const char *name,
                                 uint32_t *index, bool input) {
  return guard([&] {
    requireArgument(entry && name && index,
                    "the lookup of an argument expects an entry, a name and a "
                    "place for the index, but got NULL");
    const auto &arguments = input ? entry->inputs : entry->outputs;
    for (uint32_t i = 0; i < arguments.size(); ++i)
      if (std::strcmp(arguments[i].info.name, name) == 0) {
        *index = i;
        return;
      }
    throw Error(MOE_STATUS_NOT_FOUND,
                std::string("entry '") + entry->raw->name + "' has no " +
                    (input ? "input" : "output") + " '" + name + "'; it has " +
                    listArguments(arguments));
  });
}

moe_status_t moeRuntimeEntryFindInput(moe_entry_t entry, const char *name,
                                      uint32_t *index) {
  return findArgument(entry, name, index, /*input=*/true);
}

moe_status_t moeRuntimeEntryFindOutput(moe_entry_t entry, const char *name,
                                       uint32_t *index) {
  return findArgument(entry, name, index, /*input=*/false);
}
