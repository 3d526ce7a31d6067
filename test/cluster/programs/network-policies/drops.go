package main

import (
	"encoding/json"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
)

// drops are the packets that were dropped, by counter. The counters begin at 0 again when the nftables table is
// replaced.
type drops struct {
	before, current map[string]uint64
}

// denied is a line of the output. Packets is the number since the program started.
type denied struct {
	Denied  string `json:"denied"`
	Pod     string `json:"pod"`
	Packets uint64 `json:"packets"`
}

// report prints a line for each pod and direction with packets that were dropped since the last report.
func (d *drops) report() {
	counts, err := dropped()
	if err != nil {
		slog.Error("the counters were not read", "error", err.Error())
		return
	}
	output := json.NewEncoder(os.Stdout)
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if counts[name] == d.current[name] {
			continue
		}
		direction, pod, _ := strings.Cut(name, "/")
		if err := output.Encode(denied{direction, pod, d.before[name] + counts[name]}); err != nil {
			slog.Error("the line was not written", "error", err.Error())
		}
	}
	d.current = counts
}

// restart is called after the table was replaced.
func (d *drops) restart() {
	if d.before == nil {
		d.before = map[string]uint64{}
	}
	for name, count := range d.current {
		d.before[name] += count
	}
	d.current = nil
}
