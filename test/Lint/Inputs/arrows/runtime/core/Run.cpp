#include "moe-rt/runtime.h"
#include <llvm/ADT/StringRef.h>
