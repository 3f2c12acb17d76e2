// The scheduler: which CTAs are resident, which warp runs, and what to say when
// none can.
#include "Cores.h"
#include "Explorer.h"

#include <algorithm>
#include <numeric>

using namespace moe::emu;

// What a multiprocessor holds (compute capability 9.0).
static constexpr uint32_t kWarpsPerMultiprocessor = 64,
                          kCtasPerMultiprocessor = 32,
                          kSharedPerMultiprocessor = 233472,
                          kRegistersPerMultiprocessor = 65536,
                          kPartitions = 4; ///< that share the registers
/// How long a CTA is starved while the others make no progress.
static constexpr uint64_t kStarvedSlots = 500;
/// Operations between two scheduling decisions are chosen from 1 to these.
static constexpr uint32_t kQuantum = 256, kUncheckedQuantum = 4096;
static constexpr uint32_t kWeakQuantum = 3;
static constexpr int32_t kExploredQuantum = 1 << 16;

// ---- memory ----

Place AddressSpace::place(uint64_t address, uint64_t bytes) const {
  Allocation *found = find(address);
  if (!found || found->released ||
      bytes > found->size - (address - found->base))
    throw UsageError("the range is not within one allocation");
  return {found, address - found->base};
}

Allocation *AddressSpace::nearest(uint64_t address) const {
  auto above = allocations->upper_bound(address);
  if (above != allocations->begin())
    return std::prev(above)->second.get();
  return above == allocations->end() ? nullptr : above->second.get();
}

Allocation &AddressSpace::add(uint64_t size, const std::string &name,
                              int device, uint64_t at) {
  if (at == 0) {
    at = next + 256;
    next += (size + 2 * kRedZone - 1) / kRedZone * kRedZone + kRedZone;
  }
  auto above = allocations->lower_bound(at);
  bool overlaps =
      above != allocations->end() && above->second->base < at + size;
  if (above != allocations->begin()) {
    const Allocation &below = *std::prev(above)->second;
    overlaps |= below.base + below.size > at;
  }
  if (overlaps)
    throw UsageError("'" + name + "' overlaps other memory");
  auto &slot = (*allocations)[at];
  slot = std::make_unique<Allocation>(at, size, name, device);
  return *slot;
}

// ---- findings ----

const std::string &Machine::lineText(const Warp &warp, uint32_t line) const {
  static const std::string none;
  const auto &lines = warp.cta->launch->module->lines;
  return line >= 1 && line <= lines.size() ? lines[line - 1] : none;
}

std::string Machine::describe(Agent agent) const {
  if (isHost(agent))
    return "a thread of the host";
  static const char *const kKinds[] = {
      "thread ", "an asynchronous copy of thread ", "bulk copy ", "warpgroup "};
  std::string text = kKinds[agent.kind()] + std::to_string(agent.thread());
  if (agent.kind() == Agent::Matrix && agent.thread() >= kTensorIssued)
    text = "tcgen05 of warp " + std::to_string(agent.thread() % 32);
  for (const auto &cta : resident)
    if (cta->number == agent.cta())
      return text + " of CTA (" + std::to_string(cta->id[0]) + ", " +
             std::to_string(cta->id[1]) + ", " + std::to_string(cta->id[2]) +
             ") on device " + std::to_string(cta->launch->config.device);
  return text + " of a CTA that has ended";
}

std::string Machine::otherAccess(const Warp &warp, uint32_t line,
                                 const std::string &what) const {
  return what + " is " +
         (line ? "at line " + std::to_string(line) + ": " + lineText(warp, line)
               : "by a thread of the host");
}

void Machine::report(FindingKind kind, const Warp &warp, const Op *op, int lane,
                     uint64_t address, const std::string &message,
                     std::vector<std::string> notes, uint32_t otherLine) {
  const Launch &launch = *warp.cta->launch;
  auto lock = lockFindings();
  // The same place once, with every kind of other access.
  if (home->findings.size() >= home->options.maxFindings ||
      !home->reported
           .insert({kind, launch.program->name, static_cast<int>(op->line),
                    static_cast<int>(otherLine)})
           .second)
    return;
  Finding finding;
  finding.kind = kind;
  finding.kernel = launch.program->name;
  finding.line = static_cast<int>(op->line);
  finding.text = lineText(warp, op->line);
  finding.device = static_cast<int>(launch.config.device);
  for (int axis = 0; axis < 3; ++axis)
    finding.cta[axis] = warp.cta->id[axis];
  uint32_t thread = warp.index * kWarpSize + static_cast<uint32_t>(lane);
  const Dim3 &block = launch.config.block;
  finding.thread = {thread % block.x, thread / block.x % block.y,
                    thread / (block.x * block.y)};
  finding.address = address;
  finding.message = message;
  finding.notes = std::move(notes);
  home->findings.push_back(std::move(finding));
}

