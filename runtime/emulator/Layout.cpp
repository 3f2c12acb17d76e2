// From decoded instructions to operations that can run: blocks, reconvergence
// points, registers that may be read before they are written, and storage.
#include "Blocks.h"

#include <algorithm>
#include <set>

using namespace moe::emu;

void Decoder::findBlocks(Blocks &result) {
  auto count = static_cast<int>(nodes.size());
  std::vector<bool> leader(static_cast<size_t>(count) + 1);
  leader[0] = true;
  for (int position : labelPositions)
    if (position >= 0)
      leader[static_cast<size_t>(position)] = true;
  for (int n = 0; n < count; ++n)
    if (nodes[n].kind != Node::Kind::Plain)
      leader[n + 1] = true;
  result.blockOf.resize(nodes.size());
  for (int n = 0; n < count; ++n) {
    if (leader[n])
      result.blocks.push_back({n, n, {}, {}, -1, false, {}, {}});
    result.blocks.back().end = n + 1;
    result.blockOf[n] = static_cast<int>(result.blocks.size()) - 1;
  }
  auto exit = static_cast<int>(result.blocks.size());
  result.blocks.push_back({count, count, {}, {}, -1, false, {}, {}});
  for (int b = 0; b < exit; ++b) {
    const Node &last = nodes[result.blocks[b].end - 1];
    auto &next = result.blocks[b].next;
    if (last.kind == Node::Kind::Branch) {
      int position = labelPositions[last.target];
      next.push_back(position < count ? result.blockOf[position] : exit);
    }
    if (last.kind == Node::Kind::Exit)
      next.push_back(exit);
    if (last.kind == Node::Kind::Plain || last.guarded)
      if (next.empty() || next[0] != b + 1)
        next.push_back(b + 1);
    for (int n : next)
      result.blocks[n].previous.push_back(b);
  }
}

/// Immediate post-dominators by the iterative algorithm of Cooper, Harvey and
/// Kennedy, "A Simple, Fast Dominance Algorithm", on the reversed graph.
void Decoder::findPostDominators(Blocks &result) {
  auto &blocks = result.blocks;
  auto exit = static_cast<int>(blocks.size()) - 1;
  std::vector<int> order, number(blocks.size(), -1);
  std::vector<std::pair<int, size_t>> stack = {{exit, 0}};
  std::vector<bool> seen(blocks.size());
  seen[exit] = true;
  while (!stack.empty()) {
    auto &[block, edge] = stack.back();
    if (edge < blocks[block].previous.size()) {
      int next = blocks[block].previous[edge++];
      if (!seen[next]) {
        seen[next] = true;
        stack.emplace_back(next, 0);
      }
    } else {
      number[block] = static_cast<int>(order.size());
      order.push_back(block);
      stack.pop_back();
    }
  }
  blocks[exit].postDominator = exit;
  auto meet = [&](int a, int b) {
    while (a != b) {
      while (number[a] < number[b])
        a = blocks[a].postDominator;
      while (number[b] < number[a])
        b = blocks[b].postDominator;
    }
    return a;
  };
  bool changed = true;
  while (changed) {
    changed = false;
    for (size_t i = order.size() - 1; i-- > 0;) {
      int block = order[i], found = -1;
      for (int next : blocks[block].next)
        if (number[next] >= 0 && blocks[next].postDominator >= 0)
          found = found < 0 ? next : meet(next, found);
      if (found != blocks[block].postDominator) {
        blocks[block].postDominator = found;
        changed = true;
      }
    }
  }
  for (auto &block : blocks)
    if (block.next.size() > 1 && block.postDominator >= 0 &&
        block.postDominator != exit)
      blocks[block.postDominator].converges = true;
}

void Decoder::findLiveness(Blocks &result) {
  size_t count = registers.size();
  std::vector<std::vector<bool>> reads(result.blocks.size()),
      kills(result.blocks.size());
  for (size_t b = 0; b < result.blocks.size(); ++b) {
    auto &block = result.blocks[b];
    reads[b].assign(count, false);
    kills[b].assign(count, false);
    block.liveIn.assign(count, false);
    block.liveOut.assign(count, false);
    for (int n = block.begin; n < block.end; ++n) {
      for (uint32_t r : nodes[n].uses)
        if (!kills[b][r])
          reads[b][r] = true;
      for (uint32_t r : nodes[n].defs)
        if (!nodes[n].guarded)
          kills[b][r] = true;
        else if (!kills[b][r]) // lanes that are guarded off keep the old value
          reads[b][r] = true;
    }
  }
  bool changed = true;
  while (changed) {
    changed = false;
    for (size_t b = result.blocks.size(); b-- > 0;) {
      auto &block = result.blocks[b];
      for (int next : block.next)
        for (size_t r = 0; r < count; ++r)
          if (result.blocks[next].liveIn[r])
            block.liveOut[r] = true;
      for (size_t r = 0; r < count; ++r) {
        bool live = reads[b][r] || (block.liveOut[r] && !kills[b][r]);
        if (live && !block.liveIn[r]) {
          block.liveIn[r] = true;
          changed = true;
        }
      }
    }
  }
}

