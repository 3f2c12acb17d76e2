// Devices, launches, CTAs and the scheduler.
#ifndef MOE_RUNTIME_EMULATOR_MACHINE_H
#define MOE_RUNTIME_EMULATOR_MACHINE_H

#include "Elements.h"
#include "Handlers.h"
#include "Memory.h"
#include "TensorMemory.h"
#include "Warp.h"

#include "moe-rt/emulator.h"

#include <deque>
#include <mutex>
#include <optional>
#include <random>
#include <set>

namespace moe::emu {

/// Ends a run; the finding has been recorded.
struct RunStopped {};

struct LoadedModule;
struct Cores;

using StreamKey = std::pair<unsigned, unsigned>; ///< device and stream

/// A kernel that is queued or running, or something else that a stream does.
struct Launch {
  /// Not a kernel: called with what the stream knows when its turn has come;
  /// false where it has to wait.
  std::function<bool(Knowledge &)> action;
  const Program *program = nullptr;
  const LoadedModule *module = nullptr;
  LaunchConfig config;
  Allocation *params = nullptr;
  /// Of cooperative launches: what their barrier of the grid counts in.
  Allocation *workspace = nullptr;
  uint64_t id = 0;
  uint64_t nextCta = 0, finished = 0;
  bool isFinished() const { return finished == config.grid.count(); }
  bool started = false;
  Dim3 cluster;                    ///< CTAs of one
  uint64_t dependentsLaunched = 0; ///< CTAs that let the next kernel start
  uint32_t firstCta = 0; ///< number of its first CTA for the race detector
  Knowledge knowledge;   ///< of what the host waited for, then of all before
  unsigned perMultiprocessor = 1; ///< CTAs that fit on one
  /// Of the program, with addresses filled in; for each rank of a cluster,
  /// `constantBytes` apart, where the program has addresses of shared
  /// variables.
  std::unique_ptr<char, FreeDeleter> constants;
  size_t constantBytes = 0;
  std::vector<uint32_t> order; ///< in which clusters start
};

struct NamedBarrier {
  uint32_t expected = 0; ///< threads; 0: all
  uint32_t slots = 0, threads = 0;
  bool reduces = false;
  uint32_t popc = 0;
  bool all = true, any = false;
  struct Participant {
    Warp *warp;
    uint32_t lanes;
    bool waits;
    const Op *op;
  };
  std::vector<Participant> participants;
  bool idle() const { return participants.empty(); }
};

struct MbarrierState {
  uint32_t expected = 0, pending = 0;
  int64_t tx = 0;
  uint32_t phase = 0;
  Knowledge arrived;   ///< of the arrivals of this phase
  Knowledge completed; ///< of the last completed phase
};

/// A cp.async that has been issued: what lies behind its `valid` bytes is zero.
struct PendingCopy {
  Place from;   ///< of no allocation where nothing is valid
  uint32_t dst; ///< offset in the CTA's shared memory
  uint8_t bytes, valid;
};

/// A piece of a bulk copy.
struct BulkSegment {
  uint64_t from = 0, to = 0; ///< global addresses, or offsets in shared memory
  uint32_t bytes = 0;
  bool zero = false; ///< writes zeros: the source is out of bounds
  /// As in TensorMap, of the side in shared memory: pieces of 16 bytes lie
  /// where `swizzled` puts them.
  uint8_t swizzle = 0;
};

/// A bulk copy that has been issued. Its reads and its writes are agents of
/// their own, `slot` and `slot` + 1 of the issuing CTA's bulk agents.
struct BulkCopy {
  uint64_t id = 0;
  uint32_t issuer = 0;                ///< number of the CTA
  Cta *from = nullptr, *to = nullptr; ///< null: global memory
  std::vector<BulkSegment> segments;
  std::vector<char> data; ///< of st.async, instead of memory
  uint32_t bytes = 0;     ///< that the mbarrier is told
  Cta *told = nullptr;    ///< has the mbarrier, of copies to shared memory
  uint32_t mbarrier = 0;  ///< offset in `told`
  bool reduces = false;
  AtomicOp reduction = AtomicOp::Add;
  Type type = Type::None; ///< of a reduction
  uint32_t slot = 0, stamp = 0;
};

/// Bulk copies that a thread waits for together.
struct BulkGroup {
  std::vector<uint64_t> ids;
  std::vector<std::pair<uint32_t, uint32_t>> slots; ///< and their stamps
};

struct AsyncQueue {
  /// Copies that were committed together.
  struct Group {
    size_t end; ///< in `copies`
    uint32_t stamp;
  };
  BulkGroup openBulk;
  std::vector<BulkGroup> bulkGroups;
  std::vector<PendingCopy> copies; ///< oldest first
  std::vector<Group> groups;       ///< oldest first; what follows is open
  uint32_t now = 1;
};

/// A fence of a thread between the generic proxy and that of tensor maps.
struct TensormapFence {
  Agent agent;
  uint32_t stamp = 0;
  Scope scope = Scope::Gpu;
  ClockRef known; ///< to the thread
};

/// CTAs that start together and reach each other's shared memory. Every CTA has
/// a cluster, mostly of its own.
struct Cluster {
  uint32_t id[3] = {};
  uint32_t firstSlot = 0;
  std::vector<Cta *> members; ///< by rank; null once ended
  uint32_t alive = 0;
  Knowledge arrived;    ///< of the arrivals at its barrier
  Knowledge completed;  ///< of the barrier's last phase
  bool refused = false; ///< clusterlaunchcontrol: knows that no cluster is left
};

/// Four warps that execute wgmma together.
struct Warpgroup {
  const Op *waiting[4] = {};
  uint32_t executed = 0; ///< stamp of the last wgmma
  /// By warp: those of the last wgmma of each group that was committed and not
  /// waited for.
  std::deque<uint32_t> groups[4];
  /// What a wait makes known, and up to which wgmma: of the last one.
  Knowledge done;
  uint32_t doneStamp = 0;
};

struct Cta {
  Launch *launch = nullptr;
  std::shared_ptr<Cluster> cluster;
  uint32_t rank = 0; ///< within the cluster
  /// By warp: lanes that have arrived at the barrier of the cluster, and those
  /// that may pass it.
  std::vector<uint32_t> arrivedAtCluster, passesCluster;
  bool launchedDependents = false;
  uint32_t id[3] = {};
  uint32_t number = 0; ///< for the race detector
  uint32_t slot = 0;   ///< of its shared window
  std::unique_ptr<Allocation> shared;
  std::vector<Warp> warps;
  std::vector<std::unique_ptr<char, FreeDeleter>> registerFiles;
  std::vector<std::unique_ptr<Allocation>> local; ///< by warp: [lane][bytes]
  std::vector<WarpSync> sync;                     ///< by warp
  std::vector<std::vector<AsyncQueue>> copies;    ///< by warp and lane
  std::vector<Warpgroup> warpgroups;
  TensorUse tensor;
  NamedBarrier barriers[16];
  std::map<uint32_t, MbarrierState> mbarriers; ///< by offset
  uint32_t liveWarps = 0, liveThreads = 0;
  uint32_t bulkCount = 0; ///< bulk copies issued so far
  /// That setmaxnreg has taken from warps: registers of a thread, summed up.
  uint32_t spareRegisters = 0;
  uint64_t startSlot = 0;
};

struct LoadedModule : Module {
  std::string name;
  std::vector<std::string> lines;
  std::map<std::string, std::unique_ptr<Program>> programs;
  /// By device: symbol -> address.
  std::vector<std::map<std::string, uint64_t>> symbols;

