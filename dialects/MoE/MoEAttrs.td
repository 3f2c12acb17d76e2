//===- MoEAttrs.td - the attribute axes -----------------------------------===//
//
// One attribute per axis of the routing specification (3.3). All print their fields in the specification's order and leave defaults out. Real
// numbers are f64 `FloatAttr`s, so that equal attributes are one; a null one means "absent".
//
#ifndef MOE_DIALECT_MOE_MOEATTRS_TD
#define MOE_DIALECT_MOE_MOEATTRS_TD

include "MoEBase.td"
include "MoEEnums.td"
include "mlir/IR/AttrTypeBase.td"

class MoE_Attr<string name, string attrMnemonic> : AttrDef<MoE_Dialect, name> {
  let mnemonic = attrMnemonic;
  let hasCustomAssemblyFormat = 1;
}

class MoE_Real<string description = "a real number"> : AttrParameter<"::mlir::FloatAttr", description>;
class MoE_OptionalReal<string description = "a real number, or absent"> : OptionalParameter<"::mlir::FloatAttr", description>;

def MoE_ScoreAttr : MoE_Attr<"Score", "score"> {
  let summary = "function from logits to scores (specification 2.3)";
  let description = [{
    s = post(fn(z)), computed in `dtype` and rounded to `round_to`.

    * `fn`: identity, softmax, sigmoid, sqrtsoftplus, softplus, relu, exp, entmax15.
    * `over` = experts | group(G) | units: axis set that softmax and entmax15 normalise over; other functions are pointwise.
    * `post` = none | rmsnorm(eps) | l2norm: normalisation of the E scores of a unit.

    Constraints:
    1. (R1) `over = group(G)` has G > 0; the op checks that G divides E.
    2. (score_c1) `over` other than experts requires softmax or entmax15.
    3. (R9) `post = rmsnorm` requires a pointwise `fn`.
    4. (score_c2) `post = rmsnorm` alone has an epsilon, which is not negative.

    ```mlir
    #moe.score<softmax>
    #moe.score<softmax, over = group(4)>
    #moe.score<relu, post = rmsnorm(1.0e-6)>
    ```
  }];
  let parameters = (ins EnumParameter<MoE_ScoreFn>:$fn, EnumParameter<MoE_ScoreOver>:$over, "int64_t":$groups, "::mlir::FloatType":$dtype,
                        "::mlir::FloatType":$roundTo, EnumParameter<MoE_ScorePost>:$post, MoE_OptionalReal<>:$postEps);
  let builders = [AttrBuilder<(ins "::moe::ScoreFn":$fn)>];
  let extraClassDeclaration = [{
    /// True where a score depends on its own logit alone.
    bool isPointwise() const { return getFn() != ScoreFn::Softmax && getFn() != ScoreFn::Entmax15; }
    /// True where no score is negative, whatever the logits are.
    bool isNonNegative() const { return getFn() != ScoreFn::Identity; }
  }];
  let genVerifyDecl = 1;
}

def MoE_GroupFilterAttr : MoE_Attr<"GroupFilter", "group_filter"> {
  let summary = "selection from the best groups alone (specification 2.4)";
  let description = [{
    The E experts form `groups` contiguous groups; a group's score is the maximum of its keys (`max`) or the sum of its n largest keys (`sum_top(n)`); the
    `keep` best groups stay, in the others keys become −∞ (`neginf`) or 0 (`zero`).

    Constraints:
    1. (R1) `groups` is positive and `keep` between 1 and `groups`; the op checks what depends on E.

    ```mlir
    #moe.group_filter<8, keep = 4, group_score = sum_top(2), fill = neginf>
    ```
  }];
  let parameters = (ins "int64_t":$groups, "int64_t":$keep,
                        "int64_t":$sumTop, // 0: the maximum
                        EnumParameter<MoE_GroupFill>:$fill);
  let genVerifyDecl = 1;
}

