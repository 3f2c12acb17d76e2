// RUN: moe-opt %s
// expected-error @+1 {{something}}