void Machine::stop(FindingKind kind, const Warp &warp, const Op *op, int lane,
                   uint64_t address, const std::string &message,
                   std::vector<std::string> notes) {
  {
    auto lock = lockFindings();
    ++home->options.maxFindings; // the one that ends the run is always kept
  }
  report(kind, warp, op, lane, address, message, std::move(notes));
  throw RunStopped();
}

// ---- launches ----

static void fillSpecial(Warp &warp, const std::string &name, uint32_t offset) {
  const Cta &cta = *warp.cta;
  const Launch &launch = *cta.launch;
  const Dim3 &block = launch.config.block, &grid = launch.config.grid;
  auto perLane = [&](auto value) {
    for (int lane = 0; lane < kWarpSize; ++lane)
      warp.write32(offset, lane,
                   static_cast<uint32_t>(value(static_cast<uint32_t>(lane))));
  };
  auto uniform = [&](uint32_t value) {
    perLane([=](uint32_t) { return value; });
  };
  auto uniform64 = [&](uint64_t value) {
    for (int lane = 0; lane < kWarpSize; ++lane)
      warp.write64(offset, lane, value);
  };
  uint32_t first = warp.index * kWarpSize;
  int axis =
      name.size() > 2 && name[name.size() - 2] == '.' ? name.back() - 'x' : -1;
  std::string base = axis >= 0 ? name.substr(0, name.size() - 2) : name;
  auto of = [&](const Dim3 &dim) {
    return axis == 0 ? dim.x : axis == 1 ? dim.y : dim.z;
  };
  if (base == "%tid")
    perLane([&](uint32_t lane) {
      uint32_t thread = first + lane;
      return axis == 0   ? thread % block.x
             : axis == 1 ? thread / block.x % block.y
                         : thread / (block.x * block.y);
    });
  else if (base == "%ntid")
    uniform(of(block));
  else if (base == "%ctaid")
    uniform(cta.id[axis]);
  else if (base == "%nctaid")
    uniform(of(grid));
  else if (base == "%clusterid")
    uniform(cta.cluster->id[axis]);
  else if (base == "%nclusterid")
    uniform(of(grid) / of(launch.cluster));
  else if (base == "%cluster_ctaid")
    uniform(cta.id[axis] % of(launch.cluster));
  else if (base == "%cluster_nctaid")
    uniform(of(launch.cluster));
  else if (base == "%cluster_ctarank")
    uniform(cta.rank);
  else if (base == "%cluster_nctarank")
    uniform(static_cast<uint32_t>(launch.cluster.count()));
  else if (base == "%is_explicit_cluster")
    uniform(launch.cluster.count() > 1 ? ~0u : 0);
  else if (base == "%laneid")
    perLane([](uint32_t lane) { return lane; });
  else if (base == "%warpid")
    uniform(warp.index);
  else if (base == "%nwarpid")
    uniform(static_cast<uint32_t>(cta.warps.size()));
  else if (base == "%smid")
    uniform(cta.slot % warp.machine->options.multiprocessors);
  else if (base == "%nsmid")
    uniform(warp.machine->options.multiprocessors);
  else if (base == "%lanemask_eq")
    perLane([](uint32_t lane) { return 1u << lane; });
  else if (base == "%lanemask_lt")
    perLane([](uint32_t lane) { return (1u << lane) - 1; });
  else if (base == "%lanemask_le")
    perLane([](uint32_t lane) { return (2u << lane) - 1; });
  else if (base == "%lanemask_gt")
    perLane([](uint32_t lane) { return ~((2u << lane) - 1); });
  else if (base == "%lanemask_ge")
    perLane([](uint32_t lane) { return ~((1u << lane) - 1); });
  else if (base == "%dynamic_smem_size")
    uniform(launch.config.dynamicShared);
  else if (base == "%total_smem_size" || base == "%aggr_smem_size")
    uniform(static_cast<uint32_t>(cta.shared->size));
  else if (base == "%envreg1" || base == "%envreg2") {
    // High and low half of the workspace's address: what CUDA's headers read.
    uint64_t at = launch.workspace ? launch.workspace->base : 0;
    uniform(static_cast<uint32_t>(base == "%envreg2" ? at : at >> 32));
  } else if (base.rfind("%envreg", 0) == 0)
    uniform(0);
  else if (base == "%gridid")
    uniform64(launch.id);
  else if (base == "%dynamic_shared")
    uniform64(launch.program->dynamicShared + cta.rank * kSharedStride);
  else if (base == "%shared_window")
    uniform64(kSharedWindow + cta.cluster->firstSlot * kSharedStride);
  else if (base == "%local_window")
    uniform64(kLocalWindow);
  else if (base == "%param_base")
    uniform64(launch.params ? launch.params->base : 0);
}

