// All runs of a kernel of litmus size.
#ifndef MOE_TOOLS_PTX_EMU_EXHAUSTIVE_H
#define MOE_TOOLS_PTX_EMU_EXHAUSTIVE_H

#include "Arguments.h"
#include "Options.h"

namespace moe::ptxemu {

/// Runs everything that the kernel can do, or the one run that options.path
/// names, and prints what its buffers may hold in the end. Returns the exit
/// status: 0 where nothing was found. Throws moe::run::InputError.
int runExhaustively(const Options &options, const std::string &text,
                    const std::vector<Argument> &arguments);

/// A finding as JSON.
std::string findingJson(const emu::Finding &finding);

} // namespace moe::ptxemu

#endif // MOE_TOOLS_PTX_EMU_EXHAUSTIVE_H
