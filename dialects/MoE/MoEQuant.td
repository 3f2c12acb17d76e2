//===- MoEQuant.td - quantised storage of matrices ------------------------===//
#ifndef MOE_DIALECT_MOE_MOEQUANT_TD
#define MOE_DIALECT_MOE_MOEQUANT_TD

include "MoERouting.td"

def MoE_QuantAttr : MoE_Attr<"Quant", "quant"> {
  let summary = "storage of a matrix in fewer bits (specification 9)";
  let description = [{
    What the tensors of a stored matrix W (N×K, K contracted) are and what they mean; g is `group`, and a group is g elements along K. Where matrices are
    stacked by expert, so is each tensor, but those marked shared. Bytes (i8) hold codes from the low bits up: with `order = adjacent` one element after the
    other; with half_split, in each group, element j in the low and element j + g/2 in the high half of byte j.

    | format | tensors | W[n,k] |
    | --- | --- | --- |
    | i8_chan | codes i8[N,K], scales [N] | s·q |
    | i8_group | codes i8[N,K], scales [N,K/g] | s·q |
    | u_sym | codes i8[N,K·bits/8], scales [N,K/g] | s·(q − 2^(bits−1)) |
    | u_affine | as u_sym, zeros [N,K/g] of floats, or packed like the codes | s·(q − z) |
    | u_sb | words i32[N,K·bits/32], a stream of bits from the low one up, scales and biases [N,K/g] | s·q + b |
    | gptq4 | words i32[K/8,N], zeros i32[K/g,N/8], scales [K/g,N], groups i32[K] | s·(q − z − 1) where `version` = 1, s·(q − z) where 2 |
    | awq4 | words i32[K,N/8], zeros i32[K/g,N/8], scales [K/g,N]; nibble p of a word is column π(p), π = 0 2 4 6 1 3 5 7 | s·(q − z) |
    | gguf_q4_0 | blocks i8[N,K/32,18]: f16 d, 16 bytes, half_split | d·(q − 8) |
    | gguf_q8_0 | blocks i8[N,K/32,34]: f16 d, 32 codes | d·q |
    | hqq | codes of the R×g matrix of groups, R = N·K/g: byte row r holds rows r, r + R·bits/8, … from the high bits down (i8[R·bits/8,g]); 3 bits: ten in an i32 from bit 29 down (i32[⌈R/10⌉,g]); scales and zeros [R] | s·(q − z) |
    | fp8_block | E4M3 i8[N,K], scales [⌈N/`block_n`⌉,⌈K/g⌉] of floats, or of E8M0 bytes | s·w |
    | mxfp4 | E2M1 i8[N,K/32,16], E8M0 i8[N,K/32] | w·2^(s−127) |
    | gguf_mxfp4 | blocks i8[N,K/32,17]: E8M0, 16 bytes, half_split | w·2^(s−127) |
    | nvfp4 | E2M1 i8[N,K/2], E4M3 i8[N,K/16], one global scale t | w·s·t where `global = multiply`, w·s/t where divide |
    | gguf_nvfp4 | blocks i8[N,K/64,36]: 4 unsigned E4M3, 32 bytes, half_split in 16 elements each, one global scale t | w·s·t |
    | qmoe | codewords i16[C], offsets i32[N+1], low and high [N], dictionary i32[65536,2] (shared) | 0, low or high |
    | ternary | codes i8[N,K/4], one scale s; 1 is +1, 2 is −1 | s·q |
    | nested | planes i8[C]: codes of `base` bits, then planes of `plane` bits, of N·K elements each, high bits first; scales and zeros [N,K/g] | s·2^m·(q_b + δ − z·2^(−m)) for a width b = `bits` − m |
    | float | the matrix itself, of floats | w |
    | n_of_m | values [N,K·n/g] of floats, positions i8[N,K·n·b/(8g)] of b = 1, 2 or 4 bits (the least that hold g − 1), n = `keep` | the sum of the values of the group whose position is k mod g |
    | bitmask | mask i8[N,K/8], values [C] of floats, offsets i32[N+1] | where bit k of row n is set: value number offsets[n] plus the number of bits set before it, else 0 |

    An entry of qmoe's dictionary is two words: bits 3 to 0 of the first a number of pairs, then 4 bits per pair, seven of them in the first word; the
    first value of a pair is in its low bits. A code is 0 (zero), 1 (low) or 2 (high).

    Nested codes are read in b of their `bits`: in `width` of them for every expert (a tier; all of them where absent), or with `widths = operand` in as many as
    one more tensor says, an i8 per matrix. `slice` says how they lose bits: floor drops them, centre drops them and adds δ = 1/2 − 2^(−m−1), round takes the
    nearest wider code, for which all planes are needed. With floor and centre the planes behind a `width` are no part of the storage: it is a prefix of the
    longer one. `overrides = true`: each width below `bits` has scales and zeros of its own in place of s·2^m and z·2^(−m): with a `width` scales and zeros
    are those; else two more tensors [V,N,K/g] hold those of the V narrower widths, the narrowest first.

    Constraints:
    1. (quant_c1) each format has its fields alone: `group` i8_group, u_*, gptq4, awq4, hqq, fp8_block, nested, n_of_m; `bits` 2, 4, 8 (u_sym, u_affine), 2, 3, 4, 5, 6, 8
       (u_sb), 1 to 4 (hqq), 2 to 8 (nested); `block_n` fp8_block; `version` 1 or 2 gptq4; `order` u_sym and u_affine of 4 bits, mxfp4 and nvfp4; `global` nvfp4;
       `base` (1, 2, 4), `plane` (1, 2; with `base` they make up `bits`), `slice`, `width`, `widths` and `overrides` nested; `keep` n_of_m.
    2. (quant_c2) `group` and `block_n` are positive, and the group of half_split codes is even.
    3. (quant_c3) a `width` is below `bits`, ends a plane and excludes `widths = operand`; `overrides` requires planes behind the base.
    4. (quant_c4) `keep` is below `group`, which is at most 16.

    ```mlir
    #moe.quant<i8_group, group = 64>
    #moe.quant<u_affine, group = 32, bits = 4>
    #moe.quant<gptq4, group = 128, version = 2>
    #moe.quant<fp8_block, group = 128, block_n = 128>
    #moe.quant<mxfp4, order = half_split>
    #moe.quant<nvfp4, global = divide>
    #moe.quant<nested, group = 64, bits = 8, base = 4, plane = 2, slice = centre>
    #moe.quant<nested, group = 64, bits = 8, base = 4, plane = 2, width = 6>
    #moe.quant<nested, group = 64, bits = 8, base = 2, plane = 1, widths = operand, overrides = true>
    #moe.quant<float>
    #moe.quant<n_of_m, group = 4, keep = 2>
    #moe.quant<bitmask>
    ```
  }];
  let parameters = (ins EnumParameter<MoE_QuantFormat>:$format, "int64_t":$group, "int64_t":$bits, "int64_t":$blockN, "int64_t":$version,
                        EnumParameter<MoE_NibbleOrder>:$order, EnumParameter<MoE_GlobalScale>:$global, "int64_t":$base, "int64_t":$plane,
                        EnumParameter<MoE_QuantSlice>:$slice, "int64_t":$width, EnumParameter<MoE_QuantWidths>:$widths, "bool":$overrides, "int64_t":$keep);
  let builders = [AttrBuilder<(ins "::moe::QuantFormat":$format, "int64_t":$group, "int64_t":$bits), [{
    return $_get($_ctxt, format, group, bits, /*blockN=*/0, /*version=*/0, NibbleOrder::Adjacent, GlobalScale::Multiply, /*base=*/0, /*plane=*/0,
                 QuantSlice::Floor, /*width=*/0, QuantWidths::Static, /*overrides=*/false, /*keep=*/0);
  }]>];
  let extraClassDeclaration = [{
    bool isFloat() const { return getFormat() == QuantFormat::Float; }
    /// Bits of a position of n_of_m.
    int64_t getPositionBits() const { return getGroup() <= 2 ? 1 : getGroup() <= 4 ? 2 : 4; }
    /// Bits per element that the planes of nested codes have.
    int64_t getStoredBits() const;
    /// Widths of nested codes below all of their bits.
    int64_t getNumNarrowWidths() const { return (getBits() - getBase()) / getPlane(); }
  }];
  let genVerifyDecl = 1;
}

