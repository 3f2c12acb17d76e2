// Wrong graphs: each is a committed graph with one fault, and is rejected by an
// op verifier, moe-verify-tile or the interpreter, for the reason that the
// table gives.
#include "Graphs.h"

#include <gtest/gtest.h>

using namespace moe::tile;
using namespace moe::tile::test;

namespace {

/// Replaces text that occurs once.
struct Edit {
  const char *from, *to;
};

struct Mutant {
  const char *name;
  const char *graph;
  std::vector<Edit> edits;
  /// Part of what the op verifiers or moe-verify-tile say; null where the fault
  /// is out of their sight.
  const char *verifier;
  /// What the interpreter finds; none where the op verifiers refuse the text.
  std::optional<FindingKind> finding;
};

std::ostream &operator<<(std::ostream &os, const Mutant &mutant) {
  return os << mutant.name;
}

const Mutant mutants[] = {
    // Edges and arrival counts.
    {"DroppedEdge",
     "layer",
     {{"writes(@results[%e, %m, %n]) after(%0)",
       "writes(@results[%e, %m, %n])"}},
     "expects tokens that order it after what writes 'hidden'",
     FindingKind::UnorderedRead},
    {"DroppedWait",
     "layer",
     {{"%0 = moe_tile.wait @active[%e, %m] expects 3\n", "\n"},
      {"writes(@results[%e, %m, %n]) after(%0)",
       "writes(@results[%e, %m, %n])"}},
     "expects tokens that order it after what writes 'hidden'",
     FindingKind::UnorderedRead},
    {"DroppedArrival",
     "layer",
     {{"moe_tile.arrive @active[%e, %m] after %1", ""}},
     "expects tasks that arrive at 'active', but got none",
     FindingKind::Deadlock},
    {"ArrivalBeforeTheWork",
     "layer",
     {{"moe_tile.arrive @filled[%e, %m] after %0",
       "moe_tile.arrive @filled[%e, %m]"}},
     "expects tokens that order it after what writes 'gathered'",
     FindingKind::UnorderedRead},
    {"TooFewArrivals",
     "layer",
     {{"expects 3", "expects 2"}},
     "requires 'expects' (2) to equal the arrivals at a cell of 'active' (3)",
     FindingKind::UnorderedRead},
    {"TooManyArrivals",
     "layer",
     {{"expects 3", "expects 4"}},
     "requires 'expects' (4) to equal the arrivals at a cell of 'active' (3)",
     FindingKind::Deadlock},
    {"AWorkerCountAsArrivals",
     "layer",
     {{"expects experts * rows by 32", "expects 4"}},
     "requires 'expects' (4) to equal the arrivals at a cell of 'finished' "
     "(experts * rows by 32)",
     FindingKind::Deadlock},
    {"SkippedZeroPath",
     "fused",
     {{"expects 2 * rows by 32", "expects 2"}},
     "requires 'expects' (2) to equal the arrivals at a cell of 'active' (2 * "
     "rows by 32)",
     FindingKind::Deadlock},
    {"SkippedZeroPathOfTokens",
     "layer",
     {{"expects tokens by 32", "expects 1"}},
     "requires 'expects' (1) to equal the arrivals at a cell of 'picked' "
     "(tokens by 32)",
     FindingKind::Deadlock},
    // With tokens, but no rows, nobody waits for 'finished'.
    {"ZeroPathThatOrdersNothing",
     "sweep",
     {{"reads(@sums[%t, *]) writes(@y[%t, *]) after(%0, %1)",
       "reads(@sums[%t, *]) writes(@y[%t, *]) after(%1)"}},
     "expects tokens that order it after what writes 'sums'",
     FindingKind::UnorderedRead},
    {"AnotherTileHeightThanTheSignal",
     "layer",
     {{"@gather over (%e in experts, %m in rows by 32)",
       "@gather over (%e in experts, %m in rows by 64)"}},
     "requires index #1 (over rows by 64) to run over dimension #1 of signal "
     "'filled' (rows by 32)",
     std::nullopt},
    {"WiderTiles",
     "layer",
     {{"@up over (%e in experts, %m in rows by 32, %n in 96 by 32)",
       "@up over (%e in experts, %m in rows by 32, %n in 96 by 48)"}},
     "requires 'expects' (3) to equal the arrivals at a cell of 'active' (2)",
     FindingKind::Deadlock},
    // Order of tasks, residency.
    {"SwappedTickets",
     "layer",
     {{R"(    moe_tile.task @gather over (%e in experts, %m in rows by 32) after %known {
      %0 = moe_tile.compute reads(@x[*, *], @sources[%e, %m]) writes(@gathered[%e, %m, *])
      moe_tile.arrive @filled[%e, %m] after %0
    }
)",
       ""},
      {"    moe_tile.task @down over",
       R"(    moe_tile.task @gather over (%e in experts, %m in rows by 32) after %known {
      %0 = moe_tile.compute reads(@x[*, *], @sources[%e, %m]) writes(@gathered[%e, %m, *])
      moe_tile.arrive @filled[%e, %m] after %0
    }
    moe_tile.task @down over)"}},
     "expects tasks that arrive at 'filled' to stand before those that wait, "
     "but got 'gather' later",
     FindingKind::Deadlock},
    {"FewerResidentWorkersThanThereAre",
     "fused",
     {{"resident 4", "resident 2"}},
     "requires 'workers' (4) of schedule 'static_wave' to be known and at most "
     "'resident' (2)",
     FindingKind::Deadlock},
    {"DomainBeforeCounts",
     "layer",
     {{"%n in 96 by 32) after %known", "%n in 96 by 32)"}},
     "expects to begin after the counts of its rows are known",
     FindingKind::UnknownCounts},
    // Coverage.
    {"MissingTailTile",
     "layer",
     {{"%n in 96 by 32", "%n in 64 by 32"}},
     "requires index #2 (over 64 by 32) to run over dimension #2 of buffer "
     "'hidden' (96)",
     std::nullopt},
    {"DoubleWriter",
     "layer",
     {{"writes(@y[%t, %n])", "writes(@y[%t, *])"}},
     "expects one writer of each element of 'y', but every tile of 64 by 32 "
     "writes it",
     FindingKind::DoubleWrite},
    {"SecondWriterTask",
     "layer",
     {{"writes(@counts[*], @sources[*, *])",
       "writes(@counts[*], @sources[*, *], @y[*, *])"}},
     "expects one writer of each element, but got 2",
     FindingKind::DoubleWrite},
    {"MissingOutput",
     "layer",
     {{" writes(@y[%t, %n])", ""}},
     "expects a computation that writes it",
     FindingKind::MissingWrite},
    {"MissingIntermediate",
     "layer",
     {{"writes(@counts[*], @sources[*, *])", "writes(@counts[*])"}},
     "expects a computation that writes it",
     FindingKind::UnwrittenRead},
    {"SumWithoutZero",
     "fused",
     {{"%zero = moe_tile.compute writes(@y[*, %n])",
       "%zero = moe_tile.compute reads(@x[*, *])"}},
     "expects a computation that writes it",
     FindingKind::UnwrittenRead},
    {"SumInNoOrder",
     "fused",
     {{"after(%before, %0)", "after(%zero, %0)"}},
     "expects tokens that order it after its step before 'y'",
     FindingKind::UnorderedRead},
    // Scopes.
    {"WorkerScopeBetweenTasks",
     "layer",
     {{"@filled : experts x rows by 32 in device",
       "@filled : experts x rows by 32 in worker"}},
     "requires the scope of 'filled' (worker) to hold task 'gather'",
     FindingKind::Deadlock},
    {"DeviceScopeBetweenRanks",
     "exchange",
     {{"in system epoch", "in device epoch"}},
     "requires every cell of 'landed' that it waits for to be arrived at, but "
     "dimension #1 is one value there",
     FindingKind::Deadlock},
    {"PutIntoTheOwnInbox",
     "exchange",
     {{"writes(@inbox[%p, %self, *, *])", "writes(@inbox[%self, %p, *, *])"}},
     nullptr,
     FindingKind::UnorderedRead},
    // Epochs.
    {"ParityWhereRanksCanBeAhead",
     "exchange",
     {{"cyclic(3)", "cyclic(2)"}},
     "requires the modulus of 'cyclic' (2) to be at least 2 more than the "
     "launches that a rank can be ahead (1)",
     FindingKind::Deadlock},
    {"ClearedByOneRankWhileAnotherArrives",
     "exchange",
     {{" epoch <cyclic(3)>", ""}},
     "expects an epoch that is not 'fresh' in scope 'system'",
     FindingKind::Deadlock},
    {"OneCounterForAllRanks",
     "exchange",
     {{"@landed : ranks x ranks in system epoch <cyclic(3)>",
       "@landed : ranks in system epoch <monotone>"},
      {"moe_tile.arrive @landed[%p, %self]", "moe_tile.arrive @landed[%p]"},
      {"moe_tile.wait @landed[%self, %p] expects 1",
       "moe_tile.wait @landed[%self] expects ranks"}},
     "expects arrivals of one rank at a 'monotone' cell",
     FindingKind::StaleEpoch},
    {"NeverClearedCounterOfData",
     "layer",
     {{"@finished : 64 by 32 in device",
       "@finished : 64 by 32 in device epoch <monotone>"}},
     "requires the arrivals at a 'monotone' cell (experts * rows by 32) to be "
     "the same number in each launch",
     FindingKind::Deadlock},
    {"ClearedByTheFirstOfSeveralWaits",
     "layer",
     {{"@filled : experts x rows by 32 in device",
       "@filled : experts x rows by 32 in device epoch <self_clean>"}},
     "expects one wait for each 'self_clean' cell of 'filled'",
     FindingKind::Deadlock},
    {"OneCopyWhereRanksCanBeAhead",
     "exchange",
     {{"copies 2", ""}},
     "requires 'copies' (1) to exceed the launches that a rank can be ahead "
     "(1)",
     FindingKind::SlotReuse},
    // Rings.
    {"ShallowerRing",
     "ring",
     {{"64 x 32 x f32 in worker ring 2", "64 x 32 x f32 in worker ring 1"}},
     "requires 'behind' (2) to be at most the depth of ring 'stage_a' (1)",
     FindingKind::SlotReuse},
    {"RingOfOneForTwoInHand",
     "ring",
     {{"64 x 32 x f32 in worker ring 2", "64 x 32 x f32 in worker ring 1"},
      {"32 x 64 x f32 in worker ring 2", "32 x 64 x f32 in worker ring 1"},
      {"behind 2", "behind 1"}},
     "requires 'behind' (1) to be below that of who waits for 'empty' (1)",
     FindingKind::Deadlock},
    {"RingWithoutCredit",
     "ring",
     {{"@stage_b[%k, *, *]) after(%0)\n", "@stage_b[%k, *, *])\n"}},
     "expects to wait for an entry of ring 'stage_a' that was given back",
     FindingKind::SlotReuse},
    {"RingEntryTooEarlyFull",
     "ring",
     {{"moe_tile.arrive @full[%k] after %1",
       "moe_tile.arrive @full[%k] after %0"}},
     "expects tokens that order it after what writes 'stage_a'",
     FindingKind::UnorderedRead},
    {"RingEntryGivenBackInUse",
     "ring",
     {{"moe_tile.arrive @empty[%k] behind 1", "moe_tile.arrive @empty[%k]"}},
     nullptr,
     FindingKind::SlotReuse},
    // Sweeps.
    {"SweepOfAnotherNumberOfFamilies",
     "sweep",
     {{"[0, 1, 2]", "[0, 1]"}},
     "requires the number of lags of its sweep (2) to equal that of tasks over "
     "'experts, rows' (3)",
     std::nullopt},
    {"RingOfItemsThatTakeNoTurns",
     "sweep",
     {{" sweep = [0, 1, 2]", ""}},
     "expects a ring to begin with a fixed size, or with 'experts x rows' or "
     "'tokens' under a sweep of these",
     std::nullopt},
    {"FamilyThatLagsLessThanWhatItWaitsFor",
     "sweep",
     {{"[0, 1, 2]", "[0, 2, 1]"}},
     "expects tasks that arrive at 'active' to stand before those that wait, "
     "but got 'up' later",
     FindingKind::Deadlock},
    {"ChainToTheItemItself",
     "sweep",
     {{"@added[%e, %m, %n] behind 1", "@added[%e, %m, %n]"}},
     "expects tasks that arrive at 'added' to stand before those that wait, "
     "but got 'down' itself",
     FindingKind::Deadlock},
    {"ChainThatSkipsAnItem",
     "sweep",
     {{"@added[%e, %m, %n] behind 1", "@added[%e, %m, %n] behind 2"}},
     nullptr,
     FindingKind::UnorderedRead},
    {"SumsOfItemsInNoOrder",
     "sweep",
     {{"after(%0, %1, %2)", "after(%0, %1)"}},
     nullptr,
     FindingKind::UnorderedRead},
    {"ShallowerRingOfItems",
     "sweep",
     {{"96 x f32 in device ring 2", "96 x f32 in device ring 1"}},
     "requires 'behind' (2) to be at most the depth of ring 'hidden' (1)",
     FindingKind::SlotReuse},
    {"RingOfItemsWithoutCredit",
     "sweep",
     {{"writes(@rows[%e, %m, *]) after(%0)", "writes(@rows[%e, %m, *])"}},
     "expects to wait for an entry of ring 'rows' that was given back",
     FindingKind::SlotReuse},
    {"CreditOfALaterStep",
     "sweep",
     {{"@active[%e, %m] behind 2", "@active[%e, %m] behind 1"}},
     "expects tasks that arrive at 'active' to stand before those that wait, "
     "but got 'up' later",
     FindingKind::Deadlock},
    {"EntryOfAnotherItem",
     "sweep",
     {{"@hidden[%e, %m, *]) updates", "@hidden[*, *, *]) updates"}},
     "expects the entry of its own item of the sweep in ring 'hidden'",
     std::nullopt},
    {"BatchBeyondItsRings",
     "batches",
     {{"batch 2", "batch 3"}},
     "expects tasks that arrive at 'active' to stand before those that wait, "
     "but got 'up' later",
     FindingKind::Deadlock},
    {"ShallowerRingThanTheBatchNeeds",
     "batches",
     {{"96 x f32 in device ring 3", "96 x f32 in device ring 2"},
      {"@drained[%e, %m] behind 3", "@drained[%e, %m] behind 2"}},
     "expects tasks that arrive at 'drained' to stand before those that wait, "
     "but got 'down' later",
     FindingKind::Deadlock},
    // Sweeps of tokens: a shared expert.
    {"TokenSweepOfAnotherNumberOfFamilies",
     "shared",
     {{"token_sweep = [0, 1]", "token_sweep = [0]"}},
     "requires the number of lags of its token sweep (1) to equal that of "
     "tasks that use rings of 'tokens' (2)",
     std::nullopt},
    {"RingOfTokensThatTakeNoTurns",
     "shared",
     {{" token_sweep = [0, 1]", ""}},
     "expects a ring to begin with a fixed size, or with 'experts x rows' or "
     "'tokens' under a sweep of these",
     std::nullopt},
    {"TokenFamiliesOfTwoHeights",
     "shared",
     {{"@shared_down over (%t in tokens by 32",
       "@shared_down over (%t in tokens by 64"}},
     "requires index #0 (over tokens by 64) to run over dimension #0 of signal "
     "'shared_active' (tokens by 32)",
     std::nullopt},
    {"TokenFamiliesApart",
     "shared",
     {{R"(    moe_tile.task @start over (%t in tokens by 16) {
      %0 = moe_tile.compute writes(@sums[%t, *])
      moe_tile.arrive @started after %0
    }
)",
       ""},
      {"    moe_tile.task @shared_down",
       R"(    moe_tile.task @start over (%t in tokens by 16) {
      %0 = moe_tile.compute writes(@sums[%t, *])
      moe_tile.arrive @started after %0
    }
    moe_tile.task @shared_down)"}},
     "expects to stand beside the other tasks of the sweep, but got 'start' "
     "between them",
     std::nullopt},
    {"SharedEntryOfAllTokens",
     "shared",
     {{"@shared_hidden[%t, *]) writes", "@shared_hidden[*, *]) writes"}},
     "expects the entry of its own item of the sweep in ring 'shared_hidden'",
     std::nullopt},
    {"SharedExpertThatLagsLessThanItsHiddenVectors",
     "shared",
     {{"token_sweep = [0, 1]", "token_sweep = [1, 0]"}},
     "expects tasks that arrive at 'shared_active' to stand before those that "
     "wait, but got 'shared_up' later",
     FindingKind::Deadlock},
    {"SharedHiddenVectorsOfTooFewTasks",
     "shared",
     {{"@shared_active[%t] expects 5", "@shared_active[%t] expects 4"}},
     "requires 'expects' (4) to equal the arrivals at a cell of "
     "'shared_active' (5)",
     FindingKind::UnorderedRead},
    {"SharedHiddenVectorsInNoOrder",
     "shared",
     {{"writes(@y[%t, %n]) after(%0)", "writes(@y[%t, %n])"}},
     "expects tokens that order it after what writes 'shared_hidden'",
     FindingKind::UnorderedRead},
    {"ShallowerRingOfTokens",
     "shared",
     {{"160 x f32 in device ring 2", "160 x f32 in device ring 1"}},
     "requires 'behind' (2) to be at most the depth of ring 'shared_hidden' "
     "(1)",
     FindingKind::SlotReuse},
    {"RingOfTokensWithoutCredit",
     "shared",
     {{"writes(@shared_hidden[%t, %n]) after(%0)",
       "writes(@shared_hidden[%t, %n])"}},
     "expects to wait for an entry of ring 'shared_hidden' that was given back",
     FindingKind::SlotReuse},
    {"SharedExpertWithoutItsLastColumns",
     "shared",
     {{"@shared_down over (%t in tokens by 32, %n in 64 by 16)",
       "@shared_down over (%t in tokens by 32, %n in 48 by 16)"}},
     "requires index #1 (over 48 by 16) to run over dimension #1 of buffer 'y' "
     "(64)",
     std::nullopt},
    {"SumWithoutTheSharedExpert",
     "shared",
     {{"updates(@y[%t, *]) after(%0, %1, %2)",
       "updates(@y[%t, *]) after(%0, %1)"}},
     "expects tokens that order it after what writes 'y'",
     FindingKind::UnorderedRead},
    {"SharedExpertThatSkipsItsLastTile",
     "shared",
     {{"@shared_given expects 4 * tokens by 32",
       "@shared_given expects 4 * tokens by 64"}},
     "requires 'expects' (4 * tokens by 64) to equal the arrivals at a cell of "
     "'shared_given' (4 * tokens by 32)",
     FindingKind::UnorderedRead},
    {"SharedExpertThatWritesSums",
     "shared",
     {{"writes(@y[%t, %n]) after(%0)", "writes(@sums[%t, %n]) after(%0)"}},
     "expects one writer of each element, but got 2",
     FindingKind::DoubleWrite},
    // A graph that routes.
    {"PlanThatDoesNotWaitForTheLastBlock",
     "routed",
     {{"@routed expects tokens by 32", "@routed expects 1"}},
     "requires 'expects' (1) to equal the arrivals at a cell of 'routed' "
     "(tokens by 32)",
     FindingKind::UnorderedRead},
    {"PlanThatWaitsForNothing",
     "routed",
     {{"writes(@counts[*]) after(%0)", "writes(@counts[*])"}},
     "expects tokens that order it after what writes 'ids'",
     FindingKind::UnorderedRead},
    {"RowsPlacedBeforeTheyAreCounted",
     "routed",
     {{"@next[*]) after(%counted)", "@next[*]) after(%0)"}},
     "expects tokens that order it after what writes 'counts'",
     FindingKind::UnorderedRead},
    {"PlanPublishedBeforeRowsArePlaced",
     "routed",
     {{"moe_tile.arrive @planned after %placed",
       "moe_tile.arrive @planned after %counted"}},
     "expects tokens that order it after what writes 'sources'",
     FindingKind::UnorderedRead},
    {"SweepBeforeTheRowsAreKnown",
     "routed",
     {{"@gather over (%e in experts, %m in rows by 32) after %known",
       "@gather over (%e in experts, %m in rows by 32)"},
      {"@x[*, *], @sources[%e, %m]", "@x[*, *]"}},
     "expects to begin after the counts of its rows are known",
     FindingKind::UnknownCounts},
    {"EndThatWaitsForUnknownRows",
     "routed",
     {{"@finish over (%t in tokens by 32) after %known",
       "@finish over (%t in tokens by 32)"}},
     "expects to begin after the counts of its rows are known",
     FindingKind::UnknownCounts},
    {"BlocksThatShareTheirEntries",
     "routed",
     {{"@ids[%t, *], @picks[%t, *]", "@ids[*, *], @picks[%t, *]"}},
     "expects one writer of each element of 'ids', but every tile of tokens by "
     "32 writes it",
     FindingKind::DoubleWrite},
    {"RouteThatDoesNotWaitForItsLogits",
     "routed",
     {{"@keys[*, *]) after(%0)", "@keys[*, *])"}},
     "expects tokens that order it after what writes 'logits'",
     FindingKind::UnorderedRead},
    {"RouteThatWaitsForOnePanelOfTheRouter",
     "routed",
     {{"expects 2 * tokens by 48", "expects tokens by 48"}},
     "requires 'expects' (tokens by 48) to equal the arrivals at a cell of "
     "'multiplied' (2 * tokens by 48)",
     FindingKind::UnorderedRead},
    {"LogitsThatArriveBeforeTheyAreMultiplied",
     "routed",
     {{"moe_tile.arrive @multiplied after %0", "moe_tile.arrive @multiplied"}},
     "expects tokens that order it after what writes 'logits'",
     FindingKind::UnorderedRead},
    {"LogitsCountedInBlocksOfTheRoute",
     "routed",
     {{"expects 2 * tokens by 48", "expects 2 * tokens by 32"}},
     "requires 'expects' (2 * tokens by 32) to equal the arrivals at a cell of "
     "'multiplied' (2 * tokens by 48)",
     FindingKind::Deadlock},
    {"PanelsThatWriteAllLogits",
     "routed",
     {{"writes(@logits[%t, %n])", "writes(@logits[%t, *])"}},
     "expects one writer of each element of 'logits', but every tile of 4 by 2 "
     "writes it",
     FindingKind::DoubleWrite},
};