/// What the launch or the kernel names; 0: nothing.
static uint32_t namedRegisters(const Program &program,
                               const LaunchConfig &config) {
  auto named = program.directives.find(".maxnreg");
  return config.registers || named == program.directives.end()
             ? config.registers
             : static_cast<uint32_t>(named->second.front());
}

/// Registers of a thread of a kernel that has setmaxnreg, which needs to know:
/// what is named, or what is left for each where the number of threads is.
static uint32_t registersAtStart(const Program &program,
                                 const LaunchConfig &config) {
  if (uint32_t named = namedRegisters(program, config))
    return named;
  uint64_t threads = 0;
  for (const char *directive : {".maxntid", ".reqntid"}) {
    auto found = program.directives.find(directive);
    if (found == program.directives.end())
      continue;
    threads = 1;
    for (uint64_t extent : found->second)
      threads *= extent;
  }
  if (!threads)
    return 0;
  auto ctas = program.directives.find(".minnctapersm");
  if (ctas != program.directives.end())
    threads *= ctas->second.front();
  threads = (threads + kWarpSize - 1) / kWarpSize * kWarpSize;
  return static_cast<uint32_t>(
      std::min<uint64_t>(kRegistersPerMultiprocessor / threads, 255) / 8 * 8);
}

static void prepareWarp(Machine &machine, Cta &cta, unsigned index) {
  const Launch &launch = *cta.launch;
  const Program &program = *launch.program;
  Warp &warp = cta.warps[index];
  warp.cta = &cta;
  warp.machine = &machine;
  warp.index = index;
  warp.constants =
      launch.constants.get() +
      (program.sharedAddresses.empty() ? 0 : cta.rank * launch.constantBytes);
  auto threads = static_cast<uint32_t>(launch.config.block.count());
  uint32_t here = std::min<uint32_t>(threads - index * kWarpSize, kWarpSize);
  warp.live = here == kWarpSize ? ~0u : (1u << here) - 1;
  auto *file =
      static_cast<char *>(std::aligned_alloc(128, program.registerBytes));
  if (!file)
    throw std::bad_alloc();
  cta.registerFiles.emplace_back(file);
  std::memset(file, 0xcb, program.registerBytes);
  warp.registers = file;
  warp.registerCount = registersAtStart(program, launch.config);
  warp.predicate(0) = ~0u;
  // Masks of registers that were never written lie behind everything else.
  for (const Op &op : program.ops)
    if (op.run == runCheckAssigned)
      warp.predicate(op.a) = 0;
  for (const auto &[name, offset] : program.specials)
    fillSpecial(warp, name, offset);
  Group group;
  group.mask = warp.live;
  group.next = program.ops.data();
  warp.groups.push_back(std::move(group));
  uint64_t localBytes = program.localStride() * kWarpSize;
  cta.local.push_back(std::make_unique<Allocation>(
      0, localBytes, "local memory", static_cast<int>(launch.config.device)));
  if (!machine.options.checked)
    return;
  for (LaneSync &sync : cta.sync[index].lanes)
    sync.knowledge = launch.knowledge;
}

bool Machine::hasRoom(const Launch &launch) const {
  double share = 1.0 / launch.perMultiprocessor *
                 static_cast<double>(launch.cluster.count());
  return launch.nextCta < launch.config.grid.count() &&
         home->used[launch.config.device] + share <=
             options.multiprocessors + 1e-6;
}

