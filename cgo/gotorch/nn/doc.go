// Package nn holds neural network modules in the manner of gotorch and PyTorch.
//
// A module is a struct that embeds Module; its parameters, buffers and sub-modules are its exported fields, found by
// reflection. New layers start with the weights that PyTorch gives them, drawn from the generator that
// initializer.ManualSeed seeds.
package nn
