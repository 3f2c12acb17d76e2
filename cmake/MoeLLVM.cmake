# The one file that knows how MLIR is found and linked: always libMLIR.so and libLLVM.so, because a second static copy of MLIR in a binary links
# without a word and fails at run time ("registered more than once").

find_package(MLIR REQUIRED CONFIG)
if(NOT LLVM_VERSION_MAJOR EQUAL 22)
  message(FATAL_ERROR "moec needs LLVM/MLIR 22, but found ${LLVM_PACKAGE_VERSION} in ${LLVM_DIR}; install llvm-22-dev and libmlir-22-dev (utils/setup)")
endif()

set(LLVM_RUNTIME_OUTPUT_INTDIR ${PROJECT_BINARY_DIR}/bin)
set(LLVM_LIBRARY_OUTPUT_INTDIR ${PROJECT_BINARY_DIR}/lib)
set(MLIR_BINARY_DIR ${PROJECT_BINARY_DIR})
list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
set(LLVM_ENABLE_ASSERTIONS ${MOE_ENABLE_ASSERTIONS}) # LLVMConfig.cmake has just reset it
set(LLVM_ENABLE_WERROR ${MOE_ENABLE_WERROR})
include(TableGen)
include(AddLLVM)
include(AddMLIR)
include(HandleLLVMOptions)
separate_arguments(LLVM_DEFINITIONS_LIST NATIVE_COMMAND ${LLVM_DEFINITIONS})
add_definitions(${LLVM_DEFINITIONS_LIST})
include_directories(SYSTEM ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
include_directories(${PROJECT_SOURCE_DIR}/include ${PROJECT_BINARY_DIR}/include)

# moe_add_library(<name> SRCS ... [DEPENDS <tablegen targets>] [LINK <libraries>])
# A static library of the compiler; one directory holds one library.
function(moe_add_library name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPENDS;LINK" ${ARGN})
  add_mlir_library(${name} STATIC ${ARG_SRCS} DISABLE_INSTALL
    DEPENDS ${ARG_DEPENDS} LINK_LIBS PUBLIC ${ARG_LINK} MLIR)
  if(MOE_ENABLE_PCH)
    moe_use_pch(obj.${name} ${name})
  endif()
endfunction()

# One precompiled header for the whole project: a header per library costs more than it saves.
function(moe_use_pch object_library library)
  if(NOT TARGET MoEPCH)
    add_library(MoEPCH OBJECT ${PROJECT_SOURCE_DIR}/cmake/pch.cpp)
    llvm_update_compile_flags(MoEPCH)
    target_precompile_headers(MoEPCH PRIVATE ${PROJECT_SOURCE_DIR}/cmake/pch.h)
    set_target_properties(MoEPCH PROPERTIES POSITION_INDEPENDENT_CODE ON)
  endif()
  set(target ${library})
  if(TARGET ${object_library})
    set(target ${object_library})
  endif()
  target_precompile_headers(${target} REUSE_FROM MoEPCH)
endfunction()

# moe_add_tool(<name> SRCS ... LINK <libraries>)
function(moe_add_tool name)
  cmake_parse_arguments(ARG "" "" "SRCS;LINK" ${ARGN})
  add_llvm_executable(${name} ${ARG_SRCS})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} MLIR)
  # Where libMLIR.so lies is not a folder that the loader searches.
  set_target_properties(${name} PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
  install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()

# moe_add_doc(<file.td> <output name> <mlir-tblgen arguments>): one page of the generated reference, in build/docs. Part of every build, so that no
# description rots unseen.
add_custom_target(moe-doc ALL)
function(moe_add_doc td out)
  set(LLVM_TARGET_DEFINITIONS ${td})
  tablegen(MLIR ${out}.md ${ARGN})
  set(page ${PROJECT_BINARY_DIR}/docs/${out}.md)
  add_custom_command(OUTPUT ${page}
    COMMAND ${CMAKE_COMMAND} -E copy ${CMAKE_CURRENT_BINARY_DIR}/${out}.md ${page}
    DEPENDS ${CMAKE_CURRENT_BINARY_DIR}/${out}.md)
  add_custom_target(${out}DocGen DEPENDS ${page})
  add_dependencies(moe-doc ${out}DocGen)
endfunction()

# moe_add_op_pages(<file.td> <dialect>): a page for each op of the ODS files of this folder, build/docs/ops/<dialect>.<op>.md.
function(moe_add_op_pages td dialect)
  file(GLOB sources CONFIGURE_DEPENDS *.td)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${sources})
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/docs/ops)
  set(pages)
  foreach(source ${sources})
    file(STRINGS ${source} definitions REGEX "^def .*_Op<\"[a-z_]+\"")
    foreach(definition ${definitions})
      string(REGEX REPLACE "^def .*_Op<\"([a-z_]+)\".*" "${dialect}.\\1" op "${definition}")
      set(LLVM_TARGET_DEFINITIONS ${td})
      tablegen(MLIR ${op}.md -gen-op-doc --op-include-regex=${op})
      set(page ${PROJECT_BINARY_DIR}/docs/ops/${op}.md)
      add_custom_command(OUTPUT ${page}
        COMMAND ${CMAKE_COMMAND} -E copy ${CMAKE_CURRENT_BINARY_DIR}/${op}.md ${page}
        DEPENDS ${CMAKE_CURRENT_BINARY_DIR}/${op}.md)
      list(APPEND pages ${page})
    endforeach()
  endforeach()
  add_custom_target(${dialect}OpPages DEPENDS ${pages})
  add_dependencies(moe-doc ${dialect}OpPages)
endfunction()
