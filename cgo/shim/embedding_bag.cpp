// The sum of several rows of one table, with a gradient of its own.
//
// On CUDA both passes are kernels of embedding_bag.cu. On the CPU forward is libtorch's embedding_bag. Its backward pass sorts the
// indices, and that of index_select first makes all R*n*D numbers; adding each row of the gradient where it belongs takes a
// tenth of their time (BenchmarkEmbeddingBag of gotorch).
#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#ifdef STAN_CUDA
#include <c10/cuda/CUDAGuard.h>
#endif

#include "embedding_bag_object.h"
#include "index.h"
#include "internal.h"

namespace {

// Indices from which on several threads share the work.
constexpr int64_t kGrain = 4096;

// grad_weight[index[r, k]] += grad[r] for the indices in [low, high), in the order of r and k.
template <class T>
inline __attribute__((always_inline)) void add_range(T *grad_weight, const T *grad, const int64_t *index, int64_t rows,
                                                     int64_t n, int64_t width, int64_t low, int64_t high) {
  for (int64_t r = 0; r < rows; r++) {
    const T *g = grad + r * width;
    for (int64_t k = 0; k < n; k++) {
      const int64_t i = index[r * n + k];
      if (i < low || i >= high) continue;
      T *__restrict__ w = grad_weight + i * width;
      for (int64_t d = 0; d < width; d++) w[d] += g[d];
    }
  }
}

// The library is built for any x86-64, so the loop is compiled twice; both give the same sums.
#ifdef __x86_64__
template <class T>
__attribute__((target("avx2"))) void add_range_avx2(T *grad_weight, const T *grad, const int64_t *index, int64_t rows,
                                                    int64_t n, int64_t width, int64_t low, int64_t high) {
  add_range(grad_weight, grad, index, rows, n, width, low, high);
}
const bool kAVX2 = __builtin_cpu_supports("avx2");
#endif

// Each task owns a range of the table, so the sums are the same with any number of threads.
template <class T>
void add_rows(T *grad_weight, const T *grad, const int64_t *index, int64_t rows, int64_t n, int64_t vocabulary,
              int64_t width) {
  const int64_t tasks = rows * n >= kGrain ? at::get_num_threads() : 1;
  at::parallel_for(0, tasks, 1, [&](int64_t first, int64_t last) {
    const int64_t low = vocabulary * first / tasks, high = vocabulary * last / tasks;
#ifdef __x86_64__
    if (kAVX2) return add_range_avx2(grad_weight, grad, index, rows, n, width, low, high);
#endif
    add_range(grad_weight, grad, index, rows, n, width, low, high);
  });
}

// Where each row's indices begin.
at::Tensor offsets(const at::Tensor &index) { return at::arange(index.size(0), index.options()) * index.size(1); }

#ifdef STAN_CUDA
stan::embedding_bag::Bags bags(const at::Tensor &index, int64_t vocabulary, int64_t width) {
  return {index.const_data_ptr<int64_t>(), index.size(0), index.size(1), vocabulary, width};
}
#endif

struct EmbeddingBagSum : torch::autograd::Function<EmbeddingBagSum> {
  static at::Tensor forward(torch::autograd::AutogradContext *ctx, const at::Tensor &weight, const at::Tensor &index) {
    const auto i = index.contiguous(), w = weight.contiguous();
    ctx->save_for_backward({i});
    ctx->saved_data["vocabulary"] = w.size(0);
#ifdef STAN_CUDA
    if (w.is_cuda()) {
      const c10::cuda::CUDAGuard device(w.device());
      auto out = at::empty({i.size(0), w.size(1)}, w.options());
      stan::embedding_bag::sum_cuda(bags(i, w.size(0), w.size(1)), w.const_data_ptr<float>(), out.mutable_data_ptr<float>());
      return out;
    }
#endif
    return std::get<0>(at::_embedding_bag_forward_only(w, i.view({-1}), offsets(i)));
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *ctx,
                                                 torch::autograd::variable_list grads) {
    const auto i = ctx->get_saved_variables()[0];
    const auto g = grads[0].contiguous();
    auto out = at::zeros({ctx->saved_data["vocabulary"].toInt(), g.size(1)}, g.options());
#ifdef STAN_CUDA
    if (g.is_cuda()) {
      const c10::cuda::CUDAGuard device(g.device());
      stan::embedding_bag::add_cuda(bags(i, out.size(0), out.size(1)), g.const_data_ptr<float>(), out.mutable_data_ptr<float>());
      return {out, at::Tensor()};
    }
#endif
    AT_DISPATCH_FLOATING_TYPES(g.scalar_type(), "embedding_bag_sum", [&] {
      add_rows(out.mutable_data_ptr<scalar_t>(), g.const_data_ptr<scalar_t>(), i.const_data_ptr<int64_t>(), i.size(0),
               i.size(1), out.size(0), out.size(1));
    });
    return {out, at::Tensor()};
  }
};

// own_kernel tells tables that the code above takes; libtorch's own does the others.
bool own_kernel(const at::Tensor &weight) {
  const auto type = weight.scalar_type();
#ifdef STAN_CUDA
  if (weight.is_cuda()) return type == at::kFloat;
#endif
  return weight.is_cpu() && (type == at::kFloat || type == at::kDouble);
}

at::Tensor embedding_bag_sum(const at::Tensor &weight, const at::Tensor &index) {
  TORCH_CHECK(weight.dim() == 2 && index.dim() == 2, "weight shape ", weight.sizes(), " and index shape ",
              index.sizes(), ", want [V, D] and [R, n]");
  TORCH_CHECK(weight.device() == index.device(), "weight on ", weight.device(), " and index on ", index.device(),
              ", want the same device");
  TORCH_CHECK_TYPE(index.scalar_type() == at::kLong, "index of type ", index.scalar_type(), ", want Long");
  if (own_kernel(weight)) return EmbeddingBagSum::apply(weight, index);
  return std::get<0>(at::embedding_bag(weight, index.reshape({-1}), offsets(index)));
}

// On CUDA a row is a bag of one, whose gradient is one kernel; on the CPU libtorch's own gradient is as fast.
at::Tensor rows_of_table(const at::Tensor &weight, const at::Tensor &index) {
  if (!weight.is_cuda() || !own_kernel(weight) || weight.dim() != 2 || index.scalar_type() != at::kLong ||
      weight.device() != index.device())
    return at::embedding(weight, index);
  auto shape = index.sizes().vec();
  shape.push_back(weight.size(1));
  return EmbeddingBagSum::apply(weight, index.reshape({-1, 1})).view(shape);
}

}  // namespace

char *st_embedding(st_tensor **out, const st_tensor *weight, const st_tensor *index) {
  return stan::guard([&] { *out = stan::own(rows_of_table(stan::ref(weight), stan::ref(index))); });
}

char *st_embedding_bag_sum(st_tensor **out, const st_tensor *weight, const st_tensor *index) {
  return stan::guard([&] { *out = stan::own(embedding_bag_sum(stan::ref(weight), stan::ref(index))); });
}