def MoE_CountAttr : MoE_Attr<"Count", "count"> {
  let summary = "a number of units per expert (specification 2.6)";
  let description = [{
    A number, or from the U units of the domain, in binary64 (`dtype`): share * `factor`, times k where `mult = k`, rounded by `round`, times k where
    `mult = k_after`, then up to a multiple of `multiple_of`, then at least `min` and, where `max = units`, at most U. The share is U/E, or its ceiling; k is
    the number of slots that the policy fills.

    Constraints:
    1. (count_c1) the number, the factor and `multiple_of` are positive, `min` is not negative.

    ```mlir
    #moe.count<64>
    #moe.count<factor = 1.25, mult = k, round = ceil, multiple_of = 4, max = units>
    #moe.count<factor = 1.25, mult = k_after, share = ceil, round = trunc>
    ```
  }];
  let parameters = (ins "int64_t":$number, // 0: by the factor
                        MoE_OptionalReal<>:$factor, EnumParameter<MoE_CountMultiplier>:$mult, EnumParameter<MoE_CountShare>:$share,
                        EnumParameter<MoE_CountRound>:$round, "int64_t":$multipleOf, "int64_t":$min, "bool":$atMostUnits, "::mlir::FloatType":$dtype);
  let genVerifyDecl = 1;
}

def MoE_SelectAttr : MoE_Attr<"Select", "select"> {
  let summary = "selection of entries (specification 2.4)";
  let description = [{
    | policy | entries of a unit |
    | --- | --- |
    | topk(k) | the k first candidates in the order relation, slot = rank |
    | topk_per_group(G, kg) | the kg first of each of G groups, slots ordered by (group, rank) |
    | all | every allowed expert, slot = id |
    | topp(p) | candidates in order until their keys sum to p; the one that crosses p is taken where `boundary = include`; the first always is |
    | threshold(τ) | candidates above τ in order, those at τ too where `boundary = include`; `threshold(operand)` has one τ per expert |
    | table | the ids of the operand `table_ids`, −1 in empty slots |
    | sparsemixer(ε, k) | k picks, each the best of the rest and weighed by a softmax over those near it (specification, G1, inference) |
    | expert_topc | those whose experts list it: each takes its `count` first units, in the order relation over units; slots by ascending id |
    | greedy_assign | one: the experts of `order` take in turn their `counts` best of the units that are left |
    | balanced_assign | one: every expert has U/E units (at most ⌈U/E⌉ where E does not divide U), and no such assignment has a larger sum of keys |
    | soft_slots(p) | none: p rows per expert, each the mean of all units by a softmax of their logits over units; a unit gets the mean of all rows by a softmax over the rows |

    * `key` = scores | logits, compared in `key_dtype`.
    * `kmax` bounds the list of topp and threshold.
    * `fallback` = none | argmax | all: what a unit without an entry gets: nothing, its best allowed expert, or every allowed one in the order relation; keys
      are then those before the group filter.

    Constraints:
    1. (select_c1) k and kg are positive.
    2. (R1) G is positive; the op checks what depends on E.
    3. (R5) `all` excludes `fallback = argmax`.
    4. (select_c2) each policy has the fields it uses and no other; p and ε are positive.
    5. (select_c3) `order` lists ids once, with a positive count for each.
    6. (R3) expert_topc, greedy_assign, balanced_assign and soft_slots exclude `fallback`.
    7. (select_c4) `fallback = all` belongs to threshold without `kmax`, whose lists have room for every expert.

    ```mlir
    #moe.select<topk(8), key = scores>
    #moe.select<topk_per_group(8, 1), key = scores>
    #moe.select<topp(0.6), key = scores, kmax = 4>
    #moe.select<threshold(operand), key = scores, boundary = exclude, fallback = argmax>
    #moe.select<expert_topc, key = scores, count = <factor = 2.0, round = ceil>>
    #moe.select<greedy_assign, key = scores, order = [2, 0, 1], counts = [4, 4, 8]>
    #moe.select<balanced_assign, key = logits>
    #moe.select<soft_slots(1), key = logits>
    ```
  }];
  let parameters = (ins EnumParameter<MoE_Policy>:$policy, "int64_t":$k, "int64_t":$groups, EnumParameter<MoE_Key>:$key,
                        "::mlir::FloatType":$keyDtype, EnumParameter<MoE_Fallback>:$fallback, MoE_OptionalReal<"p, τ or ε">:$value,
                        EnumParameter<MoE_Boundary>:$boundary, OptionalParameter<"::moe::CountAttr">:$count,
                        OptionalArrayRefParameter<"int64_t">:$order, OptionalArrayRefParameter<"int64_t">:$counts);
  let builders = [AttrBuilder<(ins "::moe::Policy":$policy, "int64_t":$k, "int64_t":$groups, "::moe::Key":$key)>];
  let extraClassDeclaration = [{
    /// Slots of a unit where E experts may be selected and a table has `tableColumns`.
    int64_t getSlots(int64_t experts, int64_t tableColumns = 0) const;
    /// The same selection by other keys.
    ::moe::SelectAttr withKey(::moe::Key key) const;
    /// True where units are chosen among, so that one changes what others get.
    bool isCrossUnit() const {
      return getPolicy() == Policy::ExpertTopC || getPolicy() == Policy::GreedyAssign || getPolicy() == Policy::BalancedAssign ||
             getPolicy() == Policy::SoftSlots;
    }
  }];
  let genVerifyDecl = 1;
}

