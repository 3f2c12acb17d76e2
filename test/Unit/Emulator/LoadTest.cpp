// What a module may hold, and how problems are reported.
#include "Support.h"

using namespace moe::emu;
using namespace moe::emu::test;

namespace {

std::string loadError(const std::string &text) {
  try {
    Emulator emulator;
    emulator.load(text, "k.ptx");
  } catch (const LoadError &error) {
    return error.what();
  }
  return "";
}

const std::string kHead = ".version 8.7\n.target sm_90a\n.address_size 64\n";

TEST(Load, ListsEverythingThatIsUnknown) {
  std::string text =
      kHead + ".visible .entry k()\n{\n.reg .b32 %r<4>;\nfrobnicate.b32 %r1, "
              "%r2;\nadd.s32.wow %r1, %r2, %r3;\nadd.s32 %r1, %r2, 1;\n"
              "wibble.u32 %r1;\nmov.u32 %r1, %nosuch;\nret;\n}\n";
  EXPECT_EQ(loadError(text), "k.ptx:7: unknown instruction 'frobnicate.b32'\n"
                             "k.ptx:8: 'add.s32.wow': unknown modifier '.wow'\n"
                             "k.ptx:10: unknown instruction 'wibble.u32'\n"
                             "k.ptx:11: 'mov.u32': unknown name '%nosuch'");
}

TEST(Load, SyntaxErrorsHaveLines) {
  EXPECT_EQ(loadError(kHead + ".visible .entry k()\n{\n.reg .b32 "
                              "%r<4>;\nadd.s32 %r1 %r2;\nret;\n}\n"),
            "k.ptx:7: expects ';', but got '%r2'");
  EXPECT_EQ(
      loadError(kHead + ".visible .entry k()\n{\n.reg .b99 %r<4>;\nret;\n}\n"),
      "k.ptx:6: unknown type '.b99' of registers");
  EXPECT_EQ(loadError(kHead + ".visible .entry k()\n{\nbra L;\nret;\n}\n"),
            "k.ptx:6: 'bra': unknown label 'L'");
  EXPECT_EQ(
      loadError(kHead + ".visible .entry k()\n{\n.reg .b64 %rd1; .reg .b32 "
                        "%r1;\nadd.s32 %r1, %rd1, 1;\nret;\n}\n"),
      "k.ptx:7: 'add.s32': expects a register of 32 bits, but '%rd1' has 64");
}

TEST(Load, UnsupportedIsRefused) {
  EXPECT_NE(loadError(kernelText("cp.async.bulk.tensor.6d.shared::cluster"
                                 ".global [%r1], [%p0], [%r2];",
                                 1))
                .find("expects '.1d' to '.5d'"),
            std::string::npos);
  EXPECT_NE(loadError(kernelText("tensormap.cp_fenceproxy.global [%p0];", 1))
                .find("'tensormap.cp_fenceproxy.global': expects another "
                      "modifier"),
            std::string::npos);
  EXPECT_NE(
      loadError(kernelText("tensormap.replace.tile.swizzle_atomicity.global."
                           "b1024.b32 [%p0], 1;",
                           1))
          .find("expects a field that is supported"),
      std::string::npos);
  EXPECT_NE(loadError(kernelText("tcgen05.shift.cta_group::1.down [%r1];", 0))
                .find("tcgen05.shift is not supported"),
            std::string::npos);
  EXPECT_NE(loadError(kernelText("barrier.cluster.sync;", 0))
                .find("expects '.arrive' or '.wait'"),
            std::string::npos);
}

TEST(Load, Statements) {
  // Comments, blocks with names of their own, pragmas, locations, constant
  // expressions, several names in one declaration.
  KernelRun run(kernelText(
      "/* a comment\n over lines */ .pragma \"nounroll\";\n.loc 1 2 3\n{ .reg "
      ".b32 %x, %y; mov.u32 %x, (3 + 4) * 2; mov.u32 %y, 0x10; "
      "add.u32 %r1, %x, %y;\n { .reg .b32 %x; mov.u32 %x, 1000; bra DONE; "
      "DONE: add.u32 %r1, %r1, %x; } add.u32 %r1, %r1, %x; }\n"
      "bra DONE; mov.u32 %r1, 0; DONE: st.global.u32 [%p0+-4+4], %r1;",
      1));
  uint64_t out = run.output(4);
  ASSERT_TRUE(run.launch({1}, {1})) << run.report();
  EXPECT_EQ(run.read<uint32_t>(out, 1)[0], 14u + 16 + 1000 + 14);
}

TEST(Load, VariablesAndInitialisers) {
  KernelRun run(kernelText(
      "ld.const.f32 %f0, [table+8]; st.global.f32 [%p0], %f0; ld.global.u64 "
      "%rd1, [where]; ld.global.u32 %r1, [%rd1+4]; st.global.u32 "
      "[%p0+4], %r1; mov.u64 %rd2, matrix; ld.global.u16 %h1, [%rd2+6]; "
      "cvt.u32.u16 %r2, %h1; st.global.u32 [%p0+8], %r2; ld.global.u32 "
      "%r3, [zeros+12]; st.global.u32 [%p0+12], %r3;",
      1,
      ".const .align 4 .f32 table[3] = {1.0, 0f40000000, 2.5};\n.global .align "
      "4 .u32 numbers[] = {10, 20, 30};\n.global .u64 where = "
      "generic(numbers);\n.global .u16 matrix[2][2] = {{1, 2}, {3, "
      "4}};\n.global .u32 zeros[4];\n"));
  uint64_t out = run.output(16);
  ASSERT_TRUE(run.launch({1}, {1})) << run.report();
  EXPECT_EQ(run.read<float>(out, 1)[0], 2.5f);
  EXPECT_EQ(run.read<uint32_t>(out, 4)[1], 20u);
  EXPECT_EQ(run.read<uint32_t>(out, 4)[2], 4u);
  EXPECT_EQ(run.read<uint32_t>(out, 4)[3], 0u);
}

TEST(Load, FunctionsAreInlined) {
  std::string functions = R"(
.func (.param .b32 result) twice(.param .b32 x) { .reg .b32 %a; ld.param.u32 %a, [x]; add.u32 %a, %a, %a; st.param.b32 [result], %a; ret; }
.func (.reg .b32 out) choose(.reg .b32 x) { .reg .pred %p; setp.gt.u32 %p, x, 10; mov.u32 out, 1; @%p ret; mov.u32 out, 2; ret; }
)";
  std::string body =
      R"({ .param .b32 argument; .param .b32 value; st.param.b32 [argument], %tid_; call.uni (value), twice, (argument);
ld.param.b32 %r1, [value]; }
call (%r2), choose, (%r1);
mad.lo.u32 %r3, %r2, 1000, %r1; mul.wide.u32 %rd1, %tid_, 4; add.u64 %rd2, %p0, %rd1; st.global.u32 [%rd2], %r3;)";
  KernelRun run(kernelText(body, 1, functions));
  uint64_t out = run.output(32 * 4);
  ASSERT_TRUE(run.launch({1}, {32})) << run.report();
  for (uint32_t i = 0; i < 32; ++i)
    EXPECT_EQ(run.read<uint32_t>(out, 32)[i],
              (2 * i > 10 ? 1000 : 2000) + 2 * i);
  EXPECT_NE(loadError(kernelText("call recurse;", 0,
                                 ".func recurse() { call recurse; ret; }"))
                .find("recursive calls"),
            std::string::npos);
}

TEST(Load, LaunchContracts) {
  KernelRun run(kernelText("", 1));
  run.output(4);
  EXPECT_THROW(run.launch({1}, {2048}), UsageError);
  run.arguments.pop_back();
  EXPECT_THROW(run.launch({1}, {32}), UsageError);
}

} // namespace
