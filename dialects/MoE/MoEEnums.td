//===- MoEEnums.td - values of the attribute axes -------------------------===//
#ifndef MOE_DIALECT_MOE_MOEENUMS_TD
#define MOE_DIALECT_MOE_MOEENUMS_TD

include "mlir/IR/EnumAttr.td"

class MoE_Enum<string name, string summary, list<I32EnumCase> cases> : I32Enum<name, summary, cases> {
  let cppNamespace = "::moe";
}

def MoE_ScoreFn : MoE_Enum<"ScoreFn", "function from logits to scores", [
  I32EnumCase<"Identity", 0, "identity">, I32EnumCase<"Softmax", 1, "softmax">, I32EnumCase<"Sigmoid", 2, "sigmoid">,
  I32EnumCase<"SqrtSoftplus", 3, "sqrtsoftplus">, I32EnumCase<"Softplus", 4, "softplus">, I32EnumCase<"Relu", 5, "relu">,
  I32EnumCase<"Exp", 6, "exp">, I32EnumCase<"Entmax15", 7, "entmax15">]>;

def MoE_ScoreOver : MoE_Enum<"ScoreOver", "axis set that softmax and entmax15 normalise over", [
  I32EnumCase<"Experts", 0, "experts">, I32EnumCase<"Group", 1, "group">, I32EnumCase<"Units", 2, "units">]>;

def MoE_ScorePost : MoE_Enum<"ScorePost", "normalisation of the scores of a unit", [
  I32EnumCase<"None", 0, "none">, I32EnumCase<"RmsNorm", 1, "rmsnorm">, I32EnumCase<"L2Norm", 2, "l2norm">]>;

def MoE_GroupFill : MoE_Enum<"GroupFill", "key of an expert outside the kept groups", [
  I32EnumCase<"NegInf", 0, "neginf">, I32EnumCase<"Zero", 1, "zero">]>;

def MoE_Policy : MoE_Enum<"Policy", "rule that turns keys into entries", [
  I32EnumCase<"TopK", 0, "topk">, I32EnumCase<"TopKPerGroup", 1, "topk_per_group">, I32EnumCase<"All", 2, "all">,
  I32EnumCase<"TopP", 3, "topp">, I32EnumCase<"Threshold", 4, "threshold">, I32EnumCase<"Table", 5, "table">,
  I32EnumCase<"SparseMixer", 6, "sparsemixer">, I32EnumCase<"ExpertTopC", 7, "expert_topc">, I32EnumCase<"GreedyAssign", 8, "greedy_assign">,
  I32EnumCase<"BalancedAssign", 9, "balanced_assign">, I32EnumCase<"SoftSlots", 10, "soft_slots">]>;

def MoE_Boundary : MoE_Enum<"Boundary", "whether the candidate at a bound is taken", [
  I32EnumCase<"Include", 0, "include">, I32EnumCase<"Exclude", 1, "exclude">]>;

def MoE_Key : MoE_Enum<"Key", "what the selection compares", [I32EnumCase<"Scores", 0, "scores">, I32EnumCase<"Logits", 1, "logits">]>;

def MoE_Fallback : MoE_Enum<"Fallback", "what a unit without an entry gets", [
  I32EnumCase<"None", 0, "none">, I32EnumCase<"ArgMax", 1, "argmax">, I32EnumCase<"All", 2, "all">]>;

def MoE_WeightSource : MoE_Enum<"WeightSource", "raw value of a combine weight", [
  I32EnumCase<"Scores", 0, "scores">, I32EnumCase<"Logits", 1, "logits">, I32EnumCase<"Key", 2, "key">, I32EnumCase<"One", 3, "one">,
  I32EnumCase<"Operand", 4, "operand">, I32EnumCase<"Policy", 5, "policy">]>;

def MoE_WeightNorm : MoE_Enum<"WeightNorm", "normalisation of the weights of a unit", [
  I32EnumCase<"None", 0, "none">, I32EnumCase<"Sum", 1, "sum">, I32EnumCase<"PNorm", 2, "pnorm">, I32EnumCase<"Softmax", 3, "softmax">]>;

def MoE_EpsMode : MoE_Enum<"EpsMode", "how an epsilon guards a denominator", [I32EnumCase<"Add", 0, "add">, I32EnumCase<"Clamp", 1, "clamp">]>;

def MoE_NormWhen : MoE_Enum<"NormWhen", "whether weights are normalised before or after entries are dropped", [
  I32EnumCase<"Before", 0, "before">, I32EnumCase<"After", 1, "after">]>;

