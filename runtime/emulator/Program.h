// A kernel as it is executed: decoded operations over the registers of a warp.
#ifndef MOE_RUNTIME_EMULATOR_PROGRAM_H
#define MOE_RUNTIME_EMULATOR_PROGRAM_H

#include "Ast.h"
#include "Numbers.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace moe::emu {

struct Op;
struct Warp;

/// Executes one operation for the lanes of the warp's current group and returns
/// the next one; nullptr gives the core back to the scheduler.
using Handler = const Op *(*)(Warp &, const Op *);

/// Sources of one lane, zero-extended.
struct LaneArguments {
  uint64_t a, b, c, d;
  uint32_t flags;
  uint64_t imm;
};
/// The result of one lane. Pure.
using LaneFunction = uint64_t (*)(const LaneArguments &);

/// What an operation needs beyond its fixed fields, owned by the program.
struct OpInfo {
  virtual ~OpInfo() = default;
};

/// Operand fields are byte offsets into the warp's registers; with the top bit
/// set, into the program's constants. A 32-bit register (or one of 8 or 16
/// bits, zero-extended) takes 32 lanes x 4 bytes, a 64-bit one 32 x 8; a
/// predicate is one 32-bit mask with a bit per lane.
struct alignas(64) Op {
  Handler run = nullptr;
  union {
    LaneFunction lane;
    const OpInfo *info;
    const Op *target; ///< of a branch
    uint64_t payload = 0;
  };
  uint32_t dst = 0, a = 0, b = 0, c = 0, d = 0;
  uint32_t guard = 0;     ///< a predicate; offset 0 is always true
  uint32_t guardFlip = 0; ///< ~0: the negation guards
  uint32_t flags = 0;
  uint64_t imm = 0;
  uint32_t line = 0;
  /// Index into Program::mnemonics; kNoInstruction where another operation
  /// counts for the instruction.
  uint32_t mnemonic = 0;
};

inline constexpr uint32_t kNoInstruction = ~0u;

inline constexpr uint32_t kConstantBit = 0x80000000u;
inline constexpr int kWarpSize = 32;

/// Where a variable of a kernel lives.
struct SharedSymbol {
  std::string name;
  uint32_t offset, size, align;
  bool isReserved = false; ///< the system's: it holds something
};
/// Of the shared memory of every CTA.
inline constexpr uint32_t kReservedShared = 1024;

struct KernelParam {
  std::string name;
  uint32_t offset, size, align;
  bool isArray;
  std::string type;
};

struct Program {
  std::string name;
  std::vector<Op> ops;
  std::vector<char> constants; ///< aligned by whoever copies it
  uint32_t registerBytes = 0;
  std::vector<KernelParam> params;
  uint32_t paramBytes = 0;
  std::vector<SharedSymbol> sharedSymbols;
  uint32_t staticShared = 0;  ///< end of the last static symbol
  uint32_t dynamicShared = 0; ///< where dynamic shared memory begins
  bool usesDynamicShared = false;
  bool usesReservedShared = false;
  uint32_t localBytes = 0; ///< per thread
  /// From the local memory of a thread to that of the next one.
  uint64_t localStride() const { return (uint64_t(localBytes) + 15) / 16 * 16; }
  /// Special registers that the program reads: name -> offset of its lanes.
  std::map<std::string, uint32_t> specials;
  std::vector<std::string> mnemonics;
  std::vector<std::unique_ptr<OpInfo>> infos;
  std::map<std::string, std::vector<uint64_t>> directives;
  unsigned virtualRegisters = 0; ///< before they shared storage
  unsigned namedBarriers = 0;
  /// Computes, branches, and accesses memory by ld, st, atom, red with fences
  /// and barriers, and nothing else.
  bool isPlain = false;
  /// CTAs whose tensor memory its tcgen05 instructions work on: 0 where there
  /// are none, else 1 or 2 (pairs).
  uint32_t tensorCtas = 0;

  /// Address of the module's variables are constants that are filled in when
  /// the module is loaded on a device: offset of the constant -> (symbol,
  /// addend).
  struct Relocation {
    uint32_t constant;
    std::string symbol;
    int64_t addend;
  };
  std::vector<Relocation> relocations;
  /// Constants that are addresses of shared variables, which have the rank of
  /// the CTA within its cluster in their upper bits: offset, whether of 64
  /// bits.
  std::vector<std::pair<uint32_t, bool>> sharedAddresses;
};

/// Element types of instructions.
enum class Type : uint8_t {
  None,
  Pred,
  B8,
  B16,
  B32,
  B64,
  B128,
  U8,
  U16,
  U32,
  U64,
  S8,
  S16,
  S32,
  S64,
  F16,
  F16x2,
  BF16,
  BF16x2,
  F32,
  F64,
  TF32,
  E4M3,
  E5M2,
  E4M3x2,
  E5M2x2,
  F32x2,
};
Type parseType(const std::string &modifier);
int bitsOf(Type type);
inline bool isSigned(Type type) {
  return type >= Type::S8 && type <= Type::S64;
}
inline bool isFloat(Type type) { return type >= Type::F16; }

} // namespace moe::emu

#endif // MOE_RUNTIME_EMULATOR_PROGRAM_H
