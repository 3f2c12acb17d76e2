// What Inputs/tile-bytecode-1/layer.mlirbc, written before schedules had sweeps and never regenerated, must still mean. The text may follow the syntax; the binary may not.
// RUN: moe-opt %S/../Dialect/MoETile/Inputs/layer.mlir -o %t.today
// RUN: moe-opt %S/Inputs/tile-bytecode-1/layer.mlirbc -o %t.then
// RUN: diff %t.today %t.then