/// By block: the registers that every path to its begin has written.
std::vector<std::vector<bool>> Decoder::findAssigned(const Blocks &result) {
  size_t count = registers.size();
  std::vector<std::vector<bool>> in(result.blocks.size(),
                                    std::vector<bool>(count, true)),
      out = in;
  in[0].assign(count, false);
  bool changed = true;
  while (changed) {
    changed = false;
    for (size_t b = 0; b < result.blocks.size(); ++b) {
      const auto &block = result.blocks[b];
      if (b != 0)
        for (int previous : block.previous)
          for (size_t r = 0; r < count; ++r)
            if (!out[previous][r])
              in[b][r] = false;
      std::vector<bool> now = in[b];
      for (int n = block.begin; n < block.end; ++n)
        if (!nodes[n].guarded)
          for (uint32_t r : nodes[n].defs)
            now[r] = true;
      if (now != out[b]) {
        out[b] = std::move(now);
        changed = true;
      }
    }
  }
  return in;
}

/// Linear scan over the order of the nodes. Registers that may be read before
/// they are written keep storage of their own.
void Decoder::assignStorage(const Blocks &result,
                            const std::vector<bool> &tracked) {
  struct Interval {
    int begin = -1, end = -1;
    uint32_t reg = 0;
  };
  std::vector<Interval> intervals(registers.size());
  auto extend = [&](size_t r, int at) {
    Interval &interval = intervals[r];
    if (interval.begin < 0 || at < interval.begin)
      interval.begin = at;
    interval.end = std::max(interval.end, at);
  };
  for (const auto &block : result.blocks) {
    for (size_t r = 0; r < registers.size(); ++r) {
      if (block.liveIn[r])
        extend(r, block.begin);
      if (block.liveOut[r])
        extend(r, block.end);
    }
    for (int n = block.begin; n < block.end; ++n) {
      for (uint32_t r : nodes[n].uses)
        extend(r, n);
      for (uint32_t r : nodes[n].defs)
        extend(r, n);
    }
  }
  std::vector<Interval> order;
  for (size_t r = 0; r < registers.size(); ++r)
    if (intervals[r].begin >= 0) {
      intervals[r].reg = static_cast<uint32_t>(r);
      if (tracked[r])
        intervals[r] = {0, static_cast<int>(nodes.size()) + 1,
                        static_cast<uint32_t>(r)};
      order.push_back(intervals[r]);
    }
  std::sort(order.begin(), order.end(),
            [](const Interval &a, const Interval &b) {
              return std::pair(a.begin, a.reg) < std::pair(b.begin, b.reg);
            });
  storage.assign(registers.size(), 0);
  uint32_t end = fixedEnd;
  std::vector<uint32_t> free[3];
  std::vector<Interval> active;
  for (const Interval &interval : order) {
    std::erase_if(active, [&](const Interval &old) {
      if (old.end >= interval.begin)
        return false;
      free[static_cast<size_t>(registers[old.reg].width)].push_back(
          storage[old.reg]);
      return true;
    });
    Width width = registers[interval.reg].width;
    auto &pool = free[static_cast<size_t>(width)];
    if (pool.empty()) {
      // Predicates share a line of 32.
      if (width == Width::Pred)
        for (uint32_t i = 32; i-- > 0;)
          pool.push_back(end + 4 * i);
      else
        pool.push_back(end);
      end += width == Width::W64 ? 256 : 128;
    }
    storage[interval.reg] = pool.back();
    pool.pop_back();
    active.push_back(interval);
  }
  program.registerBytes = end;
}

