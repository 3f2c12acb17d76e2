// The cost model of the forms of a layer, and how kernels divide rows.
#include "moe/Analysis/Schedule.h"
#include "moe/Analysis/RowTiles.h"

#include "llvm/Support/raw_ostream.h"
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <numeric>

using namespace moe;

namespace {

/// Qwen3-30B-A3B.
LayerSize layerOf(int64_t tokens) {
  return {tokens, 128, 8, 2048, 768, 2048, true};
}

/// DeepSeek-V2-Lite, whose shared expert is as wide as two others.
LayerSize sharedLayerOf(int64_t tokens) {
  LayerSize layer = {tokens, 64, 6, 2048, 1408, 2048, true};
  layer.alwaysWidth = 2816;
  return layer;
}

/// What the text of a schedule means, written again, or why it means nothing.
std::string readAgain(llvm::StringRef text) {
  llvm::Expected<ScheduleOptions> options = parseScheduleOptions(text);
  if (!options)
    return toString(options.takeError());
  std::string written;
  llvm::raw_string_ostream os(written);
  llvm::cl::parser<ScheduleOptions>::print(os, *options);
  return written;
}

TEST(Schedule, AlwaysOnExpertsHaveEveryToken) {
  for (int64_t tokens : {1, 2048}) {
    LayerSize without = sharedLayerOf(tokens);
    without.alwaysWidth = 0;
    FormCosts costs = estimate(sharedLayerOf(tokens), {}, 1);
    for (Schedule form :
         {Schedule::Unfused, Schedule::TwoKernel, Schedule::Fused})
      EXPECT_NEAR(costs.of(form) / estimate(without, {}, 1).of(form), 8.0 / 6,
                  0.02);
    EXPECT_EQ(costs.choose(), Schedule::Fused);
  }
  // At few tokens routed experts are read for one row each, too.
  EXPECT_GT(estimate(sharedLayerOf(8), {}, 2).fused,
            estimate(sharedLayerOf(1), {}, 2).fused);
}

TEST(Schedule, OptionsAreWrittenAsTheyAreRead) {
  EXPECT_EQ(readAgain("fused"),
            "{fused tokens=0 threads=1 cold-batch=1 flops=1.180000e+11 "
            "pair-factor=2.000000e+00 tile-factor=1.600000e+01 "
            "parts-factor=1.100000e+00 thread-read-bytes=3.000000e+10 "
            "read-bytes=5.500000e+10 "
            "loop-seconds=1.000000e-05 task-seconds=1.500000e-07}");
  std::string text =
      "auto tokens=512 threads=2 cold-batch=4 flops=1.000000e+11 "
      "pair-factor=3.000000e+00 "
      "tile-factor=4.000000e+00 parts-factor=2.000000e+00 "
      "thread-read-bytes=5.000000e+10 "
      "read-bytes=6.000000e+10 loop-seconds=7.000000e-06 "
      "task-seconds=8.000000e-08";
  EXPECT_EQ(readAgain(text), "{" + text + "}");
}

TEST(Schedule, OptionsSayNothingElse) {
  EXPECT_EQ(readAgain("best"),
            "expects auto, unfused, two-kernel or fused, but got 'best'");
  EXPECT_EQ(readAgain(""),
            "expects auto, unfused, two-kernel or fused, but got ''");
  for (const char *field :
       {"tokens=many", "tokens=-1", "threads=0", "cold-batch=0",
        "cold-batch=65", "flops", "read-bytes=-1", "task-seconds=0", "ranks=2"})
    EXPECT_EQ(
        readAgain(std::string("auto ") + field),
        std::string("expects a number of tokens, threads or a "
                    "cold-batch of 1 to 64, or a rate (flops, pair-factor, "
                    "tile-factor, parts-factor, "
                    "thread-read-bytes, read-bytes, loop-seconds, "
                    "task-seconds), but got '") +
            field + "'");
}

TEST(Schedule, OneThreadDoesNotPayForBarriers) {
  MachineRates machine;
  machine.oneThread = {0.8, 0.8, 0.8};
  machine.taskSeconds = 0;
  for (int64_t tokens : {1, 8, 32, 128, 512, 2048}) {
    FormCosts costs = estimate(layerOf(tokens), machine, 1);
    EXPECT_EQ(costs.unfused, costs.fused) << tokens;
    EXPECT_EQ(costs.choose(), Schedule::Fused) << tokens;
  }
}

TEST(Schedule, MachinesMayPreferOtherForms) {
  MachineRates machine;
  machine.oneThread = {0.9, 0.7, 0.8};
  EXPECT_EQ(estimate(layerOf(512), machine, 1).choose(), Schedule::Unfused);
  machine.threads = {0.5, 0.9, 0.8};
  EXPECT_EQ(estimate(layerOf(512), machine, 2).choose(), Schedule::TwoKernel);
}

TEST(Schedule, SmallLayersAreNoWorkForThreads) {
  // Op after op, no product is worth a parallel loop; a graph is one.
  LayerSize small = {4, 64, 8, 16, 8, 16, true};
  FormCosts costs = estimate(small, {}, 16);
  EXPECT_EQ(costs.choose(), Schedule::Unfused);
  EXPECT_EQ(costs.unfused, estimate(small, {}, 1).unfused);
  EXPECT_LT(costs.fused, costs.twoKernel);
  EXPECT_EQ(costs.of(Schedule::Auto), costs.unfused);
}

TEST(Schedule, NarrowMatricesFillPanelsTogether) {
  // Gate and up of 32 columns each are one panel of 64 or two.
  LayerSize narrow = {512, 64, 8, 1024, 32, 1024, true};
  MachineRates machine;
  machine.oneThread = {0.8, 0.8, 0.8};
  EXPECT_EQ(estimate(narrow, machine, 1).choose(), Schedule::Fused);
  narrow.joint = true;
  FormCosts costs = estimate(narrow, machine, 1);
  EXPECT_EQ(costs.choose(), Schedule::Unfused);
  EXPECT_LT(costs.unfused, 0.7 * costs.fused);
  // Panels of 16 columns are full either way.
  narrow.panel = 16;
  EXPECT_EQ(estimate(narrow, machine, 1).choose(), Schedule::Fused);
}

TEST(Schedule, TasksCostTimeEach) {
  MachineRates machine;
  machine.oneThread = {0.8, 0.8, 0.8};
  LayerSize layer = layerOf(128);
  double without = estimate(layer, machine, 1).unfused;
  // 8 rows of each expert: one tile, with 3 tasks of hidden columns and 16 of
  // the result. Twice two tasks of 64 tokens each, and the plan.
  double tasks = 128 * (1 + 3 + 16) + 2 * 2 + 1;
  EXPECT_NEAR(estimate(layer, machine, 1).fused, without + 0.15e-6 * tasks,
              0.05 * 0.15e-6 * tasks);
}

TEST(Schedule, LargeCallsComputeAndSmallOnesRead) {
  // 2048 tokens x 8 picks x 3 matrices of 2048 x 768, at 118 GFLOP/s.
  MachineRates machine;
  machine.oneThread.unfused = 0.8;
  double compute = 2.0 * 2048 * 8 * 3 * 2048 * 768 / (118e9 * 0.80);
  EXPECT_NEAR(estimate(layerOf(2048), machine, 1).unfused, compute, 1e-6);
  // One token reads the weights of 8 experts.
  double read = 4.0 * 8 * 3 * 2048 * 768 / (30e9 * 0.80);
  EXPECT_NEAR(estimate(layerOf(1), machine, 1).unfused, read, 1e-6);
  // Pairs of bf16 are half as many bytes, and multiplied twice as fast.
  LayerSize narrow = layerOf(2048);
  narrow.weightBytes = 2;
  narrow.pairs = true;
  EXPECT_NEAR(estimate(narrow, machine, 1).unfused, compute / 2, 1e-6);
  narrow.tokens = 1;
  EXPECT_NEAR(estimate(narrow, machine, 1).unfused, read / 2, 1e-6);
}

TEST(Schedule, SeveralThreadsDoNotWaitForEachOther) {
  // What was measured: fused is faster on two threads, whatever the tokens.
  for (int64_t tokens : {1, 8, 32, 128, 512})
    EXPECT_EQ(estimate(layerOf(tokens), {}, 2).choose(), Schedule::Fused)
        << tokens;
}

TEST(Schedule, BandwidthEndsBeforeThreadsDo) {
  MachineRates machine;
  machine.loopSeconds = 0;
  double two = estimate(layerOf(1), machine, 2).unfused;
  EXPECT_NEAR(estimate(layerOf(1), machine, 8).unfused, two, 1e-9);
  EXPECT_NEAR(estimate(layerOf(2048), machine, 8).unfused * 4,
              estimate(layerOf(2048), machine, 2).unfused, 1e-6);
}

TEST(Schedule, WhatIsWithinTheErrorIsFused) {
  FormCosts close;
  close.fused = 1.0;
  close.twoKernel = close.unfused = 0.91;
  EXPECT_EQ(close.choose(), Schedule::Fused);
  close.twoKernel = 0.89;
  EXPECT_EQ(close.choose(), Schedule::TwoKernel);
  close.unfused = 0.88;
  EXPECT_EQ(close.choose(), Schedule::Unfused);
}

TEST(Schedule, TileRegistersMakeProductsFaster) {
  MachineRates machine;
  LayerSize pairs = layerOf(2048), tiles = layerOf(2048);
  // So few bytes that arithmetic is the longer part.
  pairs.weightBytes = tiles.weightBytes = 0.1;
  pairs.pairs = tiles.pairs = tiles.tiles = true;
  machine.taskSeconds = 0;
  EXPECT_NEAR(estimate(pairs, machine, 1).fused,
              estimate(tiles, machine, 1).fused * machine.tileFactor / 2, 1e-9);
}

TEST(Schedule, PartsMakeManyRowsFaster) {
  MachineRates machine;
  machine.taskSeconds = 0;
  // 8 rows of each expert, and 128.
  for (auto [tokens, factor] :
       {std::pair(128, 1.0), std::pair(2048, machine.partsFactor)}) {
    LayerSize vectors = layerOf(tokens), parts = layerOf(tokens);
    vectors.weightBytes = parts.weightBytes = 0.1;
    parts.parts = true;
    EXPECT_NEAR(estimate(vectors, machine, 1).fused,
                estimate(parts, machine, 1).fused * factor, 1e-9)
        << tokens;
  }
}

TEST(RowTiles, TileRegistersAreAsHighAsRowsNeed) {
  constexpr RowCut vectors{6}, tiles{6, /*hasTiles=*/true};
  EXPECT_EQ(vectors.unit(), 6);
  EXPECT_EQ(tiles.unit(), 16);
  EXPECT_EQ(vectors.task(), 120);
  EXPECT_EQ(tiles.task(), 270);
  // Rows, those computed by vectors and by tiles, those of whole tiles.
  for (auto [rows, whole, computed, inTiles] :
       {std::array<int64_t, 4>{0, 0, 0, 0},
        {1, 6, 1, 16},
        {2, 6, 2, 16},
        {3, 6, 3, 16},
        {7, 12, 7, 16},
        {16, 18, 16, 16},
        {17, 18, 17, 32},
        {33, 36, 34, 48},
        {65, 66, 66, 80},
        {256, 258, 256, 256},
        {257, 258, 261, 272},
        {270, 270, 270, 272},
        {273, 276, 273, 288},
        {277, 282, 277, 288},
        {335, 336, 336, 336}}) {
    EXPECT_EQ(vectors.computed(rows), rows);
    EXPECT_EQ(vectors.inWholeTiles(rows), whole) << rows;
    EXPECT_EQ(tiles.computed(rows), computed) << rows;
    EXPECT_EQ(tiles.inWholeTiles(rows), inTiles) << rows;
  }
  constexpr RowCut codes{6, /*hasTiles=*/true, /*hasCodes=*/true};
  EXPECT_TRUE(tiles.isForVectors(3));
  EXPECT_FALSE(tiles.isForVectors(4));
  EXPECT_TRUE(codes.isForVectors(2));
  EXPECT_FALSE(codes.isForVectors(3));
  constexpr RowCut parts{6, /*hasTiles=*/true, /*hasCodes=*/false,
                         /*hasParts=*/true};
  EXPECT_EQ(parts.task(), 160);
  EXPECT_TRUE(parts.isForVectors(12));
  EXPECT_EQ(parts.computed(12), 12);
  EXPECT_EQ(parts.computed(13), 13);
  EXPECT_EQ(parts.computed(33), 34);
  EXPECT_EQ(parts.computed(160), 160);
  EXPECT_EQ(parts.computed(161), 161);
  EXPECT_EQ(parts.computed(193), 194);
}

TEST(RowTiles, CoverTheRowsEvenly) {
  for (int64_t most : {4, 6})
    for (int64_t rows = 0; rows < 50; ++rows) {
      llvm::SmallVector<int64_t> heights = tileHeights(rows, most);
      EXPECT_EQ(std::accumulate(heights.begin(), heights.end(), int64_t(0)),
                rows);
      EXPECT_EQ(static_cast<int64_t>(heights.size()), (rows + most - 1) / most);
      if (heights.empty())
        continue;
      auto [low, high] = std::minmax_element(heights.begin(), heights.end());
      EXPECT_LE(*high, most);
      EXPECT_LE(*high - *low, 1);
    }
}

} // namespace
