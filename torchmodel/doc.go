// Package torchmodel holds the networks that learn flows and generate them: modules on the gotorch API, their losses, the
// training loop, the sampling loop, model folders, and the baselines.
//
// The default network is autoregressive twice: over the rows of one host's stream, by a trunk of dilated causal
// convolutions, and over the attributes of a row, by heads that each see what is already drawn. Two ideas make its streams
// hold together. A row may continue a recent conversation or peer, chosen from lists that hold the last ones. And a host has
// a profile, a plan for the day that the network is told and keeps to.
//
// Dimension letters: B chunks of a batch, T positions of a chunk, S scored rows, W lanes of the generator, D Config.Width,
// H Config.Hidden, K Config.Key, V Config.Value, M Config.Mixtures.
package torchmodel
