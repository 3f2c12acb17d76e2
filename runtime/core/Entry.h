// Entry points as the C API shows them, and the symbolic sizes of their
// arguments.
#ifndef MOE_RUNTIME_CORE_ENTRY_H
#define MOE_RUNTIME_CORE_ENTRY_H

#include "moe-rt/runtime.h"

#include <optional>
#include <string>
#include <vector>

namespace moe::rt {

/// An argument with the texts that its moe_argument_t points to.
struct Argument {
  moe_argument_t info = {};
  const moe_argument_v1 *raw = nullptr;
  std::vector<int64_t> dims;
  std::vector<std::string> dimTexts;
  std::vector<const char *> dimTextPointers;
  std::string text;
};

/// "f32[2, 3]".
std::string typeText(moe_dtype_t dtype, const int64_t *dims, uint32_t rank);

/// The size that `dim` has for these symbol values (nullopt: not known);
/// nullopt where it depends on an unknown one or does not fit.
std::optional<int64_t>
evaluateDim(const moe_dim_v1 &dim,
            const std::vector<std::optional<int64_t>> &symbols);

/// Bytes of a tensor with known sizes; nullopt where they do not fit into a
/// signed 64-bit number.
std::optional<int64_t> tensorBytes(moe_dtype_t dtype, const int64_t *dims,
                                   uint32_t rank);

} // namespace moe::rt

/// Part of its module; immutable.
struct moe_entry_impl {
  moe_module_t module = nullptr;
  const moe_entry_v1 *raw = nullptr;
  std::vector<moe::rt::Argument> inputs;
  std::vector<moe::rt::Argument> outputs;
};

namespace moe::rt {

/// Checks what the artefact says about an entry and prepares it for the C API.
/// Throws Error; `place` begins the message.
void describeEntry(const moe_entry_v1 &raw, const std::string &place,
                   moe_entry_impl &entry);

/// Checks input types against an entry and solves its symbols: a dimension with
/// one unknown symbol gives its value, in as many rounds as there are symbols
/// to chain; every dimension whose symbols are known must then agree. A symbol
/// that no input determines stays nullopt. Throws Error.
std::vector<std::optional<int64_t>>
solveSymbols(const moe_entry_impl &entry, const moe_tensor_type_t *inputs,
             uint32_t count);

} // namespace moe::rt

#endif // MOE_RUNTIME_CORE_ENTRY_H
