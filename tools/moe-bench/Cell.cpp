// Times a cell.
#include "Cell.h"
#include "Values.h"

#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/Support/FormatVariadic.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

using namespace moe::bench;

constexpr size_t leastDraws = 4, mostDraws = 64;
constexpr int64_t checkedTokens = 2;

double moe::bench::peakOf(const MachinePeak &peak, Precision precision) {
  return precision.activations == Format::F32 ? peak.f32
                                              : peak.bf16.value_or(peak.f32);
}

double Cell::roofline(const MachinePeak &peak, Precision precision) const {
  return std::max(flops / peakOf(peak, precision),
                  weightBytes / peak.readBytes);
}

namespace {

/// What a cell's runs are given.
struct Inputs {
  std::vector<float> x;                   ///< as the layer sees it
  std::vector<uint16_t> narrow;           ///< in bf16
  std::vector<std::vector<float>> logits; ///< a draw of the routing each
  bool isNarrow;

  const void *input() const {
    return isNarrow ? static_cast<const void *>(narrow.data())
                    : static_cast<const void *>(x.data());
  }
};

} // namespace

/// Bytes of the weights of `experts` routed experts and the shared one.
static double expertBytes(const LayerFiles &files, double experts) {
  const Layer &layer = files.layer();
  return weightBytesPerElement(files.precision()) *
         (experts * layer.multiplyAdds(layer.width) +
          layer.multiplyAdds(layer.sharedWidth));
}

/// Adds draws until no last-level cache keeps the weights that they read from
/// one turn to the next: until these are all of the layer's, or twice the cache
/// where its size is known.
static void addDraws(const LayerFiles &files, unsigned seed, Cell &cell,
                     Inputs &inputs) {
  const Layer &layer = files.layer();
  uint64_t cache = lastLevelCacheBytes();
  double enough = expertBytes(files, layer.experts);
  if (cache)
    enough = std::min(enough, 2.0 * cache);
  std::vector<int32_t> selected;
  while (inputs.logits.size() < leastDraws ||
         (cell.rotatedBytes < enough && inputs.logits.size() < mostDraws)) {
    inputs.logits.push_back(
        makeLogits(layer, cell.tokens, cell.trace,
                   seed * mostDraws + inputs.logits.size()));
    llvm::append_range(selected, selectExperts(layer, inputs.logits.back()));
    cell.rotatedBytes = expertBytes(files, countActive(layer, selected));
  }
  cell.draws = inputs.logits.size();
}

static Inputs makeInputs(const LayerFiles &files, unsigned seed, Cell &cell) {
  Inputs inputs;
  inputs.isNarrow = files.precision().activations == Format::BF16;
  inputs.x.resize(cell.tokens * files.layer().hidden);
  inputs.narrow.resize(inputs.x.size());
  std::mt19937_64 engine(seed);
  std::normal_distribution<float> normal;
  for (auto [value, bits] : llvm::zip_equal(inputs.x, inputs.narrow)) {
    value = normal(engine);
    bits = toBF16(value);
    if (inputs.isNarrow)
      value = fromBF16(bits);
  }
  addDraws(files, seed, cell, inputs);
  return inputs;
}

/// Compares the first tokens of the variant's last output with f64.
static double errorOf(const LayerFiles &files, const LoadedLayer &loaded,
                      llvm::ArrayRef<float> x, llvm::ArrayRef<float> logits) {
  const Layer &layer = files.layer();
  int64_t tokens = std::min<int64_t>(x.size() / layer.hidden, checkedTokens);
  std::vector<float> y = loaded.output(tokens * layer.hidden);
  double difference = 0, largest = 0;
  for (int64_t t = 0; t < tokens; ++t) {
    std::vector<double> reference =
        referenceToken(layer, files.precision(), files.parameters(),
                       x.slice(t * layer.hidden, layer.hidden),
                       logits.slice(t * layer.experts, layer.experts));
    for (int64_t i = 0; i < layer.hidden; ++i) {
      double d = std::abs(y[t * layer.hidden + i] - reference[i]);
      if (std::isnan(d))
        return std::numeric_limits<double>::infinity();
      difference = std::max(difference, d);
      largest = std::max(largest, std::abs(reference[i]));
    }
  }
  return difference / largest;
}

