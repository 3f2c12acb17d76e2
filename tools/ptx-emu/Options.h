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

} // namespace moe::ptxemu

#endif // MOE_TOOLS_PTX_EMU_OPTIONS_H