def MoE_CapacityAttr : MoE_Attr<"Capacity", "capacity"> {
  let summary = "shaping of the counts of experts (specification 2.6)";
  let description = [{
    limit: an entry whose expert has `count` holders is dropped, where entries claim places in the order of `priority`: unit_major (u, j), choice_major (j, u),
    bpr (j, −max_e s[u,e], u), key_desc (−κ[u,e], u), weight_desc (−w[u,e], u), random(seed) by marks that a hash of seed and entry makes. `overflow`: zero
    removes it, identity lets it pass its unit on (the plan carries its weight), reroute moves it to the best other expert with room that its unit does
    not list.

    tile_round: the count n of each expert becomes a multiple of `tile` by `mode`. Below n the entries of lowest keys go; above, the units of best keys that
    had not chosen it come, in slots behind the others by ascending id. `nearest` goes up where that is strictly nearer, `sr_f(seed)` with the probability
    (n − lo)/tile, `nr_s(seed)` with the share of scores that lies behind the first lo, `balance_f` where that keeps the sum of all changes nearer to 0. No count rises above the
    units. A weight is a score, divided by the sum over the original list (`renorm = tc_set`, for those in it) or over the final one (selected_set).

    Constraints:
    1. (capacity_c1) each kind has its fields alone; `tile` is positive.
    2. (capacity_c2) a seed belongs to random, sr_f and nr_s.
    3. (R21) `overflow = reroute` requires unit_major or choice_major.

    ```mlir
    #moe.capacity<limit, count = <64>, priority = choice_major, overflow = zero>
    #moe.capacity<limit, count = <factor = 1.25, mult = k>, priority = random(7), overflow = identity>
    #moe.capacity<tile_round, tile = 4, mode = nearest, renorm = tc_set>
    ```
  }];
  let parameters = (ins EnumParameter<MoE_CapacityKind>:$kind, OptionalParameter<"::moe::CountAttr">:$count, EnumParameter<MoE_Priority>:$priority,
                        EnumParameter<MoE_Overflow>:$overflow, "int64_t":$tile, EnumParameter<MoE_TileMode>:$mode,
                        EnumParameter<MoE_TileRenorm>:$renorm, "int64_t":$seed);
  let genVerifyDecl = 1;
}

def MoE_DomainAttr : MoE_Attr<"Domain", "domain"> {
  let summary = "units among which experts choose and fill up (specification 2.1)";
  let description = [{
    All units of the call, segments that an operand gives the offsets of, or blocks of n units (the last may have fewer).

    Constraints:
    1. (domain_c1) n is positive, and belongs to blocks.

    ```mlir
    #moe.domain<blocks(1024)>
    #moe.domain<segments>
    ```
  }];
  let parameters = (ins EnumParameter<MoE_DomainKind>:$kind, "int64_t":$size);
  let genVerifyDecl = 1;
}

