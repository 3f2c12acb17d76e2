// Loading of artefacts and the refusal rules of the ABI.
#include "Module.h"
#include "CpuFeatures.h"
#include "Environment.h"
#include "Status.h"

#include <climits>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <map>
#include <mutex>
#include <unistd.h>

using namespace moe::rt;

static constexpr uint32_t kMaxEntries = 1u << 16;

static std::string abiText(uint32_t major, uint32_t minor) {
  return std::to_string(major) + "." + std::to_string(minor);
}

static std::string quoted(const char *text) {
  return "'" + std::string(text ? text : "") + "'";
}

static constexpr const char *kRecompile =
    "; recompile the model with the moe-compile of this release, or use the "
    "runtime of the release that compiled it";

void moe::rt::checkReadable(const moe_module_v1 *description,
                            const std::string &path) {
  std::string place = "'" + path + "'";
  std::string runtime = std::string("this runtime (") + moeRuntimeVersion() +
                        ") has ABI " + abiText(MOE_ABI_MAJOR, MOE_ABI_MINOR);
  if (!description)
    throw Error(MOE_STATUS_CORRUPT,
                place + " is not an artefact of moec: '" MOE_QUERY_SYMBOL
                        "' returns no description");
  if (description->magic != MOE_ABI_MAGIC)
    throw Error(MOE_STATUS_CORRUPT,
                place + " is not an artefact of moec: its description does not "
                        "begin with the magic number");
  if (description->abi_major != MOE_ABI_MAJOR ||
      description->abi_minor > MOE_ABI_MINOR)
    throw Error(MOE_STATUS_INCOMPATIBLE,
                place + " by " + quoted(description->producer) + " has ABI " +
                    abiText(description->abi_major, description->abi_minor) +
                    ", but " + runtime + kRecompile);
}

std::string moe::rt::registersRefused(const std::string &place, int error) {
  return place +
         " multiplies in the tile registers of AMX, which the operating "
         "system refuses to this process (" +
         std::strerror(error) +
         "); recompile it with moe-compile --features=-amx-tile";
}

void moe::rt::checkRunnable(const moe_module_v1 &description,
                            const std::string &path) {
  std::string place = "'" + path + "'";
  if (uint64_t unknown = description.features & ~MOE_FEATURES_KNOWN) {
    std::string bits;
    for (int bit = 0; bit < 64; ++bit)
      if (unknown >> bit & 1)
        bits += (bits.empty() ? "" : ", ") + std::to_string(bit);
    throw Error(MOE_STATUS_INCOMPATIBLE,
                place + " by " + quoted(description.producer) +
                    " uses artefact features (bits " + bits +
                    ") that runtime " + moeRuntimeVersion() + " does not know" +
                    kRecompile);
  }
  std::vector<std::string> missing =
      missingCpuFeatures(description.target_features);
  if (!missing.empty()) {
    std::string list;
    for (const std::string &name : missing)
      list += (list.empty() ? "" : ", ") + name;
    throw Error(MOE_STATUS_INCOMPATIBLE,
                place + " was built for CPU " + quoted(description.target_cpu) +
                    ", but this CPU lacks " + list +
                    "; recompile it with moe-compile --cpu=host on this "
                    "machine, or with --cpu=<the least CPU to support>");
  }
  if (int error = requestRegisters(description.target_features))
    throw Error(MOE_STATUS_INCOMPATIBLE, registersRefused(place, error));
  if (description.ranks > 1)
    throw Error(MOE_STATUS_INCOMPATIBLE,
                place + " was built for " + std::to_string(description.ranks) +
                    " ranks, but runtime " + moeRuntimeVersion() +
                    " runs one; recompile it with --ranks=1");
}

/// Where the weights lie: in the folder of `path`, or where that is a link to a
/// library elsewhere and has no such file, in the library's own folder.
static std::string weightsPath(const std::string &path, const char *file) {
  std::string name = file;
  if (name.empty() || name == "." || name == ".." ||
      name.find('/') != std::string::npos)
    throw Error(MOE_STATUS_CORRUPT, "'" + path + "' expects its weights in " +
                                        quoted(file) +
                                        ", which is no plain file name");
  auto beside = [&](const std::string &library) {
    size_t slash = library.rfind('/');
    return (slash == std::string::npos ? "" : library.substr(0, slash + 1)) +
           name;
  };
  std::string first = beside(path);
  if (access(first.c_str(), F_OK) == 0)
    return first;
  char resolved[PATH_MAX];
  if (realpath(path.c_str(), resolved)) {
    std::string second = beside(resolved);
    if (access(second.c_str(), F_OK) == 0)
      return second;
  }
  throw Error(MOE_STATUS_NOT_FOUND,
              "'" + path + "' expects its weights in '" + first +
                  "', but that file does not exist; keep the two files that "
                  "moe-compile writes together");
}

namespace {

/// The libraries that are open. The dynamic loader gives one library out once,
/// however often it is opened, so it is queried once, before any of its code
/// runs: a query writes to the library's memory.
struct OpenLibraries {
  struct Library {
    uint64_t users = 0;
    const moe_module_v1 *description = nullptr;
  };
  std::mutex mutex;
  std::map<void *, Library> libraries;
};

} // namespace

