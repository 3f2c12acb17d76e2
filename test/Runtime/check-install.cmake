# Installs the runtime into a fresh prefix, builds examples/embed against it with
# find_package and with pkg-config, and runs both on a model:
# cmake -DBUILD=... -DSOURCE=... -DWORK=... -DGENERATOR=... -DCC=... -DPKG_CONFIG=...
#   -DFLAGS=... -DLIBDIR=... -DMODEL=... -DARGUMENTS=... -DEXPECT=... -P check-install.cmake
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status
    OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}\nexpects status 0, but got ${status}:\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

set(prefix ${WORK}/prefix)
file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix} --component runtime)
# An installation can be moved.
file(RENAME ${prefix} ${WORK}/moved)
set(prefix ${WORK}/moved)
# As cmake/sanitizer-defaults.c, which the example does not contain.
file(WRITE ${WORK}/tsan.supp "called_from_lib:libomp.so\n")
set(ENV{TSAN_OPTIONS} suppressions=${WORK}/tsan.supp)
set(flags ${FLAGS} -std=c11 -Wall -Wextra -Wpedantic -Werror)
list(JOIN flags " " flag_text)

run(${CMAKE_COMMAND} -S ${SOURCE}/examples/embed -B ${WORK}/cmake -G ${GENERATOR}
  -DCMAKE_C_COMPILER=${CC} "-DCMAKE_C_FLAGS=${flag_text}" -DCMAKE_PREFIX_PATH=${prefix})
run(${CMAKE_COMMAND} --build ${WORK}/cmake)
run(${WORK}/cmake/embed ${MODEL} ${ARGUMENTS})
set(by_cmake "${output}")

set(ENV{PKG_CONFIG_PATH} ${prefix}/${LIBDIR}/pkgconfig)
run(${PKG_CONFIG} --cflags --libs moec)
separate_arguments(moec UNIX_COMMAND "${output}")
run(${CC} ${flags} ${SOURCE}/examples/embed/embed.c -o ${WORK}/embed ${moec})
set(ENV{LD_LIBRARY_PATH} ${prefix}/${LIBDIR})
run(${WORK}/embed ${MODEL} ${ARGUMENTS})
if(NOT output STREQUAL by_cmake OR NOT output MATCHES "${EXPECT}")
  message(FATAL_ERROR "expects output that matches '${EXPECT}' twice, but got\n${by_cmake}and\n${output}")
endif()
unset(ENV{LD_LIBRARY_PATH})
run(${prefix}/bin/moe-run --version)
message(STATUS "${by_cmake}")
