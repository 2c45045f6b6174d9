package main

import (
	"context"
	"fmt"
	"io"

	"stan/dataset"
	"stan/dataset/table"
	"stan/evaluate"
	"stan/evaluate/page"
	"stan/torchmodel"
)

// evaluateTables compares the folders of tables that o names.
func evaluateTables(ctx context.Context, o evaluateOptions, con *console) error {
	if o.internal != "" {
		return usagef("evaluate", "--internal %s, want none: %s holds a table", o.internal, o.real)
	}
	read := func(name, dir string) (evaluate.TableSet, error) {
		t, err := readTable(ctx, dir)
		if err != nil {
			err = fmt.Errorf("evaluate: %s: %w", name, err)
		}
		return evaluate.TableSet{Name: name, Place: dir, Table: t}, err
	}
	folder, err := dataset.OpenTable(o.real)
	if err != nil {
		return fmt.Errorf("evaluate: real: %w", err)
	}
	if err := o.checkNames(evaluate.TableNames(*folder.Manifest().Table)); err != nil {
		return err
	}
	var likelihood evaluate.TableLikelihood
	if o.model != "" {
		if likelihood, err = tableLikelihood(ctx, o.model); err != nil {
			return err
		}
	}
	real, err := read("real", o.real)
	if err != nil {
		return err
	}
	synthetic, err := read("synthetic", o.synthetic)
	if err != nil {
		return err
	}
	var train *evaluate.TableSet
	if o.train != "" {
		set, err := read("train", o.train)
		if err != nil {
			return err
		}
		train = &set
	}
	con.Info("measuring")
	report, err := evaluate.CompareTables(real, synthetic, train, evaluate.Options{
		Seed: o.seed, Draws: o.draws, ShowReal: o.showReal, TableLikelihood: likelihood,
	})
	if err != nil {
		return err
	}
	con.metrics.evaluation(&report.Findings)
	return o.finish(report, func(w io.Writer) error { return page.WriteTable(w, report) }, con)
}

// tableLikelihood returns the likelihood of the model in dir, which must be of a table.
func tableLikelihood(ctx context.Context, dir string) (evaluate.TableLikelihood, error) {
	model, err := torchmodel.Load(dir)
	if err != nil {
		return nil, fmt.Errorf("evaluate: --model: %w", err)
	}
	if model.Manifest.Table == nil {
		return nil, fmt.Errorf("evaluate: --model: %s: %w: it is of flows, want one of a table", dir, torchmodel.ErrModel)
	}
	device, err := chooseDevice("auto")
	if err != nil {
		return nil, fmt.Errorf("evaluate: --model: %w", err)
	}
	return func(t *table.Table) (map[string]float64, error) {
		nats, err := model.TableNLL(ctx, t, device)
		if err == nil && nats == nil {
			err = fmt.Errorf("--model: %s: %w: arch %s: it has no likelihood of a row", dir, torchmodel.ErrModel, model.Manifest.Arch)
		}
		return nats, err
	}, nil
}