void Decoder::finish() {
  labelPositions.resize(static_cast<size_t>(labelCount), -1);
  program.virtualRegisters = static_cast<unsigned>(registers.size());
  // Dynamic shared memory begins behind everything static, at its own
  // alignment and, adversarially, at no better one.
  uint32_t align = std::max(program.dynamicShared, 1u);
  program.dynamicShared = (program.staticShared + align - 1) / align * align;
  if (options.checked && program.usesDynamicShared) {
    program.dynamicShared =
        (program.staticShared + 16 + align - 1) / align * align;
    if (program.dynamicShared / align % 2 == 0)
      program.dynamicShared += align;
  }

  Blocks blocks;
  findBlocks(blocks);
  findPostDominators(blocks);
  findLiveness(blocks);
  if (options.checked)
    findAccumulatorMisuse(blocks);
  std::vector<bool> tracked(registers.size());
  std::vector<std::vector<uint32_t>> unsure(nodes.size());
  if (options.checked) {
    std::vector<std::vector<bool>> assigned = findAssigned(blocks);
    for (size_t b = 0; b < blocks.blocks.size(); ++b) {
      std::vector<bool> now = assigned[b];
      for (int n = blocks.blocks[b].begin; n < blocks.blocks[b].end; ++n) {
        for (uint32_t r : nodes[n].uses)
          if (!now[r]) {
            tracked[r] = true;
            unsure[n].push_back(r);
          }
        if (!nodes[n].guarded)
          for (uint32_t r : nodes[n].defs)
            now[r] = true;
      }
    }
  }
  assignStorage(blocks, tracked);
  buildOps(blocks, tracked, unsure);
}

bool Decoder::isPlain() const {
  static const std::set<std::string> kNames = {
      "abs",   "add",      "addc",  "and",       "atom", "bar",    "barrier",
      "bfe",   "bfi",      "bfind", "bra",       "brev", "call",   "clz",
      "cnot",  "copysign", "cos",   "cvt",       "cvta", "div",    "dp2a",
      "dp4a",  "ex2",      "exit",  "fence",     "fma",  "ld",     "lg2",
      "lop3",  "mad",      "mad24", "madc",      "max",  "membar", "min",
      "mov",   "mul",      "mul24", "nanosleep", "neg",  "not",    "or",
      "popc",  "prmt",     "rcp",   "red",       "rem",  "ret",    "rsqrt",
      "sad",   "selp",     "set",   "setp",      "shf",  "shl",    "shr",
      "sin",   "slct",     "sqrt",  "st",        "sub",  "subc",   "tanh",
      "testp", "trap",     "xor"};
  return std::all_of(program.mnemonics.begin(), program.mnemonics.end(),
                     [](const std::string &mnemonic) {
                       return kNames.count(
                           mnemonic.substr(0, mnemonic.find('.')));
                     });
}

/// Whether a load may be done behind the node. A release hands on what a strong
/// load saw, and an acquire orders every load before it.
bool Decoder::letsPass(const Node &node, const Node &load) const {
  const std::vector<uint32_t> &loaded = load.defs;
  bool isStrong =
      static_cast<const MemoryInfo *>(load.op.info)->order != Order::Weak;
  auto names = [&](const std::vector<uint32_t> &codes) {
    return std::any_of(codes.begin(), codes.end(), [&](uint32_t code) {
      return std::find(loaded.begin(), loaded.end(), code) != loaded.end();
    });
  };
  if (node.kind != Node::Kind::Plain || names(node.defs) || names(node.uses) ||
      node.op.run == runBarrier || node.op.run == runWarpBarrier)
    return false;
  if (node.op.run == runFence)
    return !isStrong && static_cast<const FenceInfo *>(node.op.info)->order ==
                            Order::Release;
  if (node.op.run == runAtomic ||
      node.op.run == loadHandler(Space::Generic, true) ||
      node.op.run == storeHandler(Space::Generic, true)) {
    Order order = static_cast<const MemoryInfo *>(node.op.info)->order;
    return order == Order::Weak || order == Order::Relaxed ||
           (order == Order::Release && !isStrong);
  }
  return true;
}

/// Where loads may be done instead of where they are: behind an access, before
/// the first use of the value. `behind`: the operation that follows each node.
void Decoder::findLateLoads(const Blocks &result,
                            const std::vector<uint32_t> &behind) {
  std::map<const OpInfo *, MemoryInfo *> infos;
  for (auto &info : program.infos)
    if (auto *memory = dynamic_cast<MemoryInfo *>(info.get()))
      infos[memory] = memory;
  Handler load = loadHandler(Space::Generic, true),
          store = storeHandler(Space::Generic, true);
  for (const auto &block : result.blocks)
    for (int n = block.begin; n < block.end; ++n) {
      if (nodes[n].op.run != load)
        continue;
      const std::vector<uint32_t> &loaded = nodes[n].defs;
      std::vector<uint32_t> later;
      int m = n + 1;
      for (; m < block.end && letsPass(nodes[m], nodes[n]); ++m)
        if (nodes[m].op.run == load || nodes[m].op.run == store ||
            nodes[m].op.run == runAtomic)
          later.push_back(behind[m]);
      // A value that nobody needs has no storage to wait for.
      bool needed =
          m < block.end || std::any_of(
                               loaded.begin(), loaded.end(),
                               [&](uint32_t r) { return block.liveOut[r]; });
      if (needed)
        infos.at(nodes[n].op.info)->later = std::move(later);
    }
}