std::shared_ptr<Cluster> Machine::placeCluster(Launch &launch) {
  auto size = static_cast<uint32_t>(launch.cluster.count());
  home->used[launch.config.device] += 1.0 / launch.perMultiprocessor * size;
  uint32_t index = launch.order[launch.nextCta / size];
  const Dim3 &grid = launch.config.grid, &extent = launch.cluster;
  auto cluster = std::make_shared<Cluster>();
  uint32_t columns = grid.x / extent.x, rows = grid.y / extent.y;
  cluster->id[0] = index % columns;
  cluster->id[1] = index / columns % rows;
  cluster->id[2] = index / (columns * rows);
  // Windows side by side: an address and a rank give that of another CTA.
  auto &slotsOfSize = home->freeSlots[size];
  if (slotsOfSize.empty()) {
    slotsOfSize.push_back(home->slotCount);
    home->slotCount += size;
  }
  cluster->firstSlot = slotsOfSize.back();
  slotsOfSize.pop_back();
  cluster->members.resize(size);
  cluster->alive = size;
  launch.nextCta += size;
  return cluster;
}

void Machine::startCluster(Launch &launch,
                           const std::shared_ptr<Cluster> &cluster,
                           const std::vector<TensorMemory *> &tensors) {
  for (uint32_t rank = 0; rank < cluster->members.size(); ++rank) {
    startCta(launch, cluster, rank);
    if (!tensors.empty())
      resident.back()->tensor.memory = tensors[rank];
  }
  noteProgress();
}

bool Machine::placeTensorCtas(const Launch &launch,
                              std::vector<TensorMemory *> &result) {
  if (!launch.program->tensorCtas)
    return true;
  size_t count = launch.cluster.count();
  tensorMemories.resize(options.devices);
  auto &here = tensorMemories[launch.config.device];
  if (here.empty())
    here = std::vector<TensorMemory>(options.multiprocessors);
  double share = 1.0 / launch.perMultiprocessor;
  auto take = [&](bool crowded) {
    for (TensorMemory &memory : here) {
      // A pair has two multiprocessors.
      bool again = launch.program->tensorCtas == 2 && result.size() % 2 &&
                   result.back() == &memory;
      if (result.size() == count || memory.used + share > 1 + 1e-6 ||
          (crowded && memory.used == 0) || again)
        continue;
      memory.used += share;
      result.push_back(&memory);
    }
  };
  // Sometimes beside other CTAs, although there is room elsewhere.
  if (isSeeded() && pick(2))
    take(true);
  for (size_t before = ~size_t(0);
       result.size() < count && result.size() != before;) {
    before = result.size();
    take(false);
  }
  if (result.size() < count) {
    for (TensorMemory *memory : result)
      memory->used -= share;
    result.clear();
  }
  return !result.empty();
}

void Machine::startCta(Launch &launch, std::shared_ptr<Cluster> cluster,
                       uint32_t rank) {
  const Program &program = *launch.program;
  auto cta = std::make_unique<Cta>();
  cta->launch = &launch;
  const Dim3 &grid = launch.config.grid, &extent = launch.cluster;
  cta->id[0] = cluster->id[0] * extent.x + rank % extent.x;
  cta->id[1] = cluster->id[1] * extent.y + rank / extent.x % extent.y;
  cta->id[2] = cluster->id[2] * extent.z + rank / (extent.x * extent.y);
  cta->number = launch.firstCta + cta->id[0] +
                grid.x * (cta->id[1] + grid.y * cta->id[2]);
  cta->rank = rank;
  cta->slot = cluster->firstSlot + rank;
  cluster->members[rank] = cta.get();
  if (options.checked)
    races.place(cta->number, {static_cast<int>(launch.config.device),
                              cluster->members[0]->number});
  cta->cluster = std::move(cluster);
  uint64_t sharedBytes =
      program.usesDynamicShared || launch.config.dynamicShared
          ? program.dynamicShared + launch.config.dynamicShared
          : program.staticShared;
  cta->shared = std::make_unique<Allocation>(
      kSharedWindow + cta->slot * kSharedStride, sharedBytes, "shared memory",
      static_cast<int>(launch.config.device));
  if (options.checked) {
    // Everything is a red zone but the variables.
    uint8_t *states = cta->shared->states.get();
    std::fill_n(states, sharedBytes, Allocation::kRedZone);
    for (const SharedSymbol &symbol : program.sharedSymbols)
      std::fill_n(states + symbol.offset, symbol.size,
                  symbol.isReserved ? uint8_t(Allocation::kInitialised)
                                    : uint8_t(0));
    if (program.usesDynamicShared)
      std::fill_n(states + program.dynamicShared, launch.config.dynamicShared,
                  uint8_t(0));
  }
  std::memset(cta->shared->bytes.get(), 0xdb, sharedBytes);
  auto threads = static_cast<uint32_t>(launch.config.block.count());
  uint32_t warps = (threads + kWarpSize - 1) / kWarpSize;
  cta->warps.resize(warps);
  cta->sync.resize(warps);
  cta->warpgroups.resize((warps + 3) / 4);
  cta->tensor.stamps.resize(warps);
  cta->tensor.freed.resize(warps);
  cta->arrivedAtCluster.resize(warps);
  cta->passesCluster.resize(warps);
  cta->copies.assign(warps, std::vector<AsyncQueue>(kWarpSize));
  cta->liveWarps = warps;
  cta->liveThreads = threads;
  cta->startSlot = slots;
  for (uint32_t w = 0; w < warps; ++w) {
    prepareWarp(*this, *cta, w);
    wake(cta->warps[w]);
  }
  resident.push_back(std::move(cta));
}

