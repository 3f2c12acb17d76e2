// Tensor maps that kernels change: every field, and what makes a change visible
// to tensor copies.
#include "Support.h"

#include <set>

using namespace moe::emu;
using namespace moe::emu::test;

namespace tensormap_test {

TensorMapParams paramsOf(uint64_t address) {
  TensorMapParams params;
  params.type = 7; // f32
  params.rank = 2;
  params.address = address;
  params.dims = {64, 40};
  params.strides = {256};
  params.box = {16, 8};
  return params;
}

/// What `body` makes of a map at p0, of whose words p1 is the address for it.
std::vector<char> changed(const std::string &body, const std::string &space) {
  std::string text =
      space == "global"
          ? "mov.u64 %rd1, %p0;\n" + body
          : "mov.u64 %rd1, map; mov.u64 %rd9, %p0; mov.u32 %r9, 0; COPY: "
            "ld.global.u32 %r1, [%rd9]; st.shared.u32 [%rd1], %r1; add.u64 "
            "%rd9, "
            "%rd9, 4; add.u64 %rd1, %rd1, 4; add.u32 %r9, %r9, 1; setp.lt.u32 "
            "%q1, %r9, 32; @%q1 bra COPY; mov.u64 %rd1, map;\n" +
                body +
                "sub.u64 %rd9, %rd9, 128; mov.u32 %r9, 0; BACK: ld.shared.u32 "
                "%r1, [%rd1]; st.global.u32 [%rd9], %r1; add.u64 %rd9, %rd9, "
                "4; "
                "add.u64 %rd1, %rd1, 4; add.u32 %r9, %r9, 1; setp.lt.u32 %q1, "
                "%r9, 32; @%q1 bra BACK;\n";
  KernelRun run(kernelText(text, 1, ".shared .align 128 .b8 map[128];"));
  auto map = encodeTensorMap(paramsOf(0x700100000000));
  uint64_t at = run.input(std::vector<char>(map.begin(), map.end()));
  EXPECT_TRUE(run.launch({1}, {1})) << run.report();
  return run.read<char>(at, 128);
}

TEST(Tensormap, ReplacesEveryField) {
  struct Case {
    const char *field, *operands;
    void (*change)(TensorMapParams &);
  };
  const Case cases[] = {
      {"global_address", "b64 [%rd1], 0x700200000000",
       [](TensorMapParams &p) { p.address = 0x700200000000; }},
      {"global_dim", "b32 [%rd1], 1, 30",
       [](TensorMapParams &p) { p.dims[1] = 30; }},
      {"global_stride", "b64 [%rd1], 0, 512",
       [](TensorMapParams &p) { p.strides[0] = 512; }},
      {"box_dim", "b32 [%rd1], 0, 32",
       [](TensorMapParams &p) { p.box[0] = 32; }},
      {"element_stride", "b32 [%rd1], 1, 2",
       [](TensorMapParams &p) { p.elementStrides[1] = 2; }},
      // The instruction's number of f32 is the driver's, that of bf16 is not.
      {"elemtype", "b32 [%rd1], 10", [](TensorMapParams &p) { p.type = 9; }},
      {"swizzle_mode", "b32 [%rd1], 2",
       [](TensorMapParams &p) { p.swizzle = 2; }},
      {"interleave_layout", "b32 [%rd1], 0", [](TensorMapParams &) {}},
      {"fill_mode", "b32 [%rd1], 0", [](TensorMapParams &) {}},
  };
  for (const Case &test : cases)
    for (const std::string space : {"global", "shared::cta"}) {
      std::string operands = test.operands;
      TensorMapParams expected = paramsOf(0x700100000000);
      test.change(expected);
      auto bytes = encodeTensorMap(expected);
      EXPECT_EQ(changed(std::string("tensormap.replace.tile.") + test.field +
                            "." + space + ".b1024." + operands + ";\n",
                        space),
                std::vector<char>(bytes.begin(), bytes.end()))
          << test.field;
    }
  // Of a rank of 3 the third dimension counts.
  TensorMapParams three = paramsOf(0x700100000000);
  three.rank = 3;
  three.dims[2] = 5;
  three.strides[1] = 16384;
  three.box[2] = three.elementStrides[2] = 1;
  std::string body;
  for (const char *one : {"rank.global.b1024.b32 [%rd1], 2",
                          "global_dim.global.b1024.b32 [%rd1], 2, 5",
                          "global_stride.global.b1024.b64 [%rd1], 1, 16384",
                          "box_dim.global.b1024.b32 [%rd1], 2, 1",
                          "element_stride.global.b1024.b32 [%rd1], 2, 1"})
    body += std::string("tensormap.replace.tile.") + one + ";\n";
  auto bytes = encodeTensorMap(three);
  EXPECT_EQ(changed(body, "global"),
            std::vector<char>(bytes.begin(), bytes.end()));
}

TEST(Tensormap, RulesOfEncoding) {
  for (const char *wrong :
       {"global_address.global.b1024.b64 [%p0], 0x700100000008",
        "rank.global.b1024.b32 [%p0], 5",
        "box_dim.global.b1024.b32 [%p0], 0, 257",
        "global_stride.global.b1024.b64 [%p0], 0, 8",
        "element_stride.global.b1024.b32 [%p0], 1, 9",
        "elemtype.global.b1024.b32 [%p0], 13",
        "swizzle_mode.global.b1024.b32 [%p0], 4"}) {
    KernelRun run(
        kernelText(std::string("tensormap.replace.tile.") + wrong + ";", 1));
    auto map = encodeTensorMap(paramsOf(0x700100000000));
    run.input(std::vector<char>(map.begin(), map.end()));
    EXPECT_FALSE(run.launch({1}, {1})) << wrong;
    ASSERT_FALSE(run.findings().empty());
    EXPECT_EQ(run.findings()[0].kind, FindingKind::AsyncMisuse) << wrong;
  }
}

/// One CTA changes where a map in global memory points to and tells another
/// one, which copies a box by it: the parts of the protocol.
struct Protocol {
  std::string release = "fence.proxy.tensormap::generic.release.gpu;",
              store = "st.release.gpu.global.u32",
              load = "ld.acquire.gpu.global.u32",
              acquire =
                  "fence.proxy.tensormap::generic.acquire.gpu [%p0], 128;";
};

std::set<FindingKind> runProtocol(const Protocol &parts, uint64_t seed,
                                  bool &right) {
  EmulatorOptions options;
  options.seed = seed;
  options.schedule = static_cast<Schedule>(seed % 4);
  options.livelockSlots = 3000;
  std::string body =
      "mov.u32 %r9, bar; setp.eq.u32 %q1, %gid_, 0; @!%q1 bra READ;\n"
      "tensormap.replace.tile.global_address.global.b1024.b64 [%p0], %p2;\n" +
      parts.release + parts.store +
      " [%p1], 1; bra END;\n"
      "READ: mbarrier.init.shared.b64 [%r9], 1; fence.proxy.async;\n"
      "POLL: " +
      parts.load + " %r1, [%p1]; setp.eq.u32 %q2, %r1, 0; @%q2 bra POLL;\n" +
      parts.acquire +
      "mbarrier.arrive.expect_tx.shared.b64 _, [%r9], 512; mov.u32 %r2, tile; "
      "mov.u32 %r3, 0; "
      "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::"
      "complete_tx::bytes [%r2], [%p0, {%r3, %r3}], [%r9];\n"
      "WAIT: mbarrier.try_wait.parity.shared.b64 %q2, [%r9], 0; @!%q2 bra "
      "WAIT; ld.shared.u32 %r4, [tile+4]; st.global.u32 [%p1+4], %r4; END:";
  KernelRun run(kernelText(body, 3,
                           ".shared .align 128 .b8 tile[512]; .shared .align 8 "
                           ".b64 bar;"),
                options);
  std::vector<uint32_t> before(64 * 40, 3), after(64 * 40, 7);
  uint64_t atBefore = run.emulator.allocate(before.size() * 4),
           atAfter = run.emulator.allocate(after.size() * 4);
  run.emulator.write(atBefore, before.data(), before.size() * 4);
  run.emulator.write(atAfter, after.data(), after.size() * 4);
  auto map = encodeTensorMap(paramsOf(atBefore));
  run.input(std::vector<char>(map.begin(), map.end()));
  uint64_t out = run.input(std::vector<uint32_t>(2));
  run.argument(atAfter);
  run.launch({2}, {1});
  right = run.read<uint32_t>(out, 2)[1] == 7;
  std::set<FindingKind> kinds;
  for (const Finding &finding : run.findings())
    kinds.insert(finding.kind);
  return kinds;
}

// The litmus tests of rule m8f.
TEST(Tensormap, FencesOfItsProxy) {
  auto check = [](const Protocol &parts, bool allowed, const char *what) {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      bool right = false;
      std::set<FindingKind> kinds = runProtocol(parts, seed, right);
      EXPECT_EQ(kinds,
                allowed ? std::set<FindingKind>() : std::set{FindingKind::Race})
          << what << ", seed " << seed;
      EXPECT_TRUE(right || !allowed) << what;
    }
  };
  check({}, true, "right");
  Protocol parts;
  parts.acquire += "fence.proxy.tensormap::generic.acquire.cta [%p0], 128;";
  check(parts, true, "a narrower acquire behind the right one");
  parts = {};
  parts.release = "";
  check(parts, false, "no release");
  parts = {};
  parts.acquire = "";
  check(parts, false, "no acquire");
  parts = {};
  parts.release = "fence.proxy.tensormap::generic.release.cta;";
  check(parts, false, "release of another CTA's scope");
  parts = {};
  parts.acquire = "fence.proxy.tensormap::generic.acquire.cta [%p0], 128;";
  check(parts, false, "acquire of another CTA's scope");
  parts = {};
  parts.acquire = "fence.proxy.tensormap::generic.acquire.gpu [%p1], 128;";
  check(parts, false, "acquire of something else");
  parts = {};
  parts.acquire = "fence.proxy.async;";
  check(parts, false, "fence of another proxy");
  parts = {};
  parts.store = "st.relaxed.gpu.global.u32";
  check(parts, false, "nothing orders the fences");
}

