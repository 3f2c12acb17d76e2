//===- MoEBase.td - the moe dialect ---------------------------------------===//
#ifndef MOE_DIALECT_MOE_MOEBASE_TD
#define MOE_DIALECT_MOE_MOEBASE_TD

include "mlir/IR/OpBase.td"

def MoE_Dialect : Dialect {
  let name = "moe";
  let cppNamespace = "::moe";
  let summary = "Mixture-of-Experts layers on tensors";
  let description = [{
    What a Mixture-of-Experts layer computes, free of any target: which experts each token goes to (`route`), how its rows are ordered by expert
    (`dispatch`), what the experts compute (`experts`) and how their results are summed (`combine`). Seven independent attribute axes span the
    variants of the literature; the routing specification (sections 1 to 5) defines every one of them, and constraint labels name its rules.

    Shape letters: `U` routing units (tokens), `E` expert ids, `K` slots per unit, `d` hidden width, `f` expert inner width, `n` experts of a class.

    Order relation, used wherever something is selected: key descending, then id ascending. A key of −∞ is never selected: the slot stays empty
    (id −1, weight 0). NaN logits violate the contract, but ids always stay in [−1, E).
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let extraClassDeclaration = [{
    void registerAttributes();
    void registerTypes();
  }];
}

#endif // MOE_DIALECT_MOE_MOEBASE_TD
