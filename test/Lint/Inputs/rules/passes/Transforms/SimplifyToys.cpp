#include "no remark.h"

static constexpr llvm::StringLiteral broken = "a reason in a constant";

// "This is no remark."
static StringRef whyToysStay(int toys) {
  StringRef why;
  if (toys == 1)
    return "a reason "
           "of two lines";
  if (toys == 2)
    why = toys ? "a reason of a choice" : broken;
  if (toys == 3)
    llvm_unreachable("no (toys) are "
                     "three");
  return why.empty() ? "an expected reason" : why;
}
