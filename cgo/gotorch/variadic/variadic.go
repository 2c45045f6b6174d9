// Package variadic reads the optional `map[string]interface{}` argument that gotorch functions take for keyword
// options such as "dtype" or "requires_grad". Where several maps are given, the first that holds a key wins.
package variadic

import "fmt"

// Has reports whether one of opts holds key, be its value nil or not.
func Has(opts []map[string]interface{}, key string) bool {
	_, ok := Lookup(opts, key)
	return ok
}

// Get returns the value of key, or dft[0] when no map holds it. It panics when the key is absent and there is no
// default: the caller declared the option mandatory.
func Get(opts []map[string]interface{}, key string, dft ...interface{}) interface{} {
	if v, ok := Lookup(opts, key); ok {
		return v
	}
	if len(dft) == 0 {
		panic(fmt.Sprintf("variadic: option %q: not given and without default", key))
	}
	return dft[0]
}

// Lookup returns the value of key and whether one of opts holds it.
func Lookup(opts []map[string]interface{}, key string) (interface{}, bool) {
	for _, opt := range opts {
		if v, ok := opt[key]; ok {
			return v, true
		}
	}
	return nil, false
}