/// Adds the rows that are computed for `selected` to those of `cell`, in tiles
/// as the kernel has them and in whole ones.
static void countRows(const Layer &layer, llvm::ArrayRef<int32_t> selected,
                      const moe::RowCut &cut, Cell &cell) {
  std::vector<int64_t> rows(layer.experts);
  for (int32_t id : selected)
    ++rows[id];
  for (int64_t count : rows) {
    cell.wastedRows += double(cut.computed(count));
    cell.paddedRows += double(cut.inWholeTiles(count));
  }
}

/// Fills in what the routing says of the work.
static void countWork(const LayerFiles &files, const Inputs &inputs,
                      const moe::RowCut &cut, Cell &cell) {
  const Layer &layer = files.layer();
  for (const std::vector<float> &logits : inputs.logits) {
    std::vector<int32_t> selected = selectExperts(layer, logits);
    cell.active += double(countActive(layer, selected)) / cell.draws;
    countRows(layer, selected, cut, cell);
  }
  double useful = double(cell.draws * cell.tokens * layer.topK);
  cell.wastedRows = cell.wastedRows / useful - 1;
  cell.paddedRows = cell.paddedRows / useful - 1;
  cell.flops = 2.0 * cell.tokens *
               (layer.topK * layer.multiplyAdds(layer.width) +
                layer.multiplyAdds(layer.sharedWidth));
  cell.weightBytes = expertBytes(files, cell.active);
}

static llvm::Error runOnce(LoadedLayer &layer, const Inputs &inputs,
                           llvm::ArrayRef<float> logits, RunTimes &times) {
  if (llvm::Error error = layer.bind(inputs.input(), logits.data()))
    return error;
  return timeOnce([&] { return layer.run(); }, times);
}

llvm::Error moe::bench::timeCell(const LayerFiles &files,
                                 llvm::ArrayRef<Variant> variants,
                                 const CellParameters &parameters, Cell &cell) {
  Inputs inputs = makeInputs(files, parameters.seed, cell);
  countWork(files, inputs, parameters.rows, cell);
  cell.timings.resize(variants.size());
  // Each draw runs once to be compared, and to warm up.
  for (auto [variant, timing] : llvm::zip_equal(variants, cell.timings)) {
    if (llvm::Error error = variant.layer->reshape(cell.tokens))
      return error;
    for (const std::vector<float> &logits : inputs.logits) {
      if (llvm::Error error = runOnce(*variant.layer, inputs, logits, timing))
        return error;
      timing.error = std::max(timing.error,
                              errorOf(files, *variant.layer, inputs.x, logits));
    }
    timing.seconds.clear();
    timing.cpuSeconds.clear();
  }

  StealCounter before = StealCounter::now();
  if (llvm::Error error = takeTurns(
          llvm::map_to_vector(
              variants, [](const Variant &variant) { return variant.threads; }),
          inputs.logits.size(), parameters.leastSeconds,
          [&](size_t i, size_t draw) {
            return runOnce(*variants[i].layer, inputs, inputs.logits[draw],
                           cell.timings[i]);
          },
          [&](size_t i) -> RunTimes & { return cell.timings[i]; }))
    return error;
  cell.stealPercent = StealCounter::now().percentSince(before);

  for (auto [variant, timing] : llvm::zip_equal(variants, cell.timings)) {
    if (parameters.timeline) {
      std::string name =
          llvm::formatv("{0}, {1} tokens", traceName(cell.trace), cell.tokens);
      if (variants.size() > 1)
        name += llvm::formatv(", {0}, threads: {1}",
                              scheduleName(variant.schedule), variant.threads);
      Timing traced;
      parameters.timeline->begin(name);
      llvm::Error error =
          runOnce(*variant.layer, inputs, inputs.logits.back(), traced);
      parameters.timeline->end();
      if (error)
        return error;
      if (std::optional<double> products =
              parameters.timeline->secondsOf({"up", "down"}))
        timing.routing =
            1 - *products / (traced.seconds.back() * variant.threads);
    }
    timing.peakBytes = variant.layer->peakBytes();
    timing.sort();
  }
  return llvm::Error::success();
}
