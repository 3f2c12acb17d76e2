// What was found in a model and what was refused, for people and for machines.
#ifndef MOE_PIPELINES_IMPORTREPORT_H
#define MOE_PIPELINES_IMPORTREPORT_H

#include "moe/Pipelines/Compiler.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/raw_ostream.h"
#include <map>
#include <string>
#include <vector>

namespace moe {

struct Note;

/// One operand of a layer: what it is, its type, and where its bytes are.
struct ReportedWeight {
  std::string role;
  std::string type;
  /// Bytes by file; those in the module itself have an empty name. None where
  /// the operand is computed.
  std::map<std::string, uint64_t> bytes;
};

struct ReportedLayer {
  /// Where the model has it: a node, or a line of the exporter's source.
  std::string place;
  /// How it is written, such as "dense experts".
  std::string form;
  /// What it computes, such as "top-2 of 8, softmax before top-k, SwiGLU width
  /// 16".
  std::string variant;
  std::vector<ReportedWeight> weights;
};

struct ReportedRefusal {
  std::string place;
  std::string reason;
};

struct ImportReport {
  std::vector<ReportedLayer> layers;
  std::vector<ReportedRefusal> refused;
  /// What was left out of the file on the way.
  std::vector<std::string> notes;

  void print(llvm::raw_ostream &os) const;
  /// An object with the lists 'layers', 'refused' and 'notes'.
  void printJSON(llvm::raw_ostream &os) const;
};

/// Collects what reading and raising say from now on, until it is destroyed or
/// another one is made for the context.
class ImportObserver {
public:
  /// Observes a context whose remarks nobody observes yet.
  explicit ImportObserver(mlir::MLIRContext &context);
  ~ImportObserver();

  /// Lowers `module` to the moe level and tells what is in it. Errors go to the
  /// context's diagnostics.
  mlir::FailureOr<ImportReport> explain(mlir::ModuleOp module,
                                        const CompileOptions &options);

private:
  std::shared_ptr<std::vector<Note>> notes;
};

} // namespace moe

#endif // MOE_PIPELINES_IMPORTREPORT_H
