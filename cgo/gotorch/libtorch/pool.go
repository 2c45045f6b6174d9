package libtorch

// #include "base.h"
import "C"

import "sync"

// Pool owns handles and frees them together. It is what a gotorch.Scope stands on.
// The zero value is ready; its methods may be called from several goroutines.
type Pool struct {
	mu      sync.Mutex
	handles []*Handle
	free    []*C.st_tensor // scratch of Close
	closed  bool
}

func (p *Pool) add(h *Handle) {
	p.mu.Lock()
	if p.closed {
		// A result of an operation that ran while the pool was closed: nobody would free it.
		p.mu.Unlock()
		h.pool = nil
		h.arm()
		return
	}
	h.slot = len(p.handles)
	p.handles = append(p.handles, h)
	p.mu.Unlock()
}

func (p *Pool) remove(h *Handle) {
	p.mu.Lock()
	if h.pool == p {
		last := len(p.handles) - 1
		p.handles[h.slot] = p.handles[last]
		p.handles[h.slot].slot = h.slot
		p.handles[last] = nil
		p.handles = p.handles[:last]
		h.pool = nil
	}
	p.mu.Unlock()
}

// Adopt makes p the owner of h, whoever owned it before.
func (p *Pool) Adopt(h *Handle) {
	if !h.Alive() || h.pool == p {
		return
	}
	h.Release()
	h.disarm()
	h.pool = p
	p.add(h)
}

// Release takes h out of its pool; from then on the program owns it.
func (h *Handle) Release() {
	if !h.Alive() || h.pool == nil {
		return
	}
	h.pool.remove(h)
	h.arm()
}

// Pool is the pool that owns h, nil if the program does.
func (h *Handle) Pool() *Pool {
	if h == nil {
		return nil
	}
	return h.pool
}

// Len is the number of handles that p owns.
func (p *Pool) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.handles)
}

// Close frees every handle of p. What is closed stays closed; closing twice does nothing.
func (p *Pool) Close() {
	p.Reset()
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
}

// Reset frees every handle of p, and keeps p for the next step.
func (p *Pool) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, h := range p.handles {
		p.free = append(p.free, h.p)
		h.p, h.pool = nil, nil
		p.handles[i] = nil
	}
	freeAll(p.free)
	clear(p.free)
	p.free, p.handles = p.free[:0], p.handles[:0]
}
