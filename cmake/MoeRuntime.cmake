# How the LLVM-free part of the project is compiled: the runtime, moe-run and
# their tests. MOE_SANITIZE applies to exactly these targets.

find_package(OpenMP REQUIRED COMPONENTS CXX)
find_path(MOE_XXHASH_INCLUDE_DIR xxhash.h REQUIRED
  DOC "Folder of xxhash.h (Debian: libxxhash-dev)")

set(MOE_RUNTIME_FLAGS -Wall -Wextra)
if(MOE_ENABLE_WERROR)
  list(APPEND MOE_RUNTIME_FLAGS -Werror)
endif()
set(MOE_SANITIZE_FLAGS "")
if(MOE_SANITIZE)
  set(MOE_SANITIZE_FLAGS -fsanitize=${MOE_SANITIZE} -fno-omit-frame-pointer)
  if(MOE_SANITIZE MATCHES "undefined")
    list(APPEND MOE_SANITIZE_FLAGS -fno-sanitize-recover=undefined)
  endif()
endif()

# Where the package files of the runtime and of the compiler are installed, and
# how a file for pkg-config names the prefix, so that an installation can move.
set(MOE_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/moec)
file(RELATIVE_PATH MOE_PC_TO_PREFIX
  ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})

# moe_runtime_target(<target>...): warnings, sanitizers and the public headers.
function(moe_runtime_target)
  foreach(target IN LISTS ARGV)
    get_target_property(type ${target} TYPE)
    if(MOE_SANITIZE AND type STREQUAL "EXECUTABLE")
      target_sources(${target} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/sanitizer-defaults.c)
    endif()
    target_compile_options(${target} PRIVATE ${MOE_RUNTIME_FLAGS} ${MOE_SANITIZE_FLAGS})
    target_link_options(${target} PRIVATE ${MOE_SANITIZE_FLAGS})
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/include)
    target_compile_definitions(${target} PRIVATE MOE_VERSION="${PROJECT_VERSION}")
    set_target_properties(${target} PROPERTIES
      RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin
      LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
  endforeach()
endfunction()