void Machine::finishCta(Cta &cta) {
  if (cta.tensor.memory)
    cta.tensor.memory->used -= 1.0 / cta.launch->perMultiprocessor;
  cta.cluster->members[cta.rank] = nullptr;
  if (--cta.cluster->alive)
    completeClusterBarrier(*cta.cluster);
  // Copies that nobody waited for are made all the same.
  for (auto &warp : cta.copies)
    for (AsyncQueue &queue : warp)
      for (const PendingCopy &copy : queue.copies)
        completeCopy(*this, cta, copy);
  {
    auto lock = lockQueues();
    home->releaseCta(cta, slots);
  }
  std::erase_if(resident,
                [&](const auto &candidate) { return candidate.get() == &cta; });
  noteProgress();
}

void Machine::releaseCta(const Cta &cta, uint64_t now) {
  Launch &launch = *cta.launch;
  used[launch.config.device] -= 1.0 / launch.perMultiprocessor;
  if (cta.cluster->alive == 0)
    freeSlots[static_cast<uint32_t>(cta.cluster->members.size())].push_back(
        cta.cluster->firstSlot);
  if (!cta.launchedDependents)
    ++launch.dependentsLaunched;
  spans.push_back({launch.program->name + " (" + std::to_string(cta.id[0]) +
                       ", " + std::to_string(cta.id[1]) + ", " +
                       std::to_string(cta.id[2]) + ")",
                   launch.config.device, cta.slot, cta.startSlot, now});
  ++launch.finished;
  if (cores) {
    --cores->cores[cta.warps[0].machine->core].ctas;
    cores->noteChange();
  }
  if (!launch.isFinished())
    return;
  std::pair key(launch.config.device, launch.config.stream);
  if (options.checked) {
    Knowledge done = launch.knowledge;
    done.plain = Clock::withRange(
        done.plain, launch.firstCta,
        launch.firstCta + static_cast<uint32_t>(launch.config.grid.count()));
    Knowledge &after = streamKnowledge[key];
    after.join(done);
    after.proxied = after.plain;
  }
  for (Allocation *own : {launch.params, launch.workspace})
    if (own && cores)
      cores->garbage.push_back(own->base);
    else if (own)
      memory.remove(own->base);
  // A programmatic launch may have ended before the one in front of it.
  auto &queue = streams[key];
  while (!queue.empty() && !queue.front()->action &&
         queue.front()->isFinished())
    queue.pop_front();
}

void Machine::prepareLaunch(StreamKey key, Launch &launch) {
  if (launch.started)
    return;
  launch.started = true;
  launch.knowledge.join(streamKnowledge[key]);
  auto count = static_cast<uint32_t>(launch.config.grid.count());
  launch.firstCta = races.ctaCount();
  for (uint32_t i = 0; i < count; ++i)
    races.addCta({static_cast<int>(launch.config.device), 0});
  launch.order.resize(count / launch.cluster.count());
  std::iota(launch.order.begin(), launch.order.end(), 0u);
  if (isSeeded())
    std::shuffle(launch.order.begin(), launch.order.end(), random);
}

