// Whether this machine can execute code built for a list of LLVM features.
#ifndef MOE_RUNTIME_CORE_CPUFEATURES_H
#define MOE_RUNTIME_CORE_CPUFEATURES_H

#include <string>
#include <vector>

namespace moe::rt {

/// The features of a comma-separated list of LLVM names (each with or without a
/// leading '+') that this CPU or its operating system lacks. A name that the
/// runtime does not know counts as lacking. Entries with '-' ask for nothing.
std::vector<std::string> missingCpuFeatures(const char *features);

} // namespace moe::rt

#endif // MOE_RUNTIME_CORE_CPUFEATURES_H
