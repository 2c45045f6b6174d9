package libtorch

// #include "generator.h"
import "C"

import (
	"runtime"
	"unsafe"
)

// GeneratorTensors is how many tensors a Generator shares; shim/generator.h lists them.
const GeneratorTensors = int(C.ST_GENERATOR_TENSORS)

// Generator is the state of the sampling loop on a device.
type Generator struct {
	p      *C.st_generator
	tables *Tables
	width  int
	block  int
}

// NewGenerator makes a generator of width lanes that collects block rows of each; hosts has 4 words an address. It
// borrows t. The caller frees the result.
func NewGenerator(t *Tables, width, maxDays, block int, hosts []uint32, seed uint64) (*Generator, error) {
	g := &Generator{tables: t, width: width, block: block}
	msg := C.st_generator_new(&g.p, t.p, C.int32_t(width), C.int32_t(maxDays), C.int32_t(block),
		(*C.uint32_t)(first(hosts)), C.int32_t(len(hosts)/4), C.uint64_t(seed))
	if err := check("generator", msg); err != nil {
		return nil, err
	}
	return g, nil
}

// Steer sets how strongly rows are kept to the plan.
func (g *Generator) Steer(strength float32) { C.st_generator_steer(g.p, C.float(strength)) }

// Free releases the generator; its tensors live on in their handles.
func (g *Generator) Free() {
	C.st_generator_free(g.p)
	g.p = nil
}

// TensorsNoCopy returns the tensors that every step writes. They go to pool, and share the generator's memory.
func (g *Generator) TensorsNoCopy(pool *Pool) ([]*Handle, error) {
	var out [GeneratorTensors]*C.st_tensor
	if err := check("generator tensors", C.st_generator_tensors(g.p, &out[0])); err != nil {
		return nil, err
	}
	return adopt(pool, out[:]), nil
}

// Assignment gives a lane a host, with plans of PlanBytes for each day of its span [Start, End) in µs. It ends after Quota
// rows; below 0 there is no bound.
type Assignment struct {
	Lane, Host, Days  int
	Plans             []byte
	Start, End, Quota int64
}

// Assign gives lanes hosts.
func (g *Generator) Assign(list []Assignment) error {
	var pin runtime.Pinner
	defer pin.Unpin()
	cs := make([]C.st_assignment, len(list))
	for i, a := range list {
		cs[i] = C.st_assignment{
			plans: unsafe.Pointer(slicePin(&pin, a.Plans)), lane: C.int32_t(a.Lane), host: C.int32_t(a.Host), days: C.int32_t(a.Days),
			start: C.int64_t(a.Start), end: C.int64_t(a.End), quota: C.int64_t(a.Quota),
		}
	}
	return check("generator assign", C.st_generator_assign(g.p, first(cs), C.int64_t(len(cs))))
}

// Begin starts a row in every lane.
func (g *Generator) Begin() error { return check("generator begin", C.st_generator_begin(g.p)) }

// Draw draws one attribute in every lane; mixture is nil for a discrete one.
func (g *Generator) Draw(head int, logits, mixture *Handle) error {
	msg := C.st_generator_draw(g.p, C.int32_t(head), logits.ptr(), mixture.ptr())
	runtime.KeepAlive(logits)
	runtime.KeepAlive(mixture)
	return check("generator draw", msg)
}

// Finish ends the row of every lane.
func (g *Generator) Finish() error { return check("generator finish", C.st_generator_finish(g.p)) }

// Active tells whether any lane has a host that goes on.
func (g *Generator) Active() (bool, error) {
	var out C.bool
	msg := C.st_generator_active(&out, g.p)
	return bool(out), check("generator active", msg)
}

// HostTensors makes the tensors that Collect fills: rows, the host of each, and which lanes go on, as shim/generator.h says.
// They go to pool.
func (g *Generator) HostTensors(pool *Pool) ([]*Handle, error) {
	var out [C.ST_GENERATOR_HOST_TENSORS]*C.st_tensor
	if err := check("generator host tensors", C.st_generator_host_tensors(g.p, &out[0])); err != nil {
		return nil, err
	}
	return adopt(pool, out[:]), nil
}

// Collect copies what the lanes drew to tensors that HostTensors made. It waits for the device.
func (g *Generator) Collect(rows, hosts, active *Handle) error {
	msg := C.st_generator_collect(g.p, rows.ptr(), hosts.ptr(), active.ptr())
	runtime.KeepAlive(rows)
	runtime.KeepAlive(hosts)
	runtime.KeepAlive(active)
	return check("generator collect", msg)
}
