// Keeps what passes say of a module, for reports.
#ifndef MOE_LIB_PIPELINES_NOTES_H
#define MOE_LIB_PIPELINES_NOTES_H

#include "mlir/IR/Location.h"
#include "mlir/IR/MLIRContext.h"

#include <memory>
#include <string>
#include <vector>

namespace moe {

/// One remark: where it was made, by which pass, its name and its text.
struct Note {
  mlir::Location location;
  std::string category, name, text;
};

/// Keeps remarks of `categories` (a regular expression) of a context that
/// nobody observes yet, in the order of their making, for as long as the
/// context lives or until another observer comes.
std::shared_ptr<std::vector<Note>> keepNotes(mlir::MLIRContext &context,
                                             llvm::StringRef categories);

/// A location for people: the name of a node, the line of a file, or both.
std::string placeOf(mlir::Location location);

} // namespace moe

#endif // MOE_LIB_PIPELINES_NOTES_H