class Mutants : public testing::TestWithParam<Mutant> {};

TEST_P(Mutants, IsRejected) {
  const Mutant &mutant = GetParam();
  std::string text = readGraph(mutant.graph);
  for (const Edit &edit : mutant.edits) {
    size_t at = text.find(edit.from);
    ASSERT_NE(at, std::string::npos) << edit.from;
    ASSERT_EQ(text.find(edit.from, at + 1), std::string::npos) << edit.from;
    text.replace(at, strlen(edit.from), edit.to);
  }
  ParsedGraph graph(text);
  EXPECT_EQ(static_cast<bool>(graph), mutant.finding.has_value());
  std::string messages = graph.verify();
  if (mutant.verifier)
    EXPECT_NE(messages.find(mutant.verifier), std::string::npos) << messages;
  else
    EXPECT_EQ(messages, "");
  ASSERT_TRUE(mutant.verifier || mutant.finding);
  if (!graph)
    return;
  std::optional<Finding> finding = search(*graph, 1000);
  ASSERT_TRUE(finding) << "the interpreter finds nothing";
  EXPECT_EQ(stringifyFindingKind(finding->kind).str(),
            stringifyFindingKind(*mutant.finding).str())
      << finding->text;
}

INSTANTIATE_TEST_SUITE_P(All, Mutants, testing::ValuesIn(mutants),
                         [](const auto &info) { return info.param.name; });

} // namespace
