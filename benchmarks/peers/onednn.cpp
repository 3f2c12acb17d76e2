// oneDNN: a matrix product per expert on weights that oneDNN has laid out. The
// routing, the gathering of rows, the activation and the weighted sum are loops
// of their own, with OpenMP.
#include "peer.h"

#include "oneapi/dnnl/dnnl.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <numeric>
#include <omp.h>
#include <vector>

using dnnl::memory;

namespace {

/// Rounds to the nearest, ties to even; finite values only.
class BFloat {
public:
  BFloat() = default;
  BFloat(float value) {
    uint32_t wide;
    std::memcpy(&wide, &value, sizeof(wide));
    bits = static_cast<uint16_t>((wide + 0x7fff + ((wide >> 16) & 1)) >> 16);
  }
  operator float() const {
    uint32_t wide = uint32_t(bits) << 16;
    float value;
    std::memcpy(&value, &wide, sizeof(value));
    return value;
  }

private:
  uint16_t bits;
};

/// y [m, rows] = x [m, depth] * W_e^T + bias_e for matrices e of a stack; x is
/// f32 or bf16, y f32.
class Product {
public:
  Product(const dnnl::engine &engine, memory::data_type type, int64_t count,
          int64_t rows, int64_t depth, const void *elements, const float *bias)
      : engine(engine), stream(engine), type(type), rows(rows), depth(depth),
        bias(bias) {
    // The layout for many rows is good for few, too.
    layout = describe(/*m=*/64, memory::format_tag::any).weights_desc();
    memory::desc plain({depth, rows}, type, memory::format_tag::ba);
    auto *bytes = static_cast<char *>(const_cast<void *>(elements));
    for (int64_t e = 0; e < count; ++e) {
      memory from(plain, engine, bytes + e * plain.get_size());
      weights.emplace_back(layout, engine);
      dnnl::reorder(from, weights.back()).execute(stream, from, weights.back());
      stream.wait();
    }
  }

  void run(int64_t e, int64_t m, const void *x, float *y) {
    auto found = products.find(m);
    if (found == products.end())
      found = products.emplace(m, dnnl::matmul(describe(m, layout))).first;
    std::unordered_map<int, memory> arguments{
        {DNNL_ARG_SRC, on({m, depth}, type, x)},
        {DNNL_ARG_WEIGHTS, weights[e]},
        {DNNL_ARG_DST, on({m, rows}, memory::data_type::f32, y)}};
    if (bias)
      arguments.emplace(DNNL_ARG_BIAS,
                        on({1, rows}, memory::data_type::f32, bias + e * rows));
    found->second.execute(stream, arguments);
    stream.wait();
  }

private:
  template <typename Layout>
  dnnl::matmul::primitive_desc describe(int64_t m, const Layout &weightLayout) {
    memory::desc x({m, depth}, type, memory::format_tag::ab);
    memory::desc y({m, rows}, memory::data_type::f32, memory::format_tag::ab);
    memory::desc w = weightsIn(weightLayout);
    if (!bias)
      return dnnl::matmul::primitive_desc(engine, x, w, y);
    memory::desc b({1, rows}, memory::data_type::f32, memory::format_tag::ab);
    return dnnl::matmul::primitive_desc(engine, x, w, b, y);
  }
  memory::desc weightsIn(memory::format_tag tag) {
    return memory::desc({depth, rows}, type, tag);
  }
  memory::desc weightsIn(const memory::desc &desc) { return desc; }

  memory on(memory::dims dims, memory::data_type element, const void *data) {
    return memory(
        memory::desc(std::move(dims), element, memory::format_tag::ab), engine,
        const_cast<void *>(data));
  }

