// What Inputs/bytecode-5/rows.mlirbc, the first file with indexed rows, never regenerated, must still mean. The text may follow the syntax; the binary may not.
// RUN: moe-opt %s -o %t.today
// RUN: moe-opt %S/Inputs/bytecode-5/rows.mlirbc -o %t.then
// RUN: diff %t.today %t.then

module {
  func.func @indexed(%arg0: tensor<?x64xf32>, %arg1: !moe.plan<8, slots<2>>) -> !moe.rows<f32, 64, grouped> {
    %0 = moe.dispatch %arg0, %arg1 apply <output> : tensor<?x64xf32>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, indexed>
    %1 = moe.experts %0, %arg1 table <[<copy, 8>]> apply <output> : !moe.rows<f32, 64, indexed>, !moe.plan<8, slots<2>> -> !moe.rows<f32, 64, grouped>
    return %1 : !moe.rows<f32, 64, grouped>
  }
}
