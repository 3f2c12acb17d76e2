// The CPU that code is generated for.
#ifndef MOE_TARGET_CPUTARGET_H
#define MOE_TARGET_CPUTARGET_H

#include "moe/Analysis/Schedule.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <string>

namespace llvm {
class TargetMachine;
} // namespace llvm

namespace moe {

/// A CPU by name, with its features.
class CpuTarget {
public:
  /// `cpu` is "host" or a name that LLVM knows, such as "x86-64-v3" or
  /// "znver4"; `features` adds to it or takes from it, such as
  /// "+avx512f,-fma".
  static llvm::Expected<CpuTarget> create(llvm::StringRef cpu,
                                          llvm::StringRef features = "");
  CpuTarget(CpuTarget &&);
  CpuTarget &operator=(CpuTarget &&);
  ~CpuTarget();

  llvm::TargetMachine &machine() const { return *targetMachine; }
  llvm::StringRef cpu() const { return cpuName; }
  /// Width of the vectors that code for this CPU should use.
  unsigned vectorBits() const;
  unsigned vectorRegisters() const;
  /// Whether pairs of bf16 are multiplied and added to f32 by one instruction
  /// on the widest vectors.
  bool hasBF16Dot() const;
  /// Whether tile registers do so too (AMX).
  bool hasBF16Tiles() const;
  /// Whether instructions convert f16 to f32 and back.
  bool hasF16Conversions() const;
  /// Bytes ahead of loads from memory at which kernels should fetch; 0 where
  /// the CPU does that better.
  int64_t fetchDistance() const;
  /// What the cost model of forms knows of such a CPU.
  MachineRates rates() const;
  bool hasFeature(llvm::StringRef feature) const;
  /// The instruction sets that generated code may use, as the artefact's
  /// contract spells them (`target_features` in abi.h).
  std::string requiredFeatures() const;

private:
  CpuTarget(std::unique_ptr<llvm::TargetMachine> machine, std::string cpu);
  std::unique_ptr<llvm::TargetMachine> targetMachine;
  std::string cpuName;
};

} // namespace moe

#endif // MOE_TARGET_CPUTARGET_H