  std::vector<std::string> kernels() const override;
  std::vector<KernelParameter>
  parameters(const std::string &kernel) const override;
  uint32_t parameterBytes(const std::string &kernel) const override;
  uint64_t variable(const std::string &symbol, unsigned device) const override;
  const Program &program(const std::string &kernel) const;
};

/// Addresses that stand for the same place on several devices.
struct Multicast {
  uint64_t base, bytes;
  std::vector<uint64_t> copies;
};

/// What a load of a loop has read, in an exhaustive search.
struct Poll {
  uint64_t location = 0, time = 0;
  uint32_t count = 0;
};

struct Machine {
  explicit Machine(const EmulatorOptions &options);
  ~Machine();

  /// Has queues, launches and findings: the emulator's own machine, also where
  /// several cores have machines.
  Machine *home = this;
  std::unique_ptr<Cores> cores; ///< of `home`; null where there is one core
  unsigned core = 0;
  uint64_t seenChanges = 0; ///< when this core last looked for work
  /// Whether other threads of the host access memory at the same time.
  bool isShared() const { return options.cores > 1; }
  EmulatorOptions options;
  bool weak; ///< reads see what the memory model allows, not the last write
  AddressSpace memory;
  RaceDetector races;
  Joins joins;
  std::mt19937_64 random;
  std::vector<std::unique_ptr<LoadedModule>> modules;
  std::vector<Finding> findings;
  std::set<std::tuple<FindingKind, std::string, int, int>> reported;
  std::map<StreamKey, std::deque<std::unique_ptr<Launch>>> streams;
  std::map<StreamKey, Knowledge> streamKnowledge;
  /// What the host has waited for while other streams went on.
  Knowledge hostKnowledge;
  /// By event: nothing before it is complete.
  std::vector<std::optional<Knowledge>> events;
  std::vector<std::unique_ptr<Cta>> resident;
  std::vector<Warp *> runnable;
  std::map<uint32_t, std::vector<uint32_t>> freeSlots; ///< by cluster size
  uint32_t slotCount = 0;
  uint64_t launches = 0;
  uint64_t slots = 0;    ///< scheduling decisions so far
  uint64_t progress = 0; ///< slot of the last change that others can see
  uint64_t polls = 0;    ///< operations so far that may wait for another thread
  std::vector<double> used; ///< by device: multiprocessors that CTAs occupy
  /// By device and multiprocessor, made when a kernel comes that uses it.
  std::vector<std::vector<TensorMemory>> tensorMemories;
  std::map<std::string, Counter> counts;
  std::map<std::string, Traffic> traffic;
  std::map<std::pair<std::string, int>, BankCounter> banks;
  TensorCounter tensorUse;
  struct Span {
    std::string name;
    unsigned device;
    uint32_t slot;
    uint64_t begin, end;
  };
  std::vector<Span> spans;

