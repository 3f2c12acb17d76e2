// The command line of ptx-emu.
#ifndef MOE_TOOLS_PTX_EMU_OPTIONS_H
#define MOE_TOOLS_PTX_EMU_OPTIONS_H

#include "moe-rt/emulator.h"

#include <string>
#include <vector>

namespace moe::ptxemu {

extern const char *const kHelp;

struct Options {
  std::string file, kernel, trace, path;
  emu::LaunchConfig config;
  emu::EmulatorOptions emulator;
  std::vector<std::string> arguments;
  uint64_t seeds = 1;
  bool counters = false, json = false, exhaustive = false, help = false,
       version = false;
};

/// Throws moe::run::InputError.
Options parseOptions(int argc, char **argv);

/// The one of a module's kernels that the options mean: by its name, or by that
/// of its function in C++. Throws moe::run::InputError.
std::string chooseKernel(const std::vector<std::string> &kernels,
                         const Options &options);

} // namespace moe::ptxemu

#endif // MOE_TOOLS_PTX_EMU_OPTIONS_H
