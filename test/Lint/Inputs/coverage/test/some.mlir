// RUN: moe-opt %s --moe-simplify-routing
moe_toy.tested
// moe-simplify outside a RUN line