void Machine::forStartable(const std::function<bool(Launch &)> &start) {
  // An event that completes may let other streams go on.
  for (bool again = true; again;) {
    again = false;
    for (auto &[key, queue] : streams) {
      while (!queue.empty() && queue.front()->action &&
             queue.front()->action(streamKnowledge[key])) {
        queue.pop_front();
        again = true;
      }
      for (size_t i = 0; i < queue.size() && !queue[i]->action; ++i) {
        const Launch *previous = i ? queue[i - 1].get() : nullptr;
        if (previous &&
            (!queue[i]->config.programmatic ||
             previous->dependentsLaunched < previous->config.grid.count()))
          break;
        prepareLaunch(key, *queue[i]);
        if (!start(*queue[i]))
          return;
      }
    }
  }
}

bool Machine::startNext(Launch &launch) {
  if (!home->hasRoom(launch))
    return false;
  std::vector<TensorMemory *> tensors;
  if (!placeTensorCtas(launch, tensors))
    return false;
  startCluster(launch, placeCluster(launch), tensors);
  return true;
}

void Machine::startLaunches() {
  forStartable([this](Launch &launch) {
    while (startNext(launch))
      continue;
    return true;
  });
}

void Machine::noteDependents(Launch &launch) {
  auto lock = lockQueues();
  if (++launch.dependentsLaunched < launch.config.grid.count())
    return;
  if (home->cores)
    home->cores->noteChange();
  else
    startLaunches();
}

unsigned moe::emu::ctasPerMultiprocessor(const Program &program,
                                         const LaunchConfig &config) {
  auto threads = static_cast<uint32_t>(config.block.count());
  uint32_t shared = program.staticShared + config.dynamicShared +
                    (program.usesReservedShared ? 0 : kReservedShared);
  uint32_t warps = (std::max(threads, 1u) + kWarpSize - 1) / kWarpSize;
  uint32_t registers = namedRegisters(program, config);
  // As cudaOccMaxBlocksPerSMRegsLimit of CUDA's cuda_occupancy.h has it: a warp
  // gets registers, 256 at a time, of one of four partitions, and a launch is
  // checked as if its CTA had a multiple of four warps.
  uint32_t perWarp = (registers * kWarpSize + 255) / 256 * 256;
  uint32_t byRegisters = kCtasPerMultiprocessor;
  if (perWarp * ((warps + kPartitions - 1) / kPartitions * kPartitions) >
      kRegistersPerMultiprocessor)
    byRegisters = 0;
  else if (perWarp)
    byRegisters = kRegistersPerMultiprocessor / kPartitions / perWarp *
                  kPartitions / warps;
  return std::min({kWarpsPerMultiprocessor / warps, kCtasPerMultiprocessor,
                   kSharedPerMultiprocessor / shared, byRegisters});
}

// ---- scheduling ----

void Machine::wake(Warp &warp) {
  if (warp.queued)
    return;
  warp.queued = true;
  runnable.push_back(&warp);
}

Explorer::State &Machine::explorer() const { return *explorerState; }

uint32_t Machine::pickExplored(uint32_t count) const {
  return explorer().pick(count);
}

void Machine::runWarp(Warp &warp) {
  const Op *op = switchGroup(warp);
  // In an exhaustive search accesses end a slot, not their number.
  uint32_t quantum = options.checked ? kQuantum : kUncheckedQuantum;
  if (options.schedule == Schedule::Weak && pick(2))
    quantum = kWeakQuantum; // so that something happens before late loads
  warp.budget = options.schedule == Schedule::Exhaustive
                    ? kExploredQuantum
                    : static_cast<int32_t>(1 + pick(quantum));
  while (op)
    try {
      if (options.counting || weak)
        return runWarpSlowly(warp, op);
      while (op)
        op = op->run(warp, op);
    } catch (const GroupWaits &) {
      op = switchGroup(warp);
    }
}

void Machine::runStep(Warp &warp) {
  try {
    runWarp(warp);
  } catch (const RunStopped &) {
    explorer().endLastStep();
    throw;
  }
  explorer().endStep();
}

