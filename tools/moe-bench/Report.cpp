// Prints layers and results.
#include "Report.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/TargetParser/Host.h"

using namespace moe::bench;

static llvm::StringRef routerName(Layer::Router router) {
  switch (router) {
  case Layer::Router::SoftmaxTopK:
    return "softmax-topk";
  case Layer::Router::SoftmaxTopKRenorm:
    return "softmax-topk-renorm";
  case Layer::Router::TopKSoftmax:
    return "topk-softmax";
  case Layer::Router::SigmoidTopKRenorm:
    return "sigmoid-topk-renorm";
  case Layer::Router::SparseMixer:
    return "sparsemixer";
  }
  llvm_unreachable("a router without a name");
}

static llvm::StringRef bodyName(Layer::Body body) {
  switch (body) {
  case Layer::Body::Silu:
    return "silu";
  case Layer::Body::GptOss:
    return "gpt-oss";
  case Layer::Body::Relu:
    return "relu";
  }
  llvm_unreachable("a body without a name");
}

static uint64_t weightBytes(const Layer &layer) {
  uint64_t bytes = 0;
  for (const Parameter &parameter : parametersOf(layer, {}))
    bytes += parameter.bytes();
  return bytes;
}

void moe::bench::printLayersText() {
  llvm::outs() << "name                 hidden  width  experts  top-k  shared  "
                  "f32 weights  router               body\n";
  for (const Layer &layer : allLayers())
    llvm::outs() << llvm::formatv(
        "{0,-20} {1,6} {2,6} {3,8} {4,6} {5,7} "
        "{6,9:f2} GB  {7,-20} {8}\n",
        layer.name, layer.hidden, layer.width, layer.experts, layer.topK,
        layer.sharedWidth, weightBytes(layer) * 1e-9, routerName(layer.router),
        bodyName(layer.body));
}

void moe::bench::printLayersJson() {
  llvm::json::Array list;
  for (const Layer &layer : allLayers())
    list.push_back(llvm::json::Object{{"name", layer.name},
                                      {"hidden", layer.hidden},
                                      {"width", layer.width},
                                      {"experts", layer.experts},
                                      {"top_k", layer.topK},
                                      {"shared_width", layer.sharedWidth},
                                      {"router", routerName(layer.router)},
                                      {"body", bodyName(layer.body)}});
  llvm::outs() << llvm::formatv("{0:2}", llvm::json::Value(std::move(list)))
               << "\n";
}

static MachinePeaks peaksOf(llvm::ArrayRef<Variant> variants) {
  MachinePeaks peaks;
  for (const Variant &variant : variants)
    peaks.try_emplace(variant.threads, variant.peak);
  return peaks;
}

void moe::bench::printMachineText(const MachinePeaks &peaks) {
  auto rate = [](const std::optional<double> &rate) {
    return rate ? llvm::formatv("{0:f1}", *rate * 1e-9).str() : "none";
  };
  for (const auto &[threads, peak] : peaks)
    llvm::outs() << llvm::formatv(
        "{0}, {1} thread{2}: {3} GFLOP/s f32, {4} bf16, {5} int8; reads "
        "{6:f1} GB/s\n",
        llvm::sys::getHostCPUName(), threads, threads == 1 ? "" : "s",
        rate(peak.f32), rate(peak.bf16), rate(peak.int8),
        peak.readBytes * 1e-9);
}

void moe::bench::printText(const Report &report) {
  const Layer &layer = report.files.layer();
  Precision precision = report.files.precision();
  llvm::outs() << llvm::formatv(
      "{0}: hidden {1}, width {2}, experts {3}, top-{4}{5}; {6:f2} GB of {7} "
      "weights{8}\n",
      layer.name, layer.hidden, layer.width, layer.experts, layer.topK,
      layer.sharedWidth ? ", shared width " + std::to_string(layer.sharedWidth)
                        : "",
      report.files.parameterBytes() * 1e-9, formatName(precision.weights),
      report.copiedWeights ? ", copied" : "");
  for (const Library &library : report.libraries)
    llvm::outs() << llvm::formatv(
        "{0} compiled in {1:f1} s, weights packed in {2:f1} s of them\n",
        scheduleName(library.schedule), library.compileSeconds,
        library.packSeconds);
  for (const auto &[threads, peak] : peaksOf(report.variants))
    llvm::outs() << llvm::formatv(
        "{0}, {1} thread{2}: {3:f1} GFLOP/s {4}, reads {5:f1} GB/s\n",
        llvm::sys::getHostCPUName(), threads, threads == 1 ? "" : "s",
        peakOf(peak, precision) * 1e-9, formatName(precision.activations),
        peak.readBytes * 1e-9);
  llvm::outs()
      << "\ntrace    tokens  rows/expert  active  form        threads  median "
         "ms   least ms     CPU ms  speedup  GFLOP/s    GB/s  roofline  "
         "wasted rows  in whole tiles  memory MiB  error\n";
  uint64_t cache = lastLevelCacheBytes();
  for (const Cell &cell : report.cells)
    for (auto [variant, timing] :
         llvm::zip_equal(report.variants, cell.timings))
      llvm::outs() << llvm::formatv(
          "{0,-8} {1,6} {2,12:f1} {3,7:f1}  {4,-10} {5,8} {6,10:f3} {7,10:f3} "
          "{8,10:f3} {9,8:f2} {10,8:f1} {11,7:f1}{17} {12,6:f1} % {13,10:f1} % "
          "{14,13:f1} % {15,11:f1}  {16:e1}\n",
          traceName(cell.trace), cell.tokens,
          cell.tokens * layer.topK / cell.active, cell.active,
          scheduleName(variant.schedule), variant.threads,
          timing.median() * 1e3, timing.least() * 1e3, timing.cpuMedian() * 1e3,
          cell.timings.front().median() / timing.median(),
          cell.flops / timing.median() * 1e-9,
          cell.weightBytes / timing.median() * 1e-9,
          100 * cell.roofline(variant.peak, precision) / timing.median(),
          100 * cell.wastedRows, 100 * cell.paddedRows,
          timing.peakBytes / 1048576.0, timing.error,
          cell.fits(cache) ? "*" : " ");
  if (llvm::any_of(report.cells,
                   [&](const Cell &cell) { return cell.fits(cache); }))
    llvm::outs() << llvm::formatv(
        "* all weights that were read fit the last-level cache ({0:f1} MiB)\n",
        cache / 1048576.0);
}