  std::vector<Multicast> multicasts;
  const Multicast *multicastAt(uint64_t address) const {
    for (const Multicast &window : multicasts)
      if (address - window.base < window.bytes)
        return &window;
    return nullptr;
  }

  // ---- the weak schedules ----
  uint64_t historyIds = 0;
  uint64_t writes = 0;             ///< to any history
  std::vector<SyncEntry> scFences; ///< one per thread and scope
  std::map<std::pair<const Op *, uint32_t>, Poll> pollsOf; ///< by thread
  uint32_t firstExplored = 0; ///< number of the run's first CTA
  Explorer::State *explorerState = nullptr;
  Explorer::State &explorer() const;

  std::vector<TensormapFence> tensormapReleases; ///< since everything was done
  /// By address of the map, agent and scope.
  std::map<std::tuple<uint64_t, uint32_t, Scope>, TensormapFence>
      tensormapAcquires;

  std::vector<BulkCopy> bulk; ///< not complete yet
  uint64_t bulkIds = 0;

  std::vector<std::unique_ptr<HostThread>> hosts;

  // ---- HostThread.cpp ----
  void addHost(std::function<bool(HostThread &)> step);
  bool isHost(Agent agent) const;
  void startHosts();
  /// May have a thread of the host do something, as the schedule has it; for
  /// sure where `force`. Returns whether it did.
  bool advanceHosts(bool force);