void Machine::runWarpSlowly(Warp &warp, const Op *op) {
  const Program &program = *warp.cta->launch->program;
  bool explores = options.schedule == Schedule::Exhaustive;
  if (explores && !program.isPlain)
    explorer().step.all = true;
  while (op) {
    if (explores && (op->run == runBarrier || op->run == runWarpBarrier))
      explorer().step.all = true;
    if (!warp.late.empty() && performLate(warp, op)) {
      yieldAt(warp, op);
      return;
    }
    if (options.counting && op->mnemonic != kNoInstruction) {
      ++tensorUse.slots;
      tensorUse.tensor += op->run == runMma || op->run == runWgmma ||
                          op->run == runTensorMma ||
                          (op->run == runWmma &&
                           static_cast<const WmmaInfo *>(op->info)->kind ==
                               WmmaInfo::Kind::Mma);
      Counter &counter = counts[program.mnemonics[op->mnemonic]];
      ++counter.warpInstructions;
      counter.threadInstructions +=
          static_cast<uint32_t>(__builtin_popcount(warp.lanes(op)));
    }
    op = op->run(warp, op);
  }
}

static bool hasRunnableGroup(const Warp &warp) {
  return std::any_of(
      warp.groups.begin(), warp.groups.end(),
      [](const Group &group) { return group.wait == Group::Wait::None; });
}

uint32_t Machine::nextWarp() {
  if (options.schedule == Schedule::Exhaustive)
    return nextExplored();
  auto count = static_cast<uint32_t>(runnable.size());
  uint32_t index = pick(count);
  if (options.schedule == Schedule::Starve && slots - progress < kStarvedSlots)
    // The CTA that came first runs when no other gets anywhere.
    for (uint32_t tries = 0;
         tries < count && runnable[index]->cta == resident.front().get();
         ++tries)
      index = (index + 1) % count;
  return index;
}

uint32_t Machine::nextExplored() {
  // By number, since the order of `runnable` depends on the past.
  std::vector<std::pair<uint64_t, uint32_t>> ready, stalled;
  for (uint32_t i = 0; i < runnable.size(); ++i) {
    const Warp &warp = *runnable[i];
    bool waits = warp.stalled && warp.stalledAt == writes;
    (waits ? stalled : ready)
        .emplace_back(
            uint64_t(warp.cta->number - firstExplored) << 8 | warp.index, i);
  }
  // Where all of them wait, they take turns until it is called a livelock.
  if (ready.empty()) {
    std::sort(stalled.begin(), stalled.end());
    ready = {stalled[slots % stalled.size()]};
  }
  std::sort(ready.begin(), ready.end());
  std::vector<uint64_t> numbers;
  numbers.reserve(ready.size());
  for (const auto &[number, index] : ready)
    numbers.push_back(number);
  uint32_t index = ready[explorer().pickWarp(numbers)].second;
  runnable[index]->stalled = false;
  return index;
}

void Machine::runSlot() {
  ++slots;
  advanceBulk(false);
  advanceHosts(false);
  uint32_t index = nextWarp();
  Warp &warp = *runnable[index];
  uint64_t pollsBefore = polls;
  if (options.schedule == Schedule::Exhaustive)
    runStep(warp);
  else
    runWarp(warp);
  if (polls == pollsBefore)
    noteProgress(); // computes and waits for nobody
  if (hasRunnableGroup(warp))
    return;
  warp.queued = false;
  runnable[index] = runnable.back();
  runnable.pop_back();
  if (warp.cta->liveWarps)
    return;
  checkBulkDone(*warp.cta, warp);
  releaseTensorMemory(*this, *warp.cta, warp);
  finishCta(*warp.cta);
  if (!home->cores)
    startLaunches();
}

void Machine::abandon() {
  resident.clear();
  runnable.clear();
  bulk.clear();
  tensorMemories.clear();
  std::fill(used.begin(), used.end(), 0.0);
}

void Machine::run(const std::optional<StreamKey> &stream) {
  used.resize(options.devices);
  startHosts();
  if (cores)
    runCores(stream);
  else
    runAlone(stream);
  // What they have still to do may concern nobody but the host.
  while (!stream && advanceHosts(true))
    continue;
}

void Machine::runAlone(const std::optional<StreamKey> &stream) {
  uint64_t first = slots;
  startLaunches();
  while (!resident.empty() && !(stream && streams[*stream].empty())) {
    if (runnable.empty()) {
      if (!advanceBulk(true) && !advanceHosts(true) && !releaseParked())
        reportStuck(false);
      continue;
    }
    runSlot();
    if (slots - progress > options.livelockSlots) {
      if (!releaseParked())
        reportStuck(true);
      noteProgress();
    }
    if (options.slotLimit && slots - first > options.slotLimit)
      reportStuck(true);
  }
}

