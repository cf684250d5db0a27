load helper

@test "unit: kernels of every instruction set against plain loops" {
	for isa in v4 v3 v2 generic; do # what this processor lacks falls back to what it has
		# the cheapest; one alone wherever it can
		for way in "" direct winograd fft lanes lane-tiles; do
			SN_ISA=$isa SN_CONV=$way run -0 "$BUILD/tests/test_kernel"
		done
	done
}

@test "unit: products of reduced precision against plain loops" {
	run -0 "$BUILD/tests/test_low"
	[[ $output != *skipped* ]] || skip "$output"
}

@test "unit: loops that multiply no matrices, on every instruction set" {
	run -0 "$BUILD/tests/test_sweeps"
}

@test "unit: layers against a reference in double, gradients along random directions" {
	run -0 "$BUILD/tests/test_layers"
}

@test "unit: networks: text, exact embeddings and gradients" {
	run -0 "$BUILD/tests/test_net"
}

@test "unit: exact embeddings and gradients of other instruction sets" {
	for isa in v3 generic; do
		SN_ISA=$isa run -0 "$BUILD/tests/test_net" short
	done
}

@test "unit: layers, training steps and small presets as PyTorch has them" {
	run -0 "$BUILD/tests/test_golden" "$ROOT/tests/golden"
}

@test "unit: the large presets as PyTorch has them" {
	for preset in faces koch signet; do
		run -0 "$BUILD/tests/test_golden" "$ROOT/tests/golden" "$preset"
	done
}

@test "unit: signet-paper, 114 million weights, as PyTorch has it" {
	run -0 "$BUILD/tests/test_golden" "$ROOT/tests/golden" signet-paper
}

@test "unit: models written and read back" {
	run -0 "$BUILD/tests/test_model" "$BATS_TEST_TMPDIR"
}