  // ---- ExecBulk.cpp ----
  /// The copy is done later, or at once where the schedule is for that.
  void queueBulk(BulkCopy copy);
  /// Does the copy bulk[index].
  void completeBulk(size_t index);
  /// Whether something that happens beside the threads may happen now.
  bool isTimeForOthers() {
    // Late is when the threads wait for nothing else.
    constexpr uint64_t kLate = 300;
    return options.schedule == Schedule::Latest ? slots - progress >= kLate
                                                : pick(8) == 0;
  }
  /// May complete a copy, as the schedule has it; one of them for sure where
  /// `force`. Returns false where there is none.
  bool advanceBulk(bool force);
  /// Reports copies that the CTA's shared memory still takes part in.
  void checkBulkDone(Cta &cta, const Warp &warp);

  // ---- Machine.cpp ----
  /// Until the stream is empty, or everything where there is none given.
  void run(const std::optional<StreamKey> &stream);
  /// The same on one core.
  void runAlone(const std::optional<StreamKey> &stream);
  /// Forgets what runs.
  void abandon();
  /// One warp runs for a while; nobody else of this machine does.
  void runSlot();
  /// Starts what has room.
  void startLaunches();
  /// Does what has come to the begin of its stream and is no kernel, and calls
  /// `start` with the launches whose turn has come until it returns false.
  void forStartable(const std::function<bool(Launch &)> &start);
  void prepareLaunch(StreamKey key, Launch &launch);
  /// Starts the next cluster of the launch where its device has room for it.
  bool startNext(Launch &launch);
  bool hasRoom(const Launch &launch) const;
  std::shared_ptr<Cluster> placeCluster(Launch &launch);
  void startCluster(Launch &launch, const std::shared_ptr<Cluster> &cluster,
                    const std::vector<TensorMemory *> &tensors);
  /// A CTA lets the kernel behind its own start.
  void noteDependents(Launch &launch);
  /// Chooses the multiprocessors of a cluster that uses tensor memory, if it
  /// does; false where they have no room.
  bool placeTensorCtas(const Launch &launch,
                       std::vector<TensorMemory *> &result);
  void startCta(Launch &launch, std::shared_ptr<Cluster> cluster,
                uint32_t rank);
  void finishCta(Cta &cta);
  /// Gives back the room of a CTA that has ended in slot `now`, and ends its
  /// launch where it was the last one.
  void releaseCta(const Cta &cta, uint64_t now);
  void runWarp(Warp &warp);
  /// A step of the exhaustive search.
  void runStep(Warp &warp);
  void runWarpSlowly(Warp &warp, const Op *op);
  /// Index of the warp in `runnable` that comes next.
  uint32_t nextWarp();
  uint32_t nextExplored();
  void wake(Warp &warp);
  [[noreturn]] void reportStuck(bool livelock);

  // ---- Cores.cpp ----
  /// Nobody else touches queues, launches and room until it goes away.
  std::unique_lock<std::mutex> lockQueues() const;
  std::unique_lock<std::mutex> lockFindings() const;
  /// As `run`, on all cores.
  void runCores(const std::optional<StreamKey> &stream);
  void runCore(const std::optional<StreamKey> &stream);
  /// Starts a cluster on this core; false where there is none to start. Ends
  /// the run where nothing is left to do.
  bool startOne(const std::optional<StreamKey> &stream);
  void waitForWork();
  bool isStuckEverywhere();
  /// Ends the run because nobody on this core can go on.
  void giveUp(bool isDeadlock);
  bool releaseParked();
  /// A number below `count`, as the schedule has it.
  uint32_t pick(uint32_t count) {
    if (options.schedule == Schedule::Exhaustive) [[unlikely]]
      return pickExplored(count);
    return static_cast<uint32_t>(random() % count);
  }
  uint32_t pickExplored(uint32_t count) const;
  bool isSeeded() const {
    return options.schedule == Schedule::Random ||
           options.schedule == Schedule::Weak;
  }
  void noteProgress() { progress = slots; }
  const std::string &lineText(const Warp &warp, uint32_t line) const;

