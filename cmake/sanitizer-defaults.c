/* What sanitizers shall not report in the project's executables. libomp is not
   instrumented: ThreadSanitizer shall not judge the locks that it takes itself,
   and it keeps a block for each application thread that entered a parallel
   region until the process ends. */
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void) {
  return "called_from_lib:libomp.so\n";
}

const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) { return "leak:libomp.so\n"; }
