// Names, features and vector shapes of the CPUs that code is generated for.
#include "moe/Target/CpuTarget.h"
#include "moe-rt/abi.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/SubtargetFeature.h"

#include <mutex>

using namespace moe;

static constexpr llvm::StringLiteral x86InstructionSets[] = {
    MOE_X86_INSTRUCTION_SETS};

CpuTarget::CpuTarget(std::unique_ptr<llvm::TargetMachine> machine,
                     std::string cpu)
    : targetMachine(std::move(machine)), cpuName(std::move(cpu)) {}
CpuTarget::CpuTarget(CpuTarget &&) = default;
CpuTarget &CpuTarget::operator=(CpuTarget &&) = default;
CpuTarget::~CpuTarget() = default;

llvm::Expected<CpuTarget> CpuTarget::create(llvm::StringRef cpu,
                                            llvm::StringRef features) {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
  });
  llvm::Triple triple(llvm::sys::getDefaultTargetTriple());
  std::string message;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, message);
  if (!target)
    return llvm::createStringError(message);

  llvm::SubtargetFeatures all;
  std::string name = cpu.str();
  if (cpu.empty() || cpu == "host") {
    name = llvm::sys::getHostCPUName().str();
    for (const auto &feature : llvm::sys::getHostCPUFeatures())
      all.AddFeature(feature.getKey(), feature.getValue());
  } else {
    std::unique_ptr<llvm::MCSubtargetInfo> known(
        target->createMCSubtargetInfo(triple, "", ""));
    if (!known->isCPUStringValid(name))
      return llvm::createStringError(
          "expects the name of a CPU, but got '" + name +
          "'; --cpu=host is this machine, and x86-64-v3 is any with AVX2");
  }
  for (llvm::StringRef feature : llvm::split(features, ',')) {
    if (feature.empty())
      continue;
    if (feature.front() != '+' && feature.front() != '-')
      return llvm::createStringError("expects features such as '+avx512f' or "
                                     "'-fma', but got '" +
                                     feature.str() + "'");
    all.AddFeature(feature.drop_front(), feature.front() == '+');
  }
  llvm::TargetOptions options;
  std::unique_ptr<llvm::TargetMachine> machine(target->createTargetMachine(
      triple, name, all.getString(), options, llvm::Reloc::PIC_, std::nullopt,
      llvm::CodeGenOptLevel::Aggressive));
  if (!machine)
    return llvm::createStringError("cannot generate code for " + triple.str());
  return CpuTarget(std::move(machine), std::move(name));
}

bool CpuTarget::hasFeature(llvm::StringRef feature) const {
  return targetMachine->getMCSubtargetInfo()->checkFeatures(
      ("+" + feature).str());
}

unsigned CpuTarget::vectorBits() const {
  if (hasFeature("avx512f"))
    return 512;
  return hasFeature("avx2") && hasFeature("fma") ? 256 : 128;
}

unsigned CpuTarget::vectorRegisters() const {
  return vectorBits() == 512 ? 32 : 16;
}

bool CpuTarget::hasBF16Dot() const {
  return vectorBits() == 512 && hasFeature("avx512bf16");
}

bool CpuTarget::hasBF16Tiles() const {
  // Kernels for few rows beside tiles use VNNI, as all such CPUs have it.
  return hasBF16Dot() && hasFeature("amx-tile") && hasFeature("amx-bf16") &&
         hasFeature("avx512vnni");
}

bool CpuTarget::hasF16Conversions() const {
  // Of AArch64 all have them.
  return !targetMachine->getTargetTriple().isX86() || hasFeature("f16c");
}

int64_t CpuTarget::fetchDistance() const {
  // AMD's processors, which alone have SSE4a, lose 5 to 10 % by fetching
  // (Zen 4); Intel's read a third faster, and codes twice as fast (a Xeon
  // with AMX).
  bool isX86 = targetMachine->getTargetTriple().isX86();
  return isX86 && !hasFeature("sse4a") ? 1024 : 0;
}

MachineRates CpuTarget::rates() const {
  // Measured by moe-bench --machine: a Zen 4 core, which computes as fast with
  // vectors of 256 bits as of 512, and one of a Xeon with AMX, whose two units
  // of 512 bits are twice as fast. Of narrower vectors nobody has measured.
  MachineRates rates;
  if (hasBF16Tiles()) {
    rates.flops = 223e9;
    rates.tileFactor = 14.6;
    rates.readBytes = 17e9;
    rates.allReadBytes = 34e9;
  } else if (vectorBits() == 128) {
    rates.flops /= 2;
  }
  return rates;
}

std::string CpuTarget::requiredFeatures() const {
  std::string result;
  if (!targetMachine->getTargetTriple().isX86())
    return result;
  for (llvm::StringRef feature : x86InstructionSets) {
    if (!hasFeature(feature))
      continue;
    if (!result.empty())
      result += ',';
    result += feature;
  }
  return result;
}