def MoE_WeightAttr : MoE_Attr<"Weight", "weight"> {
  let summary = "combine weights of the selected entries (specification 2.5)";
  let description = [{
    Raw values from `source`; ids in `zero` weigh 0 but count in the normaliser; ids in `exclude` weigh 0 and do not; then `norm` over the live entries,
    where the unit lists at least `min_k` of them; then times `scale`; then rounded to `dtype`.

    * `norm` = none | sum(eps, add|clamp) | pnorm(p) | softmax. A denominator of 0 gives 0.
    * `when` = before | after the entries that capacity drops.

    Constraints:
    1. (weight_c1) ids in `zero` and `exclude` are ascending, and no id is in both.
    2. (weight_c2) `min_k` and p are positive, the epsilon of sum is not negative.
    3. (R7) `norm = softmax` requires `source` logits or operand; the op accepts scores of a softmax.
    4. (R8) `norm = sum` requires a source that cannot be negative; the op checks it.
    5. (R27) `grad = ste_identity` requires `source = one`.
    6. (R24) `source = policy` belongs to the policies sparsemixer and soft_slots, `grad = sparsemixer` to the former; the op checks it.

    ```mlir
    #moe.weight<scores, norm = sum(1.0e-20, add), min_k = 2, scale = 2.5>
    #moe.weight<logits, norm = softmax>
    ```
  }];
  let parameters = (ins EnumParameter<MoE_WeightSource>:$source, OptionalArrayRefParameter<"int64_t">:$zero,
                        OptionalArrayRefParameter<"int64_t">:$exclude, EnumParameter<MoE_WeightNorm>:$norm,
                        MoE_OptionalReal<"epsilon of sum, p of pnorm">:$normValue, EnumParameter<MoE_EpsMode>:$epsMode, "int64_t":$minK,
                        EnumParameter<MoE_NormWhen>:$when, MoE_Real<>:$scale, "::mlir::FloatType":$dtype, EnumParameter<MoE_WeightGrad>:$grad);
  let builders = [AttrBuilder<(ins "::moe::WeightSource":$source, CArg<"::moe::WeightNorm", "::moe::WeightNorm::None">:$norm,
                               CArg<"double", "0.0">:$normValue, CArg<"double", "1.0">:$scale)>];
  let extraClassDeclaration = [{
    double getScaleValue() const { return getScale().getValueAsDouble(); }
    double getNormValueOr(double otherwise) const { return getNormValue() ? getNormValue().getValueAsDouble() : otherwise; }
  }];
  let genVerifyDecl = 1;
}

