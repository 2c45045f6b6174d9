package evaluate

import (
	"errors"
	"math"
	"strings"
	"testing"
)

func TestParseBound(t *testing.T) {
	tests := map[string]struct {
		want Bound
		says string // in the error; "": none
	}{
		"window_auc>0.8":               {Bound{"window_auc", "", ">", 0.8}, ""},
		" js_mean >= 1e-2 ":            {Bound{"js_mean", "", ">=", 0.01}, ""},
		"membership_auc<.5":            {Bound{"membership_auc", "", "<", 0.5}, ""},
		"copy_share.difference<=-0.01": {Bound{"copy_share", "difference", "<=", -0.01}, ""},
		"window_auc":                   {says: "want such as window_auc>0.8"},
		"window_auc=0.8":               {says: "want such as window_auc>0.8"},
		">0.8":                         {says: "want such as window_auc>0.8"},
		"":                             {says: "want such as window_auc>0.8"},
		"window_auc>high":              {says: `"high", want a number`},
		"window_auc>NaN":               {says: `"NaN", want a number`},
		"window_auc>Inf":               {says: `"Inf", want a number`},
		"js_sepal.length.real > 1":     {Bound{"js_sepal.length", "real", ">", 1}, ""},
		"js_Länge in cm>1":             {Bound{"js_Länge in cm", "", ">", 1}, ""},
	}
	for text, tc := range tests {
		got, err := ParseBound(text)
		if tc.says != "" {
			if !errors.Is(err, ErrOptions) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%q: got error %v, want ErrOptions with %q", text, err, tc.says)
			}
			continue
		}
		if err != nil || got != tc.want {
			t.Errorf("%q: got %v, %v, want %v", text, got, err, tc.want)
		}
		if again, err := ParseBound(got.String()); err != nil || again != got {
			t.Errorf("%q: written as %q, read back as %v, %v", text, got, again, err)
		}
	}
}

func TestCheckNamesMeasureValueAndBound(t *testing.T) {
	nan := Figure(math.NaN())
	share := Result{Name: "copy_share", Unit: Share, Real: 0.001, Synthetic: 0.03, OtherReal: nan, Difference: 0.029}
	compared := Result{Name: "js_mean", Real: nan, Synthetic: nan, OtherReal: nan, Difference: 0.25}
	empty := Result{Name: "js_gap", Real: nan, Synthetic: nan, OtherReal: nan, Difference: nan}
	report := &Findings{Measures: []Result{share, compared, empty}}
	for i := range report.Measures {
		report.Measures[i].setFigure()
	}
	tests := map[string]string{ // bound: what Check says, "" for nothing
		"copy_share>0.02":            "copy_share>0.02: refused: copy_share is 0.03",
		"copy_share>0.03":            "",
		"copy_share>=0.03":           "copy_share>=0.03: refused: copy_share is 0.03",
		"copy_share<0.03":            "",
		"copy_share<=0.03":           "copy_share<=0.03: refused: copy_share is 0.03",
		"copy_share.difference>0.02": "copy_share.difference>0.02: refused: copy_share.difference is 0.029",
		"copy_share.real>0.02":       "",
		"copy_share.other_real>1":    "copy_share.other_real>1: refused: copy_share.other_real has no data",
		"js_mean>0.2":                "js_mean>0.2: refused: js_mean is 0.25",
		"js_mean.synthetic>0.2":      "js_mean.synthetic>0.2: refused: js_mean.synthetic has no data",
		"js_gap>0.2":                 "js_gap>0.2: refused: js_gap has no data",
		"nll>20":                     "nll>20: refused: nll was not measured",
	}
	for text, want := range tests {
		bound, err := ParseBound(text)
		if err != nil {
			t.Fatal(err)
		}
		err = report.Check(bound)
		if want == "" && err != nil || want != "" && (!errors.Is(err, ErrBound) || err.Error() != want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}
