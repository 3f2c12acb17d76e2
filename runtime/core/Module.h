// A loaded model library with its weights.
#ifndef MOE_RUNTIME_CORE_MODULE_H
#define MOE_RUNTIME_CORE_MODULE_H

#include "Entry.h"
#include "Instance.h"
#include "Weights.h"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

/// Immutable after loading; referenced by its handle and by every call.
struct moe_module_impl {
  moe_module_impl() = default;
  moe_module_impl(const moe_module_impl &) = delete;
  moe_module_impl &operator=(const moe_module_impl &) = delete;
  ~moe_module_impl();

  const void *weightsData() const {
    return weights ? weights->data() + MOE_WEIGHTS_DATA_OFFSET : nullptr;
  }

  std::atomic<uint64_t> references{1};
  moe_instance_t instance = nullptr;
  void *library = nullptr; ///< from openLibrary
  bool describeOnly = false;
  const moe_module_v1 *description = nullptr;
  std::shared_ptr<const moe::rt::FileBytes> weights; ///< null: none
  std::vector<moe_entry_impl> entries;
};

namespace moe::rt {

/// Throws Error unless the file at `path` is a complete shared library for this
/// kind of machine, as far as its headers tell: the dynamic loader reports less
/// and may crash on a file that was cut short.
void checkLibraryFile(const std::string &path);

/// Throws Error unless this runtime can read the artefact's description.
/// `path` names it in messages.
void checkReadable(const moe_module_v1 *description, const std::string &path);

/// Throws Error unless this runtime on this CPU can run the artefact. Asks the
/// operating system for registers that the artefact needs.
void checkRunnable(const moe_module_v1 &description, const std::string &path);

/// The message where requestRegisters failed with `error` for the artefact
/// `place`.
std::string registersRefused(const std::string &place, int error);

} // namespace moe::rt

#endif // MOE_RUNTIME_CORE_MODULE_H
