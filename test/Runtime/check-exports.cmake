# The dynamic symbols of a library, the list in its exports.map and the functions
# of its header must be the same set:
# cmake -DNM=... -DLIBRARY=... -DEXPORTS=... -DHEADER=... -DPREFIX=moeRuntime
#   -P check-exports.cmake
execute_process(COMMAND ${NM} -D --defined-only ${LIBRARY}
  OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL " [TtDBRVWi] [^\n@]+" lines "${symbols}")
set(exported "")
foreach(line IN LISTS lines)
  string(REGEX REPLACE "^ . " "" name "${line}")
  list(APPEND exported ${name})
endforeach()

file(READ ${EXPORTS} text)
string(REGEX MATCHALL "${PREFIX}[A-Za-z0-9_]+" listed "${text}")
file(READ ${HEADER} text)
string(REGEX REPLACE "/\\*[^*]*\\*+([^/*][^*]*\\*+)*/" "" text "${text}")
string(REGEX MATCHALL "${PREFIX}[A-Za-z0-9_]+" declared "${text}")

foreach(set exported listed declared)
  list(REMOVE_DUPLICATES ${set})
  list(SORT ${set})
endforeach()
if(NOT exported STREQUAL listed OR NOT listed STREQUAL declared OR NOT listed)
  message(FATAL_ERROR "expects one list of functions, but got\n"
    "exported by ${LIBRARY}: ${exported}\nlisted in ${EXPORTS}: ${listed}\n"
    "declared in ${HEADER}: ${declared}")
endif()
