# common - what the pipelines share: the shell, where programs and results are, and how results are
# gathered and checked.  A pipeline includes it first, sets PARTS to the tables that make its
# results.tsv, and says in expected.tsv what comes of it.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.SECONDARY:

PIPELINES := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
BIN = $(PIPELINES)/../build/bin
OUT = $(PIPELINES)/../build/$(notdir $(CURDIR))
SEED = 1
THREADS = 0

export PATH := $(abspath $(BIN)):$(abspath $(PIPELINES)):$(PATH)
export LC_ALL = C

.PHONY: all check clean
all: $(OUT)/results.tsv
	@cat $<

# A row: task, measure, value, lower and upper end of its 95 % interval, n, seconds of training.
RESULTS_TITLE = task\tmeasure\tvalue\tlower\tupper\tn\tseconds

# PARTS is known only once the whole file is read
.SECONDEXPANSION:
$(OUT)/results.tsv: $$(PARTS)
	@{ printf '$(RESULTS_TITLE)\n'; cat $(PARTS); } > $@

# Each measure of EXPECTED between its least and its most.
EXPECTED = expected.tsv
check: $(OUT)/results.tsv
	@expected $(EXPECTED) $<

clean:
	rm -rf $(OUT)
