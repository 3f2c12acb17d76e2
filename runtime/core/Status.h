// Errors inside the runtime are exceptions; guard() turns them into statuses
// at the C API, which no exception crosses.
#ifndef MOE_RUNTIME_CORE_STATUS_H
#define MOE_RUNTIME_CORE_STATUS_H

#include "moe-rt/runtime.h"

#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>

namespace moe::rt {

/// An error on its way to the C API.
class Error : public std::runtime_error {
public:
  Error(moe_status_code_t code, const std::string &message)
      : std::runtime_error(message), code(code) {}

  const moe_status_code_t code;
};

/// A status with this code and message; the preallocated "out of memory"
/// status where there is no memory for another one.
moe_status_t makeStatus(moe_status_code_t code, const char *message) noexcept;

/// Runs `body` and returns what it threw as a status, NULL where nothing.
template <typename Body>
moe_status_t guard(Body body) noexcept {
  try {
    body();
    return nullptr;
  } catch (const Error &error) {
    return makeStatus(error.code, error.what());
  } catch (const std::bad_alloc &) {
    return makeStatus(MOE_STATUS_OUT_OF_MEMORY, "out of memory");
  } catch (const std::exception &error) {
    return makeStatus(MOE_STATUS_INTERNAL, error.what());
  }
}

/// Throws unless `condition` holds: an argument of the C API broke its
/// contract.
inline void requireArgument(bool condition, const char *message) {
  if (!condition)
    throw Error(MOE_STATUS_INVALID_ARGUMENT, message);
}

/// Reads a struct_size-first parameter structure that may come from an older or
/// newer header: fields that the caller's header lacks are zero; fields that
/// only the caller's header has must be zero, since they ask for something that
/// this runtime cannot do. `params` may be NULL.
template <typename Params>
Params readParams(const Params *params, const char *name) {
  Params result;
  std::memset(&result, 0, sizeof(result));
  result.struct_size = sizeof(result);
  if (!params)
    return result;
  size_t size = params->struct_size;
  if (size < sizeof(size_t))
    throw Error(MOE_STATUS_INVALID_ARGUMENT,
                std::string("requires 'struct_size' (") + std::to_string(size) +
                    ") of '" + name + "' to be its size (" +
                    std::to_string(sizeof(result)) + ")");
  const char *bytes = reinterpret_cast<const char *>(params);
  for (size_t i = sizeof(result); i < size; ++i)
    if (bytes[i] != 0)
      throw Error(MOE_STATUS_INVALID_ARGUMENT,
                  std::string("'") + name + "' sets a field at byte " +
                      std::to_string(i) + " that runtime " +
                      moeRuntimeVersion() +
                      " does not know; use a newer libmoe_runtime");
  std::memcpy(&result, bytes, size < sizeof(result) ? size : sizeof(result));
  result.struct_size = sizeof(result);
  return result;
}

} // namespace moe::rt

#endif // MOE_RUNTIME_CORE_STATUS_H
