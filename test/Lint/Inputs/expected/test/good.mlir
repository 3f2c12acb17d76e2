// RUN: moe-opt %s \
// RUN:   --verify-diagnostics
// expected-error @+1 {{something}}
