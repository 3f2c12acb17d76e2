// ggml: the graph of mul_mat_id and its neighbours that llama.cpp builds for an
// MoE layer. Floats are used where they lie; int8 becomes q8_0 and int4 q4_0,
// with the same codes and scales (blocks of 32, scales in f16), which ggml's
// CPU backend repacks where it knows how to.
#include "peer.h"

#include "ggml-alloc.h"
#include "ggml-backend.h"
#include "ggml-cpu.h"
#include "ggml.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <omp.h>
#include <utility>
#include <vector>

namespace {

[[noreturn]] void fail(const char *message) {
  std::fprintf(stderr, "ggml: error: %s\n", message);
  std::exit(1);
}

constexpr int64_t blockSize = 32, scaleGroup = 64;

ggml_type typeOf(PeerFormat format) {
  switch (format) {
  case F32:
    return GGML_TYPE_F32;
  case BF16:
    return GGML_TYPE_BF16;
  case Int8:
    return GGML_TYPE_Q8_0;
  case Int4:
    return GGML_TYPE_Q4_0;
  }
  std::abort();
}

/// Codes and scales as the blocks of q8_0 and q4_0: an f16 scale, then 32
/// codes, of which q4_0 pairs the i-th with the one 16 further.
std::vector<char> makeBlocks(PeerFormat format, const PeerMatrix &matrix,
                             int64_t elements) {
  int64_t codeBytes = format == Int8 ? blockSize : blockSize / 2;
  int64_t bytes = sizeof(ggml_fp16_t) + codeBytes;
  std::vector<char> blocks(elements / blockSize * bytes);
#pragma omp parallel for schedule(static)
  for (int64_t b = 0; b < elements / blockSize; ++b) {
    char *to = &blocks[b * bytes];
    ggml_fp16_t scale =
        ggml_fp32_to_fp16(matrix.scales[b * blockSize / scaleGroup]);
    std::memcpy(to, &scale, sizeof(scale));
    to += sizeof(scale);
    const auto *from =
        static_cast<const uint8_t *>(matrix.elements) + b * codeBytes;
    if (format == Int8) {
      std::memcpy(to, from, codeBytes);
      continue;
    }
    auto code = [&](int64_t i) { return from[i / 2] >> (i % 2 * 4) & 15; };
    for (int64_t i = 0; i < codeBytes; ++i)
      to[i] = static_cast<char>(code(i) | code(i + codeBytes) << 4);
  }
  return blocks;
}

class Layer {
public:
  explicit Layer(const PeerLayer &layer)
      : layer(layer), backend(ggml_backend_cpu_init()),
        constants(makeContext()) {
    if (!backend || !constants)
      fail("cannot start the CPU backend");
    ggml_backend_cpu_set_n_threads(backend, static_cast<int>(layer.threads));
    int64_t parts = layer.body == Relu ? 1 : 2;
    first =
        stack(layer.first, layer.hidden, parts * layer.width, layer.experts);
    down = stack(layer.down, layer.width, layer.hidden, layer.experts);
    if (layer.body == GptOss) {
      gateBias = everySecond(layer.firstBias, 0);
      upBias = everySecond(layer.firstBias, 1);
      downBias = ggml_new_tensor_2d(constants, GGML_TYPE_F32, layer.hidden,
                                    layer.experts);
      fill(downBias, layer.downBias, ggml_backend_cpu_buffer_type());
    }
    if (layer.sharedWidth) {
      sharedFirst =
          stack(layer.sharedFirst, layer.hidden, 2 * layer.sharedWidth, 1);
      sharedDown = stack(layer.sharedDown, layer.sharedWidth, layer.hidden, 1);
    }
    allocator = ggml_gallocr_new(ggml_backend_cpu_buffer_type());
  }

  void bind(int64_t tokens, const float *xs, const float *zs) {
    for (ggml_backend_buffer_t buffer : inputs)
      ggml_backend_buffer_free(buffer);
    ggml_free(values);
    values = makeContext();
    ggml_tensor *input =
        ggml_new_tensor_2d(values, GGML_TYPE_F32, layer.hidden, tokens);
    ggml_tensor *scores =
        ggml_new_tensor_2d(values, GGML_TYPE_F32, layer.experts, tokens);
    inputs = {fill(input, xs, ggml_backend_cpu_buffer_type()),
              fill(scores, zs, ggml_backend_cpu_buffer_type())};
    output = build(input, scores, tokens);
    ggml_set_output(output);
    graph = ggml_new_graph(values);
    ggml_build_forward_expand(graph, output);
    if (!ggml_gallocr_alloc_graph(allocator, graph))
      fail("cannot allocate the graph");
  }