static OpenLibraries &openLibraries() {
  static auto *open = new OpenLibraries; // outlives static destructors
  return *open;
}

static void closeLibrary(void *library) {
  OpenLibraries &open = openLibraries();
  std::lock_guard<std::mutex> lock(open.mutex);
  auto found = open.libraries.find(library);
  if (found != open.libraries.end() && --found->second.users == 0)
    open.libraries.erase(found);
  dlclose(library);
}

/// Opens the library at `path`; its description may be NULL.
static void openLibrary(const std::string &path, void *&library,
                        const moe_module_v1 *&description) {
  // dlopen searches for names without a slash.
  std::string name = path.find('/') == std::string::npos ? "./" + path : path;
  OpenLibraries &open = openLibraries();
  std::lock_guard<std::mutex> lock(open.mutex);
  void *opened = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!opened)
    throw Error(MOE_STATUS_CORRUPT, "cannot load '" + path + "': " + dlerror());
  OpenLibraries::Library &entry = open.libraries[opened];
  if (entry.users == 0) {
    void *symbol = dlsym(opened, MOE_QUERY_SYMBOL);
    if (!symbol) {
      open.libraries.erase(opened);
      dlclose(opened);
      throw Error(MOE_STATUS_CORRUPT,
                  "'" + path +
                      "' is not a compiled model: it does not export "
                      "'" MOE_QUERY_SYMBOL "'");
    }
    auto query = reinterpret_cast<moe_module_query_fn>(symbol);
    entry.description = query(environment());
  }
  ++entry.users;
  library = opened;
  description = entry.description;
}

static void loadModule(moe_module_impl &module, const std::string &path,
                       const moe_load_params_t &params) {
  checkLibraryFile(path);
  openLibrary(path, module.library, module.description);
  checkReadable(module.description, path);
  const moe_module_v1 &description = *module.description;
  module.describeOnly = params.flags & MOE_LOAD_DESCRIBE_ONLY;
  if (!module.describeOnly)
    checkRunnable(description, path);
  if (description.entry_count == 0 || description.entry_count > kMaxEntries ||
      !description.entries)
    throw Error(MOE_STATUS_CORRUPT, "'" + path + "' has no entry point");
  module.entries.resize(description.entry_count);
  for (uint32_t i = 0; i < description.entry_count; ++i) {
    module.entries[i].module = &module;
    describeEntry(description.entries[i], "'" + path + "'", module.entries[i]);
  }
  if (description.weights_file && !module.describeOnly) {
    std::string file = params.weights_path
                           ? params.weights_path
                           : weightsPath(path, description.weights_file);
    module.weights = loadWeights(file, description, path, params.flags);
  }
}

moe_module_impl::~moe_module_impl() {
  if (library)
    closeLibrary(library);
  moeRuntimeInstanceRelease(instance);
}

moe_status_t moeRuntimeModuleLoad(moe_instance_t instance, const char *path,
                                  const moe_load_params_t *params,
                                  moe_module_t *module) {
  return guard([&] {
    requireArgument(instance && path && module,
                    "moeRuntimeModuleLoad expects an instance, a path and a "
                    "place for the module, but got NULL");
    moe_load_params_t given = readParams(params, "moe_load_params_t");
    constexpr uint32_t known = MOE_LOAD_VERIFY_WEIGHTS |
                               MOE_LOAD_DESCRIBE_ONLY | MOE_LOAD_COPY_WEIGHTS;
    if ((given.flags & ~known) || given.reserved)
      throw Error(MOE_STATUS_INVALID_ARGUMENT,
                  "'moe_load_params_t' has unknown flags " +
                      std::to_string(given.flags));
    auto loaded = std::make_unique<moe_module_impl>();
    loaded->instance = retain(instance);
    loadModule(*loaded, path, given);
    *module = loaded.release();
  });
}

const moe_module_v1 *moeRuntimeModuleDescription(moe_module_t module) {
  return module ? module->description : nullptr;
}

uint32_t moeRuntimeModuleEntryCount(moe_module_t module) {
  return module ? static_cast<uint32_t>(module->entries.size()) : 0;
}

moe_entry_t moeRuntimeModuleEntryAt(moe_module_t module, uint32_t index) {
  return index < moeRuntimeModuleEntryCount(module) ? &module->entries[index]
                                                    : nullptr;
}

moe_status_t moeRuntimeModuleFindEntry(moe_module_t module, const char *name,
                                       moe_entry_t *entry) {
  return guard([&] {
    requireArgument(module && entry,
                    "moeRuntimeModuleFindEntry expects a module and a place "
                    "for the entry, but got NULL");
    std::string names;
    for (const moe_entry_impl &candidate : module->entries) {
      if (!name || std::strcmp(candidate.raw->name, name) == 0) {
        *entry = &candidate;
        return;
      }
      names += (names.empty() ? "" : ", ") + std::string(candidate.raw->name);
    }
    throw Error(MOE_STATUS_NOT_FOUND,
                "the model has no entry " + quoted(name) + "; it has " + names);
  });
}

void moeRuntimeModuleRelease(moe_module_t module) {
  if (module && dropReference(module))
    delete module;
}
