// moe-run's command line.
#ifndef MOE_TOOLS_MOE_RUN_OPTIONS_H
#define MOE_TOOLS_MOE_RUN_OPTIONS_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace moe::run {

struct Options {
  std::string model;
  std::string entry; ///< empty: the first
  /// "name=file", or "file" where the model has one input (or output).
  std::vector<std::string> inputs;
  std::vector<std::string> expects;
  std::vector<std::string> outputs;
  std::string caseFolder;
  std::optional<double> tolerance;
  uint32_t repeat = 1;
  uint32_t threads = 0;
  bool describe = false;
  bool json = false;
  bool poison = false;
  bool verifyWeights = false;
  bool copyWeights = false;
  bool help = false;
  bool version = false;
};

/// Throws InputError.
Options parseOptions(int argc, char **argv);

/// The text of --help.
extern const char *const kHelp;

} // namespace moe::run

#endif // MOE_TOOLS_MOE_RUN_OPTIONS_H
