package variadic

import "testing"

func sum(opts ...map[string]interface{}) []map[string]interface{} { return opts }

func TestLookup(t *testing.T) {
	tests := map[string]struct {
		opts   []map[string]interface{}
		want   interface{}
		wantOK bool
	}{
		"no options at all":            {sum(), nil, false},
		"a nil map":                    {sum(nil), nil, false},
		"key of another name":          {sum(map[string]interface{}{"keepDim": true}), nil, false},
		"key present":                  {sum(map[string]interface{}{"dim": int64(1)}), int64(1), true},
		"key present with nil value":   {sum(map[string]interface{}{"dim": nil}), nil, true},
		"first map wins":               {sum(map[string]interface{}{"dim": 1}, map[string]interface{}{"dim": 2}), 1, true},
		"second map where first lacks": {sum(map[string]interface{}{"x": 1}, map[string]interface{}{"dim": 2}), 2, true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, ok := Lookup(tc.opts, "dim")
			if got != tc.want || ok != tc.wantOK {
				t.Errorf("Lookup(%v, dim): got %v, %v, want %v, %v", tc.opts, got, ok, tc.want, tc.wantOK)
			}
			if has := Has(tc.opts, "dim"); has != tc.wantOK {
				t.Errorf("Has(%v, dim): got %v, want %v", tc.opts, has, tc.wantOK)
			}
		})
	}
}

func TestGet(t *testing.T) {
	opts := sum(map[string]interface{}{"dtype": int8(7)})
	if got := Get(opts, "dtype"); got != int8(7) {
		t.Errorf("Get(dtype): got %v, want 7", got)
	}
	if got := Get(opts, "dtype", int8(6)); got != int8(7) {
		t.Errorf("Get(dtype) with a default: got %v, want the given 7", got)
	}
	if got := Get(opts, "dim", int64(3)); got != int64(3) {
		t.Errorf("Get(dim) with default 3: got %v", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("Get(dim) without a default: no panic, want one")
		}
	}()
	Get(opts, "dim")
}
