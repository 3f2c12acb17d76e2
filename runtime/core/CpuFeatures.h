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

} // namespace moe::rt

#endif // MOE_RUNTIME_CORE_CPUFEATURES_H
