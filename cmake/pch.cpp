// Carries the shared precompiled header; see MoeLLVM.cmake.