  dnnl::engine engine;
  dnnl::stream stream;
  memory::data_type type;
  int64_t rows, depth;
  const float *bias;
  memory::desc layout;
  std::vector<memory> weights;
  std::map<int64_t, dnnl::matmul> products; ///< by number of rows
};

float silu(float x, float alpha) { return x / (1 + std::exp(-alpha * x)); }

class Peer {
public:
  virtual ~Peer() = default;
  virtual void bind(int64_t tokens, const float *x, const float *logits) = 0;
  virtual void run() = 0;
  virtual void output(float *to) const = 0;
};

/// One layer; `T` is the type of tokens and hidden values.
template <typename T>
class Layer : public Peer {
public:
  explicit Layer(const PeerLayer &layer)
      : layer(layer), engine(dnnl::engine::kind::cpu, 0) {
    auto stack = [&](int64_t count, int64_t rows, int64_t depth,
                     const PeerMatrix &matrix, const float *bias) {
      return Product(engine, type, count, rows, depth, matrix.elements, bias);
    };
    int64_t parts = layer.body == Relu ? 1 : 2;
    products.push_back(stack(layer.experts, parts * layer.width, layer.hidden,
                             layer.first, layer.firstBias));
    products.push_back(stack(layer.experts, layer.hidden, layer.width,
                             layer.down, layer.downBias));
    if (layer.sharedWidth == 0)
      return;
    products.push_back(stack(1, parts * layer.sharedWidth, layer.hidden,
                             layer.sharedFirst, nullptr));
    products.push_back(
        stack(1, layer.hidden, layer.sharedWidth, layer.sharedDown, nullptr));
  }

  void bind(int64_t count, const float *from, const float *scores) override {
    tokens = count;
    int64_t slots = count * layer.topK;
    int64_t width = std::max(layer.width, layer.sharedWidth);
    int64_t most = layer.sharedWidth ? std::max(slots, count) : slots;
    x.assign(from, from + count * layer.hidden);
    logits.assign(scores, scores + count * layer.experts);
    y.resize(count * layer.hidden);
    ids.resize(slots);
    weights.resize(slots);
    positions.resize(slots);
    gathered.resize(slots * layer.hidden);
    first.resize(most * 2 * width);
    hidden.resize(most * width);
    down.resize((slots + (layer.sharedWidth ? count : 0)) * layer.hidden);
  }

  void run() override {
    route();
    gather();
    for (int64_t e = 0; e < layer.experts; ++e)
      if (int64_t m = ends[e] - begin(e))
        expert(products[0], products[1], e, m, layer.width,
               &gathered[begin(e) * layer.hidden],
               &down[begin(e) * layer.hidden]);
    if (layer.sharedWidth)
      expert(products[2], products[3], 0, tokens, layer.sharedWidth, x.data(),
             &down[tokens * layer.topK * layer.hidden]);
    combine();
  }

  void output(float *to) const override { std::copy(y.begin(), y.end(), to); }

private:
  static constexpr memory::data_type type =
      sizeof(T) == 4 ? memory::data_type::f32 : memory::data_type::bf16;

  int64_t begin(int64_t e) const { return e == 0 ? 0 : ends[e - 1]; }

  /// The experts of each token and their weights.
  void route() {
#pragma omp parallel for schedule(static)
    for (int64_t t = 0; t < tokens; ++t) {
      const float *z = &logits[t * layer.experts];
      int32_t *own = &ids[t * layer.topK];
      float *weight = &weights[t * layer.topK];
      std::vector<int32_t> order(layer.experts);
      std::iota(order.begin(), order.end(), 0);
      std::partial_sort(order.begin(), order.begin() + layer.topK, order.end(),
                        [&](int32_t a, int32_t b) {
                          return z[a] != z[b] ? z[a] > z[b] : a < b;
                        });
      std::copy_n(order.begin(), layer.topK, own);
      float largest = z[own[0]], sum = 0;
      for (int64_t s = 0; s < layer.topK; ++s) {
        weight[s] = layer.router == SigmoidTopKRenorm
                        ? 1 / (1 + std::exp(-z[own[s]]))
                        : std::exp(z[own[s]] - largest);
        sum += weight[s];
      }
      if (layer.router == SoftmaxTopK) {
        sum = 0;
        for (int64_t e = 0; e < layer.experts; ++e)
          sum += std::exp(z[e] - largest);
      }
      for (int64_t s = 0; s < layer.topK; ++s)
        weight[s] /= sum;
    }
  }

