package evaluate

import (
	"fmt"
	"slices"
	"strings"

	data "stan/dataset/table"
)

// TableLikelihood tells how likely a table is under a model: the mean negative log-likelihood of a row in nats, by column. A
// model may have columns beside the table's, such as the time between rows.
type TableLikelihood func(t *data.Table) (map[string]float64, error)

// columnLikelihoods are likelihoodResults of tables; none without a model.
func columnLikelihoods(model TableLikelihood, real TableSet, train *TableSet) ([]Result, error) {
	if model == nil {
		return nil, nil
	}
	sets := []TableSet{real}
	if train != nil {
		sets = append(sets, *train)
	}
	var names []string
	scores := make([][]hostScore, 2)
	for i, set := range sets {
		nats, err := model(set.Table)
		if err != nil {
			return nil, fmt.Errorf("evaluate: %s: likelihood: %w", set.Name, err)
		}
		if names == nil {
			names = modelColumns(nats, set.Table.Columns)
		}
		rows := int64(set.Table.Rows())
		all := hostScore{rows: rows, scored: rows}
		for _, name := range names {
			all.nats = append(all.nats, nats[name]*float64(rows))
		}
		scores[i] = []hostScore{all}
	}
	return likelihoodResults(names, scores[0], scores[1]), nil
}

// modelColumns orders the names of a model's columns as the table does, those that it does not have first.
func modelColumns(nats map[string]float64, columns []data.Column) []string {
	place := func(name string) int {
		return slices.IndexFunc(columns, func(c data.Column) bool { return c.Name == name })
	}
	names := make([]string, 0, len(nats))
	for name := range nats {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if d := place(a) - place(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	return names
}