/// Threads that diverged may have to go on before the others have come to where
/// they meet: no thread may starve another of its warp.
bool Machine::releaseParked() {
  bool any = false;
  for (auto &cta : resident)
    for (Warp &warp : cta->warps) {
      size_t count = warp.groups.size();
      for (size_t i = 0; i < count; ++i)
        for (std::shared_ptr<Join> join = warp.groups[i].join; join;
             join = join->outer) {
          if (!join->arrived)
            continue;
          Group group;
          group.mask = join->arrived;
          group.join = join->outer;
          group.next = join->at;
          group.isForced = true;
          join->expected &= ~join->arrived;
          join->arrived = 0;
          warp.groups.push_back(std::move(group));
          wake(warp);
          any = true;
        }
    }
  return any;
}

static std::string lanesText(const Warp &warp, uint32_t mask) {
  uint32_t first =
      warp.index * kWarpSize + static_cast<uint32_t>(__builtin_ctz(mask));
  auto count = static_cast<uint32_t>(__builtin_popcount(mask));
  return count == 1
             ? "thread " + std::to_string(first)
             : std::to_string(count) + " threads from " + std::to_string(first);
}

void Machine::reportStuck(bool livelock) {
  std::vector<std::string> notes;
  const Warp *someone = nullptr;
  const Op *where = nullptr;
  int lane = 0;
  bool somebodyPolls = false;
  constexpr size_t kMostNotes = 40;
  for (auto &cta : resident) {
    for (Warp &warp : cta->warps)
      for (Group &group : warp.groups) {
        // Of a livelock somebody who polls, not somebody who waits for that.
        bool polls = livelock && group.wait == Group::Wait::None;
        if (!someone || (polls && !somebodyPolls)) {
          someone = &warp;
          where = group.next;
          lane = __builtin_ctz(group.mask);
          somebodyPolls = polls;
        }
        if (notes.size() >= kMostNotes)
          continue;
        std::string text = "CTA (" + std::to_string(cta->id[0]) + ", " +
                           std::to_string(cta->id[1]) + ", " +
                           std::to_string(cta->id[2]) + ") on device " +
                           std::to_string(cta->launch->config.device) + ": " +
                           lanesText(warp, group.mask);
        uint32_t line = group.next->line;
        if (group.wait == Group::Wait::Barrier) {
          const NamedBarrier &barrier = cta->barriers[group.barrier];
          text += " wait at barrier " + std::to_string(group.barrier) +
                  " for " +
                  (barrier.expected
                       ? std::to_string(barrier.expected - barrier.slots)
                       : std::to_string(cta->liveThreads - barrier.threads)) +
                  " more threads";
          line = group.next[-1].line;
        } else if (group.wait == Group::Wait::Cluster) {
          text += " wait at the barrier of their cluster";
        } else if (group.wait == Group::Wait::Warpgroup) {
          text += " wait for other warps of their warpgroup";
        } else if (group.wait == Group::Wait::TensorMemory) {
          text += " wait for tensor memory";
        } else if (group.wait == Group::Wait::Registers) {
          text += " wait for more registers than the " +
                  std::to_string(warp.registerCount) +
                  " that each has, of which others have given back " +
                  std::to_string(cta->spareRegisters) + " for one warp";
        } else if (group.wait == Group::Wait::Lanes) {
          text += " wait for other lanes of their warp";
        } else {
          text += " run without effect";
        }
        notes.push_back(text + ", line " + std::to_string(line) + ": " +
                        lineText(warp, line));
      }
  }
  for (auto &[key, queue] : streams)
    for (auto &launch : queue)
      if (!launch->action && launch->nextCta < launch->config.grid.count())
        notes.push_back(
            "kernel '" + launch->program->name + "' on device " +
            std::to_string(key.first) + ": CTAs that are not resident: " +
            std::to_string(launch->config.grid.count() - launch->nextCta) +
            "; multiprocessors: " + std::to_string(options.multiprocessors) +
            ", of room for CTAs each: " +
            std::to_string(launch->perMultiprocessor));
  if (!someone)
    throw RunStopped();
  stop(livelock ? FindingKind::Livelock : FindingKind::Deadlock, *someone,
       where, lane, 0,
       livelock ? "no thread makes progress: nothing that others can see has "
                  "changed for " +
                      std::to_string(slots - progress) + " scheduling slots"
                : "no thread can go on: all of them wait",
       std::move(notes));
}