def MoE_WeightGrad : MoE_Enum<"WeightGrad", "gradient of the weights", [
  I32EnumCase<"Standard", 0, "standard">, I32EnumCase<"StopNorm", 1, "stop_norm">, I32EnumCase<"SteIdentity", 2, "ste_identity">,
  I32EnumCase<"None", 3, "none">, I32EnumCase<"SparseMixer", 4, "sparsemixer">]>;

def MoE_CountMultiplier : MoE_Enum<"CountMultiplier", "what a share of the units is multiplied by", [
  I32EnumCase<"One", 0, "one">, I32EnumCase<"K", 1, "k">, I32EnumCase<"KAfter", 2, "k_after">]>;

def MoE_CountShare : MoE_Enum<"CountShare", "the share of the units that an expert has", [
  I32EnumCase<"Exact", 0, "exact">, I32EnumCase<"Ceil", 1, "ceil">]>;

def MoE_CountRound : MoE_Enum<"CountRound", "how a count is rounded", [
  I32EnumCase<"Ceil", 0, "ceil">, I32EnumCase<"Floor", 1, "floor">, I32EnumCase<"Nearest", 2, "nearest">, I32EnumCase<"Trunc", 3, "trunc">]>;

def MoE_CapacityKind : MoE_Enum<"CapacityKind", "what shapes the counts of experts", [
  I32EnumCase<"Limit", 0, "limit">, I32EnumCase<"TileRound", 1, "tile_round">]>;

def MoE_Priority : MoE_Enum<"Priority", "order in which entries claim the places of experts", [
  I32EnumCase<"UnitMajor", 0, "unit_major">, I32EnumCase<"ChoiceMajor", 1, "choice_major">, I32EnumCase<"Bpr", 2, "bpr">,
  I32EnumCase<"KeyDesc", 3, "key_desc">, I32EnumCase<"WeightDesc", 4, "weight_desc">, I32EnumCase<"Random", 5, "random">]>;

def MoE_Overflow : MoE_Enum<"Overflow", "what becomes of an entry without a place", [
  I32EnumCase<"Zero", 0, "zero">, I32EnumCase<"Identity", 1, "identity">, I32EnumCase<"Reroute", 2, "reroute">]>;

def MoE_TileMode : MoE_Enum<"TileMode", "which multiple of the tile a count becomes", [
  I32EnumCase<"Nearest", 0, "nearest">, I32EnumCase<"Up", 1, "up">, I32EnumCase<"Down", 2, "down">, I32EnumCase<"SrF", 3, "sr_f">,
  I32EnumCase<"NrS", 4, "nr_s">, I32EnumCase<"BalanceF", 5, "balance_f">]>;

def MoE_TileRenorm : MoE_Enum<"TileRenorm", "what weights are normalised over where counts are rounded", [
  I32EnumCase<"None", 0, "none">, I32EnumCase<"TcSet", 1, "tc_set">, I32EnumCase<"SelectedSet", 2, "selected_set">]>;

def MoE_DomainKind : MoE_Enum<"DomainKind", "the units among which experts choose and fill up", [
  I32EnumCase<"All", 0, "all">, I32EnumCase<"Segments", 1, "segments">, I32EnumCase<"Blocks", 2, "blocks">]>;

def MoE_Activation : MoE_Enum<"Activation", "activation function of an expert body", [
  I32EnumCase<"Silu", 0, "silu">, I32EnumCase<"GeluErf", 1, "gelu_erf">, I32EnumCase<"GeluTanh", 2, "gelu_tanh">, I32EnumCase<"Relu", 3, "relu">,
  I32EnumCase<"Relu2", 4, "relu2">, I32EnumCase<"Sigmoid", 5, "sigmoid">, I32EnumCase<"Tanh", 6, "tanh">, I32EnumCase<"Identity", 7, "identity">,
  I32EnumCase<"External", 8, "external">]>;

def MoE_ClampAt : MoE_Enum<"ClampAt", "whether the gate is clamped before or after its activation", [
  I32EnumCase<"Pre", 0, "pre">, I32EnumCase<"Post", 1, "post">]>;

def MoE_Storage : MoE_Enum<"Storage", "layout of the first matrix of a gated body", [
  I32EnumCase<"Split", 0, "split">, I32EnumCase<"ConcatGateUp", 1, "concat_gate_up">, I32EnumCase<"ConcatUpGate", 2, "concat_up_gate">,
  I32EnumCase<"Interleaved", 3, "interleaved">]>;

