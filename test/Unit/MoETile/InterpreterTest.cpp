// Committed graphs run under every schedule; what schedules need is needed;
// runs can be replayed.
#include "Graphs.h"

#include <gtest/gtest.h>

using namespace moe::tile;
using namespace moe::tile::test;

namespace {

class CommittedGraphs : public testing::TestWithParam<const char *> {};

TEST_P(CommittedGraphs, AreAcceptedByTheVerifier) {
  ParsedGraph graph(readGraph(GetParam()));
  ASSERT_TRUE(graph);
  EXPECT_EQ(graph.verify(), "");
}

TEST_P(CommittedGraphs, RunWellUnderEverySchedule) {
  ParsedGraph graph(readGraph(GetParam()));
  ASSERT_TRUE(graph);
  for (uint32_t kind = 0; kind <= getMaxEnumValForScheduleKind(); ++kind) {
    auto schedule = static_cast<ScheduleKind>(kind);
    auto finding = search(*graph, 60, schedule);
    EXPECT_FALSE(finding) << stringifyScheduleKind(schedule).str() << ": "
                          << (finding ? finding->text : "");
  }
}

INSTANTIATE_TEST_SUITE_P(All, CommittedGraphs,
                         testing::Values("layer", "fused", "exchange", "ring",
                                         "sweep", "batches", "routed",
                                         "shared"),
                         [](const auto &info) { return info.param; });

RunOptions optionsOf(GraphOp graph, uint64_t seed, ScheduleKind schedule,
                     int64_t workers, int64_t resident) {
  RunOptions options;
  options.seed = seed;
  options.schedule = schedule;
  options.workers = workers;
  options.resident = resident;
  Load load;
  load.tokens = 70;
  load.rows.assign(graph.getExperts(), 140 / graph.getExperts());
  options.loads.assign(2, {});
  for (auto &ranks : options.loads)
    ranks.assign(graph.getRanks(), load);
  return options;
}

TEST(Residency, TicketsNeedOneWorkerAtATime) {
  ParsedGraph graph(readGraph("layer"));
  for (int64_t resident : {1, 2, 8}) {
    RunResult result = runTileGraph(
        *graph, optionsOf(*graph, resident, ScheduleKind::Ticket, 8, resident));
    EXPECT_FALSE(result.finding);
    // route 3, order 1, gather 4 * 2, up 4 * 2 * 3, down 4 * 2 * 2, combine 3 *
    // 2, twice.
    EXPECT_EQ(result.tasks, 2 * (3 + 1 + 8 + 24 + 16 + 6));
  }
}

TEST(Residency, WhoHasSeveralTicketsFinishesThemInTheirOrder) {
  // Two workers can do with a task that waits for the next one where each has
  // one ticket.
  ParsedGraph graph(R"(
    moe_tile.graph experts 1 schedule <ticket> {
      moe_tile.buffer @h : 4 x f32 in device
      moe_tile.buffer output @y : 4 x f32 in device
      moe_tile.signal @made in device
      moe_tile.task @use over () {
        %0 = moe_tile.wait @made expects 1
        %1 = moe_tile.compute reads(@h[*]) writes(@y[*]) after(%0)
      }
      moe_tile.task @make over () {
        %0 = moe_tile.compute writes(@h[*])
        moe_tile.arrive @made after %0
      }
    }
  )");
  ASSERT_TRUE(graph);
  int64_t deadlocks = 0, ends = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    auto finding = runTileGraph(*graph, optionsOf(*graph, seed,
                                                  ScheduleKind::Ticket, 2, 2))
                       .finding;
    (finding ? deadlocks : ends) += 1;
    if (finding)
      EXPECT_EQ(finding->kind, FindingKind::Deadlock);
  }
  EXPECT_GT(deadlocks, 0);
  EXPECT_GT(ends, 0);
}

TEST(Residency, ASchedulerThatStartsLastNeedsAllWorkers) {
  ParsedGraph graph(readGraph("layer"));
  auto run = [&](int64_t resident) {
    return runTileGraph(
        *graph, optionsOf(*graph, 7, ScheduleKind::CentralOS, 8, resident));
  };
  EXPECT_FALSE(run(8).finding);
  ASSERT_TRUE(run(7).finding);
  EXPECT_EQ(run(7).finding->kind, FindingKind::Deadlock);
}

TEST(Residency, StaticWavesNeedAllWorkers) {
  ParsedGraph graph(readGraph("layer"));
  auto deadlocks = [&](int64_t resident) {
    int64_t count = 0;
    for (uint64_t seed = 0; seed < 20; ++seed) {
      auto finding =
          runTileGraph(*graph, optionsOf(*graph, seed, ScheduleKind::StaticWave,
                                         8, resident))
              .finding;
      count += finding && finding->kind == FindingKind::Deadlock;
    }
    return count;
  };
  EXPECT_EQ(deadlocks(8), 0);
  EXPECT_GT(deadlocks(4), 0);
}

TEST(Replay, EqualOptionsGiveEqualRuns) {
  std::string text = readGraph("layer");
  // A graph that fails somewhere else for different seeds.
  size_t at = text.find("expects 3");
  text.replace(at, 9, "expects 2");
  ParsedGraph graph(text);
  ASSERT_TRUE(graph);
  std::set<std::string> texts;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    RunOptions options = optionsOf(*graph, seed, ScheduleKind::Ticket, 4, 4);
    auto first = runTileGraph(*graph, options).finding;
    auto second = runTileGraph(*graph, options).finding;
    ASSERT_EQ(first.has_value(), second.has_value());
    if (!first)
      continue;
    EXPECT_EQ(first->text, second->text);
    texts.insert(first->text);
  }
  EXPECT_GT(texts.size(), 1u);
}

TEST(Loads, ReachTheCornersThatBreakSchedules) {
  ParsedGraph graph(readGraph("layer"));
  Random random(1);
  bool none = false, tile = false, pastTile = false, emptyExpert = false,
       dropped = false;
  for (auto &ranks : randomLoads(*graph, 200, 70, random))
    for (Load &load : ranks) {
      int64_t sum = 0;
      for (int64_t rows : load.rows) {
        sum += rows;
        emptyExpert |= load.tokens > 10 && rows == 0;
        EXPECT_LE(rows, load.tokens);
      }
      if (sum == 0)
        dropped |= load.tokens > 10;
      else
        EXPECT_EQ(sum, 2 * load.tokens);
      none |= load.tokens == 0;
      tile |= load.tokens == 32;
      pastTile |= load.tokens == 33;
    }
  EXPECT_TRUE(none && tile && pastTile && emptyExpert && dropped);
}

} // namespace
