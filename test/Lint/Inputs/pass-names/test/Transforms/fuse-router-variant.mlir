// RUN: moe-opt
