// The arithmetic that decides which sizes are the same.
#include "SymbolicShape.h"

#include "gtest/gtest.h"
#include <limits>

using namespace moe::importer;

namespace {

struct SymbolicShapeTest : testing::Test {
  DimTable table;
  DimExpr b = DimExpr::symbol(table.named("B"));
  DimExpr s = DimExpr::symbol(table.named("S"));
  DimExpr anonymous = DimExpr::symbol(table.create(""));
};

TEST_F(SymbolicShapeTest, PolynomialsAreCanonical) {
  EXPECT_EQ((b + s) * (b - s), b * b - s * s);
  EXPECT_EQ(b * s, s * b);
  EXPECT_TRUE((b - b).is(0));
  EXPECT_FALSE(b == s);
  EXPECT_EQ(table.print(2 * b * s + 3 - s), "2*B*S - S + 3");
  EXPECT_EQ(table.print(2 * b * s, true), "?");
  EXPECT_EQ(table.print(b + 2 * s, true), "B + 2*S");
  EXPECT_EQ(table.print(anonymous), "?");
}

TEST_F(SymbolicShapeTest, OverflowIsInvalidAndStaysSo) {
  DimExpr big(std::numeric_limits<int64_t>::max());
  EXPECT_FALSE((big + 1).isValid());
  EXPECT_FALSE((big * 2 - big).isValid());
  EXPECT_FALSE((big * 2 == big * 2));
  EXPECT_FALSE((big + 1).constant().has_value());
  DimExpr power = b + s + 1;
  for (int i = 0; i < 40; ++i)
    power = power * power;
  EXPECT_FALSE(power.isValid());
}

TEST_F(SymbolicShapeTest, DividesExactlyOrOpaquely) {
  EXPECT_EQ(*table.divide(6 * b * s, 2 * s), 3 * b);
  EXPECT_EQ(*table.divide(b + s, b + s), DimExpr(1));
  EXPECT_EQ(*table.divide(DimExpr(-7), DimExpr(2)), DimExpr(-3));
  DimExpr half = *table.divide(b, DimExpr(2));
  EXPECT_EQ(half, *table.divide(b, DimExpr(2)));
  EXPECT_FALSE(half == *table.divide(s, DimExpr(2)));
  EXPECT_TRUE(table.isNonNegative(half));
  EXPECT_FALSE(table.divide(b, DimExpr(0)).has_value());
  EXPECT_FALSE(table.divide(b - s, DimExpr(2)).has_value());
  EXPECT_TRUE(table.remainder(4 * b, DimExpr(2))->is(0));
}

TEST_F(SymbolicShapeTest, ComparesWhatCanBeTold) {
  EXPECT_EQ(table.equal(b, DimExpr(-1)), false);
  EXPECT_EQ(table.equal(b, DimExpr(1)), std::nullopt);
  EXPECT_EQ(table.less(b, b + s + 1), true);
  EXPECT_EQ(table.less(b + s, b), false);
  EXPECT_EQ(table.max(b, b + s), b + s);
  EXPECT_EQ(table.min(b + s, s), s);
  EXPECT_EQ(table.min(b, s), table.min(s, b));
  EXPECT_EQ(table.broadcast(b, DimExpr(1)), b);
  EXPECT_EQ(table.broadcast(b, DimExpr(8)), DimExpr(8));
  EXPECT_TRUE(table.isNonNegative(table.broadcast(b, s)));
}

TEST_F(SymbolicShapeTest, ParsesWhatItPrints) {
  for (DimExpr expr : {b, 2 * b - s, b * s + 4, DimExpr(7), s - 1})
    EXPECT_EQ(table.parse(table.print(expr)), expr);
  EXPECT_EQ(table.parse(" 2*B*S "), 2 * b * s);
  for (const char *text : {"", "C", "B S", "B +", "B//2", "max(B, S)", "*B"})
    EXPECT_EQ(table.parse(text), std::nullopt) << text;
}

} // namespace
