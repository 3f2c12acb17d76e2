// Prints what an artefact says about itself.
#include "Describe.h"
#include "Json.h"

#include <algorithm>
#include <vector>

using namespace moe::run;

static std::string text(const char *string) { return string ? string : ""; }

static std::string hashText(const uint8_t (&hash)[16]) {
  std::string result;
  for (uint8_t byte : hash) {
    char digits[3];
    std::snprintf(digits, sizeof(digits), "%02x", byte);
    result += digits;
  }
  return result;
}

namespace {

/// What a description shows of one entry.
struct EntryView {
  std::string name;
  std::vector<std::string> symbols;
  std::vector<const moe_argument_t *> inputs;
  std::vector<const moe_argument_t *> outputs;
};

} // namespace

static std::vector<EntryView> viewEntries(moe_module_t module) {
  std::vector<EntryView> views;
  for (uint32_t e = 0; e < moeRuntimeModuleEntryCount(module); ++e) {
    moe_entry_t entry = moeRuntimeModuleEntryAt(module, e);
    EntryView view;
    view.name = moeRuntimeEntryName(entry);
    for (uint32_t s = 0; s < moeRuntimeEntrySymbolCount(entry); ++s)
      view.symbols.push_back(moeRuntimeEntrySymbol(entry, s));
    for (uint32_t i = 0; i < moeRuntimeEntryInputCount(entry); ++i)
      view.inputs.push_back(moeRuntimeEntryInput(entry, i));
    for (uint32_t i = 0; i < moeRuntimeEntryOutputCount(entry); ++i)
      view.outputs.push_back(moeRuntimeEntryOutput(entry, i));
    views.push_back(std::move(view));
  }
  return views;
}

static std::string argumentJson(const moe_argument_t *argument) {
  std::string dims;
  for (uint32_t d = 0; d < argument->rank; ++d)
    dims += (d ? ", " : "") + (argument->dims[d] == MOE_DIM_DYNAMIC
                                   ? jsonString(argument->dim_texts[d])
                                   : std::to_string(argument->dims[d]));
  return "{\"name\": " + jsonString(argument->name) +
         ", \"dtype\": " + jsonString(moeRuntimeDtypeName(argument->dtype)) +
         ", \"shape\": [" + dims + "]}";
}

static std::string describeJson(const moe_module_v1 &header,
                                const std::vector<EntryView> &entries,
                                const std::string &path) {
  std::string result = "{\"library\": " + jsonString(path);
  result += ", \"producer\": " + jsonString(text(header.producer));
  result += ", \"abi\": [" + std::to_string(header.abi_major) + ", " +
            std::to_string(header.abi_minor) + "]";
  result += ", \"features\": " + std::to_string(header.features);
  result += ", \"target_triple\": " + jsonString(text(header.target_triple));
  result += ", \"target_cpu\": " + jsonString(text(header.target_cpu));
  result +=
      ", \"target_features\": " + jsonString(text(header.target_features));
  result += ", \"ranks\": " + std::to_string(header.ranks);
  result += ", \"weights\": ";
  if (header.weights_file)
    result += "{\"file\": " + jsonString(header.weights_file) +
              ", \"size\": " + std::to_string(header.weights_size) +
              ", \"xxh3_128\": " + jsonString(hashText(header.weights_hash)) +
              "}";
  else
    result += "null";
  result += ", \"entries\": " + jsonList(entries, [](const EntryView &entry) {
              return "{\"name\": " + jsonString(entry.name) +
                     ", \"symbols\": " + jsonList(entry.symbols, jsonString) +
                     ", \"inputs\": " + jsonList(entry.inputs, argumentJson) +
                     ", \"outputs\": " + jsonList(entry.outputs, argumentJson) +
                     "}";
            });
  return result + "}\n";
}

static std::string describeText(const moe_module_v1 &header,
                                const std::vector<EntryView> &entries,
                                const std::string &path) {
  std::string result;
  auto line = [&](const char *key, const std::string &value) {
    char padded[32];
    std::snprintf(padded, sizeof(padded), "%-14s", key);
    result += padded + value + "\n";
  };
  line("library", path);
  line("producer", text(header.producer));
  line("abi", std::to_string(header.abi_major) + "." +
                  std::to_string(header.abi_minor) + " (runtime " +
                  moeRuntimeVersion() + " has " +
                  std::to_string(MOE_ABI_MAJOR) + "." +
                  std::to_string(MOE_ABI_MINOR) + ")");
  if (header.features)
    line("features", std::to_string(header.features));
  line("target",
       text(header.target_triple) + ", cpu " + text(header.target_cpu));
  std::string features = text(header.target_features);
  line("cpu features", features.empty() ? "none" : features);
  line("weights", header.weights_file
                      ? text(header.weights_file) + ", " +
                            std::to_string(header.weights_size) +
                            " bytes, xxh3-128 " + hashText(header.weights_hash)
                      : "none");
  line("ranks", std::to_string(header.ranks));
  for (const EntryView &entry : entries) {
    std::string symbols;
    for (const std::string &symbol : entry.symbols)
      symbols += (symbols.empty() ? "" : ", ") + symbol;
    line("entry", entry.name);
    line("  symbols", symbols.empty() ? "none" : symbols);
    for (const moe_argument_t *input : entry.inputs)
      line("  input", text(input->name) + " " + input->text);
    for (const moe_argument_t *output : entry.outputs)
      line("  output", text(output->name) + " " + output->text);
  }
  return result;
}

std::string moe::run::describe(moe_module_t module, const std::string &path,
                               bool json) {
  const moe_module_v1 &header = *moeRuntimeModuleDescription(module);
  std::vector<EntryView> entries = viewEntries(module);
  return json ? describeJson(header, entries, path)
              : describeText(header, entries, path);
}