// ---- maps that no longer describe a tensor ----

/// The finding of a copy of `dims` dimensions by a map that `body` changed.
std::string copyBy(const TensorMapParams &params, const std::string &body,
                   const std::string &dims) {
  std::string at = "{%r3";
  for (char dim = '1'; dim < dims[0]; ++dim)
    at += ", %r3";
  KernelRun run(kernelText(
      body +
          "fence.proxy.tensormap::generic.release.cta; "
          "fence.proxy.tensormap::generic.acquire.cta [%p0], 128;\n"
          "mov.u32 %r2, tile; mov.u32 %r3, 0; mov.u32 %r9, bar; "
          "mbarrier.init.shared.b64 [%r9], 1; fence.proxy.async; "
          "cp.async.bulk.tensor." +
          dims +
          "d.shared::cluster.global.mbarrier::complete_tx::bytes [%r2], "
          "[%p0, " +
          at + "}], [%r9];",
      1, ".shared .align 128 .b8 tile[512]; .shared .align 8 .b64 bar;"));
  auto map = encodeTensorMap(params);
  run.input(std::vector<char>(map.begin(), map.end()));
  run.launch({1}, {1});
  return run.findings().empty() ? "" : run.findings()[0].message;
}

std::string replace(const std::string &field) {
  return "tensormap.replace.tile." + field + ";\n";
}

