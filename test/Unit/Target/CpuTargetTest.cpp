// Which instruction sets an artefact says that it needs.
#include "moe/Target/CpuTarget.h"
#include "moe-rt/abi.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"
#include "gtest/gtest.h"

using llvm::StringRef;

namespace {

std::string required(StringRef cpu, StringRef features) {
  llvm::Expected<moe::CpuTarget> target = moe::CpuTarget::create(cpu, features);
  if (!target) {
    ADD_FAILURE() << llvm::toString(target.takeError());
    return "";
  }
  return target->requiredFeatures();
}

#if defined(__x86_64__)

TEST(CpuTarget, RequiresTheInstructionSetsOfTheCpu) {
  EXPECT_EQ(required("x86-64", ""), "");
  EXPECT_EQ(required("x86-64-v3", ""),
            "cx16,sahf,sse3,ssse3,sse4.1,sse4.2,popcnt,movbe,lzcnt,bmi,bmi2,"
            "avx,f16c,fma,avx2");
  EXPECT_EQ(required("x86-64-v2", "+xop,+fast-gather"),
            "cx16,sahf,sse3,ssse3,sse4.1,sse4.2,sse4a,popcnt,avx,fma4,xop");
}

TEST(CpuTarget, FetchesForProcessorsThatDoNotLookFarAhead) {
  auto distance = [](StringRef cpu) {
    return llvm::cantFail(moe::CpuTarget::create(cpu)).fetchDistance();
  };
  EXPECT_GT(distance("icelake-server"), 0);
  EXPECT_GT(distance("x86-64-v3"), 0);
  EXPECT_EQ(distance("znver4"), 0);
}

TEST(CpuTarget, ConvertsF16ByInstructionsWithF16C) {
  auto converts = [](StringRef cpu, StringRef features) {
    return llvm::cantFail(moe::CpuTarget::create(cpu, features))
        .hasF16Conversions();
  };
  EXPECT_FALSE(converts("x86-64-v2", ""));
  EXPECT_TRUE(converts("x86-64-v2", "+f16c"));
  EXPECT_TRUE(converts("znver4", ""));
}

/// Names that describe how fast something is, or how to harden code.
bool tunes(StringRef name) {
  static constexpr StringRef prefixes[] = {
      "allow-", "branch",  "ermsb",      "false-deps-", "fast-",   "faster-",
      "fsrm",   "harden-", "idiv",       "inline-",     "lea-",    "lvi-",
      "macro",  "no-",     "pad-",       "prefer-",     "retpol",  "sbb-",
      "seses",  "slow-",   "sse-un",     "tagged-",     "tuning-", "use-",
      "vzero",  "nopl",    "soft-float", "16bit-mode",  "32bit-",  "64bit",
      "x32"};
  return llvm::any_of(
      prefixes, [&](StringRef prefix) { return name.starts_with(prefix); });
}

/// What every x86-64 has, what only system software uses, and what code gets by
/// intrinsic functions alone, which moec does not use.
const llvm::StringSet<> &neverUsed() {
  static const llvm::StringSet<> names = {
      "cmov",     "cx8",        "fxsr",      "mmx",    "sse",    "sse2",
      "x87",      "clflushopt", "cldemote",  "clwb",   "clzero", "enqcmd",
      "fsgsbase", "hreset",     "invpcid",   "kl",     "lwp",    "mwaitx",
      "pconfig",  "pku",        "ptwrite",   "rdpru",  "sgx",    "shstk",
      "uintr",    "usermsr",    "wbnoinvd",  "widekl", "xsave",  "xsavec",
      "xsaveopt", "xsaves",     "adx",       "aes",    "crc32",  "movdir64b",
      "movdiri",  "movrs",      "prefetchi", "rdpid",  "rdrnd",  "rdseed",
      "rtm",      "serialize",  "sha",       "sha512", "sm3",    "sm4",
      "tsxldtrk", "vaes",       "waitpkg"};
  return names;
}

// A newer LLVM that knows more instruction sets must not use them unsaid.
TEST(CpuTarget, KnowsWhatEveryFeatureOfLLVMIs) {
  const llvm::StringSet<> contract = {MOE_X86_INSTRUCTION_SETS};
  llvm::Expected<moe::CpuTarget> target = moe::CpuTarget::create("x86-64", "");
  ASSERT_TRUE(!!target);
  size_t found = 0;
  for (const llvm::SubtargetFeatureKV &feature :
       target->machine().getMCSubtargetInfo()->getAllProcessorFeatures()) {
    StringRef name = feature.Key;
    int kinds =
        contract.contains(name) + neverUsed().contains(name) + tunes(name);
    EXPECT_EQ(kinds, 1) << name.str()
                        << " is one of: MOE_X86_INSTRUCTION_SETS of abi.h, "
                           "never used, tuning";
    found += contract.contains(name);
  }
  EXPECT_EQ(found, contract.size());
}

#endif

} // namespace