def MoE_ClassKind : MoE_Enum<"ClassKind", "kind of an expert class", [
  I32EnumCase<"Ffn", 0, "ffn">, I32EnumCase<"Zero", 1, "zero">, I32EnumCase<"Copy", 2, "copy">, I32EnumCase<"Constant", 3, "constant">,
  I32EnumCase<"Linear", 4, "linear">, I32EnumCase<"Neuron", 5, "neuron">, I32EnumCase<"Value", 6, "value">,
  I32EnumCase<"ScaleVec", 7, "scale_vec">, I32EnumCase<"Film", 8, "film">, I32EnumCase<"Lora", 9, "lora">, I32EnumCase<"Nested", 10, "nested">,
  I32EnumCase<"Factored", 11, "factored">, I32EnumCase<"External", 12, "external">]>;

def MoE_ClassTargets : I32BitEnum<"ClassTargets", "what an expert changes of a shared body", [
  I32BitEnumCaseNone<"None", "none">, I32BitEnumCaseBit<"Gate", 0, "gate">, I32BitEnumCaseBit<"Up", 1, "up">, I32BitEnumCaseBit<"Down", 2, "down">,
  I32BitEnumCaseBit<"Hidden", 3, "hidden">, I32BitEnumCaseBit<"Output", 4, "output">]> {
  let cppNamespace = "::moe";
}

def MoE_Factorisation : MoE_Enum<"Factorisation", "which factors of a matrix the experts of a class share", [
  I32EnumCase<"None", 0, "none">, I32EnumCase<"LowRank", 1, "low_rank">, I32EnumCase<"SharedLeft", 2, "shared_left">,
  I32EnumCase<"SharedRight", 3, "shared_right">, I32EnumCase<"Cp", 4, "cp">, I32EnumCase<"Tucker", 5, "tucker">,
  I32EnumCase<"Phm", 6, "phm">, I32EnumCase<"Mpo", 7, "mpo">, I32EnumCase<"TensorRing", 8, "tensor_ring">,
  I32EnumCase<"Residual", 9, "residual">, I32EnumCase<"LowRankSparse", 10, "low_rank_sparse">]>;

def MoE_FactorEvaluation : MoE_Enum<"FactorEvaluation", "how a product with a factored matrix is evaluated", [
  I32EnumCase<"ApplyFactored", 0, "apply_factored">, I32EnumCase<"Materialise", 1, "materialise">]>;

def MoE_ClassBase : MoE_Enum<"ClassBase", "where the products of a row with the shared first matrices are made", [
  I32EnumCase<"Own", 0, "own">, I32EnumCase<"InRows", 1, "in_rows">]>;

def MoE_ClassActivation : MoE_Enum<"ClassActivation", "whether an expert class is routed to or always on", [
  I32EnumCase<"Routed", 0, "routed">, I32EnumCase<"Always", 1, "always">]>;

def MoE_ConstantMix : MoE_Enum<"ConstantMix", "how a constant expert mixes its vector with its input", [
  I32EnumCase<"None", 0, "none">, I32EnumCase<"Softmax2", 1, "softmax2">]>;

def MoE_Apply : MoE_Enum<"Apply", "where the combine weight multiplies", [
  I32EnumCase<"Input", 0, "input">, I32EnumCase<"Hidden", 1, "hidden">, I32EnumCase<"Output", 2, "output">]>;

def MoE_Residual : MoE_Enum<"Residual", "what the combined output is added to", [
  I32EnumCase<"None", 0, "none">, I32EnumCase<"Complement", 1, "complement">, I32EnumCase<"AddX", 2, "add_x">]>;

def MoE_SumOrder : MoE_Enum<"SumOrder", "order in which a unit's entries are summed", [
  I32EnumCase<"Slot", 0, "slot">, I32EnumCase<"ExpertAsc", 1, "expert_asc">, I32EnumCase<"Any", 2, "any">]>;

def MoE_RowLayout : MoE_Enum<"RowLayout", "arrangement of dispatched rows", [
  I32EnumCase<"Grouped", 0, "grouped">, I32EnumCase<"Indexed", 1, "indexed">]>;

def MoE_LogitsForm : MoE_Enum<"LogitsForm", "how a router scores a unit against an expert", [
  I32EnumCase<"Linear", 0, "linear">, I32EnumCase<"Cosine", 1, "cosine">]>;

def MoE_PlanEncoding : MoE_Enum<"PlanEncoding", "what a plan consists of", [
  I32EnumCase<"Slots", 0, "slots">, I32EnumCase<"Csr", 1, "csr">, I32EnumCase<"Buckets", 2, "buckets">, I32EnumCase<"Grouped", 3, "grouped">,
  I32EnumCase<"Dense", 4, "dense">, I32EnumCase<"Soft", 5, "soft">]>;

def MoE_ManyToOne : MoE_Enum<"ManyToOne", "weight of entries of a unit that come to one expert", [
  I32EnumCase<"Sum", 0, "sum">, I32EnumCase<"Max", 1, "max">, I32EnumCase<"First", 2, "first">]>;

