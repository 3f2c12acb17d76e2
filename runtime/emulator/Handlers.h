// The handlers that Lanes.h does not hold, and what they need to know.
#ifndef MOE_RUNTIME_EMULATOR_HANDLERS_H
#define MOE_RUNTIME_EMULATOR_HANDLERS_H

#include "Program.h"
#include "Scalar.h"

namespace moe::emu {

enum class Space : uint8_t {
  Generic,
  Global,
  Shared,
  SharedCluster,
  Local,
  Const,
  Param
};
enum class Order : uint8_t { Weak, Relaxed, Acquire, Release, AcqRel, SeqCst };
enum class Scope : uint8_t { Cta, Cluster, Gpu, Sys };

/// A place in a register and how wide that register is.
struct RegisterPart {
  uint32_t code = 0;
  bool wide = false;
};

/// An OpInfo that names registers; `visit` shows each code to the layout.
struct RegisterInfo : OpInfo {
  std::vector<RegisterPart> parts;
};

/// ld, st, atom, red. The address is register `op.a` + `op.imm`.
struct MemoryInfo : RegisterInfo {
  Space space = Space::Generic;
  bool address32 = false;
  bool isSigned = false;
  uint8_t bytes = 4; ///< of one element
  uint8_t count = 1;
  Order order = Order::Weak;
  Scope scope = Scope::Gpu;
  bool isVolatile = false;
  bool nonCoherent = false;
  /// Of loads: operations in front of which it may be done instead, behind
  /// later accesses (Layout.cpp; the weak schedules only).
  std::vector<uint32_t> later;
  // atom, red
  AtomicOp atomic = AtomicOp::Exch;
  Type type = Type::B32;
  bool ftz = false;
  bool returns = false;
};

struct FenceInfo : OpInfo {
  enum class Kind : uint8_t {
    Memory,
    ProxyAsync,
    ProxyAlias,
    MbarrierInit
  } kind = Kind::Memory;
  bool sharedOnly = false; ///< '.sync_restrict'
  Order order = Order::AcqRel;
  Scope scope = Scope::Gpu;
};

struct BarrierInfo : OpInfo {
  enum class Kind : uint8_t {
    Sync,
    Arrive,
    RedPopc,
    RedAnd,
    RedOr
  } kind = Kind::Sync;
  bool aligned = true;
  bool hasCount = false;
  bool negated = false; ///< the predicate of a reduction
};

struct ShuffleInfo : OpInfo {
  enum class Mode : uint8_t { Up, Down, Bfly, Idx } mode = Mode::Idx;
  bool hasPredicate = false;
};

struct VoteInfo : OpInfo {
  enum class Kind : uint8_t {
    All,
    Any,
    Uni,
    Ballot,
    MatchAny,
    MatchAll,
    Redux,
    Elect
  } kind = Kind::All;
  bool negated = false;
  bool wide = false; ///< 64-bit operand of match
  AtomicOp op = AtomicOp::Add;
  Type type = Type::U32;
};

struct CpAsyncInfo : OpInfo {
  uint32_t dst = 0, src = 0; ///< address registers
  int64_t dstOffset = 0, srcOffset = 0;
  bool dst32 = false;
  uint8_t bytes = 16;
  uint32_t srcSize = 0; ///< register of the source size; valid where hasSize
  bool hasSize = false;
  bool hasIgnore = false, ignoreNegated = false;
  uint32_t ignore = 0;
};

/// cp.async.bulk and cp.reduce.async.bulk. The addresses are those of `op.a`
/// (destination; of tensor copies out of shared memory the tensor map), `op.b`
/// (source; of tensor copies into shared memory the map) and `op.d` (mbarrier)
/// plus these offsets; `op.c` has the size of copies without a map. `parts`:
/// the coordinates, then the mask of a multicast.
struct BulkInfo : RegisterInfo {
  enum class Kind : uint8_t { ToShared, ToGlobal, BetweenCtas } kind;
  uint8_t rank = 0; ///< of tensor copies
  bool multicast = false;
  bool ownCta = false; ///< '.shared::cta' as destination
  bool pair = false;   ///< the mbarrier may be that of the other CTA of a pair
  bool reduces = false;
  AtomicOp reduction = AtomicOp::Add;
  Type type = Type::None;
  int64_t offsets[3] = {};
  bool narrow[3] = {}; ///< addresses of 32 bits
};

/// Instructions on tensor maps, at `op.a` plus the first offset: a field
/// becomes `op.b`, a fence, or a copy of `op.b` plus the second offset with a
/// fence.
struct TensormapInfo : OpInfo {
  enum class Field : uint8_t {
    GlobalAddress,
    Rank,
    BoxDim,
    GlobalDim,
    GlobalStride,
    ElementStride,
    ElementType,
    Interleave,
    Swizzle,
    Fill
  } field = Field::GlobalAddress;
  uint8_t ordinal = 0; ///< which dimension
  bool wideValue = false;
  Space space = Space::Generic;
  bool acquires = false; ///< of fences; else they release
  Scope scope = Scope::Gpu;
  int64_t offsets[2] = {};
  bool narrow[2] = {};

