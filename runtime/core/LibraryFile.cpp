// What can be said about a model library before the dynamic loader sees it.
#include "Module.h"
#include "Status.h"

#include <cstring>
#include <elf.h>

using namespace moe::rt;

#if defined(__x86_64__)
static constexpr Elf64_Half kMachine = EM_X86_64;
static constexpr const char *kMachineName = "x86-64";
#elif defined(__aarch64__)
static constexpr Elf64_Half kMachine = EM_AARCH64;
static constexpr const char *kMachineName = "AArch64";
#else
#error "the runtime supports x86-64 and AArch64"
#endif

void moe::rt::checkLibraryFile(const std::string &path) {
  FileBytes file = FileBytes::map(File(path));
  auto corrupt = [&](const char *problem) {
    throw Error(MOE_STATUS_CORRUPT, "'" + path + "' " + problem);
  };
  Elf64_Ehdr header;
  if (file.size() < sizeof(header) ||
      std::memcmp(file.data(), ELFMAG, SELFMAG) != 0)
    corrupt("is not a shared library (model.so as moe-compile writes it)");
  std::memcpy(&header, file.data(), sizeof(header));
  if (header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_type != ET_DYN)
    corrupt("is not a 64-bit little-endian shared library");
  if (header.e_machine != kMachine)
    throw Error(MOE_STATUS_INCOMPATIBLE,
                "'" + path +
                    "' was built for another kind of machine (ELF "
                    "machine " +
                    std::to_string(header.e_machine) + "), but this one is " +
                    kMachineName + "; recompile the model here");
  if (header.e_phentsize != sizeof(Elf64_Phdr) ||
      header.e_phoff > file.size() ||
      header.e_phnum > (file.size() - header.e_phoff) / sizeof(Elf64_Phdr))
    corrupt("is cut short or damaged: its program headers lie outside of it");
  for (Elf64_Half i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    std::memcpy(&segment, file.data() + header.e_phoff + i * sizeof(Elf64_Phdr),
                sizeof(segment));
    if (segment.p_type != PT_LOAD)
      continue;
    if (segment.p_offset > file.size() ||
        segment.p_filesz > file.size() - segment.p_offset)
      corrupt("is cut short or damaged: a segment lies outside of it");
  }
}
