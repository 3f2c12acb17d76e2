// From LLVM IR to object code and shared libraries.
#ifndef MOE_LIB_TARGET_CODEGEN_H
#define MOE_LIB_TARGET_CODEGEN_H

#include "moe/Target/CpuTarget.h"
#include "llvm/Support/Error.h"

namespace llvm {
class Module;
} // namespace llvm

namespace moe {

/// Sets the module's triple, data layout and the target attributes of the
/// functions that have none.
void prepareForTarget(llvm::Module &module, const CpuTarget &target);

/// Optimises `module` and writes its object code to `path`.
llvm::Error emitObject(llvm::Module &module, const CpuTarget &target,
                       llvm::StringRef path);

/// Links one object file into a shared library that needs libc and libm at
/// most. `soname` is the library's own name.
llvm::Error linkSharedLibrary(llvm::StringRef object, llvm::StringRef path,
                              llvm::StringRef soname);

} // namespace moe

#endif // MOE_LIB_TARGET_CODEGEN_H