  /// Rows of each expert, one after another.
  void gather() {
    ends.assign(layer.experts, 0);
    for (int32_t id : ids)
      ++ends[id];
    std::vector<int64_t> next(layer.experts);
    std::exclusive_scan(ends.begin(), ends.end(), next.begin(), int64_t(0));
    for (size_t slot = 0; slot < ids.size(); ++slot)
      positions[slot] = next[ids[slot]]++;
    ends = next;
#pragma omp parallel for schedule(static)
    for (size_t slot = 0; slot < ids.size(); ++slot)
      std::memcpy(&gathered[positions[slot] * layer.hidden],
                  &x[slot / layer.topK * layer.hidden],
                  layer.hidden * sizeof(T));
  }

  void expert(Product &up, Product &back, int64_t e, int64_t m, int64_t width,
              const T *rows, float *out) {
    up.run(e, m, rows, first.data());
#pragma omp parallel for schedule(static)
    for (int64_t r = 0; r < m; ++r)
      activate(&first[r * (layer.body == Relu ? 1 : 2) * width],
               &hidden[r * width], width);
    back.run(e, m, hidden.data(), out);
  }

  void activate(const float *from, T *to, int64_t width) {
    switch (layer.body) {
    case Silu:
#pragma omp simd
      for (int64_t i = 0; i < width; ++i)
        to[i] = silu(from[i], 1) * from[width + i];
      return;
    case GptOss:
#pragma omp simd
      for (int64_t i = 0; i < width; ++i)
        to[i] = silu(std::min(from[2 * i], 7.0f), 1.702f) *
                (std::clamp(from[2 * i + 1], -7.0f, 7.0f) + 1);
      return;
    case Relu:
#pragma omp simd
      for (int64_t i = 0; i < width; ++i)
        to[i] = std::max(from[i], 0.0f);
      return;
    }
  }

  void combine() {
    const float *shared =
        layer.sharedWidth ? &down[tokens * layer.topK * layer.hidden] : nullptr;
#pragma omp parallel
    {
      std::vector<float> sum(layer.hidden);
#pragma omp for schedule(static)
      for (int64_t t = 0; t < tokens; ++t) {
        if (shared)
          std::copy_n(shared + t * layer.hidden, layer.hidden, sum.begin());
        else
          std::fill(sum.begin(), sum.end(), 0.0f);
        for (int64_t slot = t * layer.topK; slot < (t + 1) * layer.topK;
             ++slot) {
          const float *row = &down[positions[slot] * layer.hidden];
          float weight = weights[slot];
#pragma omp simd
          for (int64_t i = 0; i < layer.hidden; ++i)
            sum[i] += weight * row[i];
        }
        std::copy(sum.begin(), sum.end(), &y[t * layer.hidden]);
      }
    }
  }

  PeerLayer layer;
  dnnl::engine engine;
  std::vector<Product>
      products; ///< first, down, and those of the shared expert
  int64_t tokens = 0;
  std::vector<T> x, y, gathered, hidden;
  std::vector<float> logits, weights, first, down;
  std::vector<int32_t> ids;
  std::vector<int64_t> positions; ///< of a slot's row among the gathered
  std::vector<int64_t> ends;      ///< of each expert's rows
};

} // namespace

void *peerCreate(const PeerLayer *layer) {
  omp_set_num_threads(static_cast<int>(layer->threads));
  if (layer->format == F32)
    return static_cast<Peer *>(new Layer<float>(*layer));
  return static_cast<Peer *>(new Layer<BFloat>(*layer));
}

void peerBind(void *peer, int64_t tokens, const float *x, const float *logits) {
  static_cast<Peer *>(peer)->bind(tokens, x, logits);
}

void peerRun(void *peer) { static_cast<Peer *>(peer)->run(); }

void peerOutput(void *peer, float *y) { static_cast<Peer *>(peer)->output(y); }