  void run() {
    if (ggml_backend_graph_compute(backend, graph) != GGML_STATUS_SUCCESS)
      fail("the graph failed");
  }

  void copyOutput(float *y) const {
    ggml_backend_tensor_get(output, y, 0, ggml_nbytes(output));
  }

private:
  static ggml_context *makeContext() {
    return ggml_init({/*mem_size=*/size_t(4) << 20, /*mem_buffer=*/nullptr,
                      /*no_alloc=*/true});
  }

  /// Makes `tensor` mean the caller's memory.
  static void place(ggml_tensor *tensor, const void *data) {
    void *memory = const_cast<void *>(data);
    ggml_backend_buffer_t buffer =
        ggml_backend_cpu_buffer_from_ptr(memory, ggml_nbytes(tensor));
    if (ggml_backend_tensor_alloc(buffer, tensor, memory) !=
        GGML_STATUS_SUCCESS)
      fail("cannot use memory as it lies");
  }

  /// Gives `tensor` memory of `type` with the values of `data`.
  static ggml_backend_buffer_t fill(ggml_tensor *tensor, const void *data,
                                    ggml_backend_buffer_type_t type) {
    ggml_backend_buffer_t buffer = ggml_backend_buft_alloc_buffer(
        type, ggml_backend_buft_get_alloc_size(type, tensor));
    if (!buffer || ggml_backend_tensor_alloc(
                       buffer, tensor, ggml_backend_buffer_get_base(buffer)) !=
                       GGML_STATUS_SUCCESS)
      fail("cannot allocate a tensor");
    ggml_backend_tensor_set(tensor, data, 0, ggml_nbytes(tensor));
    return buffer;
  }

  /// [count, rows, depth] in the order of ggml, which is the opposite one.
  ggml_tensor *stack(const PeerMatrix &matrix, int64_t depth, int64_t rows,
                     int64_t count) {
    ggml_tensor *tensor =
        ggml_new_tensor_3d(constants, typeOf(layer.format), depth, rows, count);
    if (!matrix.scales) {
      place(tensor, matrix.elements);
      return tensor;
    }
    std::vector<char> blocks =
        makeBlocks(layer.format, matrix, depth * rows * count);
    // Rows of gate and up in turn are used through views, which repacked
    // weights do not have.
    bool repacks = layer.format == Int4 && layer.body != GptOss;
    ggml_backend_buffer_set_usage(
        fill(tensor, blocks.data(),
             repacks ? repackedType() : ggml_backend_cpu_buffer_type()),
        GGML_BACKEND_BUFFER_USAGE_WEIGHTS);
    return tensor;
  }

  /// The kind of buffer whose weights the CPU backend repacks.
  static ggml_backend_buffer_type_t repackedType() {
    ggml_backend_reg_t registry = ggml_backend_cpu_reg();
    auto list = reinterpret_cast<ggml_backend_dev_get_extra_bufts_t>(
        ggml_backend_reg_get_proc_address(registry,
                                          "ggml_backend_dev_get_extra_bufts"));
    ggml_backend_buffer_type_t *type =
        list ? list(ggml_backend_reg_dev_get(registry, 0)) : nullptr;
    for (; type && *type; ++type)
      if (!std::strcmp(ggml_backend_buft_name(*type), "CPU_REPACK"))
        return *type;
    fail("this build does not repack weights");
  }

  /// The columns of parity `odd` of a bias [experts, 2 * width].
  ggml_tensor *everySecond(const float *bias, int64_t odd) {
    std::vector<float> own(layer.experts * layer.width);
    for (size_t i = 0; i < own.size(); ++i)
      own[i] = bias[2 * i + odd];
    ggml_tensor *tensor = ggml_new_tensor_2d(constants, GGML_TYPE_F32,
                                             layer.width, layer.experts);
    fill(tensor, own.data(), ggml_backend_cpu_buffer_type());
    return tensor;
  }

