package torchmodel

import (
	"context"

	"stan/dataset/table"
)

// tableModel is a trained model of a table's rows. Its columns are those of the manifest's table schema, in their order;
// where the time between rows varies, the first of them is the gap, so that no architecture treats time apart.
type tableModel interface {
	// sample draws the entities first, first+1 ... of so many rows each: t.Values, one entity after the other. They depend
	// on the seed and the entity's number alone, whoever asks for how many at once.
	sample(ctx context.Context, seed uint64, first int, rows []int) ([]float64, error)
	// nll is the negative log-likelihood of a table's rows by column, in nats a row; nil where there is none.
	nll(ctx context.Context, t *table.Table) (map[string]float64, error)
	free()
}

// tableSets are what a training on tables reads: the schema fitted to train, and both with the gap as the schema says.
type tableSets struct {
	schema       *TableSchema
	train, valid *table.Table
	about        Training
}

// TableSchema is what a model knows of a table besides its numbers.
type TableSchema struct {
	Entity  string        `json:"entity"`         // name of the column of entities
	Time    string        `json:"time"`           // name of the column of times
	Step    int64         `json:"step,omitempty"` // µs between any two rows; 0 where it varies
	Columns []TableColumn `json:"columns"`        // in the order of drawing
	Rows    float64       `json:"rows_an_entity"` // mean of the training table
}

// TableColumn is a column and how its values become a network's numbers.
type TableColumn struct {
	table.Column
	Low    float64   `json:"low"`             // of the training table: least value
	High   float64   `json:"high"`            // greatest value
	Tick   float64   `json:"tick,omitempty"`  // every value is a multiple of it; 0 where there is no such number
	Atoms  []float64 `json:"atoms,omitempty"` // frequent exact values, ascending
	Log    float64   `json:"log,omitempty"`   // unit u of ln(1 + x/u), which stands for x; 0 where x stands for itself
	Centre float64   `json:"centre"`          // mean of what stands for a value, atoms left out
	Scale  float64   `json:"scale"`           // its standard deviation
}
