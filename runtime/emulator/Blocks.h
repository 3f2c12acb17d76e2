// Blocks of a kernel's nodes, for the analyses of the decoder.
#ifndef MOE_RUNTIME_EMULATOR_BLOCKS_H
#define MOE_RUNTIME_EMULATOR_BLOCKS_H

#include "Decoder.h"

namespace moe::emu {

/// Blocks of consecutive nodes; the last one is the exit, which has no nodes.
struct Decoder::Blocks {
  struct Block {
    int begin, end; ///< nodes
    std::vector<int> next, previous;
    int postDominator = -1;
    bool converges = false; ///< diverged lanes meet at its begin
    std::vector<bool> liveIn, liveOut;
  };
  std::vector<Block> blocks;
  std::vector<int> blockOf; ///< by node
};

} // namespace moe::emu

#endif // MOE_RUNTIME_EMULATOR_BLOCKS_H
