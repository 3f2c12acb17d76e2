// Remarks as data.
#include "Notes.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace {

class NoteKeeper : public remark::detail::MLIRRemarkStreamerBase {
public:
  explicit NoteKeeper(std::shared_ptr<std::vector<moe::Note>> notes)
      : notes(std::move(notes)) {}

  void streamOptimizationRemark(const remark::detail::Remark &remark) override {
    for (const remark::detail::Remark::Arg &argument : remark.getArgs())
      if (argument.key == "Remark" || argument.key == "Reason")
        notes->push_back({remark.getLocation(), remark.getCategoryName().str(),
                          remark.getRemarkName().str(), argument.val});
  }

private:
  std::shared_ptr<std::vector<moe::Note>> notes;
};

} // namespace

std::shared_ptr<std::vector<moe::Note>> moe::keepNotes(MLIRContext &context,
                                                       StringRef names) {
  auto notes = std::make_shared<std::vector<Note>>();
  remark::RemarkCategories categories;
  categories.passed = categories.missed = categories.analysis = names.str();
  LogicalResult enabled = remark::enableOptimizationRemarks(
      context, std::make_unique<NoteKeeper>(notes),
      std::make_unique<remark::RemarkEmittingPolicyAll>(), categories);
  assert(succeeded(enabled) && "remarks of the context are observed already");
  (void)enabled;
  return notes;
}

/// The first position in a file that a location tells.
static std::string lineOf(Location location) {
  std::string line;
  location->walk([&](Location part) {
    auto file = dyn_cast<FileLineColLoc>(part);
    // Nodes have a line of 0.
    if (!file || file.getLine() == 0)
      return WalkResult::advance();
    line = (llvm::sys::path::filename(file.getFilename()) + ":" +
            Twine(file.getLine()))
               .str();
    return WalkResult::interrupt();
  });
  return line;
}

std::string moe::placeOf(Location location) {
  std::string name;
  location->walk([&](Location part) {
    auto named = dyn_cast<NameLoc>(part);
    if (!named)
      return WalkResult::advance();
    name = named.getName().str();
    return WalkResult::interrupt();
  });
  std::string line = lineOf(location);
  if (name.empty())
    return line.empty() ? "an unknown place" : line;
  return line.empty() ? "'" + name + "'" : "'" + name + "' (" + line + ")";
}