void Decoder::buildOps(const Blocks &result, const std::vector<bool> &tracked,
                       const std::vector<std::vector<uint32_t>> &unsure) {
  auto place = [&](uint32_t &code) {
    if (isVirtual(code))
      code = storage[code & ~kVirtualBit];
  };
  // Masks of the lanes that have written a tracked register.
  std::map<uint32_t, uint32_t> assignedMask;
  for (size_t r = 0; r < tracked.size(); ++r)
    if (tracked[r]) {
      assignedMask[static_cast<uint32_t>(r)] = program.registerBytes;
      program.registerBytes += 4;
    }
  program.registerBytes = (program.registerBytes + 127) / 128 * 128;

  struct Patch {
    size_t op;
    int block;
  };
  std::vector<Patch> branches;
  std::vector<size_t> begin(result.blocks.size());
  std::vector<Op> &ops = program.ops;
  std::vector<uint32_t> behind(nodes.size());
  for (size_t b = 0; b < result.blocks.size(); ++b) {
    const auto &block = result.blocks[b];
    begin[b] = ops.size();
    if (block.converges) {
      Op op;
      op.run = runConverge;
      op.mnemonic = kNoInstruction;
      op.line = static_cast<size_t>(block.begin) < nodes.size()
                    ? nodes[block.begin].op.line
                    : line;
      ops.push_back(op);
    }
    for (int n = block.begin; n < block.end; ++n) {
      Node &node = nodes[n];
      place(node.op.guard);
      for (uint32_t r : unsure[n]) {
        Op check;
        check.run = runCheckAssigned;
        // The guard itself is read by all lanes.
        bool isGuard = node.op.guard == storage[r] && node.guarded;
        check.guard = isGuard ? kTrue : node.op.guard;
        check.guardFlip = isGuard ? 0 : node.op.guardFlip;
        // Accumulators are read where scale-d says so.
        bool isAccumulator =
            node.op.run == runWgmma &&
            std::find(node.defs.begin(), node.defs.end(), r) != node.defs.end();
        if (isAccumulator) {
          if (!isVirtual(node.op.c))
            continue; // a constant: DecodeWgmma.cpp counts what it reads
          check.guard = node.op.c;
          place(check.guard);
          check.guardFlip =
              static_cast<const WgmmaInfo *>(node.op.info)->scaleNegated ? ~0u
                                                                         : 0;
        }
        check.a = assignedMask.at(r);
        check.line = node.op.line;
        check.mnemonic = kNoInstruction;
        ops.push_back(check);
      }
      if (node.misuse) {
        Op misuse = node.op;
        misuse.run = runAccumulatorMisuse;
        misuse.mnemonic = kNoInstruction;
        misuse.imm = node.misuse;
        ops.push_back(misuse);
      }
      for (uint32_t *code :
           {&node.op.dst, &node.op.a, &node.op.b, &node.op.c, &node.op.d})
        place(*code);
      if (node.op.run == runShuffle || node.op.run == runVote)
        place(node.op.flags);
      ops.push_back(node.op);
      if (node.kind == Node::Kind::Branch)
        branches.push_back({ops.size() - 1, static_cast<int>(b)});
      for (uint32_t r : node.defs)
        if (tracked[r]) {
          Op mark;
          mark.run = runMarkAssigned;
          mark.guard = node.op.guard;
          mark.guardFlip = node.op.guardFlip;
          mark.a = assignedMask.at(r);
          mark.line = node.op.line;
          mark.mnemonic = kNoInstruction;
          ops.push_back(mark);
        }
      behind[n] = static_cast<uint32_t>(ops.size());
    }
  }
  program.isPlain = isPlain();
  if (options.weak && program.isPlain)
    findLateLoads(result, behind);
  auto exit = result.blocks.size() - 1;
  for (const Patch &patch : branches) {
    const auto &block = result.blocks[patch.block];
    Op &op = ops[patch.op];
    int label = nodes[block.end - 1].target;
    int position = labelPositions[label];
    size_t target = static_cast<size_t>(position) < nodes.size()
                        ? static_cast<size_t>(result.blockOf[position])
                        : exit;
    op.target = ops.data() + begin[target];
    // Where diverged lanes meet: an index, since `target` takes the payload.
    int meet = block.postDominator;
    op.imm = meet >= 0 && meet != static_cast<int>(exit) ? begin[meet]
                                                         : ~uint64_t(0);
  }
  for (auto &info : program.infos) {
    if (auto *parts = dynamic_cast<RegisterInfo *>(info.get()))
      for (RegisterPart &part : parts->parts)
        place(part.code);
    if (auto *copy = dynamic_cast<CpAsyncInfo *>(info.get())) {
      for (uint32_t *code :
           {&copy->dst, &copy->src, &copy->srcSize, &copy->ignore})
        place(*code);
    }
  }
}
