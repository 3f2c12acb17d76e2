// How each weight lies now, or why it stays as it is stored; what is no weight is passed over.
// RUN: moe-opt %s --linalg-generalize-named-ops --moe-pack-weights="vector-bits=512 vector-registers=32 bf16-dot=true" --verify-diagnostics --remarks-filter='moe-pack-weights' -o /dev/null

#mk = affine_map<(m, n, k) -> (m, k)>
#nk = affine_map<(m, n, k) -> (n, k)>
#mn = affine_map<(m, n, k) -> (m, n)>

func.func @numbers(%x: tensor<?x8xf32>, %y: tensor<?x20xf32>) -> tensor<?x20xf32> {
  %w = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<20x8xf32>
  // expected-remark @+1 {{panels of 64 columns, f32, 2048 bytes}}
  %0 = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %w : tensor<?x8xf32>, tensor<20x8xf32>) outs(%y : tensor<?x20xf32>) -> tensor<?x20xf32>
  return %0 : tensor<?x20xf32>
}

func.func @pairs(%x: tensor<?x8xbf16>, %y: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %w = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<64x8xbf16>
  // expected-remark @+1 {{panels of 64 columns, pairs of bf16, 1024 bytes}}
  %0 = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %w : tensor<?x8xbf16>, tensor<64x8xbf16>) outs(%y : tensor<?x64xf32>) -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}

// Codes and their scales: 64 * 64 bytes, and 64 scales of 4.
func.func @codes(%x: tensor<?x64xf32>, %y: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %q = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<64x64xi8>
  %s = moe_support.weight #moe_support.external<"w.bin", 4096> : tensor<64xf32>
  %empty = tensor.empty() : tensor<64x64xf32>
  %w = linalg.generic {indexing_maps = [affine_map<(n, k) -> (n, k)>, affine_map<(n, k) -> (n)>, affine_map<(n, k) -> (n, k)>], iterator_types = ["parallel", "parallel"]}
    ins(%q, %s : tensor<64x64xi8>, tensor<64xf32>) outs(%empty : tensor<64x64xf32>) {
  ^bb0(%c: i8, %t: f32, %o: f32):
    %f = arith.sitofp %c : i8 to f32
    %r = arith.mulf %f, %t : f32
    linalg.yield %r : f32
  } -> tensor<64x64xf32>
  // expected-remark @+1 {{panels of 64 columns, i8, 4352 bytes}}
  %0 = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %w : tensor<?x64xf32>, tensor<64x64xf32>) outs(%y : tensor<?x64xf32>) -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}

func.func @other_arithmetic(%x: tensor<?x64xf32>, %y: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %q = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<64x64xi8>
  %s = moe_support.weight #moe_support.external<"w.bin", 4096> : tensor<64xf32>
  %three = arith.constant 3 : i8
  %empty = tensor.empty() : tensor<64x64xf32>
  %w = linalg.generic {indexing_maps = [affine_map<(n, k) -> (n, k)>, affine_map<(n, k) -> (n)>, affine_map<(n, k) -> (n, k)>], iterator_types = ["parallel", "parallel"]}
    ins(%q, %s : tensor<64x64xi8>, tensor<64xf32>) outs(%empty : tensor<64x64xf32>) {
  ^bb0(%c: i8, %t: f32, %o: f32):
    %d = arith.subi %c, %three : i8
    %f = arith.sitofp %d : i8 to f32
    %r = arith.mulf %f, %t : f32
    linalg.yield %r : f32
  } -> tensor<64x64xf32>
  // expected-remark @+1 {{stays as stored: its elements are neither weights nor (code - zero point) * scale}}
  %0 = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %w : tensor<?x64xf32>, tensor<64x64xf32>) outs(%y : tensor<?x64xf32>) -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}

// Two codes of four bits lie in a byte, and 65 have no last one.
func.func @odd_depth(%x: tensor<?x65xf32>, %y: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %q = moe_support.weight #moe_support.external<"w.bin", 0> : tensor<64x65xi4>
  %s = moe_support.weight #moe_support.external<"w.bin", 4096> : tensor<64xf32>
  %empty = tensor.empty() : tensor<64x65xf32>
  %w = linalg.generic {indexing_maps = [affine_map<(n, k) -> (n, k)>, affine_map<(n, k) -> (n)>, affine_map<(n, k) -> (n, k)>], iterator_types = ["parallel", "parallel"]}
    ins(%q, %s : tensor<64x65xi4>, tensor<64xf32>) outs(%empty : tensor<64x65xf32>) {
  ^bb0(%c: i4, %t: f32, %o: f32):
    %f = arith.sitofp %c : i4 to f32
    %r = arith.mulf %f, %t : f32
    linalg.yield %r : f32
  } -> tensor<64x65xf32>
  // expected-remark @+1 {{stays as stored: panels have no place for codes, groups or scales like these}}
  %0 = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %w : tensor<?x65xf32>, tensor<64x65xf32>) outs(%y : tensor<?x64xf32>) -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}

// Products of values alone, such as those of attention.
func.func @no_weight(%x: tensor<?x8xf32>, %w: tensor<64x8xf32>, %y: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %0 = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %w : tensor<?x8xf32>, tensor<64x8xf32>) outs(%y : tensor<?x64xf32>) -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}
