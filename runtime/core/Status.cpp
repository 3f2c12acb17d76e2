// The status object of the C API.
#include "Status.h"

using namespace moe::rt;

struct moe_status_impl {
  moe_status_code_t code;
  std::string message;
};

/// Handed out when not even a status can be allocated; never freed.
static moe_status_impl *outOfMemoryStatus() {
  static moe_status_impl status{MOE_STATUS_OUT_OF_MEMORY, "out of memory"};
  return &status;
}

moe_status_t moe::rt::makeStatus(moe_status_code_t code,
                                 const char *message) noexcept {
  try {
    return new moe_status_impl{code, message};
  } catch (...) {
    return outOfMemoryStatus();
  }
}

const char *moeRuntimeVersion(void) { return MOE_VERSION; }

moe_status_code_t moeRuntimeStatusCode(moe_status_t status) {
  return status ? status->code : MOE_STATUS_OK;
}

const char *moeRuntimeStatusMessage(moe_status_t status) {
  return status ? status->message.c_str() : "ok";
}

void moeRuntimeStatusRelease(moe_status_t status) {
  if (status != outOfMemoryStatus())
    delete status;
}
