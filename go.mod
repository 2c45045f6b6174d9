module stan

go 1.26

require github.com/wangkuiyi/gotorch v0.0.0

// The original module can no longer be downloaded; cgo/gotorch is our own implementation of its API.
replace github.com/wangkuiyi/gotorch => ./cgo/gotorch