def MoE_OpGroupQuant : OpDocGroup {
  let summary = "Quantised storage";
  let description = "Matrices from the codes that hold them.";
}

let opDocGroup = MoE_OpGroupQuant in {

def MoE_DequantOp : MoE_Op<"dequant", [Pure, AttrSizedOperandSegments]> {
  let summary = "Compute a matrix from its stored form";
  let description = [{
    `result` is the matrix (N×K), or the stack of matrices (E×N×K), that the tensors `storage` hold by `quant`, computed in f32 (f64 where `result` or a
    scale is) and rounded once to the element type of `result`. `bits`: one width per matrix of a stack whose planes are nested; all of its bits where absent.

    Constraints:
    1. (dequant_c1) N and K are static, and the format can store them: groups, blocks and bytes are full (fp8_block may end in part of a block).
    2. (dequant_c2) `storage` has the number, element types and shapes that `quant` says.
    3. (dequant_c3) `bits` belongs to nested storage of a stack without a `width`, has its E elements and stands for what `widths = operand` has in a class.
    4. (dequant_c4) `overrides` belongs to storage with a `width` or `bits`.

    At run time a width that ends between two planes, a group of gptq4 outside the scales, rows of qmoe that are not as long as K, and rows of bitmask with
    another number of values than bits are errors.

    Example:
    ```mlir
    func.func @dequant(%q: tensor<8x96x32xi8>, %s: tensor<8x96x2xf16>) -> tensor<8x96x64xf32> {
      %w = moe.dequant %q, %s quant <u_sym, group = 32, bits = 4> : tensor<8x96x32xi8>, tensor<8x96x2xf16> -> tensor<8x96x64xf32>
      return %w : tensor<8x96x64xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$storage, Optional<1DTensorOf<[I8]>>:$bits, MoE_QuantAttr:$quant);
  let results = (outs TensorRankOf<[AnyFloat], [2, 3]>:$result);
  let assemblyFormat = "$storage (`bits` `(` $bits^ `:` type($bits) `)`)? `quant` $quant attr-dict `:` type($storage) `->` type($result)";
  let hasVerifier = 1;
}

} // let opDocGroup

#endif // MOE_DIALECT_MOE_MOEQUANT_TD
