// The tool moe-run, end to end on the fake artefact.
#include "Npy.h"
#include "Support.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sys/wait.h>

using namespace moe::test;
namespace fs = std::filesystem;

namespace {

class MoeRunTest : public ::testing::Test {
protected:
  MoeRunTest() {
    std::string pattern = ::testing::TempDir() + "moe-run-XXXXXX";
    folder = mkdtemp(pattern.data());
    x = ramp(24);
    r = ramp(8);
    y = axpy(x, r, 3);
    write("x.npy", {2, 3, 4}, x);
    write("r.npy", {2, 4}, r);
    write("y.npy", {2, 3, 4}, y);
    int64_t n = 6;
    moe::run::writeNpy(folder + "/n.npy",
                       {{MOE_DTYPE_I64, 0, nullptr}, &n, sizeof(n)});
  }
  ~MoeRunTest() override { fs::remove_all(folder); }

  void write(const std::string &name, std::vector<int64_t> dims,
             const std::vector<float> &values) {
    moe::run::writeNpy(folder + "/" + name, {typeOf(MOE_DTYPE_F32, dims),
                                             values.data(), values.size() * 4});
  }

  /// Runs a shell command in the folder with $RUN, $FAKE and $FAKES set;
  /// returns its exit status and keeps what it printed, both streams together.
  int shell(const std::string &command) {
    std::string line = "cd '" + folder + "' && RUN='" MOE_RUN "' FAKES='" +
                       std::string(MOE_FAKE_DIR) +
                       "' && FAKE=\"$FAKES/fake.so\" && { " + command +
                       "; } 2>&1";
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

  /// Expects exit status 2 and exactly one line, with this text.
  void expectError(const std::string &command, const std::string &part) {
    EXPECT_EQ(shell(command), 2) << printed;
    EXPECT_EQ(printed.rfind("moe-run: error: ", 0), 0u) << printed;
    EXPECT_EQ(printed.find('\n') + 1, printed.size()) << printed;
    expectPrinted(part);
  }

  std::vector<std::string> listing() {
    std::vector<std::string> names;
    for (const auto &file : fs::directory_iterator(folder))
      names.push_back(file.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }

  std::string folder, printed;
  std::vector<float> x, r, y;
};

} // namespace

TEST_F(MoeRunTest, RunsAndCompares) {
  EXPECT_EQ(shell("$RUN $FAKE --input x=x.npy --input=r=r.npy "
                  "--expect y=y.npy --expect n=n.npy --repeat 5 --threads 2 "
                  "--verify-weights"),
            0);
  expectPrinted("output y f32[2, 3, 4]: error 0, bound 0.0001, ok");
  expectPrinted("output n i64[]: error 0, bound 0, ok");
  expectPrinted("time: first run ");
  expectPrinted(" of 5; threads 2, model memory ");
}

TEST_F(MoeRunTest, CopiesWeights) {
  EXPECT_EQ(shell("$RUN $FAKE --input x=x.npy --input r=r.npy --expect "
                  "y=y.npy --copy-weights --verify-weights"),
            0);
  expectPrinted("output y f32[2, 3, 4]: error 0, bound 0.0001, ok");
  expectError("$RUN $FAKES/short-weights.so --copy-weights",
              "is cut short: expects 16 bytes of weights, but got 15");
  expectError("$RUN $FAKES/damaged-weights.so --copy-weights --verify-weights",
              "is damaged");
}

TEST_F(MoeRunTest, ReportsFailedComparisons) {
  y[7] += 1;
  write("y.npy", {2, 3, 4}, y);
  EXPECT_EQ(
      shell("$RUN $FAKE --input x=x.npy --input r=r.npy --expect y=y.npy"), 1);
  expectPrinted("FAILED, differs most at [0, 1, 3]: expects ");
  EXPECT_EQ(shell("$RUN $FAKE --input x=x.npy --input r=r.npy --expect y=y.npy "
                  "--tolerance 0.5"),
            0);
  write("y.npy", {6, 4}, y);
  EXPECT_EQ(
      shell("$RUN $FAKE --input x=x.npy --input r=r.npy --expect y=y.npy"), 1);
  expectPrinted("expects f32[6, 4], but got f32[2, 3, 4]");
}

TEST_F(MoeRunTest, RunsRecordedCases) {
  fs::create_directories(folder + "/case/inputs");
  fs::create_directories(folder + "/case/outputs");
  expectError("$RUN $FAKE --case case",
              "expects more inputs: x f32[B, S, 4], r f32[B, 4]");
  fs::rename(folder + "/x.npy", folder + "/case/inputs/%78.npy");
  fs::rename(folder + "/r.npy", folder + "/case/inputs/r.npy");
  fs::rename(folder + "/y.npy", folder + "/case/outputs/y.npy");
  EXPECT_EQ(shell("$RUN $FAKE --case case --expect n=n.npy"), 0) << printed;
  expectPrinted("output y f32[2, 3, 4]: error 0, bound 0.0001, ok");
  expectError("$RUN $FAKE --case case --input x=case/inputs/%78.npy",
              "input 'x' is given twice");
  fs::rename(folder + "/n.npy", folder + "/case/outputs/z%20z.npy");
  expectError("$RUN $FAKE --case case", "has no output 'z z'; it has y f32[");
  expectError("$RUN $FAKE --case elsewhere", "elsewhere/inputs");
}

TEST_F(MoeRunTest, TakesUnnamedFilesWhereThereIsOneArgument) {
  write("a=b.npy", {3}, {1, -2, 3});
  write("kept.npy", {2}, {1, 3});
  EXPECT_EQ(shell("$RUN $FAKE --entry compact --input x=a=b.npy --expect "
                  "kept.npy"),
            0)
      << printed;
  EXPECT_EQ(shell("$RUN $FAKE --entry compact --input kept.npy --expect "
                  "y=kept.npy"),
            0)
      << printed;
  expectError("$RUN $FAKE --input x.npy --input r=r.npy",
              "'x.npy' expects the form NAME=FILE, because the model has 2 "
              "inputs");
}

TEST_F(MoeRunTest, WritesOutputs) {
  EXPECT_EQ(shell("$RUN $FAKE --input x=x.npy --input r=r.npy --output "
                  "y=out.npy --output n=m.npy"),
            0);
  EXPECT_EQ(shell("cmp out.npy y.npy && cmp m.npy n.npy"), 0) << printed;
  EXPECT_EQ(listing().size(), 6u);
}

TEST_F(MoeRunTest, LeavesNoPartialOutput) {
  std::vector<std::string> before = listing();
  std::string run = "$RUN $FAKE --input x=x.npy --input r=r.npy ";
  expectError(run + "--output y=/dev/full",
              "cannot write '/dev/full': No space left on device");
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
  expectError(run + "--output y=missing/y.npy",
              "cannot write 'missing/y.npy': No such file");
  // The limit is in blocks of 512 or 1024 bytes; the output has 4 KiB and more.
  std::vector<float> big = ramp(4096), bigR = ramp(4);
  write("x.npy", {1, 1024, 4}, big);
  write("r.npy", {1, 4}, bigR);
  expectError("ulimit -f 4; " + run + "--output y=out.npy",
              "cannot write 'out.npy': File too large");
  EXPECT_EQ(listing(), before);
  expectError(run + ">/dev/full", "cannot write to standard output");
  expectError("$RUN --help >/dev/full", "cannot write to standard output");
}

TEST_F(MoeRunTest, ExplainsWrongInputs) {
  expectError("$RUN $FAKE --input x=x.npy",
              "the model expects more inputs: r f32[B, 4]");
  expectError("$RUN $FAKE --input q=x.npy",
              "entry 'main' has no input 'q'; it has x f32[B, S, 4], r f32[B, "
              "4]");
  expectError("$RUN $FAKE --input x=x.npy --input r=y.npy",
              "input 'r' expects f32[B, 4], but got f32[2, 3, 4]");
  expectError("$RUN $FAKE --input x=x.npy --input r=n.npy",
              "input 'r' expects f32[B, 4], but got i64[]");
  expectError("$RUN $FAKE --input x=nothing.npy",
              "cannot open 'nothing.npy': No such file");
  expectError("$RUN $FAKE --input x=x.npy --input r=r.npy --expect y=n.npy",
              "output 'y' has type f32[B, S, 4], but its reference 'n.npy' has "
              "i64[]");
  expectError("$RUN $FAKE --entry decode", "no entry 'decode'; it has main");
  expectError("$RUN $FAKE --entry fail --input x=x.npy",
              "input 'x' expects f32[B], but got f32[2, 3, 4]");
  write("v.npy", {3}, {1, 2, 3});
  expectError("$RUN $FAKE --entry fail --input v.npy",
              "entry 'fail' failed: index 7 is out of range [0, 5)");
}

TEST_F(MoeRunTest, ExplainsWrongUsage) {
  expectError("$RUN", "expects a model");
  expectError("$RUN --input", "option '--input' expects a value");
  expectError("$RUN $FAKE --inputs x.npy", "unknown option '--inputs'");
  expectError("$RUN $FAKE other.so", "expects one model");
  expectError("$RUN $FAKE --repeat -1", "--repeat");
  expectError("$RUN $FAKE --threads 0", "from 1 to 1000000, but got '0'");
  expectError("$RUN $FAKE --tolerance tight", "--tolerance");
  expectError("$RUN nothing.so", "cannot open 'nothing.so'");
  expectError("$RUN x.npy", "'x.npy' is not a shared library");
  expectError("$RUN $FAKES/other-major.so", "by 'fake 1.0' has ABI 2.1, but ");
  expectError("$RUN $FAKES/impossible-cpu.so", "lacks amx-from-the-future");
  expectError("$RUN $FAKES/damaged-weights.so --verify-weights", "is damaged");
  EXPECT_EQ(shell("$RUN --help"), 0);
  expectPrinted("usage: moe-run model.so");
  EXPECT_EQ(shell("$RUN --version"), 0);
  EXPECT_EQ(printed, std::string("moe-run ") + moeRuntimeVersion() + "\n");
}

TEST_F(MoeRunTest, Describes) {
  EXPECT_EQ(shell("$RUN $FAKES/impossible-cpu.so --describe"), 0);
  expectPrinted("producer      fake 1.0\n");
  expectPrinted("abi           1.1 (runtime 0.1.0 has 1.1)\n");
  expectPrinted("cpu features  sse3,amx-from-the-future,cx16,quantum\n");
  expectPrinted("weights       fake.weights, 16 bytes, xxh3-128 ");
  expectPrinted("entry         main\n  symbols     B, S, P\n"
                "  input       x f32[B, S, 4]\n  input       r f32[B, 4]\n"
                "  output      y f32[B, S, 4]\n  output      n i64[]\n");
  EXPECT_EQ(shell("$RUN $FAKE --describe --json"), 0);
  expectPrinted(
      "{\"name\": \"concat\", \"symbols\": [\"B\", \"S\", \"P\"], \"inputs\": "
      "[{\"name\": \"past\", \"dtype\": \"f32\", \"shape\": [\"B\", \"P\"]}, ");
  expectPrinted("\"shape\": [\"B\", \"S\", 4]");
}

TEST_F(MoeRunTest, PrintsJson) {
  y[0] = std::numeric_limits<float>::quiet_NaN();
  write("y.npy", {2, 3, 4}, y);
  EXPECT_EQ(shell("$RUN $FAKE --input x=x.npy --input r=r.npy --expect y=y.npy "
                  "--json --repeat 0 --threads 1"),
            1);
  EXPECT_EQ(printed.rfind("{\"ok\": false, \"outputs\": [{\"name\": \"y\", "
                          "\"dtype\": \"f32\", \"shape\": [2, 3, 4], "
                          "\"error\": null, \"bound\": ",
                          0),
            0u)
      << printed;
  expectPrinted("{\"name\": \"n\", \"dtype\": \"i64\", \"shape\": []}");
  expectPrinted("\"repeats\": 0, \"threads\": 1, \"peak_bytes\": ");
}

TEST_F(MoeRunTest, PoisonsMemory) {
  write("v.npy", {3}, {1, 2, 3});
  EXPECT_EQ(shell("$RUN $FAKE --entry unwritten --input v.npy --poison "
                  "--output p.npy"),
            0);
  moe::run::Array poisoned = moe::run::readNpy(folder + "/p.npy");
  for (size_t i = 0; i < poisoned.bytes; ++i)
    EXPECT_EQ(poisoned.data.get()[i], char(0xFF));
}