def MoE_BodyAttr : MoE_Attr<"Body", "body"> {
  let summary = "function of an ffn expert (specification 2.9)";
  let description = [{
    In this order, with W_u x alone where the body is `ungated`:

    ```
    g = clamp(W_g x + b_g) if clamp_at = pre      u = clamp(W_u x + b_u)      a = act(g), clamped if clamp_at = post
    h = a * (u + up_offset)   (ungated: h = act(u))      y = W_d h + b_d
    ```

    * `alpha`: silu_alpha(t) = t * sigmoid(alpha * t); only with silu.
    * `callee`: the function of one number that `act = external` is. It may have a body in the module, or be declared there and linked to what is compiled; its
      type is that in which hidden vectors are computed, f32 or, where one of the tensors has it, f64.
    * `gate_lo`, `gate_hi`, `up_lo`, `up_hi`: clamp bounds; an absent one does not clamp.
    * `bias`: which of gate, up, down have a bias.
    * `storage`: layout of the first matrix of a gated body; `interleaved` has the gate in even rows.

    Constraints:
    1. (body_c1) gate clamps, `up_offset`, `storage` and a gate bias require a gated body; `clamp_at = post` requires a gate clamp.
    2. (body_c2) `alpha` requires `silu`.
    3. (body_c3) joint storage requires gate and up to have a bias both or neither.
    4. (body_c4) lower clamp bounds are at most the upper ones.
    5. (body_c5) `callee` belongs to external, which has one; the op checks its type.

    ```mlir
    #moe.body<gated, silu>
    #moe.body<gated, silu, alpha = 1.702, gate_hi = 7.0, up_lo = -7.0, up_hi = 7.0, up_offset = 1.0, bias = [gate, up, down], storage = interleaved>
    #moe.body<ungated, external, callee = @xielu>
    ```
  }];
  let parameters = (ins "bool":$gated, EnumParameter<MoE_Activation>:$act, MoE_OptionalReal<>:$alpha, MoE_OptionalReal<>:$gateLo,
                        MoE_OptionalReal<>:$gateHi, EnumParameter<MoE_ClampAt>:$clampAt, MoE_OptionalReal<>:$upLo, MoE_OptionalReal<>:$upHi,
                        MoE_OptionalReal<>:$upOffset, "bool":$gateBias, "bool":$upBias, "bool":$downBias, EnumParameter<MoE_Storage>:$storage,
                        OptionalParameter<"::mlir::FlatSymbolRefAttr">:$callee);
  let builders = [AttrBuilder<(ins "bool":$gated, "::moe::Activation":$act)>,
                  AttrBuilder<(ins "bool":$gated, "::moe::Activation":$act, "::mlir::FloatAttr":$alpha, "::mlir::FloatAttr":$gateLo,
                                   "::mlir::FloatAttr":$gateHi, "::moe::ClampAt":$clampAt, "::mlir::FloatAttr":$upLo, "::mlir::FloatAttr":$upHi,
                                   "::mlir::FloatAttr":$upOffset, "bool":$gateBias, "bool":$upBias, "bool":$downBias, "::moe::Storage":$storage)>];
  let extraClassDeclaration = [{
    /// True where gate and up are rows of one matrix.
    bool hasJointStorage() const { return getGated() && getStorage() != Storage::Split; }
    /// The same function on a first matrix of another layout.
    ::moe::BodyAttr withStorage(::moe::Storage storage) const;
    /// Parameter tensors of one class, in operand order: matrices each followed by its bias.
    unsigned getNumParameters() const;
  }];
  let genVerifyDecl = 1;
}

