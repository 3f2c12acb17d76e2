// Runs LLVM's optimiser and code generator.
#include "CodeGen.h"

#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Target/TargetMachine.h"

using namespace llvm;

void moe::prepareForTarget(Module &module, const CpuTarget &target) {
  TargetMachine &machine = target.machine();
  module.setTargetTriple(machine.getTargetTriple());
  module.setDataLayout(machine.createDataLayout());
  module.setPICLevel(PICLevel::BigPIC);
  for (Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr(Attribute::NoUnwind);
    if (function.hasFnAttribute("target-cpu"))
      continue;
    function.addFnAttr("target-cpu", machine.getTargetCPU());
    function.addFnAttr("target-features", machine.getTargetFeatureString());
    function.addFnAttr("prefer-vector-width",
                       std::to_string(target.vectorBits()));
    function.addFnAttr("no-trapping-math", "true");
  }
}

Error moe::emitObject(Module &module, const CpuTarget &target, StringRef path) {
  TargetMachine &machine = target.machine();
  // A loop that cannot be vectorised is nothing that a user can change.
  module.getContext().setDiagnosticHandlerCallBack(
      [](const DiagnosticInfo *info, void *) {
        if (info->getSeverity() == DS_Error) {
          DiagnosticPrinterRawOStream printer(errs());
          errs() << "error: ";
          info->print(printer);
          errs() << '\n';
        }
      });
  PipelineTuningOptions tuning;
  tuning.LoopVectorization = true;
  tuning.SLPVectorization = true;
  PassBuilder builder(&machine, tuning);
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager calls;
  ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(calls);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, calls, modules);
  builder.buildPerModuleDefaultPipeline(OptimizationLevel::O3)
      .run(module, modules);

  std::error_code code;
  raw_fd_ostream output(path, code, sys::fs::OF_None);
  if (code)
    return createStringError(code,
                             "cannot create '" + path + "': " + code.message());
  legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, output, nullptr,
                                  CodeGenFileType::ObjectFile))
    return createStringError("cannot emit object code for " +
                             machine.getTargetTriple().str());
  passes.run(module);
  output.flush();
  if (output.has_error()) {
    code = output.error();
    output.clear_error();
    return createStringError(code,
                             "cannot write '" + path + "': " + code.message());
  }
  return Error::success();
}
