// What Inputs/bytecode-6/losses.mlirbc, the first file with losses of routers and chunks, never regenerated, must still mean. The text may follow the syntax; the binary may not.
// RUN: moe-opt %s -o %t.today
// RUN: moe-opt %S/Inputs/bytecode-6/losses.mlirbc -o %t.then
// RUN: diff %t.today %t.then

module {
  func.func @losses(%arg0: tensor<8x16xbf16>, %arg1: tensor<8xi32>, %arg2: tensor<8xf32>, %arg3: tensor<?x8xf32>) -> (tensor<f32>, tensor<f32>, tensor<f32>, tensor<f64>) {
    %loss = moe.aux_loss <router_contrastive> %arg0, %arg0, %arg1 {temperature = 7.000000e-02 : f64} : tensor<8x16xbf16>, tensor<8x16xbf16>, tensor<8xi32> -> tensor<f32>
    %loss_0 = moe.aux_loss <gate_orthogonality> %arg0 {coeff = 1.000000e-02 : f64} : tensor<8x16xbf16> -> tensor<f32>
    %loss_1 = moe.aux_loss <latency_weighted> %arg2, %arg2, %arg2 {eps = 1.000000e-10 : f64, sample} : tensor<8xf32>, tensor<8xf32>, tensor<8xf32> -> tensor<f32>
    %loss_2 = moe.aux_loss <cls_chunk> %arg3 {chunk = 8 : i64, eps = 1.000000e-05 : f64} : tensor<?x8xf32> -> tensor<f64>
    return %loss, %loss_0, %loss_1, %loss_2 : tensor<f32>, tensor<f32>, tensor<f32>, tensor<f64>
  }
}

