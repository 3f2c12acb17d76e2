// moe-run --describe.
#ifndef MOE_TOOLS_MOE_RUN_DESCRIBE_H
#define MOE_TOOLS_MOE_RUN_DESCRIBE_H

#include "moe-rt/runtime.h"

#include <string>

namespace moe::run {

/// An artefact's header and entry points, for people or as JSON.
std::string describe(moe_module_t module, const std::string &path, bool json);

} // namespace moe::run

#endif // MOE_TOOLS_MOE_RUN_DESCRIBE_H
