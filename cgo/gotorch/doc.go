// Package gotorch is tensors, gradients and optimisers on libtorch, with the API of github.com/wangkuiyi/gotorch of 2020
// and what that lacks: errors instead of aborts, release of memory at a known point, devices and graphs.
//
// The one idea to read it by: every tensor has one owner. A Scope owns the tensors of one step and frees them when it is
// closed; the result of an operation joins the scope of its first operand that has one. A tensor without a scope
// (a parameter) belongs to the program, which frees it with Free; forgotten ones are freed by the collector some time
// later, and counted (Forgotten).
//
//	s := torch.NewScope()
//	defer s.Close()
//	x := s.Adopt(torch.FromFloat32(rows, 64, 16))         // [64, 16]
//	loss := torch.Linear(x, weight, bias).Square().Mean() // in s, like everything between
//	loss.Backward()
//
// A failing operation panics with an *Error; Try turns that panic, and no other, into an error. Data is copied between
// Go and libtorch both ways. Operations may be called from any goroutine; gradient recording and autocast are switched
// for the calling goroutine by NoGrad and Autocast alone. One that trains for long does well to lock itself to its thread
// (runtime.LockOSThread): libtorch keeps a team of helpers for each thread that computes.
package gotorch
