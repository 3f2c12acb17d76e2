// Instructions that compute, one after the other, against numbers known from
// the PTX manual's definitions.
#include "Support.h"

#include <bit>

using namespace moe::emu;
using namespace moe::emu::test;

namespace {

/// Runs `code`, which leaves its result in %r63, for every element of `inputs`
/// (in %r0, %r1 and %r2) and returns the results.
std::vector<uint32_t>
evaluate32(const std::string &code,
           const std::vector<std::array<uint32_t, 3>> &inputs) {
  KernelRun run(
      kernelText("mul.wide.u32 %rd0, %gid_, 12; add.u64 %rd1, %p0, %rd0; "
                 "ld.global.u32 %r0, [%rd1]; ld.global.u32 %r1, [%rd1+4]; "
                 "ld.global.u32 %r2, [%rd1+8];\n" +
                     code +
                     "\nmul.wide.u32 %rd2, %gid_, 4; add.u64 %rd3, %p1, %rd2; "
                     "st.global.u32 [%rd3], %r63;",
                 2));
  std::vector<uint32_t> flat;
  for (const auto &input : inputs)
    flat.insert(flat.end(), input.begin(), input.end());
  run.input(flat);
  uint64_t out = run.output(inputs.size() * 4);
  EXPECT_TRUE(run.launch({1}, {static_cast<uint32_t>(inputs.size())}))
      << run.report();
  return run.read<uint32_t>(out, inputs.size());
}

uint32_t one32(const std::string &code, uint32_t a, uint32_t b = 0,
               uint32_t c = 0) {
  return evaluate32(code, {{a, b, c}})[0];
}
uint32_t bits(float value) { return std::bit_cast<uint32_t>(value); }

TEST(Arithmetic, Integers) {
  EXPECT_EQ(one32("add.s32 %r63, %r0, %r1;", 7, 0xfffffffe), 5u);
  EXPECT_EQ(one32("add.sat.s32 %r63, %r0, %r1;", 0x7fffffff, 1), 0x7fffffffu);
  EXPECT_EQ(one32("mul.hi.s32 %r63, %r0, %r1;", 0x80000000, 4), 0xfffffffeu);
  EXPECT_EQ(one32("mul.hi.u32 %r63, %r0, %r1;", 0x80000000, 4), 2u);
  EXPECT_EQ(one32("mad.lo.s32 %r63, %r0, %r1, %r2;", 3, 0xffffffff, 10), 7u);
  EXPECT_EQ(one32("div.s32 %r63, %r0, %r1;", 0xfffffff9, 2), 0xfffffffdu);
  EXPECT_EQ(one32("rem.s32 %r63, %r0, %r1;", 0xfffffff9, 2), 0xffffffffu);
  EXPECT_EQ(one32("min.s32 %r63, %r0, %r1;", 0xffffffff, 1), 0xffffffffu);
  EXPECT_EQ(one32("min.u32 %r63, %r0, %r1;", 0xffffffff, 1), 1u);
  EXPECT_EQ(one32("shl.b32 %r63, %r0, %r1;", 1, 32), 0u);
  EXPECT_EQ(one32("shr.s32 %r63, %r0, %r1;", 0x80000000, 99), 0xffffffffu);
  EXPECT_EQ(one32("shr.u32 %r63, %r0, %r1;", 0x80000000, 31), 1u);
  EXPECT_EQ(one32("bfe.s32 %r63, %r0, 4, 4;", 0x80), 0xfffffff8u);
  EXPECT_EQ(one32("bfe.u32 %r63, %r0, 4, 4;", 0x80), 8u);
  EXPECT_EQ(one32("bfi.b32 %r63, %r0, %r1, 8, 8;", 0xab, 0x11223344),
            0x1122ab44u);
  EXPECT_EQ(one32("prmt.b32 %r63, %r0, %r1, 0x7531;", 0x33221100, 0x77665544),
            0x77553311u);
  EXPECT_EQ(one32("prmt.b32 %r63, %r0, %r1, 0xb;", 0x80000000, 0), 0x000000ffu);
  EXPECT_EQ(one32("lop3.b32 %r63, %r0, %r1, %r2, 0xe8;", 0xf0, 0xcc, 0xaa),
            0xe8u);
  EXPECT_EQ(one32("shf.l.wrap.b32 %r63, %r0, %r1, 8;", 0x11223344, 0xaabbccdd),
            0xbbccdd11u);
  EXPECT_EQ(
      one32("dp4a.s32.s32 %r63, %r0, %r1, %r2;", 0x01fe03fc, 0x01010101, 100),
      98u);
  EXPECT_EQ(one32("popc.b32 %r63, %r0;", 0xf0f0), 8u);
  EXPECT_EQ(one32("bfind.u32 %r63, %r0;", 0), 0xffffffffu);
  EXPECT_EQ(one32("brev.b32 %r63, %r0;", 1), 0x80000000u);
  EXPECT_EQ(one32("add.s16x2 %r63, %r0, %r1;", 0x7fff0001, 0x00010002),
            0x80000003u);
  EXPECT_EQ(one32("min.s16x2 %r63, %r0, %r1;", 0xffff0005, 0x00010004),
            0xffff0004u);
  EXPECT_EQ(one32("min.u16x2 %r63, %r0, %r1;", 0xffff0005, 0x00010004),
            0x00010004u);
  EXPECT_EQ(one32("max.relu.s16x2 %r63, %r0, %r1;", 0xffff0005, 0xfffe0004),
            0x00000005u);
  EXPECT_EQ(one32("min.relu.s16x2 %r63, %r0, %r1;", 0xffff0005, 0x00030004),
            0x00000004u);
  // lop3 with a predicate: the result is not zero, and or or another one.
  std::string lop3 = "setp.eq.u32 %q2, %r0, 0xf0; lop3.OP.b32 %r5|%q1, %r0, "
                     "%r1, %r2, 0xe8, NOT%q2; selp.u32 %r63, 1, %r5, %q1;";
  auto withPredicate = [&](const char *op, const char *negation, uint32_t a) {
    std::string code = lop3;
    code.replace(code.find("OP"), 2, op);
    code.replace(code.find("NOT"), 3, negation);
    return one32(code, a, 0xcc, 0xaa);
  };
  EXPECT_EQ(withPredicate("and", "", 0xf0), 1u);
  EXPECT_EQ(withPredicate("and", "!", 0xf0), 0xe8u);
  EXPECT_EQ(withPredicate("or", "!", 0xf0), 1u);
  EXPECT_EQ(withPredicate("and", "", 0), 0x88u);
}

TEST(Arithmetic, WideAndCarries) {
  // 64-bit product and sum by halves.
  EXPECT_EQ(one32("mul.wide.s32 %rd9, %r0, %r1; mov.b64 {%r5, %r63}, %rd9;",
                  0xffffffff, 5),
            0xffffffffu);
  EXPECT_EQ(one32("add.cc.u32 %r5, %r0, %r1; addc.u32 %r63, %r2, 0;",
                  0xffffffff, 1, 41),
            42u);
  EXPECT_EQ(one32("sub.cc.u32 %r5, %r0, %r1; subc.u32 %r63, %r2, 0;", 0, 1, 41),
            40u);
}

TEST(Arithmetic, SixteenBits) {
  EXPECT_EQ(one32("cvt.u16.u32 %h0, %r0; cvt.u16.u32 %h1, %r1; add.u16 %h2, "
                  "%h0, %h1; cvt.u32.u16 %r63, %h2;",
                  0xffff, 2),
            1u);
  EXPECT_EQ(
      one32("mov.b32 {%h0, %h1}, %r0; mov.b32 %r63, {%h1, %h0};", 0x11223344),
      0x33441122u);
  EXPECT_EQ(one32("cvt.u16.u32 %h0, %r0; cvt.s32.s16 %r63, %h0;", 0x8000),
            0xffff8000u);
}

TEST(Arithmetic, FloatRoundings) {
  // 1 + 2^-24 lies halfway; directed roundings differ.
  EXPECT_EQ(one32("add.rn.f32 %r63, %r0, %r1;", bits(1.0f), bits(0x1p-24f)),
            bits(1.0f));
  EXPECT_EQ(one32("add.rp.f32 %r63, %r0, %r1;", bits(1.0f), bits(0x1p-24f)),
            bits(0x1.000002p0f));
  EXPECT_EQ(one32("add.rz.f32 %r63, %r0, %r1;", bits(1.0f), bits(-0x1p-30f)),
            bits(0x1.fffffep-1f));
  EXPECT_EQ(one32("fma.rn.f32 %r63, %r0, %r1, %r2;", bits(0x1.001p0f),
                  bits(0x1.001p0f), bits(-1.0f)),
            bits(0x1.0008p-11f));
  EXPECT_EQ(one32("mul.rn.f32 %r4, %r0, %r1; add.rn.f32 %r63, %r4, %r2;",
                  bits(0x1.001p0f), bits(0x1.001p0f), bits(-1.0f)),
            bits(0x1p-11f));
  EXPECT_EQ(one32("div.rn.f32 %r63, %r0, %r1;", bits(1.0f), bits(3.0f)),
            bits(1.0f / 3.0f));
  EXPECT_EQ(one32("div.rp.f32 %r63, %r0, %r1;", bits(1.0f), bits(3.0f)),
            0x3eaaaaabu);
  EXPECT_EQ(one32("div.rz.f32 %r63, %r0, %r1;", bits(1.0f), bits(3.0f)),
            0x3eaaaaaau);
  EXPECT_EQ(one32("sqrt.rn.f32 %r63, %r0;", bits(2.0f)), 0x3fb504f3u);
  EXPECT_EQ(
      one32("mul.ftz.f32 %r63, %r0, %r1;", bits(0x1p-100f), bits(0x1p-40f)),
      0u);
  EXPECT_EQ(one32("mul.f32 %r63, %r0, %r1;", bits(0x1p-100f), bits(0x1p-40f)),
            bits(0x1p-140f));
  EXPECT_EQ(one32("add.sat.f32 %r63, %r0, %r1;", bits(0.75f), bits(0.75f)),
            bits(1.0f));
  EXPECT_EQ(one32("sub.f32 %r63, %r0, %r0;", 0x7f800000), 0x7fffffffu);
  EXPECT_EQ(one32("min.f32 %r63, %r0, %r1;", 0x7fc00000, bits(2.0f)),
            bits(2.0f));
  EXPECT_EQ(one32("min.NaN.f32 %r63, %r0, %r1;", 0x7fc00000, bits(2.0f)),
            0x7fffffffu);
  EXPECT_EQ(one32("max.f32 %r63, %r0, %r1;", 0x80000000, 0), 0u);
  EXPECT_EQ(one32("ex2.approx.f32 %r63, %r0;", bits(10.0f)), bits(1024.0f));
  EXPECT_EQ(one32("lg2.approx.f32 %r63, %r0;", bits(8.0f)), bits(3.0f));
}

TEST(Arithmetic, PairsOfFloats) {
  auto half = [](const std::string &operation, const char *parts) {
    return one32("mov.b64 %rd9, {%r0, %r1}; mov.b64 %rd10, {%r1, %r2}; " +
                     operation + " mov.b64 " + parts + ", %rd11;",
                 bits(1), bits(-3), bits(0x1p-24f));
  };
  std::string sum = "add.rz.f32x2 %rd11, %rd9, %rd10;",
              product = "fma.rn.f32x2 %rd11, %rd9, %rd10, %rd9;";
  EXPECT_EQ(half(sum, "{%r63, _}"), bits(-2));
  EXPECT_EQ(half(sum, "{_, %r63}"), bits(-3 + 0x1p-22f)); // towards zero
  EXPECT_EQ(half(product, "{%r63, _}"), bits(-2));
  EXPECT_EQ(half(product, "{_, %r63}"), bits(-3 - 0x1p-22f)); // -3 - 3 * 2^-24
}

TEST(Arithmetic, Half) {
  // 2048 + 1 in f16 rounds to even; 1 + 2^-8 is a bf16 tie.
  EXPECT_EQ(one32("add.rn.f16x2 %r63, %r0, %r1;", 0x68003c00, 0x3c003c00),
            0x68004000u);
  EXPECT_EQ(one32("fma.rn.bf16x2 %r63, %r0, %r1, %r2;", 0x3f803f80, 0x3f803f80,
                  0x3f803b80),
            0x40003f80u);
  EXPECT_EQ(
      one32("cvt.rn.f16x2.f32 %r63, %r0, %r1;", bits(65520.0f), bits(0x1p-24f)),
      0x7c000001u);
  EXPECT_EQ(one32("cvt.rn.bf16x2.f32 %r63, %r0, %r1;", bits(1.0f + 0x1p-8f),
                  bits(1.0f + 0x3p-8f)),
            0x3f803f82u);
  EXPECT_EQ(
      one32("cvt.rn.relu.bf16x2.f32 %r63, %r0, %r1;", bits(-1.0f), bits(2.0f)),
      0x00004000u);
  EXPECT_EQ(one32("cvt.rna.tf32.f32 %r63, %r0;", bits(1.0f + 0x1p-11f)),
            bits(1.0f + 0x1p-10f));
  EXPECT_EQ(
      one32("cvt.rn.satfinite.e4m3x2.f32 %h0, %r0, %r1; cvt.u32.u16 %r63, %h0;",
            bits(1000.0f), bits(-1.5f)),
      0x7ebcu);
  EXPECT_EQ(
      one32("cvt.u16.u32 %h0, %r0; cvt.rn.f16x2.e4m3x2 %r63, %h0;", 0x7ebc),
      0x5f00be00u);
  EXPECT_EQ(one32("cvt.u16.u32 %h0, %r0; cvt.f32.f16 %r63, %h0;", 0x0001),
            bits(0x1p-24f));
}

TEST(Arithmetic, Conversions) {
  EXPECT_EQ(one32("cvt.rzi.s32.f32 %r63, %r0;", bits(-2.9f)), 0xfffffffeu);
  EXPECT_EQ(one32("cvt.rni.s32.f32 %r63, %r0;", bits(2.5f)), 2u);
  EXPECT_EQ(one32("cvt.rmi.s32.f32 %r63, %r0;", bits(-2.1f)), 0xfffffffdu);
  EXPECT_EQ(one32("cvt.rzi.u32.f32 %r63, %r0;", bits(-5.0f)), 0u);
  EXPECT_EQ(one32("cvt.rzi.s32.f32 %r63, %r0;", bits(3e9f)), 0x7fffffffu);
  EXPECT_EQ(one32("cvt.rzi.s32.f32 %r63, %r0;", 0x7fc00000), 0u);
  EXPECT_EQ(one32("cvt.rn.f32.u32 %r63, %r0;", 0xffffffff),
            bits(4294967296.0f));
  EXPECT_EQ(one32("cvt.rz.f32.u32 %r63, %r0;", 0xffffffff), 0x4f7fffffu);
  EXPECT_EQ(one32("cvt.s8.s32 %r63, %r0;", 0x180), 0xffffff80u);
  EXPECT_EQ(one32("cvt.sat.s8.s32 %r63, %r0;", 0x180), 0x7fu);
  EXPECT_EQ(one32("cvt.rpi.f32.f32 %r63, %r0;", bits(1.25f)), bits(2.0f));
  EXPECT_EQ(one32("cvt.f64.f32 %fd0, %r0; add.f64 %fd1, %fd0, %fd0; "
                  "cvt.rn.f32.f64 %r63, %fd1;",
                  bits(1.5f)),
            bits(3.0f));
}

TEST(Arithmetic, Comparisons) {
  std::string nan = "0f7FC00000";
  EXPECT_EQ(
      one32("setp.lt.f32 %q0, %r0, " + nan + "; selp.u32 %r63, 1, 0, %q0;", 0),
      0u);
  EXPECT_EQ(
      one32("setp.ltu.f32 %q0, %r0, " + nan + "; selp.u32 %r63, 1, 0, %q0;", 0),
      1u);
  EXPECT_EQ(
      one32("setp.ne.f32 %q0, %r0, " + nan + "; selp.u32 %r63, 1, 0, %q0;", 0),
      0u);
  EXPECT_EQ(
      one32("setp.nan.f32 %q0, %r0, " + nan + "; selp.u32 %r63, 1, 0, %q0;", 0),
      1u);
  EXPECT_EQ(one32("setp.gt.s32 %q0, %r0, %r1; selp.u32 %r63, 1, 0, %q0;", 1,
                  0xffffffff),
            1u);
  EXPECT_EQ(one32("setp.gt.u32 %q0, %r0, %r1; selp.u32 %r63, 1, 0, %q0;", 1,
                  0xffffffff),
            0u);
  EXPECT_EQ(
      one32("setp.eq.s32 %q1, %r0, 1; setp.gt.and.s32 %q0|%q2, %r1, 5, %q1; "
            "selp.u32 %r4, 1, 0, %q0; selp.u32 %r5, 2, 0, %q2; or.b32 "
            "%r63, %r4, %r5;",
            1, 3),
      2u);
  EXPECT_EQ(one32("set.lt.u32.s32 %r63, %r0, %r1;", 1, 2), 0xffffffffu);
  EXPECT_EQ(one32("setp.lt.s32 %q0, %r0, %r1; @!%q0 mov.u32 %r0, 77; mov.u32 "
                  "%r63, %r0;",
                  5, 2),
            77u);
}

} // namespace