def MoE_ClassAttr : MoE_Attr<"Class", "class"> {
  let summary = "a homogeneous class of experts (specification 2.9)";
  let description = [{
    `count` experts of one `kind`, of inputs x of d and results of d' elements:

    | kind | function | parameters; where it says shared, the experts have one in common, else each is stacked along a leading dimension of `count` |
    | --- | --- | --- |
    | ffn | `body` of inner width f = `width` | split: gate [f,d], gate bias [f], up [f,d], up bias [f], down [d',f], down bias [d']; joint: first [2f,d], bias [2f], down, down bias; ungated: up, up bias, down, down bias; biases where the body has them |
    | zero | 0 | none |
    | copy | x | none |
    | constant | v, or α₀ x + α₁ v with α = softmax(W x) where mix = softmax2 | v [d'], W [2,d] |
    | linear | W x, + b with `bias = true` | matrix [d',d], bias [d'] |
    | neuron | act(⟨u, x⟩) v, with act and its clamps from an ungated `body` | up [d], down [d'] |
    | value | v, or P v where `width` = f is given | vector [f], shared projection P [d',f]; without `width` vector [d'] alone |
    | scale_vec | `body` with each activation of `targets` (gate and up before clamps, hidden, output with its bias) times a vector | those of an ffn, shared; then per target in this order a scale [f], of output [d'] |
    | film | `body` with γ ⊙ h + β for its hidden vector h | those of an ffn, shared; then hidden scale γ [f], hidden shift β [f] |
    | lora | `body` with W + (`alpha` / `rank`) B A for each matrix W of `targets` (gate, up, down) | those of an ffn, shared; then per target left factor B [rows of W, rank], right factor A [rank, columns of W] |
    | nested | the `width` split `body` cut to the m = `widths`[i] first rows of gate and up and columns of down; without a body W's m first columns times the m first elements of x | those of an ffn or linear, all shared |
    | factored | ffn or, without a body, linear whose every matrix W is a product of factors, see below | per matrix its factors, then its bias, which is the expert's own |
    | external | the function `callee` of all rows of the class | none |

    `factors` says what W (o × i) is, with r = `rank` and in this order of operands: low_rank: B A, left B [o,r], right A [r,i]; shared_left: the same with B shared;
    shared_right: with A shared; cp: B diag(c) A, with B and A shared and core c [r]; tucker: B M A, with B and A shared and core M [r,r]; low_rank_sparse
    (MC-SMoE): B A + S with a residual S [o,i] behind A; residual: W₀ + S with a shared matrix W₀ [o,i] in front of S, without a `rank`.
    `evaluation` = apply_factored multiplies by one factor after the other, materialise makes W first; they differ in rounding alone.

    Three factorisations have tensors of more dimensions. They reshape rows and columns of W, counting the last index fastest:

    * phm (Zhang et al. 2021; MixPHM): Σ_s A_s ⊗ S_s, a sum of r Kronecker products with shared rules, left A [r,r,r] and right S [r,o/r,i/r];
    * mpo (Gao et al. 2022, MPOE), a matrix product operator of n tensors: W[o₁…oₙ, i₁…iₙ] = Σ T₁[o₁,i₁,p₁] T₂[p₁,o₂,i₂,p₂] … Tₙ[pₙ₋₁,oₙ,iₙ] with every p below r.
      The shared one is the core, number ⌊(n+1)/2⌋; those before it are left, those behind it right. `widths` has the n−1 sizes oₜ of the others in order,
      `columns` their iₜ where these differ; the core has what they leave of o and i;
    * tensor_ring (Oldfield et al. 2024, µMoE): W[o,i] = Σ_pqs G[p,q] I[q,i,s] O[s,o,p], with the shared modes left O [r,o,r] and right I [r,i,r] and core G [r,r].

    `quant` lists the storage of each matrix (each parameter of two dimensions) in order; its operand becomes the tensors that the format has, and what an expert
    computes is the same on the matrices that these hold, in f32. A matrix of the format `float` stays one tensor of floats: factors of lora on a stored base,
    say.

    `input_scale` = s: the experts get s x in place of x, rounded to the element type of the rows. It multiplies what `moe.dispatch` makes of its own scale and of
    weights (specification 2.8 and the note of 3.2, MoE++). `placement` says which rank has the experts: of n numbers, number j is the rank of the j-th of n equal runs of
    ids, so one number places a class, n of them spread it in blocks, and `count` of them place each expert. No value depends on it.

    `base = in_rows`: a row of a lora class is x, then the products with the shared gate and up matrices with their biases (d + 2f elements, ungated d + f); the class has only
    down (and its bias) of the shared parameters (rewrite C17).

    Constraints:
    1. (class_c1) `count` is positive, of external 1.
    2. (class_c2) `width` and `body` belong to ffn, scale_vec, film and lora, both or none of them to nested and factored, `width` alone to value, a `body` that is ungated
       and without biases alone to neuron; `mix` to constant.
    3. (class_c3) `targets` belong to scale_vec (not down) and lora (gate, up, down), where there is one at least, and gate to gated bodies.
    4. (class_c4) `rank` belongs to lora and factored (but residual) and is positive; `alpha` and `base` belong to lora, and `base = in_rows` takes a body with split storage.
    5. (class_c5) `factors` and `evaluation` belong to factored, which has factors and a body with split storage.
    6. (R18) `widths` belong to nested: one per expert, positive and, with a body, at most `width`; the body has split storage. Those of mpo are one at least,
       positive; so are `columns`, which belong to mpo, as many and others.
    7. (class_c6) `bias` belongs to linear, and to nested and factored without a body.
    8. (class_c7) `callee` belongs to external, which has one.
    9. (R16) `quant` has one format per matrix, of which one at least is not float, and belongs to classes with matrices other than constant and value.
    10. (class_c8) `input_scale` is finite and not 1, and belongs to classes that read their input (not zero, value, and constant without `mix`) and nothing else in
       their rows (not `base = in_rows`).
    11. (class_c9) the numbers of `placement` are not negative, and so many that they divide `count`.

    ```mlir
    #moe.class<ffn, 256, width = 2048, body = <gated, silu>>
    #moe.class<ffn, 1, width = 4096, body = <gated, silu>, activation = always>
    #moe.class<constant, 2, mix = softmax2>
    #moe.class<linear, 4, bias = true>
    #moe.class<neuron, 1048576, body = <ungated, gelu_erf>>
    #moe.class<value, 65536, width = 128>
    #moe.class<scale_vec, 8, width = 2048, body = <gated, silu>, targets = [hidden]>
    #moe.class<film, 8, width = 2048, body = <ungated, relu>>
    #moe.class<lora, 8, width = 2048, body = <gated, silu>, targets = [gate, up, down], rank = 16, alpha = 32.0>
    #moe.class<nested, 3, width = 2048, body = <ungated, gelu_tanh>, widths = [512, 1024, 2048]>
    #moe.class<factored, 64, rank = 32, factors = cp>
    #moe.class<factored, 8, factors = residual>
    #moe.class<factored, 8, width = 2048, body = <ungated, relu>, rank = 4, factors = phm>
    #moe.class<factored, 8, rank = 16, widths = [4, 8], factors = mpo, evaluation = materialise>
    #moe.class<factored, 8, rank = 16, widths = [4, 4, 4, 3], factors = mpo, columns = [3, 4, 4, 4]>
    #moe.class<external, 1, callee = @shift>
    #moe.class<copy, 1, input_scale = 2.0>
    #moe.class<ffn, 256, width = 2048, body = <gated, silu>, placement = [0, 1, 2, 3, 4, 5, 6, 7]>
    #moe.class<linear, 4, quant = [<i8_chan>]>
    #moe.class<lora, 8, width = 2048, body = <ungated, relu>, targets = [up], rank = 16, quant = [<mxfp4>, <mxfp4>, <float>, <float>]>
    ```
  }];
  let parameters = (ins EnumParameter<MoE_ClassKind>:$kind, "int64_t":$count, "int64_t":$width, OptionalParameter<"::moe::BodyAttr">:$body,
                        EnumParameter<MoE_ConstantMix>:$mix, EnumParameter<MoE_ClassActivation>:$activation,
                        EnumParameter<MoE_ClassTargets>:$targets, "int64_t":$rank, MoE_OptionalReal<>:$alpha,
                        OptionalArrayRefParameter<"int64_t">:$widths, EnumParameter<MoE_Factorisation>:$factors,
                        EnumParameter<MoE_FactorEvaluation>:$evaluation, EnumParameter<MoE_ClassBase>:$base, "bool":$bias,
                        OptionalParameter<"::mlir::FlatSymbolRefAttr">:$callee, OptionalArrayRefParameter<"::moe::QuantAttr">:$quant,
                        MoE_OptionalReal<>:$inputScale, OptionalArrayRefParameter<"int64_t">:$placement,
                        OptionalArrayRefParameter<"int64_t">:$columns);
  let builders = [AttrBuilder<(ins "int64_t":$count, "int64_t":$width, "::moe::BodyAttr":$body,
                                   CArg<"::moe::ClassActivation", "::moe::ClassActivation::Routed">:$activation,
                                   CArg<"::llvm::ArrayRef<::moe::QuantAttr>", "{}">:$quant)>];
  let extraClassDeclaration = [{
    bool isAlways() const { return getActivation() == ClassActivation::Always; }
    /// True where an expert has a hidden vector that a weight can multiply instead of the result (R14).
    bool hasHidden() const { return getBody() && getKind() != ClassKind::Neuron; }
    bool hasTarget(::moe::ClassTargets target) const { return bitEnumContainsAny(getTargets(), target); }
    /// True where factors are tensors of more than two dimensions.
    bool hasTensorFactors() const;
    /// What `factors` splits off the rows and columns of matrices, which are multiples of it.
    int64_t getRowDivisor() const;
    int64_t getColumnDivisor() const;
    /// Columns that the outer tensors of an mpo have.
    ::llvm::ArrayRef<int64_t> getOuterColumns() const { return getColumns().empty() ? getWidths() : getColumns(); }
    /// alpha / rank of lora, else 1.
    double getFactorScale() const;
    /// The same class with products of the shared first matrices in its rows.
    ::moe::ClassAttr withBaseInRows() const;
    /// The same class with another body, whose matrices have the formats `quant`.
    ::moe::ClassAttr withBody(::moe::BodyAttr body, ::llvm::ArrayRef<::moe::QuantAttr> quant) const;
    /// True where experts get something else than their rows.
    bool scalesInput() const { return static_cast<bool>(getInputScale()); }
    bool isPlaced() const { return !getPlacement().empty(); }
    /// True where the weights of ids may be forced to 0 (R15): kinds that compute next to nothing.
    bool mayHaveZeroIds() const {
      return getKind() == ClassKind::Zero || getKind() == ClassKind::Copy || getKind() == ClassKind::Constant;
    }
    bool isQuantised() const { return !getQuant().empty(); }
    /// Parameters, of which a quantised one has several operands.
    unsigned getNumParameters() const;
    unsigned getNumOperands() const;
  }];
  let genVerifyDecl = 1;
}

def MoE_TableAttr : MoE_Attr<"Table", "table"> {
  let summary = "the experts of a layer, class by class (specification 2.9)";
  let description = [{
    Classes cover ids [0, E) contiguously in order; `always` classes come last and take the ids from E on.

    Constraints:
    1. (table_c1) at least one class, and `always` classes after all routed ones.

    ```mlir
    #moe.table<[<ffn, 8, width = 96, body = <gated, silu>>, <copy, 1>, <zero, 1>]>
    ```
  }];
  let parameters = (ins ArrayRefParameter<"::moe::ClassAttr">:$classes);
  let extraClassDeclaration = [{
    /// Ids of routed (E) and of always-on classes.
    int64_t getNumRouted() const;
    int64_t getNumAlways() const;
    unsigned getNumOperands() const;
    /// The class of an id below the number of routed and always-on ids.
    ::moe::ClassAttr getClassOf(int64_t id) const;
  }];
  let genVerifyDecl = 1;
}

def MoE_ApplyAttr : EnumAttr<MoE_Dialect, MoE_Apply, "apply"> { let assemblyFormat = "`<` $value `>`"; }
def MoE_ResidualAttr : EnumAttr<MoE_Dialect, MoE_Residual, "residual"> { let assemblyFormat = "`<` $value `>`"; }
def MoE_SumOrderAttr : EnumAttr<MoE_Dialect, MoE_SumOrder, "sum_order"> { let assemblyFormat = "`<` $value `>`"; }

def MoE_LogitsFormAttr : EnumAttr<MoE_Dialect, MoE_LogitsForm, "logits_form"> { let assemblyFormat = "`<` $value `>`"; }
def MoE_ManyToOneAttr : EnumAttr<MoE_Dialect, MoE_ManyToOne, "many_to_one"> { let assemblyFormat = "`<` $value `>`"; }

def MoE_StatsStageAttr : EnumAttr<MoE_Dialect, MoE_StatsStage, "stats_stage"> { let assemblyFormat = "`<` $value `>`"; }
def MoE_CountedAttr : EnumAttr<MoE_Dialect, MoE_Counted, "counted"> { let assemblyFormat = "`<` $value `>`"; }
def MoE_AuxLossKindAttr : EnumAttr<MoE_Dialect, MoE_AuxLossKind, "aux_loss_kind"> { let assemblyFormat = "`<` $value `>`"; }
def MoE_BiasRuleAttr : EnumAttr<MoE_Dialect, MoE_BiasRule, "bias_rule"> { let assemblyFormat = "`<` $value `>`"; }

#endif // MOE_DIALECT_MOE_MOEATTRS_TD
