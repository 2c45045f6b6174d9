package libtorch

// #include "index.h"
// #cgo noescape st_index_select
// #cgo nocallback st_index_select
// #cgo noescape st_gather
// #cgo nocallback st_gather
// #cgo noescape st_embedding
// #cgo nocallback st_embedding
// #cgo noescape st_embedding_bag_sum
// #cgo nocallback st_embedding_bag_sum
import "C"

import "runtime"

// Index is the view a[v[0], v[1], ...].
func Index(a *Handle, v []int64) (*Handle, error) {
	out := result(a)
	p, n := ints(v)
	msg := C.st_index(&out.p, a.ptr(), p, n)
	runtime.KeepAlive(a)
	return out.done("index", msg)
}

// IndexSelect takes the slices of a along dim that index names.
func IndexSelect(a *Handle, dim int64, index *Handle) (*Handle, error) {
	out := result(a, index)
	msg := C.st_index_select(&out.p, a.ptr(), C.int64_t(dim), index.ptr())
	runtime.KeepAlive(a)
	runtime.KeepAlive(index)
	return out.done("index select", msg)
}

// Gather takes, for each place of index, the element of a whose dim-th coordinate is there.
func Gather(a *Handle, dim int64, index *Handle) (*Handle, error) {
	out := result(a, index)
	msg := C.st_gather(&out.p, a.ptr(), C.int64_t(dim), index.ptr())
	runtime.KeepAlive(a)
	runtime.KeepAlive(index)
	return out.done("gather", msg)
}

// Scatter is a, with src written where Gather would read.
func Scatter(a *Handle, dim int64, index, src *Handle) (*Handle, error) {
	out := result(a, index, src)
	msg := C.st_scatter(&out.p, a.ptr(), C.int64_t(dim), index.ptr(), src.ptr())
	runtime.KeepAlive(a)
	runtime.KeepAlive(index)
	runtime.KeepAlive(src)
	return out.done("scatter", msg)
}

// IndexAdd is a, with alpha times the slices of src added at index along dim.
func IndexAdd(a *Handle, dim int64, index, src *Handle, alpha float64) (*Handle, error) {
	out := result(a, index, src)
	msg := C.st_index_add(&out.p, a.ptr(), C.int64_t(dim), index.ptr(), src.ptr(), C.double(alpha))
	runtime.KeepAlive(a)
	runtime.KeepAlive(index)
	runtime.KeepAlive(src)
	return out.done("index add", msg)
}

// IndexAddI is IndexAdd in place.
func IndexAddI(a *Handle, dim int64, index, src *Handle, alpha float64) error {
	msg := C.st_index_add_i(a.ptr(), C.int64_t(dim), index.ptr(), src.ptr(), C.double(alpha))
	runtime.KeepAlive(a)
	runtime.KeepAlive(index)
	runtime.KeepAlive(src)
	return check("index add in place", msg)
}

// IndexCopyI writes the slices of src to a at index along dim.
func IndexCopyI(a *Handle, dim int64, index, src *Handle) error {
	msg := C.st_index_copy_i(a.ptr(), C.int64_t(dim), index.ptr(), src.ptr())
	runtime.KeepAlive(a)
	runtime.KeepAlive(index)
	runtime.KeepAlive(src)
	return check("index copy in place", msg)
}

// IndexFillI sets the slices of a at index along dim to value.
func IndexFillI(a *Handle, dim int64, index *Handle, value float64) error {
	msg := C.st_index_fill_i(a.ptr(), C.int64_t(dim), index.ptr(), C.double(value))
	runtime.KeepAlive(a)
	runtime.KeepAlive(index)
	return check("index fill in place", msg)
}

// NonZero lists the coordinates of a's nonzero elements, one a row.
func NonZero(a *Handle) (*Handle, error) {
	out := result(a)
	msg := C.st_nonzero(&out.p, a.ptr())
	runtime.KeepAlive(a)
	return out.done("nonzero", msg)
}

// OneHot adds a last dimension of the given length, 1 at the class and 0 elsewhere.
func OneHot(a *Handle, classes int64) (*Handle, error) {
	out := result(a)
	msg := C.st_one_hot(&out.p, a.ptr(), C.int64_t(classes))
	runtime.KeepAlive(a)
	return out.done("one hot", msg)
}

// Embedding takes the rows of weight that index names.
func Embedding(weight, index *Handle) (*Handle, error) {
	out := result(weight, index)
	msg := C.st_embedding(&out.p, weight.ptr(), index.ptr())
	runtime.KeepAlive(weight)
	runtime.KeepAlive(index)
	return out.done("embedding", msg)
}

// EmbeddingBagSum sums, for each row of index [R, n], the n rows of weight [V, D] that it names: [R, D].
func EmbeddingBagSum(weight, index *Handle) (*Handle, error) {
	out := result(weight, index)
	msg := C.st_embedding_bag_sum(&out.p, weight.ptr(), index.ptr())
	runtime.KeepAlive(weight)
	runtime.KeepAlive(index)
	return out.done("embedding bag", msg)
}
