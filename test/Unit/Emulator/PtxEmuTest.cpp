// The tool ptx-emu, end to end.
#include "Npy.h"

#include "gtest/gtest.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/wait.h>

namespace {

class PtxEmu : public ::testing::Test {
protected:
  PtxEmu() {
    std::string pattern = ::testing::TempDir() + "ptx-emu-XXXXXX";
    folder = mkdtemp(pattern.data());
    std::vector<float> x(100);
    for (size_t i = 0; i < x.size(); ++i)
      x[i] = static_cast<float>(i);
    int64_t n = 100;
    moe::run::writeNpy(folder + "/x.npy",
                       {{MOE_DTYPE_F32, 1, &n}, x.data(), 400});
    write("scale.ptx", R"(.version 8.0
.target sm_80
.address_size 64
.visible .entry scale(.param .u64 x, .param .u64 y, .param .u32 n, .param .f32 factor)
{
  .reg .b32 %r<8>; .reg .b64 %rd<8>; .reg .f32 %f<4>; .reg .pred %p;
  ld.param.u64 %rd1, [x];
  ld.param.u64 %rd2, [y];
  ld.param.u32 %r1, [n];
  ld.param.f32 %f1, [factor];
  mov.u32 %r2, %ctaid.x;
  mov.u32 %r3, %ntid.x;
  mov.u32 %r4, %tid.x;
  mad.lo.u32 %r5, %r2, %r3, %r4;
  setp.ge.u32 %p, %r5, %r1;
  @%p ret;
  mul.wide.u32 %rd3, %r5, 4;
  add.u64 %rd4, %rd1, %rd3;
  add.u64 %rd5, %rd2, %rd3;
  ld.global.f32 %f2, [%rd4];
  mul.f32 %f3, %f2, %f1;
  st.global.f32 [%rd5], %f3;
  ret;
}
)");
  }
  ~PtxEmu() override { std::filesystem::remove_all(folder); }

  void write(const std::string &name, const std::string &text) {
    std::ofstream(folder + "/" + name) << text;
  }

  /// Runs ptx-emu in the folder; returns its exit status and keeps what it
  /// printed, both streams together.
  int run(const std::string &arguments) {
    std::string line =
        "cd '" + folder + "' && '" PTX_EMU "' " + arguments + " 2>&1";
    std::FILE *pipe = popen(line.c_str(), "r");
    printed.clear();
    std::array<char, 4096> part;
    while (size_t size = std::fread(part.data(), 1, part.size(), pipe))
      printed.append(part.data(), size);
    int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + status;
  }
  void expectPrinted(const std::string &part) {
    EXPECT_NE(printed.find(part), std::string::npos) << printed;
  }

