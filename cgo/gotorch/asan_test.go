//go:build asan

package gotorch_test

// sanitized tells that the address sanitizer holds back freed memory, so that its amount says nothing.
const sanitized = true
