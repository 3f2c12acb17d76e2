// Logits by pattern, and the layer's mathematics in double precision.
#include "Routing.h"
#include "Values.h"

#include "llvm/ADT/StringSwitch.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

using namespace moe::bench;

std::optional<Trace> moe::bench::parseTrace(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<Trace>>(name)
      .Case("uniform", Trace::Uniform)
      .Case("zipf", Trace::Zipf)
      .Case("hot", Trace::Hot)
      .Case("sticky", Trace::Sticky)
      .Default(std::nullopt);
}

llvm::StringRef moe::bench::traceName(Trace trace) {
  switch (trace) {
  case Trace::Uniform:
    return "uniform";
  case Trace::Zipf:
    return "zipf";
  case Trace::Hot:
    return "hot";
  case Trace::Sticky:
    return "sticky";
  }
  llvm_unreachable("a trace without a name");
}

std::vector<float> moe::bench::makeLogits(const Layer &layer, int64_t tokens,
                                          Trace trace, uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<float> normal;
  std::extreme_value_distribution<float> gumbel;
  int64_t experts = layer.experts;
  std::vector<int64_t> popularity(experts);
  std::iota(popularity.begin(), popularity.end(), 1);
  std::shuffle(popularity.begin(), popularity.end(), engine);

  std::vector<float> logits(tokens * experts);
  for (int64_t t = 0; t < tokens; ++t)
    for (int64_t e = 0; e < experts; ++e) {
      float &z = logits[t * experts + e];
      switch (trace) {
      case Trace::Uniform:
        z = normal(engine);
        break;
      case Trace::Zipf:
        // The largest of Gumbel noise on log p are draws from p without
        // replacement.
        z = gumbel(engine) - std::log(static_cast<float>(popularity[e]));
        break;
      case Trace::Hot:
        z = normal(engine) + (popularity[e] == 1 ? 8.0f : 0.0f);
        break;
      case Trace::Sticky:
        z = normal(engine);
        if (t > 0)
          z = 0.9f * logits[(t - 1) * experts + e] +
              std::sqrt(1 - 0.9f * 0.9f) * z;
        break;
      }
    }
  return logits;
}

std::vector<int32_t> moe::bench::selectExperts(const Layer &layer,
                                               llvm::ArrayRef<float> logits) {
  int64_t tokens = logits.size() / layer.experts;
  std::vector<int32_t> selected, ids(layer.experts);
  for (int64_t t = 0; t < tokens; ++t) {
    const float *row = logits.data() + t * layer.experts;
    std::iota(ids.begin(), ids.end(), 0);
    std::partial_sort(ids.begin(), ids.begin() + layer.topK, ids.end(),
                      [&](int32_t a, int32_t b) {
                        return row[a] != row[b] ? row[a] > row[b] : a < b;
                      });
    selected.insert(selected.end(), ids.begin(), ids.begin() + layer.topK);
  }
  return selected;
}

int64_t moe::bench::countActive(const Layer &layer,
                                llvm::ArrayRef<int32_t> selected) {
  std::vector<bool> active(layer.experts);
  for (int32_t id : selected)
    active[id] = true;
  return std::count(active.begin(), active.end(), true);
}

/// The weights of SparseMixer: a pick's share among the logits near it that no
/// earlier pick took.
static std::vector<double> mixerWeights(llvm::ArrayRef<float> logits,
                                        llvm::ArrayRef<int32_t> selected) {
  std::vector<double> weights;
  for (auto [slot, id] : llvm::enumerate(selected)) {
    double best = logits[id], sum = 0;
    for (auto [other, z] : llvm::enumerate(logits)) {
      bool near = (best - z) / std::max<double>(std::abs(z), best) <=
                  2 * sparseMixerEpsilon;
      if (near && !llvm::is_contained(selected.take_front(slot), other))
        sum += std::exp(z - best);
    }
    weights.push_back(1 / sum);
  }
  return weights;
}