static llvm::json::Value rateOrNull(const std::optional<double> &rate) {
  return rate ? llvm::json::Value(*rate * 1e-9) : llvm::json::Value(nullptr);
}

static llvm::json::Value machineJson(const MachinePeaks &peaks) {
  llvm::json::Array rates;
  for (const auto &[threads, peak] : peaks)
    rates.push_back(llvm::json::Object{
        {"threads", threads},
        {"peak_gflops", llvm::json::Object{{"f32", peak.f32 * 1e-9},
                                           {"bf16", rateOrNull(peak.bf16)},
                                           {"int8", rateOrNull(peak.int8)}}},
        {"read_gb_per_s", peak.readBytes * 1e-9}});
  return llvm::json::Object{{"cpu", llvm::sys::getHostCPUName()},
                            {"last_level_cache_bytes", lastLevelCacheBytes()},
                            {"rates", std::move(rates)}};
}

void moe::bench::printMachineJson(const MachinePeaks &peaks) {
  llvm::outs() << llvm::formatv("{0:2}", machineJson(peaks)) << "\n";
}

void moe::bench::printJson(const Report &report) {
  const Layer &layer = report.files.layer();
  Precision precision = report.files.precision();
  llvm::json::Array results;
  for (const Cell &cell : report.cells)
    for (auto [variant, timing] :
         llvm::zip_equal(report.variants, cell.timings)) {
      llvm::json::Object result{
          {"trace", traceName(cell.trace)},
          {"tokens", cell.tokens},
          {"schedule", scheduleName(variant.schedule)},
          {"threads", variant.threads},
          {"rows_per_expert", cell.tokens * layer.topK / cell.active},
          {"active_experts", cell.active},
          {"ms", timing.median() * 1e3},
          {"least_ms", timing.least() * 1e3},
          {"cpu_ms", timing.cpuMedian() * 1e3},
          {"runs", timing.seconds.size()},
          {"speedup", cell.timings.front().median() / timing.median()},
          {"gflops", cell.flops / timing.median() * 1e-9},
          {"draws", cell.draws},
          {"rotated_bytes", static_cast<uint64_t>(cell.rotatedBytes)},
          {"weight_gb_per_s", cell.weightBytes / timing.median() * 1e-9},
          {"roofline_ms", cell.roofline(variant.peak, precision) * 1e3},
          {"roofline_percent",
           100 * cell.roofline(variant.peak, precision) / timing.median()},
          {"wasted_rows_percent", 100 * cell.wastedRows},
          {"whole_tile_rows_percent", 100 * cell.paddedRows},
          {"peak_bytes", timing.peakBytes},
          {"steal_percent", cell.stealPercent},
          {"error", timing.error}};
      if (timing.routing)
        result["routing_percent"] = 100 * *timing.routing;
      results.push_back(std::move(result));
    }
  llvm::json::Array libraries;
  for (const Library &library : report.libraries)
    libraries.push_back(
        llvm::json::Object{{"schedule", scheduleName(library.schedule)},
                           {"compile_s", library.compileSeconds},
                           {"pack_s", library.packSeconds}});
  llvm::json::Object whole{{"machine", machineJson(peaksOf(report.variants))},
                           {"layer", layer.name},
                           {"dtype", formatName(precision.weights)},
                           {"activations", formatName(precision.activations)},
                           {"weight_bytes", report.files.parameterBytes()},
                           {"copied_weights", report.copiedWeights},
                           {"libraries", std::move(libraries)},
                           {"results", std::move(results)}};
  llvm::outs() << llvm::formatv("{0:2}", llvm::json::Value(std::move(whole)))
               << "\n";
}