TEST(Tensormap, CopiesCheckWhatReplaceLeft) {
  TensorMapParams params = paramsOf(0x700100000000);
  auto expectRefused = [&](const std::string &body, const std::string &dims,
                           const std::string &message) {
    EXPECT_NE(copyBy(params, body, dims).find(message), std::string::npos)
        << body << copyBy(params, body, dims);
  };
  // A third dimension of which the map says nothing, then less and less.
  std::string body = replace("rank.global.b1024.b32 [%p0], 2");
  expectRefused(body, "3", "size of at least 1 in dimension 2, but got 0");
  body += replace("global_dim.global.b1024.b32 [%p0], 2, 5");
  expectRefused(body, "3", "box from 1 to 256 in dimension 2, but got 0");
  body += replace("box_dim.global.b1024.b32 [%p0], 2, 1");
  expectRefused(body, "3",
                "element stride from 1 to 8 in dimension 2, but got 0");
  expectRefused("", "3", "map of rank 3, but got one of rank 2");
  expectRefused(replace("box_dim.global.b1024.b32 [%p0], 0, 6"), "2",
                "multiple of 16 bytes within the swizzle, but got 24 bytes");
  expectRefused(replace("swizzle_mode.global.b1024.b32 [%p0], 1"), "2",
                "multiple of 16 bytes within the swizzle, but got 64 bytes");
  // A map that plain stores have written to.
  expectRefused("st.global.u8 [%p0+4], 13;", "2", "element type from 0 to 12");
}

TEST(Tensormap, BoxesFitIntoSharedMemory) {
  TensorMapParams params = paramsOf(0x700100000000);
  params.type = 0;
  params.rank = 5;
  params.dims.fill(256);
  params.strides.fill(256);
  params.box = {256, 256, 4, 1, 1};
  EXPECT_NE(copyBy(params, "", "5").find("at most 232448 bytes"),
            std::string::npos);
  params.box = {256, 256, 256, 256, 1}; // 2^32 bytes
  EXPECT_NE(copyBy(params, "", "5").find("at most 232448 bytes"),
            std::string::npos);
  params.box.fill(256);
  EXPECT_NE(copyBy(params, "", "5").find("at most 232448 bytes"),
            std::string::npos);
}

} // namespace tensormap_test
