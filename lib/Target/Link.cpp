// Links object code into a shared library with lld, in this process.
#include "CodeGen.h"

#include "lld/Common/Driver.h"
#include "llvm/Support/raw_ostream.h"

#include <link.h>
#include <mutex>

LLD_HAS_DRIVER(elf)

using namespace llvm;

/// The files of the C library that this process runs with; a machine without
/// development packages has no others.
static std::vector<std::string> systemLibraries() {
  std::vector<std::string> result;
  dl_iterate_phdr(
      [](dl_phdr_info *info, size_t, void *data) {
        StringRef path(info->dlpi_name);
        StringRef name = path.substr(path.rfind('/') + 1);
        if (name.starts_with("libm.so.") || name.starts_with("libc.so."))
          static_cast<std::vector<std::string> *>(data)->push_back(path.str());
        return 0;
      },
      &result);
  return result;
}

Error moe::linkSharedLibrary(StringRef object, StringRef path,
                             StringRef soname) {
  std::vector<std::string> arguments = {"ld.lld",
                                        "-shared",
                                        "-Bsymbolic",
                                        "--gc-sections",
                                        "--strip-all",
                                        "--hash-style=gnu",
                                        "--build-id=none",
                                        "--as-needed",
                                        "-z",
                                        "now",
                                        "-z",
                                        "relro",
                                        "-z",
                                        "defs",
                                        "-z",
                                        "noexecstack",
                                        "--soname",
                                        soname.str(),
                                        "-o",
                                        path.str(),
                                        object.str()};
  for (std::string &library : systemLibraries())
    arguments.push_back(std::move(library));
  std::vector<const char *> pointers;
  pointers.reserve(arguments.size());
  for (const std::string &argument : arguments)
    pointers.push_back(argument.c_str());

  // lld keeps its state in globals.
  static std::mutex mutex;
  std::lock_guard<std::mutex> lock(mutex);
  std::string output;
  raw_string_ostream stream(output);
  lld::Result result =
      lld::lldMain(pointers, stream, stream, {{lld::Gnu, &lld::elf::link}});
  if (result.retCode != 0)
    return createStringError("cannot link '" + path +
                             "': " + StringRef(output).trim());
  return Error::success();
}
