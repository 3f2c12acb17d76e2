// What one expert computes, however its matrices are given.
#ifndef MOE_PASSES_CONVERSION_MOETOLINALG_BODIES_H
#define MOE_PASSES_CONVERSION_MOETOLINALG_BODIES_H

#include "MoEToLinalg.h"

#include "moe/Dialect/MoE/Parameters.h"

namespace moe::detail {

/// The parameters of expert number `expert` of a class: slabs of those that are
/// stacked, and those that are shared.
llvm::SmallVector<mlir::Value> takeExpert(TensorBuilder &b,
                                          llvm::ArrayRef<Parameter> parameters,
                                          mlir::ValueRange values,
                                          mlir::Value expert);

/// The parameters of `entry` from its operands, where stored matrices are
/// computed in f32.
llvm::SmallVector<mlir::Value> buildParameters(TensorBuilder &b,
                                               ClassAttr entry, int64_t in,
                                               int64_t out,
                                               mlir::ValueRange operands);

/// `rows` times the `input_scale` of `entry`, where it has one.
mlir::Value scaleInput(TensorBuilder &b, ClassAttr entry, mlir::Value rows);

/// v, or α₀ x + α₁ v with α = softmax(W x), of each row x of `in`, written into
/// `out`. `parameters`: v and W of one expert.
mlir::Value buildConstant(TensorBuilder &b, ClassAttr entry,
                          mlir::ValueRange parameters, mlir::Value in,
                          mlir::Value out);

/// act(<u, x>) v of each row x of `in`, written into `out`, where u and v are
/// those rows of `parameters` that `expertOfRow` (an index per row) says: O(d)
/// per row, whatever the number of experts.
mlir::Value buildNeurons(TensorBuilder &b, BodyAttr body,
                         mlir::Value expertOfRow, mlir::ValueRange parameters,
                         mlir::Value in, mlir::Value out);

/// v, or P v, written into each row of `out`, with v as above.
mlir::Value buildValues(TensorBuilder &b, mlir::Value expertOfRow,
                        mlir::ValueRange parameters, mlir::Value out);

/// One expert with a body, or with a linear map alone. Which of its matrices
/// are whole, factored or a whole one plus a factored one, and which of its
/// vectors are scaled or shifted, follows from the parameters it has.
class ExpertBody {
public:
  /// `values`: the expert's parameters, without a leading dimension.
  ExpertBody(TensorBuilder &b, BodyAttr body,
             llvm::SmallVector<Parameter> parameters, mlir::ValueRange values)
      : b(b), body(body), parameters(std::move(parameters)),
        values(llvm::to_vector(values)) {}
  /// An expert of a class of d = `in`, d' = `out`.
  ExpertBody(TensorBuilder &b, ClassAttr entry, int64_t in, int64_t out,
             mlir::ValueRange values);

  /// Writes what the expert makes of each row of `rows` (m x d) into `out`
  /// (m x d'). `rowWeights` (m), where given, multiply the hidden vectors.
  mlir::Value build(mlir::Value rows, mlir::Value rowWeights,
                    mlir::Value out) const;

private:
  /// The parameter that is `part` of `role`; null where there is none.
  mlir::Value find(ParameterRole role,
                   ParameterPart part = ParameterPart::Whole) const;
  /// The tensors of `role`, in order.
  llvm::SmallVector<mlir::Value> findFactors(ParameterRole role) const;
  /// The products of `rows` with the tensors of `role`, in `acc`.
  mlir::Value applyTensors(ParameterRole role, mlir::Value rows,
                           mlir::FloatType acc) const;
  /// The matrix that the factors of `role` are, in `acc`.
  mlir::Value buildMatrix(ParameterRole role, mlir::FloatType acc) const;
  /// True where the matrix of `role` is more than one parameter.
  bool isMadeOfFactors(ParameterRole role) const;
  /// The whole matrix of `role`, made of factors where they are to be; null
  /// where there is none.
  mlir::Value findMatrix(ParameterRole role, mlir::FloatType acc) const;
  /// `init` (m x n) plus the products of `rows` with the matrix of `role`:
  /// `whole`, where there is one, and factors.
  mlir::Value accumulate(ParameterRole role, mlir::Value whole,
                         mlir::Value rows, mlir::Value init) const;
  mlir::Value buildProduct(ParameterRole role, ParameterRole biasRole,
                           mlir::Value rows, mlir::FloatType acc) const;
  /// Gate (null where ungated) and up. `rows` lose what they carry behind the
  /// input.
  std::pair<mlir::Value, mlir::Value> buildFirst(mlir::Value &rows,
                                                 mlir::FloatType acc) const;
  /// `element` of the vector of `role`, scaled and shifted; in a body over
  /// (row, column).
  mlir::Value adjust(ParameterRole role, mlir::Value element) const;
  mlir::Value buildHiddenRows(mlir::Value rows, mlir::Value rowWeights,
                              mlir::FloatType acc) const;

  TensorBuilder &b;
  BodyAttr body;
  llvm::SmallVector<Parameter> parameters;
  llvm::SmallVector<mlir::Value> values;
  /// Times which a factored matrix counts.
  double scale = 1.0;
  bool materialises = false;
  Factorisation factors = Factorisation::None;
  bool areTensors = false;
  /// The inner width where products of the first matrices come in the rows.
  int64_t productsInRows = 0;
};

} // namespace moe::detail

#endif // MOE_PASSES_CONVERSION_MOETOLINALG_BODIES_H
