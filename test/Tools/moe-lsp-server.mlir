// moe-lsp-server answers initialize, and tells what is wrong in a document with the project's dialects.
// RUN: %python -B %S/Inputs/lsp.py moe-lsp-server < %s | FileCheck %s

// CHECK: "name": "mlir-lsp-server"
// CHECK-NOT: not found
// CHECK: "line": 7, "message": "{{.*}}expects a positive number of experts, but got 0
// CHECK-NOT: "line"
func.func private @f(!moe.plan<8, slots<2>>, !moe.plan<0, slots<1>>)
