// Canonical integer expressions: what is the same integer is the same pointer.
#include "moe/Analysis/Index.h"

#include "gtest/gtest.h"

using namespace moe;

namespace {

class Table : public IndexTable {
protected:
  IndexRange elementRange(const Element &) override { return {}; }
};

TEST(Index, SumsAreCanonical) {
  Table table;
  Index a = table.symbol("a"), b = table.symbol("b");
  Index sum = table.add(table.scale(a, 2), b);
  EXPECT_EQ(table.add(b, table.scale(a, 2)), sum);
  EXPECT_EQ(table.sub(sum, b), table.scale(a, 2));
  EXPECT_EQ(table.sub(sum, sum), table.constant(0));
  EXPECT_NE(table.symbol("a"), a);
}

TEST(Index, AnExtentOfOneLeavesOnlyZero) {
  Table table;
  EXPECT_EQ(table.symbol("a", 1), table.constant(0));
}

TEST(Index, FlatPositionsComeApart) {
  Table table;
  Index row = table.symbol("row"), column = table.symbol("column", 4);
  Index position = table.flatten({row, column}, {table.constant(4)});
  EXPECT_EQ(table.floorDiv(position, 4), row);
  EXPECT_EQ(table.mod(position, 4), column);
  // Another divisor does not undo it.
  EXPECT_NE(table.floorDiv(position, 2), row);
}

TEST(Index, QuotientAndRemainderMakeThePosition) {
  Table table;
  Index position = table.symbol("position");
  Index row = table.floorDiv(position, 6), column = table.mod(position, 6);
  EXPECT_EQ(table.flatten({row, column}, {table.constant(6)}), position);
  EXPECT_NE(table.flatten({row, column}, {table.constant(5)}), position);
  EXPECT_NE(table.flatten({column, row}, {table.constant(6)}), position);
}

TEST(Index, ProductsOfSizesAreCanonical) {
  Table table;
  Index batch = table.symbol("batch"), length = table.symbol("length");
  Index tokens = table.multiply(batch, length);
  EXPECT_EQ(table.multiply(table.scale(length, 2), batch),
            table.scale(tokens, 2));
  EXPECT_EQ(table.floorDiv(table.scale(tokens, 2), 2), tokens);
}

TEST(Index, UnknownExtentsKeepCoordinatesTogether) {
  Table table;
  Index a = table.symbol("a"), b = table.symbol("b"), n = table.symbol("n"),
        m = table.symbol("m");
  Index flat = table.flatten({a, b}, {n});
  EXPECT_EQ(flat, table.flatten({a, b}, {n}));
  EXPECT_NE(flat, table.flatten({a, b}, {m}));
  ASSERT_TRUE(flat->asAtom(IndexAtom::Kind::Flat));
}

TEST(Index, SymbolsAreReplacedEverywhere) {
  Table table;
  Index a = table.symbol("a"), b = table.symbol("b"), n = table.symbol("n");
  Index sum = table.add(table.scale(table.floorDiv(a, 3), 2), table.mod(a, 5));
  EXPECT_EQ(table.replace(sum, {{a, table.scale(b, 15)}}), table.scale(b, 10));
  EXPECT_EQ(table.replace(table.multiply(a, b), {{a, n}, {b, n}}),
            table.multiply(n, n));
  EXPECT_EQ(table.replace(table.flatten({a, b}, {n}), {{n, table.constant(4)}}),
            table.add(table.scale(a, 4), b));
  EXPECT_EQ(table.replace(sum, {{b, n}}), sum);
}

TEST(Index, RangesFollowTheStructure) {
  Table table;
  Index a = table.symbol("a", 8), b = table.symbol("b");
  EXPECT_TRUE(table.range(a).within(0, 7));
  EXPECT_TRUE(table.range(table.add(table.scale(a, 3), table.constant(2)))
                  .within(2, 23));
  EXPECT_TRUE(table.range(table.mod(b, 5)).within(0, 4));
  EXPECT_TRUE(table.isNonNegative(table.add(a, b)));
  EXPECT_FALSE(table.isNonNegative(table.sub(b, a)));
  EXPECT_FALSE(table.range(b).high.has_value());
}

} // namespace
