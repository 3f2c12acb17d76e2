# Installs moec into a fresh prefix, builds examples/embed against it with
# find_package and with pkg-config, and runs the programs:
# cmake -DBUILD=... -DSOURCE=... -DWORK=... -DGENERATOR=... -DCC=... -DPKG_CONFIG=...
#   -DFLAGS=... -DLIBDIR=... -DGOOD=<name=file.npy;...> -DBAD=<...>
#   (-DLIBRARY=<model.so> | -DMODEL=<model.onnx>) -P check-install.cmake
# LIBRARY: the runtime alone is installed, and runs that library. MODEL: all is
# installed, and the installed moe-compile and libmoec compile that model.
# GOOD and BAD: arguments of the programs whose expectations hold and do not.

# run(<command>...): leaves what it printed in `output`.
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status
    OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}\nexpects status 0, but got ${status}:\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

# run_model(<command>...): its outputs must be those that GOOD names.
function(run_model)
  run(${ARGN} ${GOOD})
  message(STATUS "${output}")
  if(NOT output MATCHES "output [^\n]*: error [^\n]*, ok\n")
    message(FATAL_ERROR "expects outputs that are compared, but got\n${output}")
  endif()
endfunction()

set(prefix ${WORK}/prefix)
file(REMOVE_RECURSE ${WORK})
if(LIBRARY)
  set(component --component runtime)
endif()
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix} ${component})
# An installation can be moved.
file(RENAME ${prefix} ${WORK}/moved)
set(prefix ${WORK}/moved)
# As cmake/sanitizer-defaults.c, which the example does not contain.
file(WRITE ${WORK}/tsan.supp "called_from_lib:libomp.so\n")
set(ENV{TSAN_OPTIONS} suppressions=${WORK}/tsan.supp)
set(flags ${FLAGS} -std=c11 -Wall -Wextra -Wpedantic -Werror)
list(JOIN flags " " flag_text)

run(${prefix}/bin/moe-run --version)
if(MODEL)
  set(LIBRARY ${WORK}/model.so)
  run(${prefix}/bin/moe-compile ${MODEL} -o ${LIBRARY})
  # The header that came with it is C.
  file(WRITE ${WORK}/header.c "#include \"model.h\"\n#include <stdio.h>\n"
    "int main(void) { return puts(MODEL_ENTRY) < 0 || MODEL_OUTPUT_COUNT < 1; }\n")
  run(${CC} ${flags} -I${WORK} ${WORK}/header.c -o ${WORK}/header)
  run(${WORK}/header)
endif()

run(${CMAKE_COMMAND} -S ${SOURCE}/examples/embed -B ${WORK}/cmake -G ${GENERATOR}
  -DCMAKE_C_COMPILER=${CC} "-DCMAKE_C_FLAGS=${flag_text}" -DCMAKE_PREFIX_PATH=${prefix})
run(${CMAKE_COMMAND} --build ${WORK}/cmake)
run_model(${WORK}/cmake/embed ${LIBRARY})
execute_process(COMMAND ${WORK}/cmake/embed ${LIBRARY} ${BAD} RESULT_VARIABLE status OUTPUT_VARIABLE output)
if(NOT status EQUAL 1 OR NOT output MATCHES "FAILED")
  message(FATAL_ERROR "expects status 1 with ${BAD}, but got ${status}:\n${output}")
endif()
if(MODEL)
  run_model(${WORK}/cmake/compile ${MODEL} ${WORK}/by-cmake.so)
endif()

set(ENV{PKG_CONFIG_PATH} ${prefix}/${LIBDIR}/pkgconfig)
set(ENV{LD_LIBRARY_PATH} ${prefix}/${LIBDIR})
function(build_by_pkg_config program)
  run(${PKG_CONFIG} --cflags --libs ${ARGN})
  separate_arguments(options UNIX_COMMAND "${output}")
  run(${CC} ${flags} ${SOURCE}/examples/embed/${program}.c ${SOURCE}/examples/embed/run.c
    ${SOURCE}/examples/embed/npy.c -o ${WORK}/${program} ${options} -lm)
endfunction()
build_by_pkg_config(embed moec)
run_model(${WORK}/embed ${LIBRARY})
if(MODEL)
  build_by_pkg_config(compile moec-compiler moec)
  run_model(${WORK}/compile ${MODEL} ${WORK}/by-pkg-config.so)
endif()
