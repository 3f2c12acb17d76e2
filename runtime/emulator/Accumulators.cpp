// What happens to the registers of wgmma while it runs: a forward analysis at
// load. The emulator writes accumulators at once, so values would not show it.
#include "Blocks.h"

#include <algorithm>

using namespace moe::emu;

namespace {

/// What may hold for a register on some path.
struct RegisterState {
  /// Written by something else than wgmma, and no wgmma.fence since.
  bool dirty = true;
  /// 0: not in flight; else 1 + how many groups were committed since the wgmma.
  uint8_t written = 0; ///< as an accumulator
  uint8_t read = 0;    ///< as A
  bool operator==(const RegisterState &) const = default;
};

using States = std::vector<RegisterState>;

} // namespace

/// The later group of two, since a wait covers the earlier ones.
static uint8_t later(uint8_t a, uint8_t b) {
  return !a ? b : !b ? a : std::min(a, b);
}

static bool join(States &to, const States &from) {
  bool changed = false;
  for (size_t r = 0; r < to.size(); ++r) {
    RegisterState joined{to[r].dirty || from[r].dirty,
                         later(to[r].written, from[r].written),
                         later(to[r].read, from[r].read)};
    changed |= joined != to[r];
    to[r] = joined;
  }
  return changed;
}

static void commit(States &states) {
  for (RegisterState &state : states)
    for (uint8_t *group : {&state.written, &state.read})
      if (*group && *group < 255)
        ++*group;
}

static void waitFor(States &states, uint64_t left) {
  for (RegisterState &state : states)
    for (uint8_t *group : {&state.written, &state.read})
      if (*group >= 2 && *group - 2u >= left)
        *group = 0;
}

/// Bits of Node::misuse: see runAccumulatorMisuse.
static constexpr uint8_t kNoFence = 1, kInFlight = 2, kOverwrites = 4;

static uint8_t stepWgmma(States &states, const std::vector<uint32_t> &defs,
                         const std::vector<uint32_t> &uses, bool aInRegisters) {
  uint8_t misuse = 0;
  auto isAccumulator = [&](uint32_t r) {
    return std::find(defs.begin(), defs.end(), r) != defs.end();
  };
  for (uint32_t r : defs) {
    misuse |= states[r].dirty ? kNoFence : 0;
    misuse |= states[r].read ? kOverwrites : 0;
    states[r] = {false, 1, 0};
  }
  // Behind the accumulators come A's registers, then descriptors.
  size_t left = aInRegisters ? 4 : 0;
  for (uint32_t r : uses) {
    if (isAccumulator(r))
      continue;
    misuse |= states[r].written ? kInFlight : 0;
    if (!left)
      continue;
    --left;
    misuse |= states[r].dirty ? kNoFence : 0;
    states[r].read = 1;
  }
  return misuse;
}

void Decoder::findAccumulatorMisuse(const Blocks &blocks) {
  auto isWgmma = [](const Node &node) { return node.op.run == runWgmma; };
  if (std::none_of(nodes.begin(), nodes.end(), isWgmma))
    return;
  auto step = [&](Node &node, States &states) {
    if (node.op.run == runWgmma) {
      const auto &info = *static_cast<const WgmmaInfo *>(node.op.info);
      node.misuse = stepWgmma(states, node.defs, node.uses, info.aInRegisters);
    } else if (node.op.run == runWgmmaFence) {
      for (RegisterState &state : states)
        state.dirty = false;
    } else if (node.op.run == runWgmmaCommit) {
      commit(states);
    } else if (node.op.run == runWgmmaWait) {
      waitFor(states, node.op.imm);
    } else if (node.op.run ==
                   table.handlers[static_cast<size_t>(LaneOp::Mov32)] &&
               node.defs.size() == 1 && node.uses.size() == 1 &&
               !node.guarded) {
      // A copy: compilers rename accumulators.
      states[node.defs[0]] = states[node.uses[0]];
    } else {
      node.misuse = 0;
      for (uint32_t r : node.uses)
        node.misuse |= states[r].written ? kInFlight : 0;
      for (uint32_t r : node.defs) {
        node.misuse |= states[r].written ? kInFlight : 0;
        node.misuse |= states[r].read ? kOverwrites : 0;
        states[r] = RegisterState();
      }
    }
  };
  std::vector<States> entry(blocks.blocks.size());
  entry[0].resize(registers.size());
  std::vector<size_t> work = {0};
  while (!work.empty()) {
    size_t b = work.back();
    work.pop_back();
    States states = entry[b];
    for (int n = blocks.blocks[b].begin; n < blocks.blocks[b].end; ++n)
      step(nodes[n], states);
    for (int next : blocks.blocks[b].next) {
      States &known = entry[static_cast<size_t>(next)];
      bool isNew = known.empty();
      if (isNew)
        known = states;
      if (join(known, states) || isNew)
        work.push_back(static_cast<size_t>(next));
    }
  }
  // Once more from what holds in the end.
  for (size_t b = 0; b < blocks.blocks.size(); ++b) {
    States states = entry[b];
    for (int n = blocks.blocks[b].begin;
         !states.empty() && n < blocks.blocks[b].end; ++n)
      step(nodes[n], states);
  }
}
