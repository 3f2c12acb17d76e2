// Whether this machine can execute code built for a list of instruction sets.
#ifndef MOE_RUNTIME_CORE_CPUFEATURES_H
#define MOE_RUNTIME_CORE_CPUFEATURES_H

#include <string>
#include <vector>

namespace moe::rt {

/// The names of a comma-separated list (`target_features` of abi.h) that this
/// CPU or its operating system lacks. A name that the runtime does not know
/// counts as lacking. NULL: none.
std::vector<std::string> missingCpuFeatures(const char *features);

/// Asks the operating system for the registers that it hands out on request
/// only, where a name of the list, none of which is missing, needs such: those
/// of AMX, once for all threads of the process. 0, or the error number of the
/// refusal.
int requestRegisters(const char *features);

} // namespace moe::rt

#endif // MOE_RUNTIME_CORE_CPUFEATURES_H