  ggml_tensor *build(ggml_tensor *input, ggml_tensor *scores, int64_t tokens) {
    auto [ids, weights] = route(scores, tokens);
    ggml_tensor *rows = ggml_reshape_3d(values, input, layer.hidden, 1, tokens);
    ggml_tensor *hidden = activate(rows, ids);
    ggml_tensor *out = ggml_mul_mat_id(values, down, hidden, ids);
    if (downBias)
      out = ggml_add_id(values, out, downBias, ids);
    out = ggml_mul(values, out, weights);
    ggml_tensor *sum = nullptr;
    for (int64_t slot = 0; slot < layer.topK; ++slot) {
      ggml_tensor *part = ggml_view_2d(values, out, layer.hidden, tokens,
                                       out->nb[2], slot * out->nb[1]);
      sum = sum ? ggml_add(values, sum, part) : part;
    }
    if (sharedFirst) {
      ggml_tensor *both = ggml_mul_mat(values, sharedFirst, input);
      ggml_tensor *shared =
          ggml_mul_mat(values, sharedDown, ggml_swiglu(values, both));
      sum = ggml_add(values, sum, shared);
    }
    return layer.topK == 1 ? ggml_cont(values, sum) : sum;
  }

  /// Ids [K, T] and weights [1, K, T].
  std::pair<ggml_tensor *, ggml_tensor *> route(ggml_tensor *scores,
                                                int64_t tokens) {
    int64_t k = layer.topK;
    ggml_tensor *p = scores;
    if (layer.router == SigmoidTopKRenorm)
      p = ggml_sigmoid(values, scores);
    else if (layer.router != TopKSoftmax)
      p = ggml_soft_max(values, scores);
    ggml_tensor *ids = ggml_argsort_top_k(values, p, static_cast<int>(k));
    ggml_tensor *weights = ggml_get_rows(
        values, ggml_reshape_3d(values, p, 1, layer.experts, tokens), ids);
    weights = ggml_reshape_2d(values, weights, k, tokens);
    if (layer.router == TopKSoftmax)
      weights = ggml_soft_max(values, weights);
    else if (layer.router != SoftmaxTopK)
      weights = ggml_div(values, weights, ggml_sum_rows(values, weights));
    return {ids, ggml_reshape_3d(values, weights, 1, k, tokens)};
  }

  ggml_tensor *activate(ggml_tensor *rows, ggml_tensor *ids) {
    if (layer.body == GptOss) {
      auto half = [&](int64_t odd, ggml_tensor *bias) {
        ggml_tensor *own = ggml_view_3d(
            values, first, layer.hidden, layer.width, layer.experts,
            2 * first->nb[1], first->nb[2], odd * first->nb[1]);
        return ggml_add_id(values, ggml_mul_mat_id(values, own, rows, ids),
                           bias, ids);
      };
      ggml_tensor *gate = half(0, gateBias);
      return ggml_swiglu_oai(values, gate, half(1, upBias), 1.702f, 7.0f);
    }
    ggml_tensor *up = ggml_mul_mat_id(values, first, rows, ids);
    return layer.body == Relu ? ggml_relu(values, up) : ggml_swiglu(values, up);
  }

  PeerLayer layer;
  ggml_backend_t backend;
  ggml_context *constants, *values = nullptr;
  ggml_gallocr_t allocator;
  ggml_cgraph *graph = nullptr;
  ggml_tensor *first, *down, *sharedFirst = nullptr, *sharedDown = nullptr;
  ggml_tensor *gateBias = nullptr, *upBias = nullptr, *downBias = nullptr;
  ggml_tensor *output = nullptr;
  std::vector<ggml_backend_buffer_t> inputs; ///< of the tokens bound last
};

} // namespace

void *peerCreate(const PeerLayer *layer) {
  omp_set_num_threads(static_cast<int>(layer->threads));
  return new Layer(*layer);
}

void peerBind(void *peer, int64_t tokens, const float *x, const float *logits) {
  static_cast<Layer *>(peer)->bind(tokens, x, logits);
}

void peerRun(void *peer) { static_cast<Layer *>(peer)->run(); }

void peerOutput(void *peer, float *y) {
  static_cast<Layer *>(peer)->copyOutput(y);
}