  uint64_t address(const Warp &w, uint32_t code, int index, int lane) const;
};

/// st.async, red.async and clusterlaunchcontrol.try_cancel. `op.a`: the
/// address, `op.b`: the mbarrier, plus these offsets; `parts`: the elements.
struct StoreAsyncInfo : RegisterInfo {
  bool multicast = false; ///< of clusterlaunchcontrol: to all CTAs of a cluster
  Type type = Type::B32;
  bool reduces = false;
  AtomicOp reduction = AtomicOp::Add;
  int64_t offsets[2] = {};
  bool narrow[2] = {}; ///< addresses of 32 bits
};

/// mapa and getctarank.
struct MapInfo : OpInfo {
  bool rank = false;    ///< getctarank
  bool generic = false; ///< addresses are generic
  bool wide = false;    ///< 64 bits
};

/// barrier.cluster
struct ClusterBarrierInfo : OpInfo {
  bool arrive = false, aligned = false, relaxed = false;
};

struct MbarrierInfo : OpInfo {
  enum class Kind : uint8_t {
    Init,
    Inval,
    Arrive,
    ExpectTx,
    CompleteTx,
    ArriveExpectTx,
    TestWait,
    Drop,
    DropExpectTx,
    CpAsyncArrive
  } kind = Kind::Init;
  Space space = Space::Shared;
  bool address32 = false;
  bool parity = false;
  bool tryWait = false;
  bool noComplete = false;
  bool noInc = false;
  bool returns = false;
  Order order = Order::Release;
  Scope scope = Scope::Cta;
};

struct MatrixInfo : RegisterInfo {
  bool address32 = false;
  Space space = Space::Shared;
  bool transposed = false;
  bool store = false;
  uint8_t count = 1;
  // mma: parts are d, a, b, c one after the other
  uint8_t m = 16, n = 8, k = 16;
  Type aType = Type::F16, bType = Type::F16, cType = Type::F32,
       dType = Type::F32;
  uint8_t dCount = 0, aCount = 0, bCount = 0, cCount = 0;
  bool saturate = false;
  void (*fast)(char *const *, const char *const *, const char *const *,
               const char *const *) = nullptr;
};

/// wgmma.mma_async. `op.a`: descriptor of A (unless `parts` have its registers
/// behind those of D), `op.b`: of B, `op.c`: the predicate scale-d.
struct WgmmaInfo : RegisterInfo {
  uint16_t n = 8, k = 16;
  Type aType = Type::F16, bType = Type::F16, dType = Type::F32;
  uint8_t elementBytes = 2;
  uint16_t dCount = 0;
  bool aInRegisters = false;
  bool saturate = false;
  bool scaleNegated = false; ///< the predicate
  bool negateA = false, negateB = false;
  bool transposeA = false, transposeB = false; ///< rows (columns) lie along k
};

/// wmma. `parts` of mma: d, a, b, c; of load and store: the fragment; `op.a`
/// has the address, `op.b` the stride.
struct WmmaInfo : RegisterInfo {
  enum class Kind : uint8_t { Load, Store, Mma } kind = Kind::Load;
  /// A matrix in registers; `byColumns`: elements follow each other along the
  /// columns among the lanes, as those of A and B do in memory.
  struct Fragment {
    Type type = Type::F16;
    uint8_t rows = 16, columns = 16, registers = 8;
    bool byColumns = false;
  };
  Fragment d, a, b, c;    ///< of load and store: d
  bool byColumns = false; ///< in memory
  Space space = Space::Generic;
  bool address32 = false;
  bool hasStride = false;
};

/// multimem: the same place on several devices.
struct MultimemInfo : MemoryInfo {
  enum class Kind : uint8_t { LoadReduce, Store, Reduce } kind = Kind::Store;
};

/// tcgen05.ld and .st. `op.a`: the address, to which `offset` is added;
/// `parts`: the registers.
struct TensorMoveInfo : RegisterInfo {
  enum class Shape : uint8_t {
    Lanes32x32,
    Lanes16x64,
    Lanes16x128,
    Lanes16x256,
    Lanes16x32x2
  } shape = Shape::Lanes32x32;
  bool store = false;
  bool packed = false; ///< two columns in a register
  uint32_t split = 0;  ///< of 16x32bx2: columns to the second half
  int64_t offset = 0;
};

/// tcgen05.cp. `op.a`: the address in tensor memory, `op.b`: the descriptor.
struct TensorCopyInfo : OpInfo {
  uint32_t rows = 128, chunks = 1; ///< chunks of 16 bytes
  /// Lanes of row i: i, or with copies in other 32 lanes.
  enum class Multicast : uint8_t {
    None,
    Pairs02And13,
    Pairs01And23,
    All,
    Quarters ///< row i goes to lane 32 i
  } multicast = Multicast::None;
  bool pair = false; ///< in both CTAs
  int64_t offset = 0;
};

/// tcgen05.alloc, .dealloc, .relinquish_alloc_permit. `op.a`: where the address
/// is written, or the address; `op.b`: columns.
struct TensorAllocInfo : OpInfo {
  Space space = Space::Generic;
  bool address32 = false;
  bool pair = false;
};

/// tcgen05.commit. `op.a`: the mbarrier, `op.b`: the CTAs of a multicast.
struct TensorCommitInfo : OpInfo {
  Space space = Space::Generic;
  bool address32 = false;
  bool multicast = false;
};

/// tcgen05.mma. `op.a`: address of D, `op.b`: of A or its descriptor, `op.c`:
/// descriptor of B, `op.d`: the instruction descriptor. `parts`: the predicate
/// that D is read, then two addresses of scale factors or the mask of lanes
/// that are not written.
struct TensorMmaInfo : RegisterInfo {
  enum class Kind : uint8_t {
    F16,
    TF32,
    F8F6F4,
    I8,
    MxF8F6F4,
    MxF4,
    MxF4NvF4
  } kind = Kind::F16;
  bool pair = false;             ///< .cta_group::2
  bool weightStationary = false; ///< .ws
  bool aInTensorMemory = false;
  bool negatedPredicate = false;
  bool masked = false;
  uint8_t scales = 0; ///< scale factors of a row of A
  uint8_t shift = 0;  ///< D is multiplied by 2^-shift
  int64_t dOffset = 0, aOffset = 0, scaleOffsets[2] = {};
};

// Exec.cpp
const Op *runLane(Warp &, const Op *);
const Op *runBranch(Warp &, const Op *);
const Op *runJump(Warp &, const Op *);
const Op *runConverge(Warp &, const Op *);
const Op *runExit(Warp &, const Op *);
const Op *runTrap(Warp &, const Op *);
const Op *runNothing(Warp &, const Op *);
const Op *runCheckAssigned(Warp &, const Op *);
const Op *runMarkAssigned(Warp &, const Op *);
const Op *runReadClock(Warp &, const Op *);

// ExecMemory.cpp
Handler loadHandler(Space space, bool checked);
Handler storeHandler(Space space, bool checked);
const Op *runLoadParam(Warp &, const Op *);
const Op *runAtomic(Warp &, const Op *);
const Op *runFence(Warp &, const Op *);
const Op *runIsSpace(Warp &, const Op *);

// ExecWarp.cpp
const Op *runBarrier(Warp &, const Op *);
const Op *runWarpBarrier(Warp &, const Op *);
const Op *runShuffle(Warp &, const Op *);
const Op *runVote(Warp &, const Op *);
const Op *runActiveMask(Warp &, const Op *);
const Op *runYield(Warp &, const Op *);

// ExecAsync.cpp
const Op *runCpAsync(Warp &, const Op *);
const Op *runCpCommit(Warp &, const Op *);
const Op *runCpWait(Warp &, const Op *);
const Op *runMbarrier(Warp &, const Op *);

// ExecCluster.cpp
const Op *runMapAddress(Warp &, const Op *);
const Op *runClusterBarrier(Warp &, const Op *);
const Op *runLaunchDependents(Warp &, const Op *);
const Op *runDependencyWait(Warp &, const Op *);
/// `op.imm`: the number of registers; `op.flags`: 1 to get more.
const Op *runSetmaxnreg(Warp &, const Op *);

// ExecBulk.cpp
const Op *runBulkCopy(Warp &, const Op *);
const Op *runStoreAsync(Warp &, const Op *);
const Op *runTryCancel(Warp &, const Op *);
const Op *runCancelQuery(Warp &, const Op *);
const Op *runBulkCommit(Warp &, const Op *);
const Op *runBulkWait(Warp &, const Op *);

// ExecTensormap.cpp
const Op *runTensormapReplace(Warp &, const Op *);
const Op *runTensormapFence(Warp &, const Op *);
const Op *runTensormapCopy(Warp &, const Op *);

// ExecTensor.cpp
const Op *runLdmatrix(Warp &, const Op *);
const Op *runMma(Warp &, const Op *);

// ExecWmma.cpp
const Op *runWmma(Warp &, const Op *);

// ExecMultimem.cpp
const Op *runMultimem(Warp &, const Op *);

// ExecWgmma.cpp
const Op *runWgmma(Warp &, const Op *);
const Op *runWgmmaFence(Warp &, const Op *);
const Op *runAccumulatorMisuse(Warp &, const Op *);
const Op *runWgmmaCommit(Warp &, const Op *);
const Op *runWgmmaWait(Warp &, const Op *);

// ExecTensorMemory.cpp
const Op *runTensorAlloc(Warp &, const Op *);
const Op *runTensorDealloc(Warp &, const Op *);
const Op *runTensorRelinquish(Warp &, const Op *);
const Op *runTensorMove(Warp &, const Op *);
const Op *runTensorCopy(Warp &, const Op *);
const Op *runTensorWait(Warp &, const Op *);
const Op *runTensorFence(Warp &, const Op *);
const Op *runTensorCommit(Warp &, const Op *);

// ExecTensorMma.cpp
const Op *runTensorMma(Warp &, const Op *);

} // namespace moe::emu

#endif // MOE_RUNTIME_EMULATOR_HANDLERS_H
