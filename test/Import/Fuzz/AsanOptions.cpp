// What AddressSanitizer must not check in the fuzzers.

extern "C" const char *__asan_default_options();

/// Slabs that LLVM's allocators poison in this program's code are handed out by
/// that of the libraries, which does not know it.
// NOLINTNEXTLINE(bugprone-reserved-identifier): the name is the interface.
extern "C" const char *__asan_default_options() {
  return "allow_user_poisoning=0";
}