/// Weights of the selected experts, in their order.
static std::vector<double> routeWeights(const Layer &layer,
                                        llvm::ArrayRef<float> logits,
                                        llvm::ArrayRef<int32_t> selected) {
  if (layer.router == Layer::Router::SparseMixer)
    return mixerWeights(logits, selected);
  double largest = *std::max_element(logits.begin(), logits.end());
  double all = 0;
  for (float z : logits)
    all += std::exp(z - largest);
  std::vector<double> weights;
  double sum = 0;
  for (int32_t id : selected) {
    weights.push_back(layer.router == Layer::Router::SigmoidTopKRenorm
                          ? 1 / (1 + std::exp(-logits[id]))
                          : std::exp(logits[id] - largest));
    sum += weights.back();
  }
  double divisor = layer.router == Layer::Router::SoftmaxTopK ? all : sum;
  for (double &weight : weights)
    weight /= divisor;
  return weights;
}

/// matrix [rows, x.size()] * x + bias, the values of `id` of a stack of each.
static std::vector<double> apply(const char *file, const Parameter &matrix,
                                 const Parameter *bias, int64_t id,
                                 llvm::ArrayRef<double> x) {
  int64_t rows = matrix.shape[1];
  std::vector<double> y(rows);
  std::vector<float> row(x.size());
  for (int64_t r = 0; r < rows; ++r) {
    readParameter(matrix, file, (id * rows + r) * x.size(), row);
    float first = 0;
    if (bias)
      readParameter(*bias, file, id * rows + r, first);
    double sum = first;
    for (size_t c = 0; c < x.size(); ++c)
      sum += row[c] * x[c];
    y[r] = sum;
  }
  return y;
}

static double silu(double x, double alpha) {
  return x / (1 + std::exp(-alpha * x));
}

/// The hidden vector of an expert from the rows of its first matrix.
static std::vector<double>
activate(const Layer &layer, llvm::ArrayRef<double> first, int64_t inner) {
  std::vector<double> hidden(inner);
  for (int64_t i = 0; i < inner; ++i)
    switch (layer.body) {
    case Layer::Body::Silu:
      hidden[i] = silu(first[i], 1) * first[inner + i];
      break;
    case Layer::Body::GptOss:
      hidden[i] = silu(std::min(first[2 * i], 7.0), 1.702) *
                  (std::clamp(first[2 * i + 1], -7.0, 7.0) + 1);
      break;
    case Layer::Body::Relu:
      hidden[i] = std::max(first[i], 0.0);
      break;
    }
  return hidden;
}

std::vector<double> moe::bench::referenceToken(const Layer &layer,
                                               Precision precision,
                                               const char *file,
                                               llvm::ArrayRef<float> x,
                                               llvm::ArrayRef<float> logits) {
  std::vector<Parameter> all = parametersOf(layer, precision);
  std::vector<double> input(x.begin(), x.end()), y(layer.hidden);
  bool biased = layer.body == Layer::Body::GptOss;
  size_t down = biased ? 2 : 1;
  /// Adds weight * f(x) for expert `id` of the class whose parameters begin at
  /// `own`.
  auto addExpert = [&](const Parameter *own, int64_t id, double weight) {
    std::vector<double> first =
        apply(file, own[0], biased ? &own[1] : nullptr, id, input);
    std::vector<double> hidden = activate(layer, first, own[down].shape[2]);
    std::vector<double> out =
        apply(file, own[down], biased ? &own[3] : nullptr, id, hidden);
    for (int64_t i = 0; i < layer.hidden; ++i)
      y[i] += weight * out[i];
  };
  std::vector<int32_t> selected = selectExperts(layer, logits);
  std::vector<double> weights = routeWeights(layer, logits, selected);
  for (size_t slot = 0; slot < selected.size(); ++slot)
    addExpert(all.data(), selected[slot], weights[slot]);
  if (layer.sharedWidth)
    addExpert(all.data() + 2 * down, 0, 1);
  return y;
}