  /// Records a finding about the instruction that runs. Returns where the run
  /// can go on.
  void report(FindingKind kind, const Warp &warp, const Op *op, int lane,
              uint64_t address, const std::string &message,
              std::vector<std::string> notes = {}, uint32_t otherLine = 0);
  /// Records it and ends the run.
  [[noreturn]] void stop(FindingKind kind, const Warp &warp, const Op *op,
                         int lane, uint64_t address, const std::string &message,
                         std::vector<std::string> notes = {});
  std::string describe(Agent agent) const;
  /// Says where an earlier access is, 0 being the line of all of the host, for
  /// the notes of a finding; `what` names it.
  std::string otherAccess(const Warp &warp, uint32_t line,
                          const std::string &what = "the other access") const;
};

/// How many CTAs of a launch one multiprocessor holds; 0: it may not be
/// launched.
unsigned ctasPerMultiprocessor(const Program &program,
                               const LaunchConfig &config);

/// Gives the core back; the group goes on at `next`.
inline const Op *yieldAt(Warp &w, const Op *next) {
  w.group().next = next;
  return nullptr;
}

/// Makes another group of the warp current that can run, and returns its next
/// operation; nullptr where there is none.
const Op *switchGroup(Warp &w);

/// Waits until all live lanes of `members` have come to `op`. Returns 0 while
/// they have not (the caller returns switchGroup), then all of them; the groups
/// that waited go on behind `op`.
uint32_t rendezvous(Warp &w, const Op *op, uint32_t members);

/// Lanes of a barrier whose exit may complete it.
void completeBarriers(Cta &cta);
/// The same for the barrier of a cluster; ExecCluster.cpp.
void completeClusterBarrier(Cluster &cluster);
/// The CTA of the cluster whose shared memory this is, or nullptr.
Cta *ownerOf(const Cta &cta, const Allocation *shared);

/// Thrown where the group that runs has to wait: another one goes on.
struct GroupWaits {};

/// Ends the run unless all 32 lanes execute the instruction. Lanes that went on
/// without the others, since nothing else could, wait for them here, so that
/// who the others wait for is found; ExecTensor.cpp.
void needWholeWarp(Warp &w, const Op *op, uint32_t lanes);
/// An element of a matrix as a number.
double decodeElement(Type type, uint32_t bits);

/// From now on everybody sees what these bytes hold; ExecWeak.cpp.
void forgetHistory(const Place &place, uint64_t bytes);

// Accesses of lanes; ExecMemory.cpp.
/// Where an address of a lane lies. Ends the run where `bytes` bytes there are
/// not one place that may be accessed.
Place resolveAny(Warp &w, const Op *op, int lane, Space space, uint64_t address,
                 uint32_t bytes, uint32_t align, bool isWrite);
/// The same for what most accesses are: to the CTA's own shared memory or to
/// the allocation that was accessed last. False: it is something else.
inline bool resolveUsual(const Warp &w, Space space, uint64_t address,
                         uint32_t bytes, uint32_t align, bool isWrite,
                         Place &place) {
  if (space == Space::Shared || space == Space::SharedCluster) {
    Allocation &shared = *w.cta->shared;
    uint64_t offset = address - w.cta->rank * kSharedStride;
    if (offset < shared.size && offset + bytes <= shared.size &&
        (address & (align - 1)) == 0 &&
        (!w.machine->options.checked ||
         !anyHas(shared.states.get() + offset, bytes, Allocation::kRedZone))) {
      place = {&shared, offset};
      return true;
    }
  } else if (space != Space::Local && address >= kGlobalBase) {
    Allocation *last = w.machine->memory.lastFound();
    if (last && address - last->base < last->size &&
        address - last->base + bytes <= last->size && !last->released &&
        !(isWrite && last->readOnly) && (address & (align - 1)) == 0) {
      place = {last, address - last->base};
      return true;
    }
  }
  return false;
}
/// Says that a lane's access to 16 bytes there comes soon.
inline void prefetch(const Warp &w, Space space, uint64_t address) {
  const Machine &machine = *w.machine;
  if (space == Space::Shared || space == Space::SharedCluster)
    w.cta->shared->prefetch(address - w.cta->rank * kSharedStride,
                            machine.options.checked);
  else if (const Allocation *last = machine.memory.lastFound())
    last->prefetch(address - last->base, machine.options.checked);
}
inline Place resolve(Warp &w, const Op *op, int lane, Space space,
                     uint64_t address, uint32_t bytes, uint32_t align,
                     bool isWrite) {
  Place place;
  return resolveUsual(w, space, address, bytes, align, isWrite, place)
             ? place
             : resolveAny(w, op, lane, space, address, bytes, align, isWrite);
}
/// Reports bytes of which one has not been written, once.
void reportUninitialised(Warp &w, const Op *op, int lane, const Place &place,
                         uint32_t bytes, uint64_t address);
/// Checks that memory has been written.
inline void checkInitialised(Warp &w, const Op *op, int lane,
                             const Place &place, uint32_t bytes,
                             uint64_t address) {
  if (!allHave(place.states(), bytes, Allocation::kInitialised)) [[unlikely]]
    reportUninitialised(w, op, lane, place, bytes, address);
}
/// Bytes that have been written past their histories: everybody sees them.
/// Nobody asks for it without checks.
inline void markWritten(const Machine &machine, const Place &place,
                        uint32_t bytes) {
  if (!machine.options.checked)
    return;
  if (!place.allocation->shadow.histories.empty()) [[unlikely]]
    forgetHistory(place, bytes);
  setAll(place.states(), bytes, Allocation::kInitialised);
}
void checkRace(Warp &w, const Op *op, int lane, const Place &place,
               uint32_t bytes, bool isWrite, Strength strength,
               uint64_t address);
inline Agent threadAgent(const Warp &w, int lane) {
  return {w.cta->number, Agent::Thread,
          w.index * kWarpSize + static_cast<uint32_t>(lane)};
}
/// What does the cp.async of a lane.
inline Agent copyAgent(const Warp &w, int lane) {
  return {w.cta->number, Agent::AsyncCopy,
          w.index * kWarpSize + static_cast<uint32_t>(lane)};
}
/// What an access of a lane follows.
inline Observer observerOf(const Warp &w, int lane, const Place &place) {
  WarpSync &sync = w.cta->sync[w.index];
  LaneSync &own = sync.lanes[lane];
  const ClockRef &known = own.known(place.isShared(), false);
  return {known ? *known : nothing(), threadAgent(w, lane), sync.now,
          own.copied};
}
/// What an access of the async proxy that a lane issues follows.
inline Observer proxyObserverOf(const Warp &w, int lane, const Place &place) {
  const ClockRef &known =
      w.cta->sync[w.index].lanes[lane].known(place.isShared(), true);
  return {known ? *known : nothing(), Agent(), 0};
}

/// Checks that a tensor copy of the lane may read the tensor map;
/// ExecTensormap.cpp.
void checkTensormapRead(Warp &w, const Op *op, int lane, const Place &place,
                        uint64_t address);

// Counters; Counters.cpp.
void addTraffic(Machine &machine, const char *space, uint64_t bytes,
                bool isStore);
inline void countTraffic(Machine &machine, const char *space, uint64_t bytes,
                         bool isStore) {
  if (machine.options.counting) [[unlikely]]
    addTraffic(machine, space, bytes, isStore);
}
/// The name of the state space that an address of an instruction lies in.
const char *spaceOf(const Warp &w, Space space, uint64_t address);
/// Accesses of `bytes` bytes to shared memory, by lane.
void countBanks(Warp &w, const Op *op, const uint64_t *addresses,
                uint32_t bytes, uint32_t lanes);
/// Accesses of lanes to a state space.
void countAccess(Warp &w, const Op *op, Space space, const uint64_t *addresses,
                 uint32_t bytes, uint32_t lanes, bool loads, bool stores);

// Accesses under the weak schedules; ExecWeak.cpp.
/// Loads, stores, or changes what memory holds for this lane.
void weakLoad(Warp &w, const Op *op, int lane, const Place &place,
              const MemoryInfo &info);
void weakStore(Warp &w, const Op *op, int lane, Place place,
               const MemoryInfo &info, const char *data);
/// One element; returns what it was.
uint64_t weakAtomic(Warp &w, const Op *op, int lane, const Place &place,
                    const MemoryInfo &info, uint64_t b, uint64_t c);
/// What the fences fence.sc that are morally strong with this one did before.
void orderFence(Warp &w, int lane, Scope scope);
/// Does the loads that are late no longer than until `next`. Returns whether
/// there was one.
bool performLate(Warp &w, const Op *next);

// Synchronisation of lanes; ExecSync.cpp.
/// What a lane knows, its own accesses included; its clock moves on.
Knowledge releaseSnapshot(Warp &w, int lane);
void acquire(Warp &w, int lane, const Knowledge &knowledge);
/// The same for several lanes, most of which know the same.
void acquire(Warp &w, uint32_t lanes, const Knowledge &knowledge);
/// A strong write: what later strong reads of it acquire.
void strongWrite(Warp &w, int lane, const Place &place, Order order,
                 Scope scope, bool isRmw);
/// The same for a write that continues what `entries` hand over, to which it
/// adds.
void strongWrite(Warp &w, int lane, const Place &place,
                 std::vector<SyncEntry> &entries, Order order, Scope scope);
/// What relaxed strong writes of a lane hand over: what fences have released.
Knowledge fencedKnowledge(const LaneSync &sync);
/// A fence behind this one will acquire what a strong read saw.
void notePending(LaneSync &sync, SyncEntry seen);
/// Whether what an atomic operation reads may be acquired, by itself or by a
/// fence behind it. Of a reduction, which nobody gets the result of, it is not.
inline bool mayAcquire(const MemoryInfo &info) {
  return info.returns || info.order == Order::Acquire ||
         info.order == Order::AcqRel || info.order == Order::SeqCst;
}
void strongRead(Warp &w, int lane, const Place &place, Order order,
                Scope scope);
/// The same for a read of a write that hands over `entries`.
void strongRead(Warp &w, int lane, const Place &place,
                const std::vector<SyncEntry> &entries, Order order,
                Scope scope);
/// `base` and the cp.async of these threads of a CTA up to their stamps.
ClockRef withCopies(const ClockRef &base, const Cta &cta,
                    std::vector<std::pair<Agent, uint32_t>> &copied);
/// Orders everything that the participants did before.
void joinParticipants(
    Cta &cta, const std::vector<std::pair<Warp *, uint32_t>> &participants);
void completeCopy(Machine &machine, Cta &cta, const PendingCopy &copy);
/// Replaces an element by `change` of it and returns what it was.
template <typename Change>
inline uint64_t changeBytes(const Machine &machine, char *at, unsigned bytes,
                            Change change) {
  if (machine.isShared())
    return changeWord(at, bytes, change);
  uint64_t old = loadWord(at, bytes);
  storeWord(at, change(old), bytes);
  return old;
}
/// Copies what other cores may access at the same time.
inline void copyBytes(const Machine &machine, char *to, const char *from,
                      uint64_t bytes) {
  if (machine.isShared())
    copyWords(to, from, bytes);
  else if (bytes == 16) // of a tile: no call for so few
    std::memcpy(to, from, 16);
  else
    std::memcpy(to, from, bytes);
}
/// `count` arrivals at an mbarrier; ends the run where it expects fewer.
void arriveAt(Warp &w, const Op *op, int lane, uint64_t address,
              MbarrierState &state, uint32_t count);
/// Ends the phase of an mbarrier where nothing is missing.
void completePhase(Machine &machine, MbarrierState &state);

} // namespace moe::emu

#endif // MOE_RUNTIME_EMULATOR_MACHINE_H