  std::string folder, printed;
};

const std::string kRun =
    "scale.ptx --grid 4 --block 32 --args in:x.npy 'out:f32[100]=y.npy' ";

TEST_F(PtxEmu, RunsOnNpyBuffers) {
  ASSERT_EQ(run(kRun + "u32:100 f32:2.5 --seeds 3"), 0) << printed;
  expectPrinted("scale.ptx: nothing found");
  moe::run::Array y = moe::run::readNpy(folder + "/y.npy");
  ASSERT_EQ(y.count(), 100u);
  for (size_t i = 0; i < 100; ++i)
    EXPECT_EQ(reinterpret_cast<const float *>(y.data.get())[i],
              2.5f * static_cast<float>(i));
}

TEST_F(PtxEmu, PrintsFindingsAsASanitizerDoes) {
  EXPECT_EQ(run(kRun + "u32:101 f32:2"), 1);
  expectPrinted("ERROR: out-of-bounds: out-of-bounds read of 4 bytes at 0x");
  expectPrinted("in kernel 'scale', device 0, CTA (3, 0, 0), thread (4, 0, 0)");
  expectPrinted("at line 20: ld.global.f32 %f2, [%rd4];");
  expectPrinted("note: the address is 'x' (400 bytes on device 0) + 400");
  expectPrinted("replay with --seed=1");
}

TEST_F(PtxEmu, Json) {
  EXPECT_EQ(run(kRun + "u32:101 f32:2 --json"), 1);
  expectPrinted(
      "{\"file\": \"scale.ptx\", \"seed\": 1, \"findings\": [{\"kind\": "
      "\"out-of-bounds\", \"kernel\": \"scale\", \"line\": 20, ");
  EXPECT_EQ(run(kRun + "u32:100 f32:2 --json --counters"), 0);
  expectPrinted("\"findings\": [], \"instructions\": [{\"opcode\": "
                "\"add.u64\", \"warps\": 8, \"threads\": 200}");
  expectPrinted("\"traffic\": [{\"space\": \"global\", \"loads\": 400, "
                "\"stores\": 400}], \"banks\": [], \"tensor\": {\"slots\": 68, "
                "\"tensorSlots\": 0, \"multiplyAdds\": 0}}");
}

TEST_F(PtxEmu, BankConflictsAndTensorCores) {
  // Line 7: 32 words of one bank; line 8: 16 bytes for each thread, one word of
  // all; line 9: a product of 16 x 8 x 16.
  write(
      "banks.ptx",
      ".version 8.0\n.target sm_80\n.address_size 64\n.visible .entry "
      "banks()\n{ .shared .align 16 .b8 s[4096]; .reg .b32 %r<16>;\n"
      "mov.u32 %r1, %tid.x; shl.b32 %r2, %r1, 7; mov.u32 %r3, s; add.u32 %r4, "
      "%r3, %r2; shl.b32 %r2, %r1, 4; add.u32 %r5, %r3, %r2; mov.b32 %r6, 0;\n"
      "st.shared.u32 [%r4], %r6;\n"
      "st.shared.v4.u32 [%r5], {%r6, %r6, %r6, %r6}; bar.sync 0; ld.shared.u32 "
      "%r7, [s];\n"
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%r8, %r9, %r10, "
      "%r11}, {%r6, %r6, %r6, %r6}, {%r6, %r6}, {%r6, %r6, %r6, %r6};\n"
      "ret;\n}\n");
  const std::string command = "banks.ptx --grid 1 --block 32 --unchecked "
                              "--counters";
  EXPECT_EQ(run(command + " --json"), 0);
  expectPrinted("\"traffic\": [{\"space\": \"shared\", \"loads\": 128, "
                "\"stores\": 640}], \"banks\": [{\"kernel\": \"banks\", "
                "\"line\": 7, \"passes\": 1, \"cycles\": 32}, {\"kernel\": "
                "\"banks\", \"line\": 8, \"passes\": 5, \"cycles\": 5}], "
                "\"tensor\": {\"slots\": 13, \"tensorSlots\": 1, "
                "\"multiplyAdds\": 2048}}");
  EXPECT_EQ(run(command), 0);
  expectPrinted("            31               32  7, banks\n");
  expectPrinted("tensor cores: 7.7 % of 13 issue slots, 2048 multiply-adds\n");
}

TEST_F(PtxEmu, CountersAndTrace) {
  EXPECT_EQ(run(kRun + "u32:100 f32:2 --counters --trace trace.json"), 0);
  expectPrinted("             4              100  mul.f32\n");
  std::ifstream stream(folder + "/trace.json");
  std::stringstream trace;
  trace << stream.rdbuf();
  EXPECT_EQ(trace.str().rfind("{\"traceEvents\": [\n  {\"name\": "
                              "\"process_name\", \"ph\": \"M\", \"pid\": 0, "
                              "\"args\": {\"name\": \"device 0\"}},",
                              0),
            0u);
  for (int cta = 0; cta < 4; ++cta)
    EXPECT_NE(trace.str().find("\"scale (" + std::to_string(cta) +
                               ", 0, 0)\", \"ph\": \"X\""),
              std::string::npos);
}

TEST_F(PtxEmu, Exhaustive) {
  // Message passing: thread 0 of CTA 0 writes data and a flag, that of CTA 1
  // reads flag and data. Relaxed, the flag may come without the data.
  auto program = [&](const char *name, const std::string &order) {
    write(name,
          ".version 8.0\n.target sm_80\n.address_size 64\n.visible .entry "
          "mp(.param .u64 x, .param .u64 r)\n{\n.reg .b32 %r<8>; .reg .b64 "
          "%rd<4>; .reg .pred %p;\nld.param.u64 %rd1, [x]; ld.param.u64 "
          "%rd2, [r]; mov.u32 %r1, %ctaid.x; setp.ne.u32 %p, %r1, 0; @%p "
          "bra READ; mov.b32 %r2, 1; st.relaxed.gpu.global.u32 [%rd1], "
          "%r2; st." +
              order.substr(0, 7) +
              ".gpu.global.u32 [%rd1+4], %r2; ret;\nREAD: ld." +
              order.substr(7) +
              ".gpu.global.u32 %r3, [%rd1+4]; ld.relaxed.gpu.global.u32 "
              "%r4, [%rd1]; st.global.u32 [%rd2], %r3; st.global.u32 "
              "[%rd2+4], %r4; ret;\n}\n");
    return std::string(name) +
           " --grid 2 --block 1 --exhaustive --args out:u32[2]=a.npy "
           "out:u32[2]=b.npy";
  };
  EXPECT_EQ(run(program("relaxed.ptx", "relaxedrelaxed") + " --json"), 0);
  expectPrinted("\"complete\": true");
  expectPrinted("{\"values\": [[1, 1], [1, 0]]");
  EXPECT_EQ(run(program("ordered.ptx", "releaseacquire")), 0);
  expectPrinted("[1, 1] [0, 0]  path ");
  expectPrinted("[1, 1] [1, 1]  path ");
  expectPrinted(" 3 outcomes, nothing found\n");
}

TEST_F(PtxEmu, ExhaustiveFindingsNameTheirRun) {
  // CTA 1 writes, where it sees the flag of CTA 0, what that wrote before; else
  // it reads beyond the buffer, which ends the run.
  write(
      "wrong.ptx",
      ".version 8.0\n.target sm_80\n.address_size 64\n.visible .entry "
      "k(.param .u64 x)\n{\n.reg .b32 %r<4>; .reg .b64 %rd<2>; .reg .pred "
      "%p;\nld.param.u64 %rd1, [x]; mov.u32 %r1, %ctaid.x; setp.eq.u32 %p, "
      "%r1, 0; @%p bra WRITE; ld.relaxed.gpu.global.u32 %r2, [%rd1+4]; "
      "setp.ne.u32 %p, %r2, 0; @%p st.global.u32 [%rd1], %r1; "
      "\n@!%p ld.global.u32 %r3, [%rd1+8]; ret;\nWRITE: st.global.u32 [%rd1], "
      "%r1; mov.b32 %r2, 1; st.relaxed.gpu.global.u32 [%rd1+4], %r2; "
      "ret;\n}\n");
  std::string start = "wrong.ptx --grid 2 --block 1 --exhaustive --args "
                      "'out:u32[2]=x.npy'";
  EXPECT_EQ(run(start), 1);
  const std::string mark = "replay with --exhaustive --path=";
  std::vector<std::pair<std::string, bool>> runs; // path, of the race
  size_t report = 0;
  for (size_t at = printed.find(mark); at != std::string::npos;
       at = printed.find(mark, report)) {
    size_t path = at + mark.size();
    runs.emplace_back(printed.substr(path, printed.find('\n', path) - path),
                      printed.substr(report, at - report).find("race") !=
                          std::string::npos);
    report = path;
  }
  ASSERT_EQ(runs.size(), 2u) << printed;
  EXPECT_NE(runs[0].second, runs[1].second);
  EXPECT_NE(runs[0].first, runs[1].first);
  for (const auto &[path, isRace] : runs) {
    EXPECT_EQ(run(start + " --path '" + path + "'"), 1);
    expectPrinted(isRace ? "ERROR: race" : "ERROR: out-of-bounds");
    expectPrinted(": 1 runs");
  }
}

TEST_F(PtxEmu, ClustersAndStructures) {
  // Each CTA writes its rank plus the second number of a structure.
  write("rank.ptx",
        ".version 8.0\n.target sm_90\n.address_size 64\n.visible .entry "
        "rank(.param .align 4 .b8 s[8], .param .u64 out)\n{\n.reg .b32 "
        "%r<4>; .reg .b64 %rd<4>;\nld.param.u64 %rd1, [out];\nld.param.u32 "
        "%r1, [s+4];\nmov.u32 %r2, %cluster_ctarank;\nadd.u32 %r1, %r1, "
        "%r2;\nmov.u32 %r3, %ctaid.x;\nmul.wide.u32 %rd2, %r3, "
        "4;\nadd.u64 %rd1, %rd1, %rd2;\nst.global.u32 [%rd1], "
        "%r1;\nret;\n}\n");
  std::string start = "rank.ptx --grid 4 --block 1 ",
              arguments = "--args bytes:0000000005000000 'out:u32[4]=r.npy'";
  for (uint32_t size : {1u, 2u, 4u}) {
    ASSERT_EQ(
        run(start + "--cluster " + std::to_string(size) + " " + arguments), 0)
        << printed;
    moe::run::Array ranks = moe::run::readNpy(folder + "/r.npy");
    for (uint32_t i = 0; i < 4; ++i)
      EXPECT_EQ(reinterpret_cast<const uint32_t *>(ranks.data.get())[i],
                5 + i % size);
  }
  EXPECT_EQ(run(start + "--cluster 3 " + arguments), 2);
  expectPrinted("expects a grid that is a multiple of the cluster");
  EXPECT_EQ(run(start + "--args bytes:00000000 'out:u32[4]=r.npy'"), 2);
  expectPrinted("parameter 's' expects 8 bytes, but got 'bytes:00000000'");
  EXPECT_EQ(run(start + "--args bytes:0 'out:u32[4]=r.npy'"), 2);
  expectPrinted("expects two hexadecimal digits per byte");
}

TEST_F(PtxEmu, RacesAndResidency) {
  // Two CTAs meet, and leave a word of dynamic shared memory and, both of them,
  // one of global memory.
  write("meet.ptx", R"(.version 8.0
.target sm_80
.address_size 64
.extern .shared .align 16 .b8 s[];
.visible .entry meet(.param .u64 x)
{
  .reg .b32 %r<4>; .reg .b64 %rd<2>; .reg .pred %p;
  ld.param.u64 %rd1, [x];
  mov.u32 %r1, %ctaid.x;
  st.global.u32 [%rd1+4], %r1;
  st.shared.u32 [s+8188], %r1;
  red.release.gpu.global.add.u32 [%rd1], 1;
SPIN:
  ld.acquire.gpu.global.u32 %r2, [%rd1];
  setp.lt.u32 %p, %r2, 2;
  @%p bra SPIN;
  ret;
}
)");
  int64_t n = 2;
  std::array<uint32_t, 2> zeros{};
  moe::run::writeNpy(folder + "/zeros.npy",
                     {{MOE_DTYPE_U32, 1, &n}, zeros.data(), 8});
  std::string start = "meet.ptx --grid 2 --block 1 --args in:zeros.npy "
                      "--multiprocessors 1 --shared ";
  for (const char *schedule : {"random", "latest", "starve", "weak"}) {
    EXPECT_EQ(run(start + "8192 --cooperative --schedule " + schedule), 1);
    expectPrinted("ERROR: race: write of 4 bytes at 0x");
    expectPrinted("is not ordered after a write by thread 0 of CTA (");
    expectPrinted(
        "note: the other access is at line 10: st.global.u32 [%rd1+4], %r1;");
    expectPrinted(": 1 found with seed 1");
  }
  EXPECT_EQ(run(start + "4096"), 1);
  expectPrinted("the address is dynamic shared memory (4096 bytes) + 8188");
  EXPECT_EQ(run(start + "120000"), 1);
  expectPrinted("ERROR: livelock");
  expectPrinted("CTAs that are not resident: 1; multiprocessors: 1, of room "
                "for CTAs each: 1");
  EXPECT_EQ(run(start + "120000 --cooperative"), 2);
  expectPrinted("a cooperative launch of more CTAs than can be resident (2; "
                "multiprocessors: 1, of room for CTAs each: 1)");
  // 16 warps of 128 registers fill a multiprocessor.
  std::string full = "meet.ptx --grid 2 --block 512 --cooperative --shared "
                     "8192 --multiprocessors 1 --args in:zeros.npy "
                     "--registers ";
  EXPECT_EQ(run(full + "128"), 2);
  expectPrinted("a cooperative launch of more CTAs than can be resident (2;");
  EXPECT_EQ(run(full + "64"), 1);
  expectPrinted("ERROR: race");
}

TEST_F(PtxEmu, KernelsByTheirNamesInCpp) {
  // void ns::twice<int>(int*), once(int*): both write through address 0.
  write("two.ptx", ".version 8.0\n.target sm_80\n.address_size 64\n"
                   ".visible .entry _ZN2ns5twiceIiEEvPT_(.param .u64 x)\n"
                   "{\n.reg .b64 %rd1; mov.u64 %rd1, 0;\n"
                   "st.global.u32 [%rd1], 1;\nret;\n}\n"
                   ".visible .entry _Z4oncePi(.param .u64 x) { ret; }\n");
  EXPECT_EQ(run("two.ptx --kernel once --args u64:0"), 0) << printed;
  EXPECT_EQ(run("two.ptx --kernel twice --args u64:0"), 1);
  expectPrinted("in kernel 'void ns::twice<int>(int*)', device 0");
  EXPECT_EQ(run("two.ptx --exhaustive --kernel _Z4oncePi --args u64:0"), 0);
  EXPECT_EQ(run("two.ptx --args u64:0"), 2);
  expectPrinted("'two.ptx' has 2 kernels; choose one with --kernel: "
                "_Z4oncePi, _ZN2ns5twiceIiEEvPT_");
}

TEST_F(PtxEmu, UsageErrors) {
  for (auto [arguments, part] :
       std::vector<std::pair<std::string, std::string>>{
           {"", "expects a file, such as"},
           {"nowhere.ptx", "cannot read 'nowhere.ptx'"},
           {"scale.ptx --frob", "unknown option '--frob'"},
           {"scale.ptx --grid 0", "option '--grid' expects a number from 1"},
           {"scale.ptx --args in:x.npy",
            "kernel 'scale' expects 4 arguments, but got 1"},
           {"scale.ptx --args in:x.npy 'out:f32[100]=y.npy' u64:100 f32:1",
            "parameter 'n' expects 4 bytes, but got 'u64:100'"},
           {"scale.ptx --args in:x.npy 'out:f33[100]=y.npy'",
            "expects an element type such as f32, but got 'f33'"},
           {"scale.ptx --path 0", "names a run of '--exhaustive'"},
           {"scale.ptx --exhaustive --unchecked", "needs the checks"},
           {"scale.ptx --exhaustive --counters",
            "takes no '--seeds', '--counters' or '--trace'"},
           {"scale.ptx --cores 2", "'--cores' needs '--unchecked'"},
           {"scale.ptx --cores 2 --unchecked --seed 1", "takes no '--seed'"},
           {"scale.ptx --cores 2 --unchecked --counters",
            "runs in an order that nothing chooses or repeats"},
           {"scale.ptx --kernel other --args in:x.npy",
            "has no kernel 'other'; its kernels are: scale"}}) {
    EXPECT_EQ(run(arguments), 2) << arguments;
    EXPECT_EQ(printed.rfind("ptx-emu: error: ", 0), 0u) << printed;
    expectPrinted(part);
  }
  write("bad.ptx", ".version 8.0\n.target sm_80\n.visible .entry "
                   "k()\n{\nfoo.b32;\nbar2.b32;\nret;\n}\n");
  EXPECT_EQ(run("bad.ptx"), 2);
  EXPECT_EQ(printed, "ptx-emu: error: bad.ptx:5: unknown instruction "
                     "'foo.b32'\nbad.ptx:6: unknown instruction 'bar2.b32'\n");
  EXPECT_EQ(run("--help"), 0);
  expectPrinted("usage: ptx-emu");
}

} // namespace
