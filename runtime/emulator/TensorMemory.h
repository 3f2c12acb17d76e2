// Tensor memory: the 128 lanes x 512 columns of 32 bits that tcgen05
// instructions of a multiprocessor work on, who owns them, and the last
// accesses to them.
#ifndef MOE_RUNTIME_EMULATOR_TENSORMEMORY_H
#define MOE_RUNTIME_EMULATOR_TENSORMEMORY_H

#include "Memory.h"

namespace moe::emu {

struct Cta;
struct Machine;
struct Warp;

/// What accesses tensor memory. All are asynchronous; Mma and Copy of a thread
/// form a pipeline, which is done in order.
enum class TensorUser : uint8_t { Mma, Copy, Load, Store };

/// An access of a warp's instruction. `shape`: of an mma's accumulators, which
/// the next mma follows in order where it has the same; 0: of other operands.
struct TensorAccess {
  uint32_t cta = ~0u; ///< number; ~0: nobody
  uint8_t warp = 0;
  TensorUser user = TensorUser::Mma;
  uint32_t stamp = 0, line = 0, shape = 0;
  bool operator==(const TensorAccess &) const = default;
};

/// Agents of tcgen05 are those of wgmma's kind, which no kernel uses beside it:
/// by warp what its pipeline was told to do, what that has done, and loads and
/// stores that are done.
enum TensorAgent : uint32_t {
  kTensorIssued = 64,
  kTensorDone = 96,
  kTensorLoads = 128,
  kTensorStores = 160
};
inline Agent tensorAgent(uint32_t cta, TensorAgent what, uint32_t warp) {
  return {cta, Agent::Matrix, what + warp};
}

/// Of one multiprocessor.
struct TensorMemory {
  static constexpr uint32_t kLanes = 128, kColumns = 512;
  /// Lanes that are checked together.
  static constexpr uint32_t kGroup = 16, kGroups = kLanes / kGroup;

  struct Granule {
    uint16_t written = 0; ///< a bit per lane
    TensorAccess write;
    std::vector<TensorAccess> reads; ///< since the write
  };

  TensorMemory() : owners(kColumns, ~0u) {}
  uint32_t *word(uint32_t column, uint32_t lane) {
    return words.get() + size_t(column) * kLanes + lane;
  }
  Granule &granule(uint32_t column, uint32_t group) {
    return granules[size_t(column) * kGroups + group];
  }
  /// Gives columns to a CTA, as if nobody had used them before.
  void give(uint32_t first, uint32_t count, uint32_t cta);
  void takeBack(uint32_t first, uint32_t count);
  bool isFree(uint32_t first, uint32_t count) const;

  /// Made when columns are given for the first time.
  std::unique_ptr<uint32_t, FreeDeleter> words; ///< [column][lane]
  std::vector<Granule> granules;                ///< [column][group]
  std::vector<uint32_t> owners; ///< by column: CTA number, ~0: free
  double used = 0;              ///< share of the multiprocessor that CTAs have
};

/// What a CTA has to do with tensor memory.
struct TensorUse {
  struct Range {
    uint32_t first, count;
  };
  struct Stamps {
    uint32_t issued = 0, loads = 0, stores = 0;
  };
  TensorMemory *memory = nullptr;
  std::vector<Range> ranges;
  uint32_t mostColumns = TensorMemory::kColumns; ///< of the next allocation
  bool relinquished = false;
  uint32_t deallocations = 0;
  std::vector<Stamps> stamps; ///< by warp
  /// Of allocations by a pair of CTAs: the warp that has come to one.
  Warp *allocating = nullptr;
  std::vector<bool> freed; ///< by warp: waits for the other CTA to free too
};

/// An instruction of a lane that accesses tensor memory of the CTA `owner`, its
/// own or that of the other CTA of its pair.
struct TensorAccessor {
  Warp &w;
  const Op *op;
  int lane;
  Cta &owner;
  TensorAccess access;

  /// Ends the run unless the CTA has allocated these columns and `lanes` lanes
  /// from `lane` exist.
  void need(uint32_t column, uint32_t columns, uint32_t firstLane,
            uint32_t lanes) const;
  /// Notes an access to the lanes `mask` of a group of 16 and checks that it is
  /// ordered after the earlier ones.
  void read(uint32_t column, uint32_t group, uint16_t mask) const;
  void write(uint32_t column, uint32_t group, uint16_t mask) const;
  /// Writes all lanes of a group in some columns, and where `reads` reads them
  /// before.
  void accumulate(uint32_t column, uint32_t columns, uint32_t group,
                  bool reads) const;

private:
  bool isOrdered(const TensorAccess &earlier, bool wasWrite) const;
  void report(uint32_t column, const TensorAccess &earlier, bool wasWrite,
              bool isWrite) const;
};

/// The other CTA of a pair. Ends the run where there is none.
Cta &peerOf(Warp &w, const Op *op);
/// Whoever waits for tensor memory, or for the other CTA of a pair, tries
/// again.
void retryTensorMemory(Machine &machine);
/// Of a CTA that ends: reports tensor memory that it keeps, and takes it back.
void releaseTensorMemory(Machine &machine, Cta &cta, const Warp &warp);

} // namespace moe::emu

#endif // MOE_RUNTIME_EMULATOR_TENSORMEMORY_H