def MoE_StatsStage : MoE_Enum<"StatsStage", "whether entries are counted before or after capacity", [
  I32EnumCase<"Before", 0, "before">, I32EnumCase<"After", 1, "after">]>;

def MoE_Counted : MoE_Enum<"Counted", "which entries of a unit are counted", [
  I32EnumCase<"Entries", 0, "entries">, I32EnumCase<"First", 1, "first">]>;

def MoE_AuxLossKind : MoE_Enum<"AuxLossKind", "formula of an auxiliary loss", [
  I32EnumCase<"Switch", 0, "switch">, I32EnumCase<"SwitchSumK", 1, "switch_sumk">, I32EnumCase<"GShardTop1", 2, "gshard_top1">,
  I32EnumCase<"Seq", 3, "seq">, I32EnumCase<"GlobalBatch", 4, "global_batch">, I32EnumCase<"Z", 5, "z">,
  I32EnumCase<"ImportanceCv2", 6, "importance_cv2">, I32EnumCase<"LoadCv2", 7, "load_cv2">, I32EnumCase<"L1Balanced", 8, "l1_balanced">,
  I32EnumCase<"Entropy", 9, "entropy">, I32EnumCase<"MeanEntropy", 10, "mean_entropy">, I32EnumCase<"NullMean", 11, "null_mean">,
  I32EnumCase<"L1", 12, "l1">, I32EnumCase<"MeanImportance", 13, "mean_importance">,
  I32EnumCase<"SizeWeighted", 14, "size_weighted">, I32EnumCase<"LatencyWeighted", 15, "latency_weighted">,
  I32EnumCase<"GateOrthogonality", 16, "gate_orthogonality">, I32EnumCase<"RouterContrastive", 17, "router_contrastive">,
  I32EnumCase<"ClsChunk", 18, "cls_chunk">]>;

def MoE_BiasRule : MoE_Enum<"BiasRule", "how a selection bias follows the load", [
  I32EnumCase<"Sign", 0, "sign">, I32EnumCase<"Proportional", 1, "proportional">, I32EnumCase<"Quantile", 2, "quantile">]>;

def MoE_QuantFormat : MoE_Enum<"QuantFormat", "how real numbers are stored", [
  I32EnumCase<"I8Chan", 0, "i8_chan">, I32EnumCase<"I8Group", 1, "i8_group">, I32EnumCase<"USym", 2, "u_sym">,
  I32EnumCase<"UAffine", 3, "u_affine">, I32EnumCase<"USb", 4, "u_sb">, I32EnumCase<"Gptq4", 5, "gptq4">, I32EnumCase<"Awq4", 6, "awq4">,
  I32EnumCase<"GgufQ40", 7, "gguf_q4_0">, I32EnumCase<"GgufQ80", 8, "gguf_q8_0">, I32EnumCase<"Hqq", 9, "hqq">,
  I32EnumCase<"Fp8Block", 10, "fp8_block">, I32EnumCase<"Mxfp4", 11, "mxfp4">, I32EnumCase<"GgufMxfp4", 12, "gguf_mxfp4">,
  I32EnumCase<"Nvfp4", 13, "nvfp4">, I32EnumCase<"GgufNvfp4", 14, "gguf_nvfp4">, I32EnumCase<"QMoE", 15, "qmoe">,
  I32EnumCase<"Ternary", 16, "ternary">, I32EnumCase<"Nested", 17, "nested">,
  I32EnumCase<"Float", 18, "float">, I32EnumCase<"NOfM", 19, "n_of_m">, I32EnumCase<"Bitmask", 20, "bitmask">]>;

def MoE_NibbleOrder : MoE_Enum<"NibbleOrder", "which elements of a block share a byte", [
  I32EnumCase<"Adjacent", 0, "adjacent">, I32EnumCase<"HalfSplit", 1, "half_split">]>;

def MoE_GlobalScale : MoE_Enum<"GlobalScale", "what a scale of a whole matrix does", [
  I32EnumCase<"Multiply", 0, "multiply">, I32EnumCase<"Divide", 1, "divide">]>;

def MoE_QuantWidths : MoE_Enum<"QuantWidths", "what says how many bits of nested codes are read", [
  I32EnumCase<"Static", 0, "static">, I32EnumCase<"Operand", 1, "operand">]>;

def MoE_QuantSlice : MoE_Enum<"QuantSlice", "how a narrower code comes from a wider one", [
  I32EnumCase<"Floor", 0, "floor">, I32EnumCase<"Centre", 1, "centre">, I32EnumCase<"Round", 2, "round">]>;

#endif // MOE_DIALECT_MOE_MOEENUMS_TD
